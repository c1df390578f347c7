"""Encoders, encoder-decoders and the rarer forms of a decoder: transformers computes the same from what is written."""

from dataclasses import replace

import pytest
import torch
from run_folders import LLAMA, SMALL, random_model

from trainer.hugging_face.family import ExportError
from trainer.hugging_face.folder import family_of, read_model, write_model
from trainer.model.encoder_decoder import make_model
from trainer.model.shape import Shape

transformers = pytest.importorskip("transformers")

WIDE = {**LLAMA, "tied": True}
BERT = {"architecture": "encoder", "norm_place": "post", "embedding_norm": True, "head_transform": True}
T5 = {"architecture": "encoder-decoder", "norm": "rms", "position": "relative", "bias": False}
NARROW = {"relative_buckets": 8, "relative_distance": 12}
FORMS = {
    "LlamaForCausalLM": {
        "geglu": WIDE | {"activation": "geglu"},
        "linear": WIDE | {"rotary_scaling": "linear", "rotary_factor": 2.0},
        "ntk": WIDE | {"rotary_scaling": "ntk", "rotary_factor": 3.0},
        "yarn": WIDE | {"rotary_scaling": "yarn", "rotary_factor": 4.0, "rotary_original": 16, "head_size": 32},
        "llama3": WIDE | {"rotary_scaling": "llama3", "rotary_factor": 8.0, "rotary_original": 16, "kv_heads": 1},
    },
    "Glm4ForCausalLM": {
        "sandwich": WIDE | {"norm_place": "sandwich"},
        "sandwich-grouped": LLAMA | {"norm_place": "sandwich", "kv_heads": 2, "head_size": 12, "activation": "geglu"},
    },
    "OpenAIGPTLMHeadModel": {
        "deepnorm": {"norm_place": "deepnorm"},
        "deepnorm-sinusoidal": {"norm_place": "deepnorm", "position": "sinusoidal"},
    },
    "GPT2LMHeadModel": {"sinusoidal": {"position": "sinusoidal"}, "relu": {"activation": "relu", "bias": False}},
    "BloomForCausalLM": {
        "alibi": {"position": "alibi", "embedding_norm": True},
        "alibi-six-heads": {"position": "alibi", "embedding_norm": True, "heads": 6, "width": 48, "tied": False},
    },
    "MptForCausalLM": {
        "alibi-plain": {"position": "alibi", "bias": False, "activation": "gelu-exact"},
        "alibi-plain-six": {"position": "alibi", "bias": False, "activation": "gelu-exact", "heads": 6, "width": 48},
    },
    "BertForMaskedLM": {"bert": BERT, "bert-exact": BERT | {"activation": "gelu-exact", "inner": 50}},
    "T5ForConditionalGeneration": {
        "t5": T5 | NARROW | {"activation": "relu"},
        "t5.1.1": T5 | NARROW | {"activation": "geglu", "tied": False, "head_size": 12},
    },
}
CASES = [(name, options, kind) for kind, forms in FORMS.items() for name, options in forms.items()]


def rows(seed, length=SMALL["sequence_length"]):
    return torch.randint(SMALL["vocab_size"], (3, length), generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def our_logits(model):
    if model.shape.architecture == "encoder-decoder":
        return model.logits(model.hidden(rows(2, 9), source=rows(1)))
    return model.logits(model.hidden(rows(1)))


@torch.inference_mode()
def their_logits(folder, kind):
    theirs = getattr(transformers, kind).from_pretrained(folder, local_files_only=True).eval()
    if kind.startswith("T5"):
        return theirs(input_ids=rows(1), decoder_input_ids=rows(2, 9)).logits, theirs
    return theirs(rows(1)).logits, theirs


@pytest.mark.parametrize(("name", "options", "kind"), CASES, ids=[case[0] for case in CASES])
def test_transformers_computes_our_logits_and_what_it_saves_is_read_again(name, options, kind, tmp_path):
    model = random_model(Shape(**{**SMALL, **options}))
    family = write_model(tmp_path / "export", model.shape, model.state_dict(), end_of_text=3)
    assert family.architecture == kind
    expected = our_logits(model)
    logits, theirs = their_logits(tmp_path / "export", kind)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    theirs.save_pretrained(tmp_path / "again")
    for folder in ("export", "again"):
        shape, weights, _ = read_model(tmp_path / folder)
        back = make_model(shape, seed=None).eval()
        back.load_state_dict(weights)
        torch.testing.assert_close(our_logits(back), expected, rtol=0, atol=1e-5)


def test_an_encoder_decoder_begins_with_the_end_of_text(tmp_path):
    model = random_model(Shape(**SMALL, **T5, activation="relu"))
    write_model(tmp_path, model.shape, model.state_dict(), end_of_text=3)
    theirs = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path, local_files_only=True).eval()
    written = theirs.generate(rows(1), max_new_tokens=4, do_sample=False)
    assert written[:, 0].tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"architecture": "prefix"}, r"GPT2LMHeadModel cannot have architecture=prefix \(it has decoder\)"),
        (BERT | {"position": "alibi"}, "BertForMaskedLM cannot have position=alibi"),
        ({"soft_cap": 15.0}, "GPT2LMHeadModel cannot have soft_cap=15.0"),
        ({"position": "alibi"}, "BloomForCausalLM cannot have embedding_norm=False"),
        (T5 | {"activation": "gelu"}, "T5ForConditionalGeneration cannot have activation=gelu"),
    ],
)
def test_a_form_that_no_class_has_is_refused_by_the_option(options, words):
    with pytest.raises(ExportError, match=words):
        family_of(Shape(**SMALL, **options))


def test_a_stretched_position_that_no_shape_has_is_refused(tmp_path):
    shape = Shape(**SMALL, **WIDE, rotary_scaling="yarn", rotary_factor=2.0, rotary_original=16)
    write_model(tmp_path, shape, random_model(shape).state_dict(), 0)
    config = tmp_path / "config.json"
    text = config.read_text().replace('"corpusloom"', '"other"')
    config.write_text(text.replace('"rope_type": "yarn"', '"rope_type": "longrope"'))
    with pytest.raises(ExportError, match="'longrope'"):
        read_model(tmp_path)
    config.write_text(text.replace('"rope_type": "yarn"', '"rope_type": "yarn", "beta_fast": 64'))
    with pytest.raises(ExportError, match="beta_fast"):
        read_model(tmp_path)
    assert replace(shape, rotary_scaling="ntk").rotary_factor == 2.0
