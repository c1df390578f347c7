"""The stages of tokenizer training: words of a weighted sample → a tokenizer → tried on text that was held out.

kept parts → words → trained → sanity → published
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.corpora import CorpusPart, corpora_read, kept_parts, text_bytes
from corpus.files.manifest import read_json
from corpus.files.storage import name_of, place
from corpus.json_types import JsonObject
from corpus.numerals import whole_number
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import TokenizerError, save_tokenizer
from corpus.tokenizer.sanity_page import PAGE, REPORT
from corpus.tokenizer.training import VOCABULARY_SIZES, memory_of
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.cli.command import settings_of
from pipelines.cli.memory import MEGABYTE
from pipelines.cli.replacement import TOKENIZER, Output
from pipelines.runtime.stage import Stage
from pipelines.work.held_out import (
    COMPARED,
    DescribeTokenizer,
    EncodeHeldOut,
    held_out_texts,
    tried_tokenizer,
)
from pipelines.work.loaded import tokenizer_at
from pipelines.work.vocabulary import TrainTokenizer, all_words
from pipelines.work.words import CountWords, KeptTexts

# Held out are 2 % of the documents, more of a small corpus, at most about 50 MB, and none where each one counts.
HELD_OUT, FEWEST_HELD_OUT, MOST_HELD_OUT, MOST_HELD_OUT_BYTES = 0.02, 20, 0.1, 50_000_000
DOCUMENTS_PER_WORKER = 3_000


@dataclass(frozen=True)
class TokenizerRequest:
    """What is asked for. `corpora` maps folders to integer weights, `sample_bytes` bounds the text that is counted.

    `memory_limit` in bytes, None for what the machine has; `held_out` a share, None for the rule above; `compare_with`
    the name of another tokenizer and itself.
    """

    corpora: dict[str, int]
    kind: str
    vocab_size: int | None
    sample_bytes: int
    memory_limit: int | None = None
    held_out: float | None = None
    compare_with: tuple[str, Tokenizer] | None = None

    @property
    def n_ids(self) -> int:
        """The size of the vocabulary."""
        return self.vocab_size or VOCABULARY_SIZES[self.kind]


def stages(
    training: TokenizerRequest, parts: dict[str, list[CorpusPart]], shares: dict[str, float], held_out: float
) -> Any:
    """The last stage of a training on the kept parts of some corpora, of which `shares` are sampled."""
    texts = [
        KeptTexts(name_of(folder), part.digest, shares[folder], part.rows, part.file, part.path)
        for folder, found in parts.items()
        for part in found
    ]
    name, other = training.compare_with or ("", None)
    compared = other.digest if other else ""
    # A kept part -> its words with their counts, sorted
    words = Stage(
        "words",
        CountWords(training.kind, held_out),
        plan=partial(list, texts),
        units_per_worker=DOCUMENTS_PER_WORKER,
    )
    # All counts -> the tokenizer, in the output folder
    work = TrainTokenizer(training.kind, training.vocab_size, training.memory_limit)
    trained = Stage("trained", work, plan=all_words, reads=(words,))
    # A kept part -> how its held-out documents come out as tokens
    sanity = Stage(
        "sanity",
        EncodeHeldOut(held_out, compared),
        plan=partial(held_out_texts, texts),
        reads=(trained,),
        units_per_worker=50_000,
    )
    described = {name_of(folder): share for folder, share in shares.items()}
    describe = DescribeTokenizer(training.n_ids, held_out, described, name, compared)
    return Stage("published", describe, plan=tried_tokenizer, reads=(words, trained, sanity))


def vocabulary(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> Build:
    """The training that the flags ask for; an error for what cannot be done, before anything is written."""
    corpora = dict(parse_corpus(text) for text in given.corpus)
    training = TokenizerRequest(
        corpora=corpora,
        kind=given.kind,
        vocab_size=given.vocab_size,
        sample_bytes=given.sample_bytes,
        memory_limit=int(given.memory_mb * MEGABYTE) if given.memory_mb else None,
        held_out=given.held_out,
        compare_with=_load_compared(given.compare_with),
    )
    settings = settings_of(ours, given, {"--corpus": sorted(f"{name_of(path)}:{n}" for path, n in corpora.items())})
    return build_of(training, place(given.output), given.replace, settings, beam_flags)


def build_of(
    training: TokenizerRequest, root: Path, replace: bool, settings: JsonObject, beam_flags: Sequence[str]
) -> Build:
    """The build of a training into the folder `root`."""
    try:
        memory = memory_of(training.kind, training.vocab_size)
    except ValueError as error:
        raise CorpusloomError(str(error), ExitCode.FLAGS) from error
    # Which documents are sampled and which held out follows from sizes alone, before a text is read.
    parts = {folder: kept_parts(folder) for folder in training.corpora}
    sizes = {folder: text_bytes(found) for folder, found in parts.items()}
    held_out = _held_out(parts, sizes) if training.held_out is None else training.held_out
    shares = _shares(training, sizes)
    last = stages(training, parts, shares, held_out)
    text = sum(int(sizes[folder] * share) for folder, share in shares.items())
    limit = f"the limit is {training.memory_limit / 1e6:,.0f} MB" if training.memory_limit else "no limit is given"
    corpora = {"corpora": corpora_read({name_of(folder): folder for folder in training.corpora})}
    documents = sum(part.rows for found in parts.values() for part in found)
    return Build(
        last=last,
        output=Output(root, TOKENIZER, replace, {**settings, **corpora}, closure_of_stages(last)),
        beam_flags=list(beam_flags),
        summary=partial(_summary, training.n_ids),
        prepare=partial(_save_compared, training.compare_with),
        workers=workers_for([(documents, DOCUMENTS_PER_WORKER)]),
        disk=text // 20,
        made_from=list(training.corpora),
        lines=lambda: [
            *(f"corpus    {folder}: {share:.2%} of its documents" for folder, share in shares.items()),
            f"held out  {held_out:.2%} of all documents, for the sanity report",
            f"train     {training.kind}, {training.n_ids:,} ids, on about {text / 1e6:,.1f} MB of text",
            f"memory    at most about {memory.guess(text) / 1e6:,.0f} MB; {limit}",
        ],
    )


def _load_compared(path: str | None) -> tuple[str, Tokenizer] | None:
    if not path:
        return None
    try:
        return Path(path).name, tokenizer_at(path)
    except TokenizerError as error:
        raise CorpusloomError(f"--compare-with {error}", ExitCode.INPUT) from error


def _save_compared(compared: tuple[str, Tokenizer] | None, root: Path) -> None:
    """Put the tokenizer to compare with where every worker finds it."""
    if compared:
        save_tokenizer(compared[1], root / COMPARED)


def _held_out(parts: dict[str, list[CorpusPart]], sizes: dict[str, int]) -> float:
    documents = sum(part.rows for found in parts.values() for part in found)
    # 500 documents: 20 of them, 4 %. 200: 10 %, the most. 100 would be 20 %: none. A million with 10 GB: 50 MB, .5 %.
    share = max(HELD_OUT, FEWEST_HELD_OUT / max(documents, 1))
    most = MOST_HELD_OUT_BYTES / max(sum(sizes.values()), 1)
    return round(min(share, most), 6) if share <= MOST_HELD_OUT else 0.0


def _shares(training: TokenizerRequest, sizes: dict[str, int]) -> dict[str, float]:
    """For each corpus the share of its documents that fits its part of the budget."""
    total = sum(training.corpora.values())
    # 1 GB at weights 3 and 1: 750 and 250 MB. A corpus smaller than its budget is taken whole.
    budgets = {folder: training.sample_bytes * weight / total for folder, weight in training.corpora.items()}
    return {folder: min(1.0, budget / max(sizes[folder], 1)) for folder, budget in budgets.items()}


def _summary(n_ids: int, root: Path) -> list[str]:
    """What is said at the end, from the report."""
    report = read_json(root / REPORT, {})
    sample, tokenizer, total = report["sample"], report["tokenizer"], report["all"]
    of = report["held_out"]["of"]
    lines = [
        f"memory     {report['memory']}",
        f"sample     {sample['sampled']:,} of {sample['documents']:,} documents, {sample['bytes']:,} bytes; "
        f"{sample['held_out']:,} held out",
        f"tokenizer  {root}  ({tokenizer['kind']}, {tokenizer['vocab_size']:,} ids, {tokenizer['digest']})",
    ]
    if tokenizer["vocab_size"] < n_ids:
        lines.append(
            f"smaller    {tokenizer['vocab_size']:,} ids, not the {n_ids:,} asked for: the sample has no more pairs "
            "that occur twice; give it more text"
        )
    if total["tokens"]:
        lines.append(f"{of:<10} {total['bytes_per_token']} bytes/token, {total['tokens_per_word']} tokens/word")
    return [*lines, f"report     {root / PAGE}"]


def parse_corpus(text: str) -> tuple[str, int]:
    """`FOLDER` or `FOLDER:WEIGHT`."""
    folder, _, weight = text.rpartition(":")
    number = whole_number(weight)
    return (text, 1) if not folder or number is None else (folder, number)  # "s3://b/c" ends in no number
