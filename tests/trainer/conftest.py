"""Shards of known content for the trainer: a Markov chain whose entropy is known exactly, and small ones full of
borders.

What writes them needs Arrow and is imported by the fixtures: on a machine that trains, which may have neither, the
tests marked gpu are collected all the same, and those that need such shards are skipped in sight.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from corpus.shards.layout import ShardManifest, TokenizerEntry
from corpus.shards.read import Shards, open_shards


def pytest_configure(config):
    config.addinivalue_line("markers", "gpu: needs a card, and is skipped in sight without one")


@dataclass(frozen=True)
class MarkovShards:
    """One source `markov`, 200,000 tokens to train and 20,000 to validate; a token is a byte of text.

    `entropy` is what the best model loses per token, in nats, when it sees two tokens or more; `first_entropy` what it
    loses on the first target of a window, of which it sees one; `unigram_entropy` what a model without context loses.
    """

    folder: Path
    vocab_size: int
    end_of_text: int
    entropy: float
    first_entropy: float
    unigram_entropy: float

    def floor(self, sequence_length: int) -> float:
        """The mean loss of the best model over windows of `sequence_length`, in nats per token."""
        return self.entropy + (self.first_entropy - self.entropy) / sequence_length

    def open(self) -> Shards:
        """The shards, verified and mapped."""
        return open_shards(self.folder)


@dataclass(frozen=True)
class SmallShards:
    """`webtext` (weight 3) and `books` (weight 1), in 3 + 2 shards of batches of at most 200 tokens, and validation.

    `tokens` holds the stream of each (source, split), `lengths` the tokens of its documents, end-of-text included.
    """

    folder: Path
    manifest: ShardManifest
    tokens: dict[tuple[str, str], np.ndarray]
    lengths: dict[tuple[str, str], np.ndarray]

    def open(self) -> Shards:
        """The shards, verified and mapped."""
        return open_shards(self.folder)


def write_source(folder, rows, tokenizer, place, n_shards=1, weight=1):
    """The rows of one (source, split) as shards below `folder`; the entry for the manifest."""
    from corpus.shards.write import shard_of, source_shards, write_shard

    shards = []
    for number in range(n_shards):
        path = folder / place[0] / f"{place[1]}-{number:05}.arrow"
        mine = [row for row in rows if shard_of(row.doc_id, n_shards) == number]
        shards.append(write_shard(path, folder, mine, tokenizer, *place))
    return source_shards(*place, weight, shards)


def stream_of(rows, tokenizer):
    """All tokens of the rows end to end, and the length of each document."""
    pieces = [np.append(np.asarray(row.tokens, np.int64), tokenizer.end_of_text) for row in rows]
    return np.concatenate(pieces), np.array([len(piece) for piece in pieces])


SYMBOLS, ENDS = 12, 1 / 256
SUCCESSORS = np.array([0.7, 0.1, 0.1, 0.1])


def markov_table(seed: int) -> np.ndarray:
    """P(next | the two before), [13, 13, 13]; 12 is end-of-text, after which the token before it is of no account."""
    rng = np.random.default_rng(seed)
    table = np.zeros((SYMBOLS + 1,) * 3)
    for before in range(SYMBOLS + 1):
        for last in range(SYMBOLS + 1):
            table[before, last, rng.permutation(SYMBOLS)[: len(SUCCESSORS)]] = SUCCESSORS * (1 - ENDS)
    table[:, SYMBOLS] = table[0, SYMBOLS]
    table[:, :, SYMBOLS] = ENDS
    return table


def markov_documents(table: np.ndarray, n_tokens: int, seed: int) -> list[list[int]]:
    """Documents of the chain until they hold `n_tokens`, end-of-text included."""
    draws = np.random.default_rng(seed).random(n_tokens).tolist()
    cumulated = np.cumsum(table, axis=-1)
    documents: list[list[int]] = [[]]
    before = last = SYMBOLS
    for draw in draws:
        before, last = last, int(np.searchsorted(cumulated[before, last, :-1], draw, "right"))
        if last == SYMBOLS:
            documents.append([])
        else:
            documents[-1].append(last)
    return documents


def entropies(table: np.ndarray) -> tuple[float, float, float]:
    """Nats per token given two tokens, given one, given none, from the stationary distribution of pairs."""
    pairs = np.full((SYMBOLS + 1,) * 2, (SYMBOLS + 1) ** -2.0)
    for _ in range(2000):
        pairs = np.einsum("ab,abc->bc", pairs, table)
    triples = pairs[:, :, None] * table

    def given(joint: np.ndarray) -> float:
        share = joint / np.maximum(joint.sum(-1, keepdims=True), 1e-300)
        return float(-(joint * np.log(share, out=np.zeros_like(share), where=share > 0)).sum())

    return given(triples), given(triples.sum(0)), given(pairs.sum(0)[None])


@pytest.fixture(scope="session")
def markov_shards(tmp_path_factory) -> MarkovShards:
    pytest.importorskip("pyarrow")
    from corpus.hashing import digest
    from corpus.shards.write import TokenRow, order_key, write_shard_manifest

    folder = tmp_path_factory.mktemp("markov")
    tokenizer = TokenizerEntry("markov", digest("markov"), SYMBOLS + 1, SYMBOLS)
    table, sources = markov_table(seed=7), []
    for split, n_tokens, n_shards in (("train", 200_000, 2), ("validation", 20_000, 1)):
        documents = markov_documents(table, n_tokens, seed=n_tokens)
        rows = [
            TokenRow(f"markov/{digest(split, str(number))}", ids, len(ids) + 1) for number, ids in enumerate(documents)
        ]
        rows.sort(key=lambda row: order_key(row.doc_id))
        sources.append(write_source(folder, rows, tokenizer, ("markov", split), n_shards))
    write_shard_manifest(folder, tokenizer, sources)
    return MarkovShards(folder, SYMBOLS + 1, SYMBOLS, *entropies(table))


@pytest.fixture(scope="session")
def small_shards(tmp_path_factory) -> SmallShards:
    pytest.importorskip("pyarrow")
    from corpus.hashing import digest
    from corpus.shards import write
    from corpus.shards.write import TokenRow, order_key, write_shard_manifest

    folder = tmp_path_factory.mktemp("small")
    tokenizer = TokenizerEntry("small", digest("small"), 1000, 999)
    rng = np.random.default_rng(1)
    tokens, lengths, sources = {}, {}, []
    plan = {("webtext", "train"): (120, 3, 3), ("books", "train"): (60, 2, 1)}
    plan |= {("webtext", "validation"): (20, 1, 3), ("books", "validation"): (10, 1, 1)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "TOKENS_PER_BATCH", 200)
        for place, (n_documents, n_shards, weight) in plan.items():
            sizes = np.minimum(rng.geometric(1 / 60, n_documents) - 1, 700)
            sizes[:4] = 0, 1, 650, 0
            rows = [
                TokenRow(f"{place[0]}/{digest(*place, str(number))}", rng.integers(0, 999, size), 4 * int(size))
                for number, size in enumerate(sizes)
            ]
            rows.sort(key=lambda row: order_key(row.doc_id))
            tokens[place], lengths[place] = stream_of(rows, tokenizer)
            sources.append(write_source(folder, rows, tokenizer, place, n_shards, weight))
        manifest = write_shard_manifest(folder, tokenizer, sources)
    return SmallShards(folder, manifest, tokens, lengths)


@pytest.fixture
def shards_of_lengths(tmp_path):
    """A function: lengths of documents, end-of-text included, in the order of the stream → real shards of them."""
    pytest.importorskip("pyarrow")
    from corpus.hashing import digest
    from corpus.shards.write import TokenRow, order_key, write_shard_manifest

    def written(lengths, vocab_size=1000) -> Shards:
        tokenizer = TokenizerEntry("small", digest("small"), vocab_size, vocab_size - 1)
        ids = sorted((f"texts/{digest(str(number))}" for number in range(len(lengths))), key=order_key)
        tokens = vocab_size - 2 - np.arange(max(lengths)) % (vocab_size - 1)
        rows = [TokenRow(each, tokens[: length - 1], length) for each, length in zip(ids, lengths, strict=True)]
        folder = tmp_path / f"shards-{len(list(tmp_path.iterdir()))}"
        write_shard_manifest(folder, tokenizer, [write_source(folder, rows, tokenizer, ("texts", "train"))])
        return open_shards(folder)

    return written
