"""What a model is: a frozen value from which weights, memory and FLOPs follow before anything is allocated.

Every option of every preset is a field here and nowhere else, so that a run's `config.json` holds the whole
architecture and a plan for 175 billion parameters can be printed on a laptop. A field of 0 means "follows from the
others" and stays 0, so that `dataclasses.replace(shape, width=...)` never keeps a stale figure; the properties give
what is meant. Two counts of the work stand side by side: the one that everybody quotes for MFU, which counts causal
attention as if it were full, and the true one, which counts the keys that a query may see.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

VOCABULARY_MULTIPLE = 128
SWIGLU_MULTIPLE = 256
_CHOICES = {
    "norm": ("layer", "rms"),
    "norm_place": ("pre", "post"),
    "position": ("learned", "rotary"),
    "activation": ("gelu", "gelu-exact", "swiglu", "relu2"),
}


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is at least `number`."""
    return -(-number // multiple) * multiple


@dataclass(frozen=True)
class Shape:
    """A decoder: its sizes, and which of the published variants stands at each place.

    `norm_place="post"` is GPT-1's order, norm(x + f(x)), which has no norm after the last block. `pattern` names the
    attention of each layer, D for dense and B for banded, and is repeated over the layers: "DB" alternates. A banded
    query i sees the keys i-band < j <= i; neither the width of GPT-3's band nor which layers come first is published,
    so 256 and "dense first" are this project's choice. `gpt1_exact` is GPT-1 as its released code has it: positions
    are rows of the token matrix, so that the softmax ranges over them too, and dropout falls on that matrix. `qk_norm`
    is an RMSNorm of each head's queries and keys with gains shared by the heads, before the rotation.
    """

    layers: int
    heads: int
    width: int
    sequence_length: int = 1024
    vocab_size: int = 50257
    kv_heads: int = 0
    head_size: int = 0
    inner: int = 0
    norm: str = "layer"
    norm_place: str = "pre"
    position: str = "learned"
    activation: str = "gelu"
    bias: bool = True
    tied: bool = True
    qk_norm: bool = False
    dropout: float = 0.0
    pattern: str = "D"
    band: int = 256
    rotary_base: float = 10_000.0
    norm_epsilon: float = 1e-5
    position_std: float = 0.01
    gpt1_exact: bool = False

    def __post_init__(self) -> None:
        for name in ("layers", "heads", "width", "sequence_length", "vocab_size", "band"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("kv_heads", "head_size", "inner"):
            if getattr(self, name) < 0:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; give at least 1, or 0 for what follows from the others"
                )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}")
        self._check_heads()
        if not self.pattern or set(self.pattern) - {"D", "B"}:
            raise ValueError(f"pattern is {self.pattern!r}; it takes the letters D (dense) and B (banded)")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        if self.gpt1_exact and (self.position != "learned" or not self.tied):
            raise ValueError("gpt1_exact keeps positions in the token matrix: position must be learned and tied true")

    def _check_heads(self) -> None:
        if not self.head_size and self.width % self.heads:
            raise ValueError(f"width {self.width} does not divide by {self.heads} heads; change one or set head_size")
        if self.heads % self.key_heads:
            raise ValueError(f"{self.heads} heads do not divide by {self.key_heads} kv_heads; change one of them")
        if self.position == "rotary" and self.head_width % 2:
            raise ValueError(f"a rotary position turns pairs: the head size {self.head_width} must be even")

    @property
    def key_heads(self) -> int:
        """Heads of keys and values: `kv_heads`, or as many as there are of queries."""
        return self.kv_heads or self.heads

    @property
    def head_width(self) -> int:
        """Numbers in one head: `head_size`, or an equal share of the width."""
        return self.head_size or self.width // self.heads

    @property
    def inner_width(self) -> int:
        """Width inside the feed-forward: `inner`, or 4 times the width; for SwiGLU LLaMA's 8/3, up to a 256th."""
        if self.inner:
            return self.inner
        return round_up(8 * self.width // 3, SWIGLU_MULTIPLE) if self.activation == "swiglu" else 4 * self.width

    @property
    def padded_vocab_size(self) -> int:
        """Rows of the token matrix: ids, GPT-1's position rows where they share it, padding to a multiple of 128."""
        return round_up(self.softmax_size, VOCABULARY_MULTIPLE)

    @property
    def softmax_size(self) -> int:
        """Rows that the loss normalises over: the vocabulary, and with `gpt1_exact` the positions too."""
        return self.vocab_size + (self.sequence_length if self.gpt1_exact else 0)

    def is_banded(self, layer: int) -> bool:
        """Whether the layer (from 0) sees a band only."""
        return self.pattern[layer % len(self.pattern)] == "B"

    @property
    def matrix_parameters(self) -> int:
        """Weights in the matrices of all blocks: what Muon turns, and nearly all of the work."""
        attention = self.width * self.head_width * 2 * (self.heads + self.key_heads)
        feed_forward = self.width * self.inner_width * (3 if self.activation == "swiglu" else 2)
        return self.layers * (attention + feed_forward)

    @property
    def position_parameters(self) -> int:
        """Weights in the table of positions; 0 for rotary ones."""
        return self.sequence_length * self.width if self.position == "learned" else 0

    @property
    def _vector_parameters(self) -> int:
        heads, kv_heads, size, norm = self.heads, self.key_heads, self.head_width, self.width
        gain = 2 * norm if self.norm == "layer" and self.bias else norm
        inner = self.inner_width * (2 if self.activation == "swiglu" else 1)
        biases = (heads + 2 * kv_heads) * size + self.width + inner + self.width if self.bias else 0
        block = 2 * gain + biases + (2 * size if self.qk_norm else 0)
        return self.layers * block + (gain if self.norm_place == "pre" else 0)

    def n_parameters(self) -> int:
        """All weights of the true vocabulary, each shared one once; padding rows are not counted."""
        tokens = self.vocab_size * self.width * (1 if self.tied else 2)
        return tokens + self.position_parameters + self.matrix_parameters + self._vector_parameters

    def _dense_flops(self) -> int:
        looked_up = 0 if self.tied else self.vocab_size * self.width
        return 6 * (self.n_parameters() - self.position_parameters - looked_up)

    def flops_per_token(self, sequence_length: int = 0) -> float:
        """Work of training on one token as MFU is quoted (PaLM, appendix B; nanoGPT): 6N + 12·L·d·T.

        N leaves out the table of positions and an input matrix that is only looked up; attention counts as if every
        query saw all T keys. `sequence_length` 0 takes the shape's.
        """
        length = sequence_length or self.sequence_length
        return float(self._dense_flops() + 12 * self.layers * self.heads * self.head_width * length)

    def true_flops_per_token(self, sequence_length: int = 0) -> float:
        """The same with only those keys that a query may see: (T+1)/2 of them on average, fewer under a band."""
        length = sequence_length or self.sequence_length
        band = min(self.band, length)
        dense_keys = (length + 1) / 2
        banded_keys = (band * (band + 1) / 2 + (length - band) * band) / length
        keys = math.fsum(banded_keys if self.is_banded(layer) else dense_keys for layer in range(self.layers))
        return self._dense_flops() + 12 * self.heads * self.head_width * keys

    def to_json(self) -> dict[str, Any]:
        """All fields, as `config.json` holds them."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Shape":
        """The shape again; an unknown field is an error, since it would change the model in silence."""
        if unknown := sorted(set(values) - {field.name for field in fields(cls)}):
            raise ValueError(f"a shape has no field {unknown[0]!r}; it has {', '.join(f.name for f in fields(cls))}")
        return cls(**values)
