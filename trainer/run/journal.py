"""The files that a run leaves to read: its plan, a line while it works, metrics, table, page, and how it ended.

Only the first process writes. The page and the table are rewritten at every checkpoint and at the end, whatever the
end is, so that a run that was killed can be looked at too.
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from corpus.files.run_file import note_inputs
from corpus.live_line import LiveLine
from corpus.pages.lineage import relatives
from trainer.optim import range_test
from trainer.run.looks import Looks
from trainer.run.memory import memory_of
from trainer.run.metrics import (
    MetricsLog,
    MetricsRow,
    live_text,
    read_metrics,
    tensorboard_writer,
    wandb_writer,
    write_table,
)
from trainer.run.outputs import CONFIG
from trainer.run.page import PAGE, RunFacts, write_page
from trainer.run.plan import plan_lines, source_lines
from trainer.run.session import Session, description


class RunJournal:
    """The listener of a run's loop; open it with `with`. Says nothing and writes nothing but in the first process."""

    def __init__(self, session: Session, live: LiveLine) -> None:
        self.session, self.live = session, live
        self.output = session.output
        self._log: MetricsLog | None = None
        self._looks: Looks | None = None
        self._bits_per_byte: dict[str, float] = {}
        self._draw_after = 0.0
        self._speed = 0.0

    def __enter__(self) -> "RunJournal":
        session = self.session
        if session.world.first:
            self._introduce()
            note_inputs(self.output, "run", [session.data])
            _write(
                self.output / CONFIG,
                {**description(session.config, session.shape, session.shards), "data": str(session.data.resolve())},
            )
            config = session.config
            self._looks = Looks(session, self.live.say)
            # After `_introduce`: a package that is missing ends the
            # run before its first step, and the plan has been said.
            events = [tensorboard_writer(self.output)] if config.tensorboard else []
            events += [wandb_writer(config.wandb, self.output, config.to_json())] if config.wandb else []
            self._log = MetricsLog(self.output, session.progress.step, events)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if self._log:
            self._log.close()
            self._picture()
            self.live.end()
            if kind is None:
                self._conclude()
            elif self.session.config.schedule == "range-test":
                # A test that ends with a loss that is no number has found what it looked for.
                self.live.say(_range_line(self.output))

    def rows(self, rows: Sequence[MetricsRow]) -> None:
        """Write the rows of some steps and show the last."""
        if not self._log:
            return
        self._log.add(rows)
        self._bits_per_byte = rows[-1].get("bits_per_byte", self._bits_per_byte)
        course = self.session.course
        # None where a new size was compiled: the last known speed serves for the time left.
        self._speed = rows[-1]["tokens_per_second"] or self._speed
        left = (course.tokens - rows[-1]["tokens"]) / self._speed if self._speed else math.inf
        last = rows[-1]["step"] == course.steps
        self.live.show(live_text(rows[-1], course.steps, left), must="bits_per_byte" in rows[-1] or last)

    def went_back(self, step: int) -> None:
        """The rows after the checkpoint gone back to are of steps that are taken again."""
        if self._log:
            self._log.cut(step)
            self.live.say(f"the loss jumped: back to the checkpoint of step {step:,}, and past the batches since then")

    def saving(self) -> None:
        """Bring the metrics to the disk before a checkpoint that stands on them, and redraw the page.

        Drawing reads all rows, so in a long run it is left out while it would take more than a twentieth of the time.
        """
        if not self._log:
            return
        self._log.sync()
        if self._looks:
            self._looks.look()
        began = time.monotonic()
        if began >= self._draw_after:
            self._picture()
            # 2 s of drawing: not again before 40 s have gone.
            self._draw_after = began + 20 * (time.monotonic() - began)

    def _introduce(self) -> None:
        session, config = self.session, self.session.config
        element = session.model.compute_dtype.itemsize
        memory = memory_of(config, session.shape, session.micro_rows, element, session.model_shards)
        begin = f"goes on after step {session.progress.step:,}" if session.progress.step else "begins"
        lines = [
            *plan_lines(config, session.shape, session.order, memory, session.micro_rows),
            "",
            f"attention   {session.model.attention_in_words()}",
            f"device      {session.world.size} x {session.world.device}, products in {session.model.compute_dtype}",
            f"{self.output} {begin}",
        ]
        self.live.say("\n".join(lines))

    def _picture(self) -> None:
        session = self.session
        write_table(self.output)
        facts = {
            "preset": session.config.preset or "none",
            "parameters": f"{session.shape.n_parameters():,}",
            "shape": f"{session.shape.layers} layers of {session.shape.width}, T = {session.shape.sequence_length}",
            "step": f"{session.progress.step:,} of {session.course.steps:,}",
            "tokens": f"{session.progress.samples * session.shape.sequence_length:,} of {session.course.tokens:,}",
            "optimizer": f"{session.config.optimizer}, peak rate {session.config.rate:g}",
            "shards": f"{session.data} ({session.shards.manifest.fingerprint[:16]})",
        }
        links = relatives(self.output, PAGE)
        write_page(self.output, RunFacts(self.output.name, facts, session.baselines, session.shares, links))

    def _conclude(self) -> None:
        session = self.session
        lines = [*source_lines(session.order, session.progress.samples), ""]
        for name, value in self._bits_per_byte.items():
            base = session.baselines[name]
            lines.append(
                f"{name}: {value:.4f} bits per byte; unigram model {base:.4f}, {1 - value / base:.1%} below it"
            )
        if session.config.schedule == "range-test":
            lines.append(_range_line(self.output))
        lines.append(f"curves      {self.output / 'index.html'}")
        self.live.say("\n".join(lines))


def _range_line(output: Path) -> str:
    """What a range test found, from the rows of its metrics."""
    rows = list(read_metrics(output))
    found = range_test.read([row["rate"] for row in rows], [row["loss"] for row in rows])
    if found is None:
        return "range test  the loss never fell, or the run is too short: give more steps, or a higher rate"
    return (
        f"range test  the loss falls fastest at a rate of {found.fastest:.2g} and is least, {found.loss:.3f}, at "
        f"{found.least:.2g}, which is too much: try rate={found.fastest:.2g}"
    )


def _write(path: Path, values: Mapping[str, object]) -> None:
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
