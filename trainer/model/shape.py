"""The shape of a model: a frozen value from which weights, memory and FLOPs follow before anything is allocated.

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

from corpus.errors import CorpusloomError, ExitCode
from corpus.json_types import JsonObject

VOCABULARY_MULTIPLE = 128
SWIGLU_MULTIPLE = 256
ARCHITECTURES = ("decoder", "prefix", "encoder", "encoder-decoder")
GATED = ("swiglu", "geglu")
CHOICES = {
    "architecture": ARCHITECTURES,
    "norm": ("layer", "rms"),
    "norm_place": ("pre", "post", "sandwich", "deepnorm"),
    "position": ("learned", "rotary", "sinusoidal", "alibi", "relative", "blank"),
    "rotary_scaling": ("none", "linear", "ntk", "yarn", "llama3"),
    "activation": ("gelu", "gelu-exact", "relu", "relu2", "swiglu", "geglu"),
}
# Of a window that T5's objective corrupts, the share that the encoder reads and the share that the decoder writes:
# 15 % in spans of 3, each a sentinel in the one and a sentinel and its tokens in the other.
_READ, _WRITTEN = 0.9, 0.2


class ArchitectureError(CorpusloomError, ValueError):
    """A model that cannot do what is asked of it, because of what its tokens see."""

    code = ExitCode.FLAGS


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is at least `number`."""
    return -(-number // multiple) * multiple


@dataclass(frozen=True)
class Shape:
    """A transformer: its sizes, and which of the published variants stands at each place.

    `architecture` says what a token sees: a "decoder" the past, a "prefix" decoder all of a first part and the past
    after it, an "encoder" everything; an "encoder-decoder" has `layers` blocks in each half. `norm_place="post"` is
    GPT-1's order, norm(x + f(x)), which has no norm after the last block; "deepnorm" is norm(αx + f(x)) (Wang et al.,
    2022), "sandwich" x + norm(f(norm(x))) (Ding et al., 2021). Positions are added to the tokens ("learned",
    "sinusoidal", and GLM's two of each token, "blank"), turn queries and keys ("rotary") or are added to the scores
    ("alibi", and T5's "relative", one table for all layers of a half). `pattern` names the
    attention of each layer, D for dense and B for banded, and is repeated over the layers: "DB" alternates. A banded
    query i sees the keys i-band < j <= i; neither the width of GPT-3's band nor which layers come first is published,
    so 256 and "dense first" are this project's choice. `gpt1_exact` is GPT-1 as its released code has it: positions
    are rows of the token matrix, so that the softmax ranges over them too, and dropout falls on that matrix. `qk_norm`
    is an RMSNorm of each head's queries and keys with gains shared by the heads, before the rotation.
    """

    layers: int  # of each half
    heads: int
    width: int
    sequence_length: int = 1024
    vocab_size: int = 50257
    kv_heads: int = 0  # 0: as many as heads
    head_size: int = 0  # 0: width / heads
    inner: int = 0  # 0: 4 · width, or 8/3 of it (`inner_width`)
    norm: str = "layer"
    norm_place: str = "pre"
    position: str = "learned"
    architecture: str = "decoder"
    activation: str = "gelu"
    bias: bool = True
    tied: bool = True
    qk_norm: bool = False
    dropout: float = 0.0
    pattern: str = "D"
    band: int = 256
    rotary_base: float = 10_000.0
    rotary_scaling: str = "none"
    rotary_factor: float = 1.0
    rotary_original: int = 0  # tokens; only yarn and llama3 need it
    relative_buckets: int = 32
    relative_distance: int = 128
    embedding_norm: bool = False
    head_transform: bool = False
    zero_init: bool = False
    soft_cap: float = 0.0  # 0: none
    value_embeddings: int = 0  # tables; each serves a first layer and a last one
    norm_epsilon: float = 1e-5
    position_std: float = 0.01  # GPT-2's released weights
    gpt1_exact: bool = False

    def __post_init__(self) -> None:
        for name in ("layers", "heads", "width", "sequence_length", "vocab_size", "band"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("kv_heads", "head_size", "inner"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 or more, or 0 for the usual size")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}")
        self._check_heads()
        if not self.pattern or set(self.pattern) - {"D", "B"}:
            raise ValueError(f"pattern is {self.pattern!r}; it takes the letters D (dense) and B (banded)")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        if self.gpt1_exact and (self.position != "learned" or not self.tied):
            raise ValueError("gpt1_exact keeps positions in the token matrix: position must be learned and tied true")
        self._check_architecture()
        self._check_scaling()

    def _check_architecture(self) -> None:
        kind = self.architecture
        if kind != "decoder" and ("B" in self.pattern or self.gpt1_exact or self.value_embeddings):
            raise ValueError(f"architecture {kind!r} takes no bands (pattern), no gpt1_exact and no value_embeddings")
        if self.position == "blank" and kind != "prefix":
            raise ValueError(f"position blank counts along the blanks of architecture prefix, not of {kind!r}")
        if kind == "encoder-decoder" and (self.norm_place == "deepnorm" or self.head_transform):
            raise ValueError("an encoder-decoder has no norm_place deepnorm and no head_transform")
        if not 0 <= self.value_embeddings <= self.layers // 2:
            raise ValueError(
                f"value_embeddings is {self.value_embeddings}; give 0 to {self.layers // 2}, half the layers"
            )
        if self.relative_buckets % 4 or not 0 < self.relative_buckets // 2 < self.relative_distance:
            raise ValueError("relative_buckets must be a multiple of 4, and half of them fewer than relative_distance")
        if self.soft_cap < 0:
            raise ValueError(f"soft_cap is {self.soft_cap}; give a bound of the scores, or 0 for none")

    def _check_scaling(self) -> None:
        if self.rotary_scaling == "none":
            return
        if self.position != "rotary" or self.rotary_factor < 1:
            raise ValueError("rotary_scaling needs position rotary and a rotary_factor of at least 1")
        if self.rotary_scaling in ("yarn", "llama3") and not self.rotary_original:
            raise ValueError(
                f"rotary_scaling {self.rotary_scaling} needs rotary_original, the length trained with before"
            )

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
        """Width inside the feed-forward: `inner`, or 4 times the width; for gated ones LLaMA's 8/3, up to a 256th."""
        if self.inner:
            return self.inner
        return round_up(8 * self.width // 3, SWIGLU_MULTIPLE) if self.gated else 4 * self.width

    @property
    def gated(self) -> bool:
        """Whether the feed-forward has a gate beside its value."""
        return self.activation in GATED

    @property
    def halves(self) -> int:
        """Stacks of `layers` blocks: 2 for an encoder-decoder."""
        return 2 if self.architecture == "encoder-decoder" else 1

    @property
    def continues_text(self) -> bool:
        """Whether the model writes on after a beginning, and does not only fill in."""
        return self.architecture in ("decoder", "prefix") and self.position != "blank"

    @property
    def residual_scale(self) -> float:
        """DeepNorm's α, (2L)^(1/4) for one stack of L layers; 1 elsewhere."""
        return (2 * self.layers) ** 0.25 if self.norm_place == "deepnorm" else 1.0

    @property
    def final_norm(self) -> bool:
        """Whether a norm follows the last block: where the blocks' own stand before, or inside, their branches."""
        return self.norm_place in ("pre", "sandwich")

    @property
    def padded_vocab_size(self) -> int:
        """Rows of the token matrix: ids, GPT-1's position rows where they share it, padding to a multiple of 128."""
        return round_up(self.softmax_size, VOCABULARY_MULTIPLE)  # 50,257 -> 50,304

    @property
    def softmax_size(self) -> int:
        """Rows that the loss normalises over: the vocabulary, and with `gpt1_exact` the positions too."""
        return self.vocab_size + (self.sequence_length if self.gpt1_exact else 0)

    def is_banded(self, layer: int) -> bool:
        """Whether the layer (from 0) sees a band only."""
        return self.pattern[layer % len(self.pattern)] == "B"

    @property
    def _attention_parameters(self) -> int:
        return self.width * self.head_width * 2 * (self.heads + self.key_heads)  # q and out; k and v

    @property
    def _block_matrices(self) -> int:
        return self._attention_parameters + self.width * self.inner_width * (3 if self.gated else 2)

    @property
    def matrix_parameters(self) -> int:
        """Weights in the matrices of all blocks: what Muon turns, and nearly all of the work."""
        cross = self._attention_parameters if self.halves == 2 else 0
        return self.layers * (self.halves * self._block_matrices + cross)

    @property
    def position_parameters(self) -> int:
        """Weights in the tables of positions; 0 for those that are computed."""
        if self.position == "relative":
            return self.halves * self.relative_buckets * self.heads
        tables = {"learned": 1, "blank": 2}.get(self.position, 0)
        return tables * self.sequence_length * self.width

    @property
    def value_parameters(self) -> int:
        """Weights in the tables that are added to values, and in the shares of both."""
        tables = self.value_embeddings * self.vocab_size * self.key_heads * self.head_width
        return tables + 2 * 2 * self.value_embeddings  # two layers a table, two shares a layer

    @property
    def _gain(self) -> int:
        return 2 * self.width if self.norm == "layer" and self.bias else self.width

    @property
    def _vector_parameters(self) -> int:
        heads, kv_heads, size = self.heads, self.key_heads, self.head_width
        inner = self.inner_width * (2 if self.gated else 1)
        attention = (heads + 2 * kv_heads) * size + self.width if self.bias else 0
        feed = inner + self.width if self.bias else 0
        norms = self._gain * (2 if self.norm_place == "sandwich" else 1)
        block = 2 * norms + attention + feed + (2 * size if self.qk_norm else 0)
        cross = norms + attention if self.halves == 2 else 0
        ends = self._gain * (self.halves * self.final_norm + self.embedding_norm)
        return self.layers * (self.halves * block + cross) + ends

    @property
    def head_parameters(self) -> int:
        """Weights of BERT's transform before the head, with a bias of each token."""
        return (self.width + 1) * self.width + self._gain + self.vocab_size if self.head_transform else 0

    def n_parameters(self) -> int:
        """All weights of the true vocabulary, each shared one once; padding rows are not counted."""
        tokens = self.vocab_size * self.width * (1 if self.tied else 2)
        counted = tokens + self.position_parameters + self.matrix_parameters + self._vector_parameters
        return counted + self.value_parameters + self.head_parameters

    def _dense_flops(self) -> float:
        looked_up = 0 if self.tied else self.vocab_size * self.width  # an input matrix does no products
        worked = self.n_parameters() - self.position_parameters - self.value_parameters - looked_up
        if self.halves == 1:
            return 6 * worked  # 2 to multiply and add, forward and twice in the backward pass
        encoder = self.layers * self._block_matrices
        return 6 * (_READ * encoder + _WRITTEN * (worked - encoder))

    def flops_per_token(self, sequence_length: int = 0) -> float:
        """Work of training on one token as MFU is quoted (PaLM, appendix B; nanoGPT): 6N + 12·L·d·T.

        N leaves out the table of positions and an input matrix that is only looked up; attention counts as if every
        query saw all T keys. `sequence_length` 0 takes the shape's. In an encoder-decoder a token of the window goes
        through one half or, if it is corrupted, the other: what T5's objective makes of the two is assumed.
        """
        length = sequence_length or self.sequence_length
        return float(self._dense_flops() + 12 * self.layers * self.heads * self.head_width * length)

    def true_flops_per_token(self, sequence_length: int = 0) -> float:
        """The same with only those keys that a query may see: (T+1)/2 of them on average, fewer under a band."""
        length = sequence_length or self.sequence_length
        band = min(self.band, length)
        dense_keys = (length + 1) / 2 if self.architecture == "decoder" else float(length)
        banded_keys = (band * (band + 1) / 2 + (length - band) * band) / length  # a ramp 1 … band, then flat
        keys = math.fsum(banded_keys if self.is_banded(layer) else dense_keys for layer in range(self.layers))
        return self._dense_flops() + 12 * self.heads * self.head_width * keys

    def to_json(self) -> JsonObject:
        """All fields, as `config.json` holds them."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Shape":
        """The shape again; an unknown field is an error, since it would change the model in silence."""
        if unknown := sorted(set(values) - {field.name for field in fields(cls)}):
            raise ValueError(f"a shape has no field {unknown[0]!r}; it has {', '.join(f.name for f in fields(cls))}")
        return cls(**values)
