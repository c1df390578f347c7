"""The stages of tokenizer training: words counted on a weighted sample, merged, and tried on text that was held out.

Counting and trying are stages over kept parts; merging is one process, since a merge depends on the one before. What it
needs is said before the run, by the size of the text, and again before the first merge, by the words themselves.
With a limit the rarest words are left out until it holds; without one, a machine with too little is told so.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.files.manifest import map_arrow, write_bytes, write_json
from corpus.files.storage import name_of
from corpus.tokenizer import sanity
from corpus.tokenizer.counts import Fitted, TooLarge, fit, merge_counts
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.sanity_page import page
from corpus.tokenizer.training import VOCABULARY_SIZES, memory_of, train_tokenizer
from pipelines.builds.token_shards import corpora_read, kept_parts
from pipelines.builds.weights import text_bytes
from pipelines.cli.command import disk_line
from pipelines.cli.replacement import Output
from pipelines.runtime.errors import StageError
from pipelines.runtime.stage import Unit
from pipelines.runtime.stages import Stages
from pipelines.work.held_out import IDS, EncodeHeldOut
from pipelines.work.words import COUNTS, CountWords

WORTH_A_WORKER = {"words": 3_000, "sanity": 50_000}
TRAINING, REPORT, PAGE = "training.json", "report.json", "report.html"
# Held out are 2 % of the documents, more of a small corpus, at most about 50 MB, and none where each one counts.
HELD_OUT, FEWEST_HELD_OUT, MOST_HELD_OUT, MOST_HELD_OUT_BYTES = 0.02, 20, 0.1, 50_000_000
_ROWS_AT_ONCE = 2_000_000


@dataclass
class VocabularyBuild:
    """One training. `corpora` maps folders to integer weights, `sample_bytes` bounds the text that is counted.

    `memory_limit` in bytes, None for what the machine has; `held_out` a share, None for the rule above; `compare_with`
    a tokenizer and its name.
    """

    corpora: dict[str, int]
    kind: str
    vocab_size: int | None
    sample_bytes: int
    output: Output
    stages: Stages
    memory_limit: int | None = None
    held_out: float | None = None
    compare_with: tuple[str, Tokenizer] | None = None

    def __post_init__(self) -> None:
        try:
            self.memory = memory_of(self.kind, self.vocab_size)
        except ValueError as error:
            raise StageError(str(error), 2) from error
        self.parts = {folder: kept_parts(folder) for folder in self.corpora}
        self.output.settings["corpora"] = corpora_read({name_of(folder): folder for folder in self.corpora})
        self.sizes = {folder: text_bytes(parts) for folder, parts in self.parts.items()}
        self.held_out = self._held_out() if self.held_out is None else self.held_out

    def plan(self) -> list[str]:
        """What a run would do."""
        shares = self._shares()
        text = sum(int(self.sizes[folder] * share) for folder, share in shares.items())
        limit = f"the limit is {self.memory_limit / 1e6:,.0f} MB" if self.memory_limit else "no limit is given"
        return [
            *(f"corpus    {folder}: {share:.2%} of its documents" for folder, share in shares.items()),
            f"held out  {self.held_out:.2%} of all documents, for the sanity report",
            f"train     {self.kind}, {self._asked:,} ids, on about {text / 1e6:,.1f} MB of text",
            f"memory    at most about {self.memory.guess(text) / 1e6:,.0f} MB; {limit}",
            disk_line(self.stages.root, text // 20),
        ]

    def run(self) -> list[str]:
        """Count, train, save, try."""
        print("\n".join(line for line in self.plan() if line.startswith("memory")), flush=True)
        shares = self._shares()
        self._count(shares)
        facts = self.stages.facts("words")
        sample = {name: sum(fact[name] for fact in facts) for name in ("documents", "sampled", "held_out", "bytes")}
        fitted = self._fitted()
        told = self._told(fitted)
        print(f"memory    {told}", flush=True)
        try:
            tokenizer = train_tokenizer(fitted.words, self.kind, self.vocab_size)
        except ValueError as error:
            raise StageError(str(error), 2) from error
        root = self.stages.root
        save_tokenizer(tokenizer, root)
        left_out = {name: value for name, value in asdict(fitted).items() if name != "words"}
        training = {
            "kind": self.kind,
            "digest": tokenizer.digest,
            "sample": sample,
            "shares": {name_of(folder): share for folder, share in shares.items()},
        }
        write_json(root / TRAINING, {**training, "asked": self._asked, "left_out": left_out})
        report = self._sanity(tokenizer, sample, told)
        write_json(root / REPORT, report)
        write_bytes(root / PAGE, page(report))
        self.stages.save_times()
        return [*self._summary(tokenizer, sample, report), f"report     {root / PAGE}"]

    @property
    def _asked(self) -> int:
        return self.vocab_size or VOCABULARY_SIZES[self.kind]

    def _summary(self, tokenizer: Tokenizer, sample: dict[str, int], report: dict[str, Any]) -> list[str]:
        of, total = report["held_out"]["of"], report["all"]
        lines = [
            f"sample     {sample['sampled']:,} of {sample['documents']:,} documents, {sample['bytes']:,} bytes; "
            f"{sample['held_out']:,} held out",
            f"tokenizer  {self.stages.root}  ({self.kind}, {tokenizer.vocab_size:,} ids, {tokenizer.digest})",
        ]
        if tokenizer.vocab_size < self._asked:
            lines.append(
                f"smaller    {tokenizer.vocab_size:,} ids, not the {self._asked:,} asked for: the sample has no more "
                "pairs that occur twice; give it more text"
            )
        if total["tokens"]:
            lines.append(f"{of:<10} {total['bytes_per_token']} bytes/token, {total['tokens_per_word']} tokens/word")
        return lines

    def _count(self, shares: dict[str, float]) -> None:
        units = [
            Unit(
                {"file": part["file"], "digest": part["digest"], "share": shares[folder]},
                f"{name_of(folder)} {part['path']}",
                part["rows"],
            )
            for folder, parts in self.parts.items()
            for part in parts
        ]
        work = CountWords(self.kind, self.held_out or 0.0)
        self.stages.map("words", (COUNTS,), units, work, kind=self.kind, held_out=self.held_out)

    def _fitted(self) -> Fitted:
        """The words to train on; `StageError` when there are none, or when the machine has too little memory."""
        paths = [self.stages.root / path for path in self.stages.paths("words", COUNTS)]
        words = merge_counts([_rows(path, max(64, _ROWS_AT_ONCE // len(paths))) for path in paths])
        try:
            fitted = fit(words, self.memory, self.memory_limit)
        except TooLarge as error:
            raise StageError(f"--memory-mb: {error}", 5) from error
        needed, free = self._needed(fitted), _free_memory()
        if free is not None and needed > free:
            raise StageError(
                f"training needs about {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free; give --memory-mb "
                f"{int(free * 0.8 / 1e6)} to leave out the rarest words, or lower --sample-bytes",
                5,
            )
        return fitted

    def _needed(self, fitted: Fitted) -> int:
        return self.memory.estimate(len(fitted.words), len(fitted.words.data))

    def _told(self, fitted: Fitted) -> str:
        told = f"about {self._needed(fitted) / 1e6:,.0f} MB for {len(fitted.words):,} distinct words"
        if not fitted.left_out_words:
            return told
        share = fitted.left_out_occurrences / fitted.occurrences
        return (
            f"{told}; {fitted.left_out_words:,} words that occur fewer than {fitted.least} times were left out to stay "
            f"below the limit ({share:.3%} of all words)"
        )

    def _sanity(self, tokenizer: Tokenizer, sample: dict[str, int], told: str) -> dict[str, Any]:
        """Try the tokenizer on what was held out, or on everything where nothing was."""
        name, other = self.compare_with or ("", None)
        units = [
            Unit(
                {"file": part["file"], "digest": part["digest"], "corpus": name_of(folder)},
                f"{name_of(folder)} {part['path']}",
                part["rows"],
            )
            for folder, parts in self.parts.items()
            for part in parts
        ]
        names = {"tokenizer": tokenizer.digest, "other": other.digest if other else "", "held_out": self.held_out}
        self.stages.map("sanity", (IDS,), units, EncodeHeldOut(tokenizer, other, self.held_out or 0.0), **names)
        tallies: dict[sanity.Group, sanity.Tally] = {}
        for fact in self.stages.facts("sanity"):
            for source, language, sums in fact["groups"]:
                tallies.setdefault((source, language), sanity.Tally()).add(sanity.Tally(**sums))
        seen = np.zeros(tokenizer.vocab_size, np.int64)
        for path in self.stages.paths("sanity", IDS):
            table = map_arrow(self.stages.root / path)
            seen[table["id"].to_numpy()] += table["count"].to_numpy()
        total = sanity.Tally()
        for tally in tallies.values():
            total.add(tally)
        compared = {"name": name, "digest": other.digest, "vocab_size": other.vocab_size} if other else None
        return {
            "tokenizer": {
                **{key: getattr(tokenizer, key) for key in ("kind", "digest", "vocab_size", "end_of_text")},
                "asked": self._asked,
            },
            "sample": sample,
            "memory": told,
            "held_out": {
                "of": "held out" if self.held_out else "trained on",
                "share": self.held_out,
                "documents": total.documents,
                "bytes": total.bytes,
            },
            "all": sanity.figures(total),
            "by_source": sanity.by(tallies, 0),
            "by_language": sanity.by(tallies, 1),
            "by_source_and_language": sanity.by(tallies, None),
            "merges": sanity.merges_shown(tokenizer),
            "unused": sanity.unused(tokenizer, seen),
            "compared_with": compared,
        }

    def _held_out(self) -> float:
        documents = sum(part["rows"] for parts in self.parts.values() for part in parts)
        share = max(HELD_OUT, FEWEST_HELD_OUT / max(documents, 1))
        most = MOST_HELD_OUT_BYTES / max(sum(self.sizes.values()), 1)
        return round(min(share, most), 6) if share <= MOST_HELD_OUT else 0.0

    def _shares(self) -> dict[str, float]:
        """For each corpus the share of its documents that fits its part of the budget."""
        total = sum(self.corpora.values())
        budgets = {folder: self.sample_bytes * weight / total for folder, weight in self.corpora.items()}
        return {folder: min(1.0, budget / max(self.sizes[folder], 1)) for folder, budget in budgets.items()}


def _rows(path: Path, at_once: int) -> Iterator[tuple[bytes, int]]:
    """The (word, count) rows of a run, of which only `at_once` are Python objects at a time."""
    table = map_arrow(path)
    for start in range(0, len(table), at_once):
        piece = table.slice(start, at_once)
        yield from zip(piece["word"].to_pylist(), piece["count"].to_pylist(), strict=True)


def _free_memory() -> int | None:
    """Memory that programs can still take without swapping, in bytes; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def parse_corpus(text: str) -> tuple[str, int]:
    """`FOLDER` or `FOLDER:WEIGHT`."""
    folder, _, weight = text.rpartition(":")
    return (folder, int(weight)) if folder and weight.isdigit() else (text, 1)
