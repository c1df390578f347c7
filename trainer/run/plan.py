"""What a run will be, before it is: its length, its cost, its memory, how often each source is seen.

All of it follows from the configuration and the shards' manifest, so it is printed at the start of every run and is
all that `--dry-run` does. Memory is an estimate from counts of numbers and says so; the rest is exact.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from corpus.mixture import repeat_warnings
from trainer.data.order import SampleOrder
from trainer.model.shape import Shape
from trainer.optim.optimizer import OptimizerConfig
from trainer.optim.schedule import BatchRamp, Schedule, ScheduleError
from trainer.run.config import ConfigError, RunConfig

# Dense bfloat16 products a second of the cards whose makers publish them, by a part of the device's name.
_PEAKS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "GH200": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
}
_CPU_TOKENS, _CUDA_TOKENS = 4096, 65_536
_MOST_OF_MEMORY = 0.7


@dataclass(frozen=True)
class Course:
    """The whole run: optimizer steps, samples (rows) and tokens of all of them."""

    steps: int
    samples: int
    tokens: int


@dataclass(frozen=True)
class Memory:
    """Bytes on one device, estimated: what stays, and what a micro-batch needs on top."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def ramp_of(config: RunConfig) -> BatchRamp:
    """The rows of every step. A growing batch grows by eights of rows, where its ends allow it."""
    length, last = config.shape.sequence_length, config.batch_tokens
    first = config.ramp_from_tokens or last
    multiple = 8 if first % (8 * length) == 0 == last % (8 * length) else 1
    return BatchRamp(first, last, config.ramp_over_tokens, length, multiple)


def course_of(config: RunConfig) -> Course:
    """How long the run is: `steps`, or the steps that `tokens` take, the last of them whole."""
    if not config.steps and not config.tokens:
        raise ConfigError("how long? write steps=… or tokens=…")
    length, ramp = config.shape.sequence_length, ramp_of(config)
    step = samples = 0
    while samples * length < config.ramp_over_tokens and not _ended(config, step, samples):
        samples += ramp.rows_at(samples)
        step += 1
    rows = config.batch_tokens // length
    left = config.steps - step if config.steps else -(-(config.tokens - samples * length) // config.batch_tokens)
    left = max(0, left)
    return Course(step + left, samples + left * rows, (samples + left * rows) * length)


def _ended(config: RunConfig, step: int, samples: int) -> bool:
    return step >= config.steps if config.steps else samples * config.shape.sequence_length >= config.tokens


def schedule_of(config: RunConfig, course: Course) -> Schedule:
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


def memory_of(config: RunConfig, shape: Shape, micro_rows: int, element: int, shards: int = 1) -> Memory:
    """Bytes on one device for micro-batches of `micro_rows`, products in numbers of `element` bytes.

    Masters, gradients and moments are float32, cut into `shards` pieces under FSDP2. Activations count what a block
    keeps for its backward pass with fused attention: two inputs, two norms, queries, keys, values, the attention's
    output, the inner layer before and after its activation; and the logits of one chunk of the loss in float32.
    """
    parameters = shape.n_parameters() + (shape.padded_vocab_size - shape.vocab_size) * shape.width
    moments = 2 * parameters - (shape.matrix_parameters if config.optimizer == "muon" else 0)
    inner = shape.inner_width * (3 if shape.activation == "swiglu" else 2)
    a_token = shape.layers * (4 * shape.width + 2 * shape.head_width * (shape.heads + shape.key_heads) + inner)
    tokens = micro_rows * shape.sequence_length
    cast = element * parameters if element < 4 else 0
    logits = 2 * 4 * min(tokens, 4096) * shape.padded_vocab_size
    return Memory(
        4 * parameters // shards + cast,
        4 * parameters // shards,
        4 * moments // shards,
        tokens * (a_token + 2 * shape.width) * element + logits,
    )


def micro_rows_of(config: RunConfig, shape: Shape, rows: int, memory: int, element: int) -> int:
    """Rows of one forward pass: what is asked, or the greatest power of two that memory takes, at most `rows`.

    memory: free bytes of the device, 0 on a CPU, where small passes that stay in its caches are the fastest.
    """
    if config.micro_batch:
        return min(config.micro_batch, rows)
    most = (_CUDA_TOKENS if memory else _CPU_TOKENS) // shape.sequence_length
    chosen = 1
    while chosen * 2 <= min(most, rows):
        if memory and memory_of(config, shape, chosen * 2, element).total > _MOST_OF_MEMORY * memory:
            break
        chosen *= 2
    return min(chosen, rows)


def peak_flops(device_name: str) -> float | None:
    """The published peak of a card in dense bfloat16 FLOP/s; None where it is not known (no MFU then)."""
    return next((peak for name, peak in _PEAKS.items() if name in device_name), None)


def shares_of(order: SampleOrder) -> dict[str, float]:
    """The share of each source that the order's last segment wants."""
    mixture = order.segments[-1].mixture if order.segments else order.mixture
    return {source.name: float(mixture.share(source.name)) for source in mixture.sources}


def plan_lines(config: RunConfig, shape: Shape, order: SampleOrder, memory: Memory, micro_rows: int) -> list[str]:
    """The plan as it is printed."""
    course, ramp = course_of(config), ramp_of(config)
    parts = ", ".join(f"{name} {_size(value)}" for name, value in asdict(memory).items())
    grows = f", from {ramp.rows_at(0) * shape.sequence_length:,}" if config.ramp_from_tokens else ""
    lines = [
        f"model       {config.preset or 'given by its keys'}: {shape.n_parameters():,} parameters, "
        f"{shape.layers} layers of {shape.width}, {shape.heads} heads, T = {shape.sequence_length}, "
        f"vocabulary {shape.vocab_size:,}",
        f"work        {shape.flops_per_token():.3e} FLOPs a token (as MFU counts), {shape.true_flops_per_token():.3e} "
        f"with the keys that are seen; {course.tokens * shape.flops_per_token():.2e} in all",
        f"memory      about {_size(memory.total)} with {micro_rows} rows a pass (estimate: {parts})",
        f"length      {course.steps:,} steps of {config.batch_tokens:,} tokens{grows}: {course.tokens:,} tokens",
        f"rate        {config.optimizer}, peak {config.rate:g}, {config.schedule}: warm-up {config.warmup_tokens:,} "
        f"tokens, {config.final_share:.0%} of the peak after {config.decay_tokens or course.tokens:,}",
    ]
    mixture = order.segments[-1].mixture if order.segments else order.mixture
    warnings = [f"warning: {sentence}" for sentence in repeat_warnings(mixture, order.n_tokens, course.tokens)]
    if config.warmup_tokens > course.tokens // 2 > 0:
        warnings.append(f"warning: the warm-up of {config.warmup_tokens:,} tokens takes more than half of the run")
    return [*lines, "", *source_lines(order, course.samples), *warnings]


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 10**9 else f"{count / 1e6:.1f} MB"


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


def by_source(order: SampleOrder, samples: int) -> Mapping[str, Mapping[str, float]]:
    """The same for a row of the metrics: tokens and epochs (three decimals) by source."""
    counts, epochs = order.counts(samples), order.epochs(samples)
    return {
        "source_tokens": {name: count * order.sequence_length for name, count in counts.items()},
        "epochs": {name: round(value, 3) for name, value in epochs.items()},
    }
