"""Small models with weights that leave no term out, and run folders that hold them, for the tests beside."""

import json

import torch

from trainer.model.encoder_decoder import make_model
from trainer.model.shape import Shape
from trainer.run.checkpoint import Checkpoints

torch.set_num_threads(1)

SMALL = {"layers": 3, "heads": 4, "width": 32, "sequence_length": 24, "vocab_size": 61}
LLAMA = {"norm": "rms", "position": "rotary", "activation": "swiglu", "bias": False, "tied": False}
SHAPES = {
    "gpt1": Shape(**SMALL, norm_place="post"),
    "gpt1-exact": Shape(**SMALL, norm_place="post", gpt1_exact=True),
    "gpt2": Shape(**SMALL),
    "gpt2-plain": Shape(**SMALL, bias=False, activation="gelu-exact", tied=False),
    "gpt3": Shape(**SMALL, pattern="DB", band=5),
    "gpt3-plain": Shape(**SMALL, pattern="DB", band=5, bias=False),
    "gpt3-untied": Shape(**SMALL, pattern="BD", band=5, tied=False),
    "llama": Shape(**SMALL, **LLAMA, kv_heads=2),
    "llama-biases": Shape(**SMALL, **{**LLAMA, "bias": True, "tied": True}),
    "llama-banded": Shape(**SMALL, **LLAMA, pattern="DB", band=5, head_size=12),
    "modern": Shape(**SMALL, **{**LLAMA, "activation": "relu2"}, qk_norm=True),
    "modern-banded": Shape(
        **SMALL, **{**LLAMA, "activation": "relu2", "tied": True}, qk_norm=True, pattern="BD", band=5
    ),
}


def random_model(shape, seed=0):
    """A model whose biases and gains are random too: as initialised, a lost bias would go unnoticed."""
    model = make_model(shape).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter += torch.randn(parameter.shape, generator=generator) * (0.3 if parameter.ndim == 1 else 0.1)
            if name in ("embedding.weight", "head.weight", "head_bias"):
                parameter[shape.softmax_size :] = 0
    return model


def logits_of(model, tokens):
    """Logits of all positions, [n, T, vocab_size]."""
    with torch.inference_mode():
        return model.logits(model.hidden(tokens))


def write_run(folder, model, tokenizer=None, end_of_text=None, data=""):
    """A run folder with one checkpoint of the model, as training leaves it."""
    entry = {}
    if tokenizer is not None:
        entry = {"name": tokenizer.kind, "digest": tokenizer.digest, "vocab_size": tokenizer.vocab_size}
        end_of_text = tokenizer.end_of_text
    if end_of_text is not None:
        entry["end_of_text"] = end_of_text
    description = {"shape": model.shape.to_json(), "tokenizer": entry}
    checkpoints = Checkpoints(folder / "checkpoints")
    checkpoints.save(7, model.state_dict(), {}, {"step": 7, "tokens": 0, **description})
    checkpoints.wait()
    (folder / "config.json").write_text(json.dumps({**description, "data": str(data)}))
    return folder


def small_tokenizer(folder):
    """A byte-level tokenizer of 300 ids, trained on a few words and saved in the folder."""
    from corpus.tokenizer.files import save_tokenizer
    from corpus.tokenizer.training import train_tokenizer
    from corpus.tokenizer.words import count_words

    text = "the same words again and again, the right answer and the wrong answer; Question: Answer: True or False?"
    tokenizer = train_tokenizer(count_words([text] * 3, "gpt2"), "gpt2", 300)
    save_tokenizer(tokenizer, folder)
    return tokenizer
