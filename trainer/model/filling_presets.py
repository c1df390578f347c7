"""Presets of models that fill in what was hidden: BERT, T5 and its prefix decoder, GLM.

BERT: Devlin et al., arXiv 1810.04805. T5: Raffel et al., arXiv 1910.10683. GLM: Du et al., arXiv 2103.10360.
DistilBERT: Sanh et al., arXiv 1910.01108. Every one trains over the shards of any
tokenizer: its marks get ids behind those of the text.
"""

from dataclasses import replace

from trainer.model.preset import ADAMW, Preset
from trainer.model.shape import Shape

_BERT_SHAPE = Shape(
    layers=12,
    heads=12,
    width=768,
    sequence_length=512,
    vocab_size=30_522,
    architecture="encoder",
    norm_place="post",
    activation="gelu-exact",
    embedding_norm=True,
    head_transform=True,
    dropout=0.1,
    norm_epsilon=1e-12,
    position_std=0.02,
)
_BERT_RECIPE = ADAMW | {
    "objective": "masked",
    "rate": 1e-4,
    "beta2": 0.999,
    "epsilon": 1e-6,
    "weight_decay": 0.01,
    "schedule": "linear",
    "final_share": 0.0,
    "batch_tokens": 256 * 512,  # 256 rows of 512
    "steps": 1_000_000,
    "warmup_tokens": 10_000 * 256 * 512,
}
_BERT = Preset(
    "bert-110m",
    _BERT_SHAPE,
    _BERT_RECIPE,
    "BERT, section 3 and appendix A.2; released code for epsilons and the head",
    "Rows are plain windows of 512 from the first step, and there is no second sentence to tell: RoBERTa found neither "
    "the short rows nor that task to help (Liu et al., 2019, section 4.2).",
)

_T5_SHAPE = Shape(
    layers=6,
    heads=8,
    width=512,
    sequence_length=512,
    vocab_size=32_128,
    inner=2048,
    architecture="encoder-decoder",
    norm="rms",
    position="relative",
    activation="relu",
    bias=False,
    dropout=0.1,
    norm_epsilon=1e-6,
)
_T5_RECIPE = ADAMW | {
    "objective": "spans",
    "rate": 1e-3,
    "beta2": 0.999,
    "weight_decay": 0.01,
    "batch_tokens": 128 * 512,
    "steps": 524_288,
    "warmup_tokens": 10_000 * 128 * 512,
}
_T5_NOTE = (
    "The windows are 512 tokens, of which the encoder reads nine tenths; T5 takes windows of 568, which fill its rows. "
    "T5 steps by AdaFactor at an inverse square root; AdamW with a cosine is this project's choice."
)
_T5_SMALL = Preset("t5-60m", _T5_SHAPE, _T5_RECIPE, "T5, section 2.1, 3.1 and 3.7 (Small)", _T5_NOTE)
_T5_BASE = Preset(
    "t5-220m",
    replace(_T5_SHAPE, layers=12, heads=12, width=768, inner=3072),
    _T5_RECIPE,
    "T5, section 2.1 and 3.1.2 (Base)",
    _T5_NOTE,
)
_PREFIX = Preset(
    "prefix-110m",
    replace(_T5_SHAPE, layers=12, heads=12, width=768, inner=3072, architecture="prefix"),
    _T5_RECIPE,
    "T5, section 3.2: one stack of L layers with a prefix, trained on span corruption",
    _T5_NOTE + " Source and target share a row, so that nine tenths of a window are used.",
)

_GLM = Preset(
    "glm-110m",
    Shape(
        layers=12,
        heads=12,
        width=768,
        sequence_length=512,
        vocab_size=30_522,
        architecture="prefix",
        position="blank",
        dropout=0.1,
    ),
    ADAMW
    | {
        "objective": "blanks",
        "blank_shares": "0.5,0,0.5",
        "rate": 4e-4,
        "beta2": 0.98,
        "epsilon": 1e-6,
        "batch_tokens": 1024 * 512,
        "steps": 200_000,
        "warmup_tokens": 16_000 * 1024 * 512,
    },
    "GLM, sections 2 and 3.1, appendix A (Base)",
    "blank_shares are those of GLM with documents; 0.5,0.5,0 trains on sentences. A long blank stands at the end of "
    "its window, as in the released code.",
)

# The weights of the losses in the released code are 5 (soft), 2 (hard) and 1 (cosine).
_DISTIL = {"distil_soft": 0.625, "distil_cosine": 0.125, "distil_temperature": 2.0}
_DISTIL_NOTE = (
    "Give teacher=RUN, a run of the model of twice as many layers, and init_from=RUN to begin with every other."
)
_DISTILBERT = Preset(
    "distilbert-66m",
    replace(_BERT_SHAPE, layers=6),
    _BERT_RECIPE | _DISTIL | {"rate": 5e-4, "steps": 250_000, "batch_tokens": 4096 * 512, "warmup_tokens": 10**9},
    "DistilBERT, sections 2 and 3; released code for the weights of the losses",
    _DISTIL_NOTE,
)
_DISTILGPT2 = Preset(
    "distilgpt2-82m",
    Shape(layers=6, heads=12, width=768),
    ADAMW | _DISTIL | {"rate": 2.5e-4, "batch_tokens": 512 * 1024, "warmup_tokens": 375_000_000},
    "DistilGPT2's model card: GPT-2's smallest with every other layer, by DistilBERT's recipe",
    _DISTIL_NOTE + " Rate and batch are not published.",
)
FILLING = (_BERT, _T5_SMALL, _T5_BASE, _PREFIX, _GLM, _DISTILBERT, _DISTILGPT2)
