"""Corpora of given texts and builds of token shards over them, in this process."""

from dataclasses import asdict, replace

from corpus.document import Document
from corpus.files.corpora import kept_parts
from corpus.files.manifest import MANIFEST, write_json, write_parquet
from corpus.hashing import digest
from corpus.mixture import Mixture, Source
from corpus.schema import KEPT_SCHEMA, kept_row
from pipelines.builds import token_shards
from pipelines.builds.token_shards import ShardsRequest, ids_to_remove
from pipelines.cli.memory import Needs, WorkerMemory
from pipelines.work.weighting import Weighting


def text_of(number, size):
    return (digest(str(number), length=max(size // 2, 1)) + " ")[:size]


def write_corpus(folder, sizes, parts=1):
    """Kept documents of these sizes in bytes, over so many parts."""
    write_texts(folder, [text_of(number, size) for number, size in enumerate(sizes)], parts)


def write_texts(folder, texts, parts=1, cluster=""):
    """Kept documents with these texts, over so many parts."""
    entries = []
    for part in range(parts):
        rows = [
            kept_row(
                Document(f"{folder.name}/{number}", "http://a.example/", text, domain="a.example", cluster=cluster)
            )
            for number, text in enumerate(texts)
            if number % parts == part
        ]
        path = folder / "kept" / f"part-{part}.parquet"
        entries.append(asdict(write_parquet(path, folder, KEPT_SCHEMA, rows)))
    write_json(folder / MANIFEST, {"parts": entries})


def numbered_texts(count):
    return [f"Tide {number} rises,\n\n  and {digest(str(number))} falls." for number in range(count)]


def build_of(tokenizer, output, *corpora, memory=1000, **changes):
    """A build by one worker whose units may hold `memory` MB."""
    mixture = Mixture(tuple(Source(folder.name, weight, str(folder)) for folder, weight in corpora))
    parts = {folder.name: kept_parts(str(folder)) for folder, _ in corpora}
    removed = ids_to_remove(parts, changes.pop("removed", frozenset()), changes.pop("removed_domains", frozenset()))
    plain = ShardsRequest(
        weighting=Weighting(mixture),
        tokenizer_path=str(tokenizer),
        tokens_per_shard=5000,
        validation_share=0.1,
        also_bin=False,
        memory=WorkerMemory(memory, 1, Needs(0, 0, 1)),
        removed=removed,
    )
    return token_shards.build_of(replace(plain, **changes), parts, output, beam_flags=["--direct_num_workers=1"])
