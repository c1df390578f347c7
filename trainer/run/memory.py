"""The memory of a run on one device, estimated from counts of numbers before anything is allocated.

What stays (weights, gradients, moments) is certain; what a pass needs on top depends on kernels and compiler, and is
an estimate that says so. Both decide how many rows go into a pass, and whether a run can begin at all: a model that
cannot fit is refused in one sentence, and not by the allocator after minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from corpus.errors import CorpusloomError, ExitCode
from trainer.model.shape import Shape
from trainer.run.config import RunConfig

# Tokens of a pass: on a CPU what stays in its caches, on a card enough to keep it busy.
_CPU_TOKENS, _CUDA_TOKENS = 4096, 65_536
_MOST_OF_MEMORY = 0.7  # for activations are estimated, and memory is fragmented
MOST_SHAPES = 4
"""Sizes of a pass that are worth compiling in one run, each for minutes."""


class RunTooLarge(CorpusloomError):
    """A run that the machine cannot hold: what it needs, what there is, and what to change."""

    code = ExitCode.MACHINE


@dataclass(frozen=True)
class DeviceMemory:
    """Bytes on one device, estimated: what stays, and what a micro-batch needs on top."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.certain + self.activations

    @property
    def certain(self) -> int:
        """What stays, however small a pass is."""
        return self.weights + self.gradients + self.optimizer


def memory_of(config: RunConfig, shape: Shape, micro_rows: int, element: int, shards: int = 1) -> DeviceMemory:
    """Bytes on one device for micro-batches of `micro_rows`, products in numbers of `element` bytes.

    Masters, gradients and moments are float32, cut into `shards` pieces under FSDP2, which gathers the embedding and
    two blocks at a time (this one and the next) for the products. Activations count what a block keeps for its
    backward pass with fused attention: two inputs, two norms, queries, keys, values, the attention's output, the inner
    layer before and after its activation; with `recompute` one input per block, and all of it for one block only. On
    top stand the logits of one chunk of the loss in float32.
    """
    parameters = shape.n_parameters() + (shape.padded_vocab_size - shape.vocab_size) * shape.width
    # AdamW has two moments per weight, Muon one for the matrices of the blocks.
    moments = 2 * parameters - (shape.matrix_parameters if config.optimizer == "muon" else 0)
    inner = shape.inner_width * (3 if shape.gated else 2)
    # Numbers per token and block. gpt2-124m: 4 · 768 + 2 · 64 · 24 +
    # 2 · 3,072 = 12,288; in 12 blocks of bfloat16 295 kB per token.
    kept = 4 * shape.width + 2 * shape.head_width * (shape.heads + shape.key_heads) + inner
    per_token = shape.layers * shape.width + kept if config.recompute else shape.layers * kept
    tokens = micro_rows * shape.sequence_length
    cast = element * parameters if element < 4 else 0
    if shards > 1:
        block = shape.matrix_parameters // shape.layers
        # The products' copies, and the float32 gradient of a block before it is cut up.
        cast = element * (parameters - shape.matrix_parameters + 2 * block) + 4 * block
    logits = 2 * 4 * min(tokens, 4096) * shape.padded_vocab_size  # scores and their slopes, float32
    return DeviceMemory(
        4 * parameters // shards + cast,
        4 * parameters // shards,
        4 * moments // shards,
        tokens * (per_token + 2 * shape.width) * element + logits,
    )


def micro_rows_of(
    config: RunConfig, shape: Shape, steps: Iterable[int], memory: int, element: int, shards: int = 1
) -> int:
    """Rows of one forward pass: what is asked, or the greatest power of two that memory takes and that cuts the steps
    into at most `MOST_SHAPES` sizes.

    steps: rows that this process has in a step, each number that occurs in the run. memory: free bytes of the device,
    0 on a CPU, where small passes that stay in its caches are the fastest.
    """
    rows = sorted(set(steps))
    if config.micro_batch:
        return min(config.micro_batch, rows[-1])
    most, chosen = (_CUDA_TOKENS if memory else _CPU_TOKENS) // shape.sequence_length, 1
    while chosen * 2 <= min(most, rows[-1]):
        needed = memory_of(config, shape, chosen * 2, element, shards).total
        if memory and needed > _MOST_OF_MEMORY * memory:
            break
        chosen *= 2
    # Steps of 16, 96, 176 and 256 rows at 64 a pass: 64, and rests of 16, 32 and 48. That is four, and may stay.
    while len(sizes_of_passes(rows, chosen)) > MOST_SHAPES:
        chosen //= 2
    return chosen


def sizes_of_passes(steps: Iterable[int], micro_rows: int) -> set[int]:
    """The numbers of rows that passes have where steps of these rows are cut at `micro_rows`: whole ones and rests."""
    whole = {micro_rows for rows in steps if rows >= micro_rows}
    return whole | {rest for rows in steps if (rest := rows % micro_rows)}


def verdict(memory: DeviceMemory, least: DeviceMemory, there: int, shards: int, host: int) -> str:
    """Why a run does not fit; "" where it does.

    memory: as planned; least: with one row per pass. there: bytes of the device; host: of the machine, which takes the
    copy of a sharded checkpoint.
    """
    if memory.certain > there:
        return (
            f"weights, gradients and moments need {size_in_words(memory.certain)} on each device, and there are "
            f"{size_in_words(there)}: take a smaller preset, or more cards with torchrun and parallel=fsdp"
        )
    if least.total > there:
        return (
            f"even one row per pass needs about {size_in_words(least.total)}, and there are {size_in_words(there)}: "
            "give recompute=true, a shorter sequence_length, or more cards with torchrun and parallel=fsdp"
        )
    if memory.total > there:
        return (
            f"passes of this size need about {size_in_words(memory.total)}, and there are {size_in_words(there)}: "
            "lower micro_batch, or give recompute=true"
        )
    # Masters and moments, without the products' copies that stand in `weights`: masters are as large as gradients.
    copy = (memory.gradients + memory.optimizer) * shards if shards > 1 else 0
    if copy > host:
        return (
            f"a checkpoint is copied to the host first, {size_in_words(copy)}, and it has {size_in_words(host)}: "
            "take a machine with more memory for the first process"
        )
    return ""


def size_in_words(count: int) -> str:
    """Bytes as people write them."""
    return f"{count / 1e9:,.2f} GB" if count >= 10**9 else f"{count / 1e6:.1f} MB"
