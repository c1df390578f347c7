"""Pages parsed in a child process, so that a page can hang or crash it and nothing else.

Neither a thread nor a signal handler can stop C code; only a process that is killed can. A worker has one child for all
its pages and sends it many at a time (`python -m benchmarks.isolation` says at what price). Its limit is its own
processor time, by a timer that the kernel keeps for each page; a wall clock, which would make the corpus depend on how
busy the machine is, stands far behind for a child that sleeps.

**A death is a page's verdict only if the page brings it about again, alone, in a new child.** So a heap that earlier
pages broke is no later page's fault, and the order of pages decides nothing. What comes from outside (SIGKILL when
memory ends, a child that does not start, a machine that gives no processor time) is tried again and is never about a
page: `MachineError` when it does not stop.

A death is looked for in the bytes first, without the page's address, and then remembered for the bytes: copies of the
page anywhere else are rejected at once. One that only the address brings about is remembered for that address.
"""

import atexit
import errno
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from corpus.document import Document, Page, Rejected
from corpus.errors import CorpusloomError, ExitCode
from corpus.extraction.html import extract
from corpus.extraction.isolation.deadly import DeadlyPages, Reason, at_no_address
from corpus.extraction.isolation.process import Ended, ExtractionChild, NotStarted

CPU_SECONDS = 30.0
MEMORY_BYTES = 4 << 30
WALL_PER_CPU = 20
PAGES_PER_BATCH, BYTES_PER_BATCH = 64, 4 << 20
PAGES_PER_CHILD = 20_000  # a start costs as much as 100 pages
GROWTH_PER_CHILD = 1 << 30  # bytes that it may hold on to before it is replaced

_KILLS = 8  # from outside, of starts or of pages, one after the other without an answer in between
_FIRST_PAUSE = 0.05  # seconds; each further one is twice as long

_DEADLINES = {"SIGPROF": "", "wall clock": "wall clock"}  # how a child ended → the evidence

Other = TypeVar("Other")


class MachineError(CorpusloomError):
    """Raised when the machine, not a page, keeps the child from answering; no page is judged by it."""

    code = ExitCode.MACHINE


class Sandbox:
    """Runs `function` (page → Document | Rejected) in a child process; use it in a `with`. Threads take turns.

    `cpu_seconds` is the processor time a page may take, `memory_bytes` what the child may allocate beyond what it
    holds when it is ready. `function` is a module's own, known by its name in the child.
    """

    def __init__(
        self,
        function: Callable[[Page], Document | Rejected] = extract,
        cpu_seconds: float = CPU_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.function = function
        self.cpu_seconds = cpu_seconds
        self.memory_bytes = memory_bytes
        self._child: ExtractionChild | None = None
        self._name = f"{function.__module__}:{function.__qualname__}"
        self._deadly = DeadlyPages(f"{self._name} {cpu_seconds} s {memory_bytes} bytes")
        self._kills = 0
        self._is_cut_short = False
        self._turn = threading.RLock()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def child(self) -> ExtractionChild | None:
        """The child; None while there is none."""
        return self._child

    def extract(self, page: Page) -> Document | Rejected:
        """What the function says of the page, or that it cannot say.

        `extract.timeout` has the seconds allowed as its value, `extract.crashed` how the child ended as its evidence.
        """
        return next(iter(self.extract_each([page])))

    def extract_each(self, items: Iterable[Page | Other]) -> Iterator[Document | Rejected | Other]:
        """`extract` of every page, in order; what is no page goes through as it is. Reads one batch ahead."""
        batch: list[Page | Other] = []
        size = 0
        for item in items:
            batch.append(item)
            size += len(item.body) if isinstance(item, Page) else 0
            if len(batch) == PAGES_PER_BATCH or size >= BYTES_PER_BATCH:
                yield from self._extract_batch(batch)
                batch, size = [], 0
        yield from self._extract_batch(batch)

    def share_deadly_pages(self, folder: Path) -> None:
        """Know the deadly pages that other processes have left in a folder of this build, and leave those met here."""
        with self._turn:
            self._deadly.share(folder)

    def close(self) -> None:
        """End the child. The next page starts another."""
        with self._turn:
            child, self._child = self._child, None
            if child:
                child.close()

    def _extract_batch(self, batch: Sequence[Page | Other]) -> Iterator[Document | Rejected | Other]:
        # Under the lock, because a batch's answers come through one pipe; they are handed out after it.
        with self._turn:
            answers = iter(self._answers([item for item in batch if isinstance(item, Page) and _needs_a_parser(item)]))
        for item in batch:
            if not isinstance(item, Page):
                yield item
            else:
                # `answers` has one for each page that needs a parser, in their order.
                yield next(answers) if _needs_a_parser(item) else self._answer_here(item)

    def _answer_here(self, page: Page) -> Document | Rejected:
        try:
            return self.function(page)
        except MemoryError:
            raise
        except Exception as error:  # as in the child
            return page.reject("extract.failed", evidence=type(error).__name__)

    def _answers(self, pages: Sequence[Page]) -> list[Document | Rejected]:
        """One answer for each page, whatever becomes of the child meanwhile."""
        answers: list[Document | Rejected] = []
        while len(answers) < len(pages):
            # `answers` grows as the child answers, so after its end `left[0]` is the page over which it ended.
            left = pages[len(answers) :]
            known = self._deadly.find(left[0])
            if known:
                answers.append(left[0].reject(*known))
                continue
            try:
                # Only up to the next page that is known as deadly.
                self._ask(list(takewhile(lambda page: not self._deadly.find(page), left)), answers)
            except Ended as ended:
                page = pages[len(answers)]
                if ended.by_the_page:
                    answers.append(self._try_alone(page))
                else:
                    self._count_kill(page, ended)
        if self._child and (self._child.answered >= PAGES_PER_CHILD or self._child.has_grown(GROWTH_PER_CHILD)):
            self.close()
        return answers

    def _ask(self, pages: Sequence[Page], answers: list[Document | Rejected]) -> None:
        """Add the answers to the pages to `answers`; Ended if the child owes one, and then there is no child."""
        self._child = child = self._child or self._start()
        try:
            for answer in child.ask(pages):
                answers.append(answer)
                self._kills = 0  # an answer in between ends the count
        except Ended:
            self._child = None
            raise
        except BaseException:  # Ctrl-C: an answer still on its way must not be taken for the next page's
            self._child = None
            child.kill()
            raise

    def _try_alone(self, page: Page) -> Document | Rejected:
        """The verdict on a page over which the child ended: by its bytes alone, then where it stands."""
        # A child of its own for each: what earlier pages broke in a heap has no part in it.
        for candidate in (at_no_address(page), page):
            answer = self._alone(candidate, page)
            if isinstance(answer, Ended):
                reason = _reason(answer.how, self.cpu_seconds)
                self._deadly.add(candidate, reason)
                return page.reject(*reason)
        return answer  # neither form ends a child: this is the answer to the page itself

    def _alone(self, candidate: Page, page: Page) -> Document | Rejected | Ended:
        """The answer of a new child to this form of the page, or that it ends in it, too."""
        answers: list[Document | Rejected] = []
        while not answers:
            self.close()
            try:
                self._ask([candidate], answers)
            except Ended as ended:
                # Under a lower limit than elsewhere (`ulimit -v`) an end by memory would be a verdict that others do
                # not give.
                if ended.by_the_page and self._is_cut_short and ended.how not in _DEADLINES:
                    raise MachineError(
                        f"the extraction child may use less memory here than elsewhere, and {_place(page)} ended it "
                        f"({ended.how}); raise or lift the limit of this shell (`ulimit -v`)"
                    ) from ended
                if ended.by_the_page:
                    return ended
                self._count_kill(page, ended)
        return answers[0]

    def _count_kill(self, page: Page, ended: Ended) -> None:
        self._kills += 1
        if self._kills > _KILLS:
            raise MachineError(
                f"the extraction child was ended from outside {self._kills} times without an answer ({ended.how}), "
                f"most likely because memory ran out, at last over {_place(page)}; give the machine more memory, or "
                "run with fewer workers"
            ) from ended
        _pause(self._kills - 1)

    def _start(self) -> ExtractionChild:
        wall_seconds = WALL_PER_CPU * self.cpu_seconds
        problem: Exception | None = None
        for attempt in range(_KILLS + 1):  # 1 + 8 attempts, 25 seconds of pauses
            _pause(attempt)
            try:
                child = ExtractionChild(self._name, self.cpu_seconds, self.memory_bytes, wall_seconds)
                self._is_cut_short = child.memory_bytes < self.memory_bytes
                return child
            except NotStarted as error:
                problem = error
                # A first failure may be memory; a second one is a broken installation.
                if not error.by_the_machine and attempt:  # once more: an import also fails when memory is short
                    raise RuntimeError(f"the extraction child does not start: {error}") from error
            except OSError as error:
                problem = error
                if error.errno not in (errno.ENOMEM, errno.EAGAIN):
                    raise
        raise MachineError(
            f"the extraction child cannot start for lack of memory or time ({problem}); run with fewer workers"
        ) from problem


@cache
def process_sandbox(function: Callable[[Page], Document | Rejected] = extract) -> Sandbox:
    """The one sandbox of this process for a function; its child ends with the process."""
    sandbox = Sandbox(function)
    atexit.register(sandbox.close)
    return sandbox


# A forked process must not talk to its parent's child.
os.register_at_fork(after_in_child=process_sandbox.cache_clear)


def _needs_a_parser(page: Page) -> bool:
    return page.kind != "text"


def _reason(how: str, cpu_seconds: float) -> Reason:
    if how in _DEADLINES:
        return "extract.timeout", cpu_seconds, _DEADLINES[how]
    return "extract.crashed", None, how


def _place(page: Page) -> str:
    return f"{page.url} ({page.warc_file}, offset {page.warc_offset})"


def _pause(earlier: int) -> None:
    """None at first, then longer each time: memory that others hold may become free."""
    if earlier:
        time.sleep(_FIRST_PAUSE * 2**earlier)  # 0.1, 0.2, … 12.8 seconds
