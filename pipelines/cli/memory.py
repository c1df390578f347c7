"""One bound of memory for a whole command: how many workers fit under it, and what each of them may hold.

Rivals die with "Killed" and no word. Here the bound is a flag, shown before the run with what is needed; what does not
fit is refused at once. A worker process costs its interpreter and libraries before it holds a single document, so a
small bound means fewer workers, not smaller ones.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.command_line import WholeNumber
from corpus.errors import CorpusloomError, ExitCode

# One unit everywhere, in flags and in what is printed: a million bytes, as disks and networks count them.
MEGABYTE = 10**6
# The default for each worker.
A_WORKER = 1000


@dataclass(frozen=True)
class Needs:
    """What a command needs, in MB: its first process, each further worker process, and the least a unit of work has."""

    driver: int
    worker: int
    unit: int

    def least(self, workers: int) -> int:
        """The smallest bound under which so many workers fit; a single one works in the first process."""
        # Needs(300, 300, 40): 340 for one worker, which is the first process; 300 + 2 · 300 + 2 · 40 = 980 for two.
        return self.driver + (workers * self.worker if workers > 1 else 0) + workers * self.unit


@dataclass(frozen=True)
class WorkerMemory:
    """`total` MB for `workers` workers, of which a unit of work may hold `unit_bytes`."""

    total: int
    workers: int
    needs: Needs

    @property
    def unit_bytes(self) -> int:
        """What is left for a unit when every process has its libraries."""
        # 2,000 MB for two such workers: less 900 for three processes, 550 MB each.
        processes = self.needs.least(self.workers) - self.workers * self.needs.unit
        return (self.total - processes) * MEGABYTE // self.workers

    def line(self) -> str:
        """For a dry run."""
        return (
            f"memory    {self.total:,} MB allowed, for {self.workers} worker{'s' if self.workers > 1 else ''} with "
            f"{self.unit_bytes // MEGABYTE:,} MB each beside the programs (--memory-mb; at least "
            f"{self.needs.least(1):,} for one worker, {self.needs.least(2):,} for two)"
        )


def share_memory(total: int, beam_flags: Sequence[str], needs: Needs) -> tuple[WorkerMemory, list[str]]:
    """How a bound of `total` MB (0: the default) is shared, and Beam's flags with as many workers as fit under it.

    With an engine of its own, workers are on machines of their own: each has the whole bound.
    """
    # A look at two of Beam's flags without importing Beam; `check_beam_flags` has checked them.
    flags = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    flags.add_argument("--direct_num_workers", type=int, default=0)
    flags.add_argument("--runner", default="")
    given, _ = flags.parse_known_args(list(beam_flags))
    local = given.runner in ("", "DirectRunner", "FnApiRunner")
    wanted = (given.direct_num_workers or os.cpu_count() or 1) if local else 1
    there = machine_memory()
    total = total or min(wanted * A_WORKER, there // MEGABYTE if local else wanted * A_WORKER)
    if local and total * MEGABYTE > there:
        cure = "give less, or fewer workers (--direct_num_workers)"
        message = f"--memory-mb {total:,}: this machine has {there // MEGABYTE:,} MB; {cure}"
        raise CorpusloomError(message, ExitCode.FLAGS)
    if total < needs.least(1):
        message = f"--memory-mb {total} is too little; one worker needs at least {needs.least(1)}"
        raise CorpusloomError(message, ExitCode.FLAGS)
    workers = max(number for number in range(1, wanted + 1) if number == 1 or needs.least(number) <= total)
    more = [f"--direct_num_workers={workers}"] if local else []
    return WorkerMemory(total, workers, needs), [*beam_flags, *more]


def add_memory_flag(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The flag, 0 where it is not given."""
    flags.add_argument(
        "--memory-mb",
        type=WholeNumber(0),
        default=0,
        metavar="MB",
        help="of all processes together, in millions of bytes; default 1,000 for each worker",
    )


def machine_memory() -> int:
    """The memory of this machine in bytes, used or not."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
