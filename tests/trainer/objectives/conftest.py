"""Shards of real text: plays, with a small tokenizer that is trained on them and lies beside them."""

import gzip
from pathlib import Path

import pytest

from corpus.hashing import digest
from corpus.shards.layout import TokenizerEntry
from corpus.shards.write import TokenRow, order_key, source_shards, write_shard, write_shard_manifest
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.training import train_tokenizer
from corpus.tokenizer.words import count_words

TEXT = Path(__file__).parents[4] / "shared" / "data" / "text" / "tinyshakespeare.txt.gz"


@pytest.fixture(scope="session")
def play_shards(tmp_path_factory) -> Path:
    """A folder of shards: nine tenths of the speeches to train on, one to validate, in 512 ids."""
    if not TEXT.is_file():
        pytest.skip("needs ../shared/data beside the checkout")
    folder = tmp_path_factory.mktemp("plays")
    lines = gzip.decompress(TEXT.read_bytes()).decode().split("\n\n")
    texts = ["\n\n".join(lines[at : at + 40]) for at in range(0, len(lines), 40)]
    tokenizer = train_tokenizer(count_words(texts, "gpt2"), "gpt2", 512)
    save_tokenizer(tokenizer, folder / "tokenizer")
    entry = TokenizerEntry("gpt2", tokenizer.digest, tokenizer.vocab_size, tokenizer.end_of_text)
    rows = [TokenRow(f"plays/{digest(text)}", tokenizer.encode(text), len(text.encode())) for text in texts]
    rows.sort(key=lambda row: order_key(row.doc_id))
    sources, cut = [], len(rows) // 10
    for split, mine in (("train", rows[cut:]), ("validation", rows[:cut])):
        path = folder / "plays" / f"{split}-00000.arrow"
        sources.append(source_shards("plays", split, 1, [write_shard(path, folder, mine, entry, "plays", split)]))
    write_shard_manifest(folder, entry, sources)
    return folder
