"""The stages of the token shards: several corpora, one tokenizer, one manifest. `build_shards` has the flags.

kept parts → tokenized → listed → shards → published
                     └──────────────┘
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.corpora import CorpusPart, corpora_read, kept_parts, text_bytes
from corpus.files.manifest import open_published
from corpus.files.storage import is_remote, place
from corpus.mixture import Mixture, MixtureError, Source, parse_source
from corpus.shards.bin import check_fits_bin
from corpus.shards.layout import SHARD_MANIFEST, SPLITS, TRAIN, TokenizerEntry, read_shard_manifest
from corpus.shards.write import n_shards_for
from corpus.tokenizer.classes import class_difference, named_class
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.trial import Trial, first_texts
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.cli.command import settings_of
from pipelines.cli.memory import Needs, WorkerMemory, share_memory
from pipelines.cli.replacement import SHARDS, Output
from pipelines.runtime.driver import new_run
from pipelines.runtime.execute import tasks_of
from pipelines.runtime.records import is_complete, read_finished
from pipelines.runtime.run import StageFolder
from pipelines.runtime.stage import Stage, in_order
from pipelines.work.loaded import tokenizer_at
from pipelines.work.shards import GatherShard, ListRuns, PublishShards, all_runs, all_shards, shards_to_gather
from pipelines.work.tokens import (
    SourcePart,
    TokenFacts,
    TokenizePart,
    count_by_source,
    encode_texts,
    entry_of,
    text_batches,
)
from pipelines.work.weighting import Weighting, need_tokens, parse_cap

# Measured, in MB, resident: a process with Beam, Arrow and a tokenizer's tables, and the least a unit can work in.
NEEDS = Needs(driver=450, worker=450, unit=160)
DOCUMENTS_PER_WORKER = 3_000
# A token is about four bytes of text and takes two, once in a run and once in a shard.
TOKEN_BYTES_PER_TEXT_BYTE = 1.0


@dataclass(frozen=True)
class ShardsRequest:
    """What is asked for. `removed` has, by source, the ids that must not be in it."""

    weighting: Weighting
    tokenizer_path: str
    tokens_per_shard: int
    validation_share: float
    also_bin: bool
    memory: WorkerMemory
    removed: Mapping[str, Sequence[str]]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources, with their weights as given."""
        return self.weighting.mixture.sources

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer, loaded."""
        return tokenizer_at(self.tokenizer_path)


def gather_stages(
    tokenized: Stage[Any, TokenFacts],
    documents: Mapping[str, int],
    tokenizer: TokenizerEntry,
    tokens_per_shard: int,
    memory: WorkerMemory,
    removed: Mapping[str, Sequence[str]],
) -> Stage[Any, Any]:
    """Sorted runs → shards, whatever made the runs; `documents` are those of each source."""
    names = tuple(sorted(documents))
    listed = Stage("listed", ListRuns(), plan=partial(all_runs, names, documents), reads=(tokenized,))
    return Stage(
        "shards",
        GatherShard(tokenizer, memory.unit_bytes),
        plan=partial(shards_to_gather, names, tokens_per_shard, removed),
        reads=(tokenized, listed),
        writes=names,
        units_per_worker=20_000_000,
    )


def stages(request: ShardsRequest, parts: Mapping[str, Sequence[CorpusPart]]) -> Stage[Any, Any]:
    """The last stage of a build of shards from the kept parts of each source."""
    tokenizer = request.tokenizer
    texts = [SourcePart(name, part.digest, part.rows, part.file, part.path) for name in parts for part in parts[name]]
    tokenized = Stage(
        "tokenized",
        TokenizePart(tokenizer.digest, request.validation_share, request.tokenizer_path, request.memory.unit_bytes),
        plan=partial(list, texts),
        units_per_worker=DOCUMENTS_PER_WORKER,
    )
    documents = {name: sum(part.rows for part in found) for name, found in parts.items()}
    entry = entry_of(tokenizer)
    shards = gather_stages(tokenized, documents, entry, request.tokens_per_shard, request.memory, request.removed)
    left_out = tuple(tokenizer.left_out)
    publish = PublishShards(entry, request.weighting, documents, request.validation_share, request.also_bin, left_out)
    return Stage("published", publish, plan=all_shards, reads=(shards,))


def token_shards(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> Build:
    """The build that the flags ask for; everything that can be checked is checked before the first byte is written."""
    if given.also_bin and is_remote(given.output):
        raise CorpusloomError(
            f"--also-bin: nanoGPT reads files, and {given.output} is in a store; write to a folder", ExitCode.FLAGS
        )
    weighting = _weighting(given)
    tokenizer = given.tokenizer if is_remote(given.tokenizer) else str(Path(given.tokenizer).resolve())
    loaded, removed = tokenizer_at(tokenizer), read_ids(given.remove_ids)
    if given.also_bin:
        check_fits_bin(entry_of(loaded))
    parts = {source.name: kept_parts(source.path) for source in weighting.mixture.sources}
    memory, beam_flags = share_memory(given.memory_mb, beam_flags, NEEDS)
    effective = {
        "--source": [f"{source.name}:{source.weight}" for source in weighting.mixture.sources],
        "--tokenizer": loaded.digest,
        "--budget": given.budget if given.most_epochs else 0,  # else it changes no weight
        "--remove-ids": sorted(removed),
        "--remove-domain": sorted(given.remove_domain),
    }
    settings = settings_of(ours, given, effective)
    settings["corpora"] = corpora_read({source.name: source.path for source in weighting.mixture.sources})
    request = ShardsRequest(
        weighting=weighting,
        tokenizer_path=tokenizer,
        tokens_per_shard=given.tokens_a_shard,
        validation_share=given.validation_share,
        also_bin=given.also_bin,
        memory=memory,
        removed=ids_to_remove(parts, removed, frozenset(given.remove_domain)),
    )
    return build_of(request, parts, place(given.output), given.replace, settings, beam_flags)


def build_of(
    request: ShardsRequest,
    parts: Mapping[str, Sequence[CorpusPart]],
    root: Path,
    replace: bool = False,
    settings: Mapping[str, Any] | None = None,
    beam_flags: Sequence[str] = (),
) -> Build:
    """The build of shards into the folder `root`."""
    last = stages(request, parts)
    documents = sum(part.rows for found in parts.values() for part in found)
    text = sum(map(text_bytes, parts.values()))
    return Build(
        last=last,
        output=Output(root, SHARDS, replace, dict(settings or {}), closure_of_stages(last)),
        beam_flags=list(beam_flags),
        summary=partial(_summary, request.weighting, last),
        prepare=partial(_check_class, request, parts),
        workers=workers_for([(documents, DOCUMENTS_PER_WORKER)]),
        disk=int(text * TOKEN_BYTES_PER_TEXT_BYTE) + documents * 128,
        lines=partial(_lines, request, parts, last, root),
        made_from=[*(source.path for source in request.sources), request.tokenizer_path],
    )


def _check_class(request: ShardsRequest, parts: Mapping[str, Sequence[CorpusPart]], root: Path) -> None:
    """The tokenizer's own class against its file, on the first documents of each source."""
    path = Path(request.tokenizer_path)
    if is_remote(request.tokenizer_path) or not named_class(path):
        return
    for found in parts.values():
        batches = (batch for part in found for batch in text_batches(place(part.file)))
        texts = first_texts(text.as_py() for batch in batches for text in batch["text"])
        if difference := class_difference(path, request.tokenizer, texts):
            raise CorpusloomError(f"--tokenizer {request.tokenizer_path}: {difference}", ExitCode.INPUT)


def _lines(
    request: ShardsRequest, parts: Mapping[str, Sequence[CorpusPart]], last: Stage[Any, Any], root: Path
) -> list[str]:
    """What goes in: sizes, and the mixture by counted or estimated tokens."""
    documents = {name: sum(part.rows for part in found) for name, found in parts.items()}
    known = _known_tokens(last, root)
    tokens = known or {name: estimated_tokens(found, request.tokenizer) for name, found in parts.items()}
    about, how = ("", "counted") if known else ("about ", "estimated from the first documents of each source")
    train = {name: round(count * (1 - request.validation_share)) for name, count in tokens.items()}
    need_tokens(train, documents)
    n_shards = sum(n_shards_for(count, request.tokens_per_shard) for count in train.values())
    return [
        *(f"source    {name}: {documents[name]:,} documents, {about}{tokens[name]:,} tokens" for name in documents),
        f"shards    about {n_shards} of {request.tokens_per_shard:,} tokens, and validation",
        request.memory.line(),
        *(f"tokenizer {setting}: left out" for setting in request.tokenizer.left_out),
        f"tokens    {how}",
        *request.weighting.table(train),
    ]


def _known_tokens(last: Stage[Any, Any], root: Path) -> dict[str, int]:
    """The tokens of each source, if the first stage has been done with just these flags; else nothing."""
    tokenized = in_order(last)[0]
    run = new_run(root, SHARD_MANIFEST)
    found: Any = read_finished(tokenized, run.folder(tokenized))
    if found is None or not is_complete(tasks_of(tokenized, run), tokenized, run.folder(tokenized)):
        return {}
    names = sorted({facts.source for facts in found})
    splits = [count_by_source(found, names, split)[0] for split in SPLITS]
    return {name: sum(tokens[name] for tokens in splits) for name in names}


def estimated_tokens(parts: Sequence[CorpusPart], tokenizer: Tokenizer) -> int:
    """About how many tokens some kept parts have: the bytes of their text over those a token has in a sample."""
    size = text_bytes(parts)
    for part in parts:
        for batch in text_batches(place(part.file)):
            sample = encode_texts(batch, tokenizer)
            sampled = int(sample.n_bytes.sum())
            return size * len(sample.tokens) // sampled if sampled else 0  # first batch only
    return 0


def _summary(weighting: Weighting, last: Stage[Any, Any], root: Path) -> list[str]:
    """The mixture by what is there, how the first documents came back, and where to look."""
    sources = read_shard_manifest(root).sources
    n_tokens = {source.name: source.n_tokens for source in sources if source.split == TRAIN}
    tokenized = in_order(last)[0]
    trial = Trial()
    for facts in read_finished(tokenized, StageFolder(root, tokenized.name)) or ():
        trial.add(facts.trial)
    tried = []
    if trial.changed:
        lost = f"{trial.lost / max(trial.letters, 1):.2%} of their letters and digits are lost"
        tried = [
            f"changed {trial.changed:,} of {trial.documents:,} first documents do not decode to their text; {lost}"
        ]
    n_files = sum(len(source.shards) for source in sources)
    return [*weighting.table(n_tokens), *tried, f"shards  {root / SHARD_MANIFEST}  ({n_files} files)"]


def ids_to_remove(
    parts: Mapping[str, Sequence[CorpusPart]], ids: frozenset[str], domains: frozenset[str]
) -> dict[str, list[str]]:
    """The ids that must go, by source and sorted; an error names those that no source has.

    Only its own, so that no other source's shards change.
    """
    gone: dict[str, list[str]] = {name: [] for name in parts}
    if not (ids or domains):
        return gone
    found: set[str] = set()
    for name, part in [(source, each) for source, kept in parts.items() for each in kept]:
        table = open_published(place(part.file)).read(["id", "domain"])
        for identity, domain in zip(table["id"].to_pylist(), table["domain"].to_pylist(), strict=True):
            if identity in ids or domain in domains:
                gone[name].append(identity)
                found.add(domain)
    _check_found("--remove-ids", ids, {identity for names in gone.values() for identity in names})
    _check_found("--remove-domain", domains, found)
    return {name: sorted(found) for name, found in gone.items()}


def _check_found(flag: str, wanted: frozenset[str], found: set[str]) -> None:
    if missing := sorted(wanted - found):
        more = f" and {len(missing) - 5:,} more" if len(missing) > 5 else ""
        raise CorpusloomError(
            f"{flag}: no source has {', '.join(missing[:5])}{more}, so nothing would be removed for it; correct it, or "
            "leave it out if it is gone already",
            ExitCode.INPUT,
        )


def read_ids(path: str) -> frozenset[str]:
    """Ids from a file, one on each line; an error for a file that cannot be read."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusloomError(f"--remove-ids {path}: {error}", ExitCode.INPUT) from error
    return frozenset(line.strip() for line in lines if line.strip())


def _weighting(given: argparse.Namespace) -> Weighting:
    try:
        mixture = Mixture(tuple(parse_source(text, given.mixture) for text in given.source))
    except MixtureError as error:
        raise MixtureError(f"--source: {error}") from error
    caps = tuple(parse_cap(text) for text in given.most_epochs)
    return Weighting(mixture, given.temperature, caps, given.budget, given.mixture)
