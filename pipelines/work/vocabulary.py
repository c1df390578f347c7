"""Word counts → a tokenizer. One process, since a merge depends on the one before it.

What it needs is known when the words are: with a limit the rarest are left out until it holds, and without one a
machine that has too little is refused before the first merge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow, part_of
from corpus.tokenizer.counts import Fitted, TrainingTooLarge, fit, merge_counts
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.training import memory_of, train_tokenizer
from pipelines.runtime.task import Outcome, Task
from pipelines.work.words import WordFacts

_ROWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class AllWords:
    """The counts of all parts."""

    runs: tuple[Part, ...]
    label: str = no_identity(default="all words")

    counted: ClassVar[str] = "words"

    @property
    def size(self) -> int:
        """How many distinct words the runs have."""
        return sum(run.rows for run in self.runs) + 1


@dataclass(frozen=True)
class TokenizerFacts:
    """The tokenizer that was trained: its identity, and what training needed and left out."""

    digest: str
    memory: str
    left_out: dict[str, int]


def all_words(words: Sequence[WordFacts]) -> Iterator[AllWords]:
    """One unit."""
    yield AllWords(tuple(run for facts in words for run in facts.runs))


@dataclass(frozen=True)
class TrainTokenizer:
    """The work on all words. `memory_limit` in bytes, None for what the machine has."""

    kind: str
    vocab_size: int | None
    memory_limit: int | None = None

    def __call__(self, task: Task[AllWords]) -> Outcome[TokenizerFacts]:
        """Merge the counts, train, save every form of the tokenizer."""
        fitted = self._fit([task.root / run.path for run in task.unit.runs])
        try:
            tokenizer = train_tokenizer(fitted.words, self.kind, self.vocab_size)
        except ValueError as error:
            raise CorpusloomError(str(error), ExitCode.FLAGS) from error
        parts = tuple(part_of(path, task.root, 0) for path in save_tokenizer(tokenizer, task.root))
        left_out = {name: value for name, value in asdict(fitted).items() if name != "words"}
        facts = TokenizerFacts(tokenizer.digest, self._memory_line(fitted), left_out)
        return Outcome(parts, Counts(tokenizer.vocab_size, tokenizer.vocab_size), facts)

    def _fit(self, runs: Sequence[Path]) -> Fitted:
        """The words to train on; an error when the machine has too little memory."""
        # Runs are sorted by word, so they are merged side by side, some rows of each at a time.
        words = merge_counts([_rows(path, max(64, _ROWS_AT_ONCE // len(runs))) for path in runs])
        try:
            fitted = fit(words, memory_of(self.kind, self.vocab_size), self.memory_limit)
        except TrainingTooLarge as error:
            raise CorpusloomError(f"--memory-mb: {error}", ExitCode.MACHINE) from error
        needed, free = self._needed_memory(fitted), _free_memory()
        if free is not None and needed > free:
            raise CorpusloomError(
                f"training needs about {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free; give --memory-mb "
                f"{int(free * 0.8 / 1e6)} to leave out the rarest words, or lower --sample-bytes",
                ExitCode.MACHINE,
            )
        return fitted

    def _needed_memory(self, fitted: Fitted) -> int:
        return memory_of(self.kind, self.vocab_size).estimate(len(fitted.words), len(fitted.words.data))

    def _memory_line(self, fitted: Fitted) -> str:
        line = f"about {self._needed_memory(fitted) / 1e6:,.0f} MB for {len(fitted.words):,} distinct words"
        if not fitted.left_out_words:
            return line
        share = fitted.left_out_occurrences / fitted.occurrences
        return (
            f"{line}; {fitted.left_out_words:,} words that occur fewer than {fitted.least} times were left out to stay "
            f"below the limit ({share:.3%} of all words)"
        )


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
    # "MemAvailable: 12345 kB": free, and what the system would give up from its caches.
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
