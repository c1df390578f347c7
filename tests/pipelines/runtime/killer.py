"""Work that kills its own process, once: as the kernel does when memory runs out."""

import os
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from squares import Number, Square, SquareFacts, Sum, numbers, sum_of

from corpus.files.identity import no_identity
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import Outcome, Task


@dataclass(frozen=True)
class DeadlySquare:
    """The square of a number; SIGKILL at the first attempt on number 3."""

    log: str = no_identity()
    mark: str = no_identity()

    def __call__(self, task: Task[Number]) -> Outcome[SquareFacts]:
        mark = Path(self.mark)
        if task.unit.number == 3 and not mark.exists():
            mark.write_text(str(int(signal.SIGKILL)))
            os.kill(os.getpid(), signal.SIGKILL)
        return Square(self.log)(task)


def stages(log, mark):
    squares = Stage("squares", DeadlySquare(log, mark), plan=partial(numbers, 8, 1), units_per_worker=2)
    return Stage("sum", Sum(), plan=sum_of, reads=(squares,), writes=("sums",))
