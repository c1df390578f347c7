"""Named models with the recipes they were trained by, and where each figure is published.

A preset is a shape and a recipe: keys of a run's configuration, so that whatever a paper fixes is fixed here and
whatever it leaves open has a value that `note` calls this project's choice. Where a paper's own figures contradict
each other the preset holds what fits its parameter count, and the note says so. Nothing here needs PyTorch: `--help`
and a plan answer at once. A vocabulary is the published one; the run takes that of its shards.

GPT-1: Radford et al., "Improving Language Understanding by Generative Pre-Training" (2018). GPT-2: Radford et al.,
"Language Models are Unsupervised Multitask Learners" (2019). GPT-3: Brown et al., arXiv 2005.14165. LLaMA: Touvron et
al., arXiv 2302.13971. TinyLlama: Zhang et al., arXiv 2401.02385. Muon: K. Jordan et al. (2024).
"""

from dataclasses import replace

from trainer.model.filling_presets import FILLING
from trainer.model.preset import ADAMW, Preset
from trainer.model.shape import Shape

_TINY = Preset(
    "tiny",
    Shape(layers=2, heads=4, width=64, sequence_length=64),
    ADAMW
    | {
        "rate": 3e-3,
        "batch_tokens": 2_048,
        "steps": 200,
        "warmup_tokens": 20 * 2_048,
        "validate_every": 100,
        "validate_tokens": 16_384,
        "save_every": 100,
    },
    "this project",
    "GPT-2 in small: every part of a run, in seconds on a CPU.",
)

_GPT1 = Preset(
    "gpt1",
    Shape(
        layers=12,
        heads=12,
        width=768,
        sequence_length=512,
        vocab_size=40_478,
        norm_place="post",
        dropout=0.1,
        position_std=0.02,
    ),
    {
        "optimizer": "gpt1-adam",
        "rate": 2.5e-4,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.01,
        # The released code spares gains and biases.
        "vector_l2": False,
        "clip": 1.0,
        "schedule": "cosine",
        "final_share": 0.0,
        "batch_tokens": 64 * 512,
        "warmup_tokens": 2_000 * 64 * 512,
    },
    "GPT-1, section 4.1; released code for the vocabulary, the second moment, epsilon and the modified L2",
    "Trained for 100 epochs: give `tokens`. Clipping at 1 is the released fine-tuning's; the paper names none for "
    "pre-training. gpt1_exact=true puts positions into the softmax and dropout on the matrix, as the released code.",
)


def _gpt2(name: str, layers: int, heads: int, width: int, rate: float) -> Preset:
    return Preset(
        name,
        Shape(layers=layers, heads=heads, width=width),
        ADAMW | {"rate": rate, "batch_tokens": 512 * 1024, "warmup_tokens": 375_000_000},
        "GPT-2, table 2 and section 2.3 (batch of 512 rows of 1,024); stds of the released weights",
        "GPT-2's rate and schedule are not published: those of GPT-3's model of the nearest size. Named after the "
        "true number of weights; 117M and 345M were miscounts, says the README of the released code.",
    )


# Table 2.1: layers, width, heads, rows of 2,048 in a batch (0.5M, 1M, 2M, 3.2M), rate, 10^9 tokens of the batch ramp.
_GPT3_TABLE = {
    "gpt3-125m": (12, 768, 12, 256, 6.0e-4, 4),
    "gpt3-350m": (24, 1024, 16, 256, 3.0e-4, 4),
    "gpt3-760m": (24, 1536, 16, 256, 2.5e-4, 4),
    "gpt3-1.3b": (24, 2048, 16, 512, 2.0e-4, 6),
    "gpt3-2.7b": (32, 2560, 32, 512, 1.6e-4, 6),
    "gpt3-6.7b": (32, 4096, 32, 1024, 1.2e-4, 8),
    "gpt3-13b": (40, 5120, 40, 1024, 1.0e-4, 8),
    "gpt3-175b": (96, 12288, 96, 1600, 0.6e-4, 12),
}
_GPT3_CHOICES = (
    "Not published and chosen here: the band (256), that even layers are dense and odd ones banded, and how long the "
    "batch grows within the paper's 4 to 12 B tokens."
)
_GPT3_MISPRINTS = {
    "gpt3-1.3b": "Table 2.1 has 24 heads of 128, which is 3,072 wide and 1.5 B weights; 16 heads give 2,048 and 1.3 B.",
    "gpt3-13b": "Table 2.1 has a width of 5,140, which 40 heads of 128 do not make; they make 5,120.",
}


def _gpt3(name: str) -> Preset:
    layers, width, heads, rows, rate, ramp = _GPT3_TABLE[name]
    shape = Shape(layers=layers, heads=heads, width=width, sequence_length=2048, pattern="DB", band=256)
    recipe = ADAMW | {
        "rate": rate,
        "batch_tokens": rows * 2048,
        "tokens": 300_000_000_000,
        "warmup_tokens": 375_000_000,
        "decay_tokens": 260_000_000_000,
        "ramp_from_tokens": 16 * 2048,
        "ramp_over_tokens": ramp * 1_000_000_000,
    }
    note = " ".join(filter(None, (_GPT3_MISPRINTS.get(name), _GPT3_CHOICES)))
    return Preset(name, shape, recipe, "GPT-3, table 2.1, section 2.1 and appendix B", note)


_LLAMA_SHAPE = Shape(
    layers=32,
    heads=32,
    width=4096,
    sequence_length=2048,
    vocab_size=32_000,
    norm="rms",
    position="rotary",
    activation="swiglu",
    bias=False,
    tied=False,
    norm_epsilon=1e-6,
)


def _llama(name: str, layers: int, heads: int, width: int, rate: float) -> Preset:
    batch = 2048 * 2048
    trillions = 1.4 if name in ("llama-33b", "llama-65b") else 1.0  # table 2
    return Preset(
        name,
        replace(_LLAMA_SHAPE, layers=layers, heads=heads, width=width),
        ADAMW
        | {
            "rate": rate,
            "batch_tokens": batch,
            "tokens": int(trillions * 10**12),
            "warmup_tokens": 2_000 * batch,
        },
        "LLaMA, table 2 and section 2.3; inner width 8/3 of the width up to a 256th, as the released code",
        "",
    )


_SMALL_LLAMA = Preset(
    "llama-134m",
    replace(_LLAMA_SHAPE, layers=12, heads=12, width=768),
    ADAMW | {"rate": 6e-4, "batch_tokens": 256 * 2048, "warmup_tokens": 375_000_000},
    "the architecture of LLaMA at the size of GPT-2's smallest; the recipe of GPT-3's 125M",
    "No published model: the size is this project's choice.",
)
_TINY_LLAMA = Preset(
    "llama-1.1b",
    replace(_LLAMA_SHAPE, layers=22, heads=32, kv_heads=4, width=2048, inner=5632, norm_epsilon=1e-5),
    ADAMW | {"rate": 4e-4, "batch_tokens": 1024 * 2048, "warmup_tokens": 2_000 * 1024 * 2048},
    "TinyLlama, section 2: four heads of keys and values for 32 of queries",
    "",
)

_MODERN = Preset(
    "modern-124m",
    Shape(
        layers=12,
        heads=6,
        width=768,
        norm="rms",
        position="rotary",
        activation="swiglu",
        bias=False,
        qk_norm=True,
    ),
    {
        "optimizer": "muon",
        "rate": 3.6e-3,
        "matrix_rate": 0.02,
        "momentum": 0.95,
        "beta1": 0.9,
        "beta2": 0.95,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
        "clip": 1.0,
        "schedule": "warmup-stable-decay",
        "final_share": 0.0,
        "cooldown": 0.25,
        "batch_tokens": 512 * 1024,
        "warmup_tokens": 20 * 512 * 1024,
    },
    "the speed runs of K. Jordan et al. (modded-nanogpt, 2024): RMSNorm, rotary positions, norms of queries and keys, "
    "Muon, a constant rate that falls to 0 over the last quarter; Muon needs 0.64 of AdamW's tokens there",
    "GPT-2's smallest has as many weights and as much work. Six heads of 128 instead of twelve of 64 fill a matrix "
    "unit. SwiGLU and not the speed runs' ReLU²: no published comparison separates them, and with it the model is "
    "Qwen3's architecture, which other libraries open. Of the later records zero_init, soft_cap, value_embeddings and "
    "Muon's weight_decay are keys, off here: none has been measured at this size, and a soft cap and value embeddings "
    "are in no class of other libraries.",
)

_ALL = (
    _TINY,
    _GPT1,
    _gpt2("gpt2-124m", 12, 12, 768, 6.0e-4),
    _gpt2("gpt2-355m", 24, 16, 1024, 3.0e-4),
    _gpt2("gpt2-774m", 36, 20, 1280, 2.5e-4),
    _gpt2("gpt2-1558m", 48, 25, 1600, 2.0e-4),
    *(_gpt3(name) for name in _GPT3_TABLE),
    _SMALL_LLAMA,
    _TINY_LLAMA,
    _llama("llama-7b", 32, 32, 4096, 3.0e-4),
    _llama("llama-13b", 40, 40, 5120, 3.0e-4),
    _llama("llama-33b", 60, 52, 6656, 1.5e-4),
    _llama("llama-65b", 80, 64, 8192, 1.5e-4),
    _MODERN,
    *FILLING,
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
