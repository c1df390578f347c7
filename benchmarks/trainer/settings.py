"""The settings of a benchmark: sizes for a card, and small ones that show on any CPU that all works.

The sizes are those of nanoGPT's own benchmark where there is one: 124M parameters without biases and with exact GELU,
rows of 1,024, 50,304 columns, twelve rows per batch. The small form takes the same way through the same code, and its
figures say nothing.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from trainer.model.shape import VOCABULARY_MULTIPLE, Shape, round_up

RATE, DECAY, BETAS, CLIP = 6e-4, 0.1, (0.9, 0.95), 1.0
CARD, SMALL = "card", "small"


def gpt2(layers: int, heads: int, width: int, sequence_length: int = 1024, vocab_size: int = 50304) -> Shape:
    """The shape of GPT-2 as nanoGPT trains it: exact GELU, no biases."""
    return Shape(layers, heads, width, sequence_length, vocab_size, activation="gelu-exact", bias=False)


@dataclass(frozen=True)
class BenchmarkSettings:
    """One benchmark. `device` is "cuda" or "cpu", `reference` a model file or None, `data` a folder of shards or None.

    `shipped_rows` is the micro-batch that the reference ships with, `sweep` the micro-batches that all sides are timed
    at; a step of the optimizer has `step_rows` rows at each of them. `parity_steps` of the shipped batch compare the
    losses; `tokens` in steps of `batch_tokens` are what AdamW gets in phase 7. A call may take `seconds`.
    """

    device: str
    small: bool
    compiled: bool
    reference: Path | None
    data: Path | None
    shape: Shape
    large: Shape
    band: Shape
    sweep: tuple[int, ...]
    large_sweep: tuple[int, ...]
    band_rows: int
    step_rows: int
    warm: int
    timed: int
    parity_steps: int
    tokens: int
    batch_tokens: int
    seconds: float
    threads: int = 0

    @property
    def shipped_rows(self) -> int:
        """The reference's own batch."""
        return self.sweep[0]


def over_data(settings: BenchmarkSettings, data: Path, vocab_size: int) -> BenchmarkSettings:
    """The same over given shards; where their vocabulary is larger than the model's, the model's grows."""
    columns = max(settings.shape.vocab_size, round_up(vocab_size, VOCABULARY_MULTIPLE))
    return replace(settings, data=data, shape=replace(settings.shape, vocab_size=columns))


def settings_for(device: str, small: bool, compiled: bool, reference: Path | None = None) -> BenchmarkSettings:
    """The sizes for a card, or the small ones."""
    if small:
        return BenchmarkSettings(
            device=device,
            small=True,
            compiled=compiled,
            reference=reference,
            data=None,
            shape=gpt2(2, 2, 32, 32, 256),
            large=gpt2(3, 2, 48, 32, 256),
            band=Shape(layers=2, heads=2, width=32, sequence_length=64, vocab_size=256, pattern="DB", band=8),
            sweep=(2, 4),
            large_sweep=(2,),
            band_rows=2,
            step_rows=8,
            warm=1,
            timed=3,
            parity_steps=20,
            tokens=4_096,
            batch_tokens=256,
            seconds=120,
            threads=1,
        )
    return BenchmarkSettings(
        device=device,
        small=False,
        compiled=compiled,
        reference=reference,
        data=None,
        shape=gpt2(12, 12, 768),
        large=gpt2(48, 25, 1600),
        band=Shape(layers=12, heads=12, width=768, sequence_length=2048, vocab_size=50304, pattern="DB", band=256),
        sweep=(12, 32, 64),
        large_sweep=(16, 8),
        band_rows=16,
        step_rows=192,
        warm=10,
        timed=30,
        parity_steps=200,
        tokens=60_000_000,
        batch_tokens=65_536,
        seconds=400,
    )
