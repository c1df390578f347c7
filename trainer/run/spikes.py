"""A loss that jumps: back to the last checkpoint, and past the batches that lie between.

PaLM (Chowdhery et al., 2022, section 5.1) found spikes to come of a state of the model meeting certain batches, for the
same batches did no harm elsewhere: it went back and left them out. Here the weights and moments go back and the data do
not, so the number of samples seen still says which batch is next, and a run that is killed and taken up again meets the
same spike and does the same.
"""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence

from corpus.errors import CorpusloomError, ExitCode
from trainer.run.distributed import load_weights
from trainer.run.session import Session, last_checkpoint

REMEMBERED = 20
MOST = 3
"""How often a run goes back to one checkpoint before it is given up as diverged."""


def is_spike(before: Sequence[float], new: Sequence[float], deviations: float) -> bool:
    """Whether a new loss is no number, or above the mean of the last 20 by more than so many of their deviations.

    `deviations` 0 looks for nothing. A deviation is at least a thousandth of the mean, for a loss that hardly moves.
    """
    if not deviations:
        return False
    if any(not math.isfinite(loss) for loss in new):
        return True
    if len(before) < REMEMBERED:
        return False
    mean = statistics.fmean(before)
    # Mean 3.0, deviation .05, spike=5: above 3.25. A deviation of .0001 counts as .003, so above 3.015.
    return max(new) > mean + deviations * max(statistics.pstdev(before), 1e-3 * abs(mean))


class Diverged(CorpusloomError, ArithmeticError):
    """The loss or the gradient is no number any more, or the loss jumps whatever batches it is given."""

    code = ExitCode.USELESS


def go_back(session: Session) -> int | None:
    """Take up weights and moments of the last checkpoint, but not its data; its step, or None where there is none.

    All processes call it.
    """
    session.checkpoints.wait()
    saved = last_checkpoint(session.checkpoints, session.world)
    if saved is None or not saved.optimizer:
        return None
    load_weights(session.model, saved.model)
    session.optimizer.load_named_state(saved.optimizer)
    session.progress.step, session.progress.losses = saved.state["step"], saved.state["losses"]
    return session.progress.step


class Spikes:
    """Looks at the losses of a run as they are read, and takes it back where they jump.

    `went_back` is told the step that the run goes on from.
    """

    def __init__(self, session: Session, went_back: Callable[[int], None]) -> None:
        self.session, self.went_back = session, went_back
        self._returns: Counter[int] = Counter()

    def watch(self, read: Callable[[], bool], count: int) -> bool | None:
        """What `read` says of the last `count` steps; None where the run has gone back behind them."""
        # The losses before these steps: `read` puts a new list in its place and does not extend this one.
        before = self.session.progress.losses
        try:
            best = read()
        # A loss that is no number raises after it has been noted in the losses; it counts as a spike too.
        except Diverged:
            if not self._gone_back(before, count):
                raise
            return None
        return None if self._gone_back(before, count) else best

    def _gone_back(self, before: Sequence[float], count: int) -> bool:
        deviations = self.session.config.spike
        if not is_spike(before, self.session.progress.losses[-count:], deviations):
            return False
        step = go_back(self.session)
        if step is None:
            return False
        self._returns[step] += 1
        if self._returns[step] > MOST:
            raise Diverged(
                f"the loss rose by more than spike={deviations:g} deviations {self._returns[step]} times after the "
                f"checkpoint of step {step}, over other batches each time. Give the same command a lower rate"
            )
        self.went_back(step)
        return True
