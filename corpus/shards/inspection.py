"""The commands of `python -m corpus.shards`: verify, stats, peek, trace."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from corpus.errors import ExitCode
from corpus.mixture import Mixture, Source, describe
from corpus.shards.layout import TRAIN, ShardError, ShardManifest, TokenizerEntry, read_shard_manifest
from corpus.shards.read import Shards, open_shards
from corpus.shards.trace import ledger_row, manifest_above, origin, tokens_near, trace
from corpus.shards.verify import faults
from corpus.tokenizer.files import load_tokenizer


def stats(manifest: ShardManifest, budget: int = 0) -> str:
    """Counts by source and split as a table; with a budget of tokens, also what the mixture makes of them."""
    tokenizer = manifest.tokenizer
    head = f"tokenizer {tokenizer.name} ({tokenizer.vocab_size:,} ids, {tokenizer.digest[:16]})"
    names = f"{'source':<16}{'split':<12}{'weight':>7}{'shards':>8}{'documents':>13}{'tokens':>18}"
    lines = [head, f"fingerprint {manifest.fingerprint}", names + f"{'bytes/token':>13}{'tokens/doc':>12}"]
    for source in manifest.sources:
        per_token = (source.n_bytes / source.n_tokens) if source.n_tokens else 0
        per_document = (source.n_tokens / source.n_docs) if source.n_docs else 0
        lines.append(
            f"{source.name:<16}{source.split:<12}{source.weight:>7}{len(source.shards):>8}{source.n_docs:>13,}"
            f"{source.n_tokens:>18,}{per_token:>13.3f}{per_document:>12.1f}"
        )
    if budget:
        trained = [source for source in manifest.sources if source.split == TRAIN]
        mixture = Mixture(tuple(Source(source.name, source.weight) for source in trained))
        lines += ["", describe(mixture, {source.name: source.n_tokens for source in trained}, budget)]
    return "\n".join(lines)


def peek(shards: Shards, source: str, documents: int, show: Callable[[np.ndarray], str]) -> str:
    """The first documents of each source and split (or of one source), each with its length and as `show` has it."""
    lines: list[str] = []
    for stream in shards.streams:
        if source and stream.name != source:
            continue
        lines.append(f"{stream.name} {stream.split}: {stream.n_docs:,} documents, {stream.n_tokens:,} tokens")
        lines.extend(f"  {len(ids):>9,}: {show(ids)}" for ids in islice(stream.documents(), documents))
    if not lines:
        raise ShardError(f"{shards.folder}: no source {source or 'at all'}")
    return "\n".join(lines)


def _verify(options: argparse.Namespace) -> int:
    manifest = read_shard_manifest(options.folder)
    count = 0
    for fault in faults(options.folder, manifest):
        print(fault, file=sys.stderr)
        count += 1
    shards = sum(len(source.shards) for source in manifest.sources)
    print(f"{shards - count} of {shards} shards are as the manifest says")
    return ExitCode.INPUT if count else ExitCode.DONE


def _stats(options: argparse.Namespace) -> int:
    print(stats(read_shard_manifest(options.folder), options.budget))
    return 0


def _peek(options: argparse.Namespace) -> int:
    shards = open_shards(options.folder, verified=True)
    if options.tokenizer:
        show = _as_text(options.tokenizer, shards.manifest.tokenizer, options.tokens)
    else:
        show = partial(_as_numbers, tokens=options.tokens)
    print(peek(shards, options.source, options.documents, show))
    return 0


def _as_numbers(ids: np.ndarray, tokens: int) -> str:
    more = f" … {ids[-1]}" if len(ids) > tokens else ""
    return " ".join(map(str, ids[:tokens].tolist())) + more


def _as_text(path: Path, expected: TokenizerEntry, tokens: int) -> Callable[[np.ndarray], str]:
    show = _decoder(path, expected)
    return lambda ids: json.dumps(show(ids[:tokens]), ensure_ascii=False)


def _decoder(path: Path, expected: TokenizerEntry) -> Callable[[np.ndarray], str]:
    tokenizer = load_tokenizer(path)
    if tokenizer.digest != expected.digest:
        raise ShardError(f"{path}: its digest is {tokenizer.digest}, the shards were written with {expected.digest}")
    return tokenizer.decode


def _trace(options: argparse.Namespace) -> int:
    place = trace(options.shard, options.position)
    answer = asdict(place)
    if options.tokenizer:
        show = _decoder(options.tokenizer, manifest_above(options.shard)[1].tokenizer)
        before, after = tokens_near(options.shard, place, options.tokens)
        # `after` begins with the token itself.
        answer["text"] = {"before": show(before), "token": show(after[:1]), "after": show(after[1:])}
    if options.corpus:
        found = ledger_row(options.corpus, place.doc_id)
        if found is None:
            raise ShardError(f"{options.corpus}: no kept document {place.doc_id}; is it the corpus of {place.source}?")
        answer["ledger"] = {"part": str(found[0]), "row": found[1]}
        answer["document"] = origin(options.corpus, place.doc_id)
    print(json.dumps(answer, indent=1, ensure_ascii=False))
    return 0


# Name → what runs it; each returns the exit code.
COMMANDS = {"verify": _verify, "stats": _stats, "peek": _peek, "trace": _trace}
