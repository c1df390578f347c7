"""The plan of a run: its length, its cost, its memory, and how often each source is seen.

All of it follows from the configuration and the shards' manifest, so it is printed at the start of every run and is
all that `--dry-run` does. Memory is an estimate (`trainer.run.memory`) and says so; the rest is exact.
"""

from dataclasses import asdict, dataclass
from typing import TypedDict

from corpus.mixture import repeat_warnings
from trainer.data.order import SampleOrder
from trainer.model.shape import Shape
from trainer.optim.optimizer import OptimizerConfig
from trainer.optim.schedule import BatchRamp, Schedule, ScheduleError
from trainer.run.config import ConfigError, RunConfig
from trainer.run.memory import DeviceMemory, size_in_words

# Dense bfloat16 products a second of the cards whose makers publish them, by a part of the device's name.
_PEAKS = {  # the first part that occurs in the name counts: "H100 PCIe" before "H100", and "H200" in "GH200" too
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
}


@dataclass(frozen=True)
class RunLength:
    """The whole run: optimizer steps, samples (rows) and tokens of all of them."""

    steps: int
    samples: int
    tokens: int


def ramp_of(config: RunConfig) -> BatchRamp:
    """The rows of every step. A growing batch has whole eights of rows, where its ends allow it."""
    length, last = config.shape.sequence_length, config.batch_tokens
    first = config.ramp_from_tokens or last
    multiple = 8 if first % (8 * length) == 0 == last % (8 * length) else 1
    return BatchRamp(first, last, config.ramp_over_tokens, length, multiple)


def steps_of_process(ramp: BatchRamp, processes: int) -> list[int]:
    """The rows that the process with the most of them has in a step, for every size of a step in the run."""
    return [-(-rows // processes) for _, rows in ramp.stages]


def course_of(config: RunConfig) -> RunLength:
    """How long the run is: `steps`, or the steps that `tokens` take, the last of them whole."""
    if not config.steps and not config.tokens:
        raise ConfigError("how long? write steps=… or tokens=…")
    length, stages = config.shape.sequence_length, ramp_of(config).stages
    ends = [begin for begin, _ in stages[1:]]
    # Stages ((0, 16), (160, 96), (480, 176), (800, 256)), rows of 1 token, tokens=960: 10 steps of 16 rows to sample
    # 160, 4 of 96 to 544, 2 of 176 to 896, 1 of 256 to 1,152. A stage is left by the first step that reaches its end.
    step = samples = 0
    for (_, rows), end in zip(stages, [*ends, None], strict=True):
        left = config.steps - step if config.steps else -(-(config.tokens - samples * length) // (rows * length))
        taken = max(0, left if end is None else min(left, -(-(end - samples) // rows)))
        step, samples = step + taken, samples + taken * rows
    return RunLength(step, samples, samples * length)


def schedule_of(config: RunConfig, course: RunLength) -> Schedule:
    """The course of the rate; a decay of 0 tokens ends with the run."""
    end = config.decay_tokens or max(course.tokens, config.warmup_tokens + 1)
    try:
        return Schedule(config.schedule, config.warmup_tokens, end, config.final_share, config.cooldown)
    except ScheduleError as error:
        raise ConfigError(str(error)) from error


def optimizer_config(config: RunConfig) -> OptimizerConfig:
    """The optimizer's part of the configuration."""
    return OptimizerConfig(
        name=config.optimizer,
        rate=config.rate,
        matrix_rate=config.matrix_rate,
        betas=(config.beta1, config.beta2),
        epsilon=config.epsilon,
        weight_decay=config.weight_decay,
        vector_l2=config.vector_l2,
        clip=config.clip,
        momentum=config.momentum,
    )


def peak_flops(device_name: str) -> float | None:
    """The published peak of a card in dense bfloat16 FLOP/s; None where it is not known (no MFU then)."""
    return next((peak for name, peak in _PEAKS.items() if name in device_name), None)


def shares_of(order: SampleOrder) -> dict[str, float]:
    """The share of each source that the order's last segment wants."""
    mixture = order.segments[-1].mixture if order.segments else order.mixture
    return {source.name: float(mixture.share(source.name)) for source in mixture.sources}


def plan_lines(config: RunConfig, shape: Shape, order: SampleOrder, memory: DeviceMemory, micro_rows: int) -> list[str]:
    """The plan as it is printed."""
    course, ramp = course_of(config), ramp_of(config)
    parts = ", ".join(f"{name} {size_in_words(value)}" for name, value in asdict(memory).items())
    grows = f", from {ramp.rows_at(0) * shape.sequence_length:,}" if config.ramp_from_tokens else ""
    lines = [
        f"model       {config.preset or 'given by its keys'}: {shape.n_parameters():,} parameters, "
        f"{shape.layers} layers of {shape.width}, {shape.heads} heads, T = {shape.sequence_length}, "
        f"vocabulary {shape.vocab_size:,}",
        f"work        {shape.flops_per_token():.3e} FLOPs a token (as MFU counts), {shape.true_flops_per_token():.3e} "
        f"with the keys that are seen; {course.tokens * shape.flops_per_token():.2e} in all",
        f"memory      about {size_in_words(memory.total)} with {micro_rows} rows per pass (estimate: {parts})",
        f"length      {course.steps:,} steps of {config.batch_tokens:,} tokens{grows}: {course.tokens:,} tokens",
        f"rate        {config.optimizer}, peak {config.rate:g}, {config.schedule}: warm-up {config.warmup_tokens:,} "
        f"tokens, {config.final_share:.0%} of the peak after {config.decay_tokens or course.tokens:,}",
    ]
    mixture = order.segments[-1].mixture if order.segments else order.mixture
    warnings = [f"warning: {sentence}" for sentence in repeat_warnings(mixture, order.n_tokens, course.tokens)]
    if config.warmup_tokens > course.tokens // 2 > 0:
        warnings.append(f"warning: the warm-up of {config.warmup_tokens:,} tokens takes more than half of the run")
    return [*lines, "", *source_lines(order, course.samples), *warnings]


def source_lines(order: SampleOrder, samples: int) -> list[str]:
    """The sources after so many samples: tokens seen, epochs, share beside the share that is wanted now."""
    wanted, counts, epochs = shares_of(order), order.counts(samples), order.epochs(samples)
    lines = [f"{'source':<16}{'tokens there':>16}{'tokens seen':>18}{'epochs':>10}{'share':>9}{'wanted':>9}"]
    for name in order.names:
        lines.append(
            f"{name:<16}{order.n_tokens[name]:>16,}{counts[name] * order.sequence_length:>18,}{epochs[name]:>10.3f}"
            f"{counts[name] / max(1, samples):>9.2%}{wanted.get(name, 0.0):>9.2%}"
        )
    return lines


class SourceColumns(TypedDict):
    """Tokens and epochs by source, as the metrics have them (`by_source`)."""

    source_tokens: dict[str, int]
    epochs: dict[str, float]


def by_source(order: SampleOrder, samples: int) -> SourceColumns:
    """The same for a row of the metrics: tokens and epochs (three decimals) by source."""
    counts, epochs = order.counts(samples), order.epochs(samples)
    return {
        "source_tokens": {name: count * order.sequence_length for name, count in counts.items()},
        "epochs": {name: round(value, 3) for name, value in epochs.items()},
    }
