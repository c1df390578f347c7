"""Export and import: transformers opens what is written and computes the same, both ways, with random weights."""

import json
import math
import sys
from dataclasses import replace

import pytest
import torch
from run_folders import SHAPES, SMALL, logits_of, random_model, small_tokenizer, write_run

from trainer.export import main
from trainer.hugging_face.exchange import difference, export_run, import_model
from trainer.hugging_face.family import ExportError, shortest_pattern
from trainer.hugging_face.folder import family_of, read_model, write_model
from trainer.model.gpt import GPT
from trainer.model.presets import PRESETS
from trainer.model.shape import Shape
from trainer.run.checkpoint import Checkpoints
from trainer.run.runs import model_of, open_run

transformers = pytest.importorskip("transformers")

CLASSES = {
    "gpt1": "OpenAIGPTLMHeadModel",
    "gpt1-exact": "OpenAIGPTLMHeadModel",
    "gpt2": "GPT2LMHeadModel",
    "gpt2-plain": "GPT2LMHeadModel",
    "gpt3": "GPTNeoForCausalLM",
    "gpt3-plain": "GPTNeoForCausalLM",
    "gpt3-untied": "GPTNeoForCausalLM",
    "llama": "LlamaForCausalLM",
    "llama-biases": "LlamaForCausalLM",
    "llama-banded": "Qwen2ForCausalLM",
    "modern": "Qwen3ForCausalLM",
    "modern-banded": "Qwen3ForCausalLM",
}
TOKENS = torch.randint(SMALL["vocab_size"], (3, SMALL["sequence_length"]), generator=torch.Generator().manual_seed(1))


def opened(folder, **options):
    """The model as transformers opens it, by the folder alone."""
    return transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **options).eval()


def their_logits(model, tokens=TOKENS):
    with torch.inference_mode():
        return model(tokens).logits


def ours_of(folder):
    shape, weights, _ = read_model(folder)
    model = GPT(shape).eval()
    model.load_state_dict(weights)
    return model


def close(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_transformers_computes_our_logits_and_we_compute_its(name, tmp_path):
    model = random_model(SHAPES[name])
    family = write_model(tmp_path / "export", model.shape, model.state_dict(), end_of_text=3)
    theirs = opened(tmp_path / "export")
    assert type(theirs).__name__ == CLASSES[name] == family.architecture
    assert theirs.config.eos_token_id == 3
    expected = logits_of(model, TOKENS)
    close(their_logits(theirs), expected)

    back = ours_of(tmp_path / "export")
    assert back.shape == model.shape
    close(logits_of(back, TOKENS), expected)

    theirs.save_pretrained(tmp_path / "again")
    again = ours_of(tmp_path / "again")
    assert again.shape == model.shape
    close(logits_of(again, TOKENS), expected)


@pytest.mark.parametrize("name", ["gpt3", "llama-banded", "modern-banded", "gpt1"])
def test_transformers_generates_with_its_cache_what_we_generate(name, tmp_path):
    """The band has to hold in its cache too."""
    from trainer.model.generate import Sampling, generate

    model = random_model(SHAPES[name])
    write_model(tmp_path, model.shape, model.state_dict(), end_of_text=None)
    prompt = TOKENS[:1, :6]
    drawn = opened(tmp_path).generate(prompt, max_new_tokens=15, do_sample=False, pad_token_id=0)
    (ours,) = generate(model, prompt.tolist(), 15, Sampling(temperature=0))
    assert drawn[0, 6:].tolist() == list(ours.tokens)


PREFIXED = ["prefix-110m", "glm-110m"]


@pytest.mark.parametrize("name", PREFIXED)
def test_no_class_computes_a_prefix(name):
    with pytest.raises(ExportError, match="architecture=prefix"):
        family_of(PRESETS[name].shape)


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in PREFIXED])
def test_every_other_preset_has_an_exact_class_and_it_opens(name, tmp_path):
    """The preset with all its options and its proportions of heads and layers, smaller in every size."""
    shape = PRESETS[name].shape
    kv_heads = shape.key_heads and max(1, 4 * shape.key_heads // shape.heads)
    small = replace(
        shape,
        layers=3,
        heads=4,
        width=32,
        kv_heads=kv_heads if shape.kv_heads else 0,
        head_size=0,
        inner=80 if shape.inner else 0,
        sequence_length=24,
        vocab_size=61,
        band=min(shape.band, 5),
    )
    assert family_of(small) is family_of(shape)
    model = random_model(small)
    write_model(tmp_path, small, model.state_dict(), end_of_text=0)
    if small.architecture == "encoder-decoder":
        theirs = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path, local_files_only=True).eval()
        with torch.inference_mode():
            ours = model.logits(model.hidden(TOKENS, source=TOKENS))
            close(theirs(input_ids=TOKENS, decoder_input_ids=TOKENS).logits, ours)
    else:
        close(their_logits(opened(tmp_path)), logits_of(model, TOKENS))


def configured(name, **values):
    return getattr(transformers, f"{name}Config")(vocab_size=61, bos_token_id=0, eos_token_id=0, **values)


SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}
THEIRS = {
    "GPT2LMHeadModel": lambda: configured("GPT2", n_positions=24, n_embd=32, n_layer=2, n_head=4),
    "OpenAIGPTLMHeadModel": lambda: configured("OpenAIGPT", n_positions=24, n_embd=32, n_layer=2, n_head=4),
    "GPTNeoForCausalLM": lambda: configured(
        "GPTNeo",
        max_position_embeddings=24,
        hidden_size=32,
        num_layers=4,
        num_heads=4,
        attention_types=[[["global", "local"], 2]],
        window_size=5,
    ),
    "LlamaForCausalLM": lambda: configured(
        "Llama", **SIZES, max_position_embeddings=24, num_key_value_heads=2, attention_bias=True
    ),
    "Qwen2ForCausalLM": lambda: configured("Qwen2", **SIZES, max_position_embeddings=24, num_key_value_heads=2),
    "Qwen3ForCausalLM": lambda: configured(
        "Qwen3",
        **SIZES,
        max_position_embeddings=24,
        num_key_value_heads=2,
        head_dim=12,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
    ),
}


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_of_theirs_with_random_weights_gives_equal_logits_here(name, dtype, tmp_path):
    torch.manual_seed(0)
    theirs = getattr(transformers, name)(THEIRS[name]()).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter += torch.randn_like(parameter) * (0.3 if parameter.ndim == 1 else 0.1)
    theirs = theirs.to(getattr(torch, dtype))
    # Three files and an index, as large models come.
    theirs.save_pretrained(tmp_path / "theirs", max_shard_size="20KB")
    assert len(list((tmp_path / "theirs").glob("*.safetensors"))) > 1
    import_model(tmp_path / "theirs", tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.end_of_text == 0 and run.shape.vocab_size == 61
    ours = model_of(run, "cpu")
    # Opened afresh in float32: a model cast to bfloat16 and back keeps rounded rotary tables.
    close(logits_of(ours, TOKENS), their_logits(opened(tmp_path / "theirs", dtype=torch.float32)))


def test_a_model_without_the_prefix_and_with_old_buffers_is_read(tmp_path):
    """The files that OpenAI's weights are published in: no `transformer.`, and the causal mask among the weights."""
    from safetensors.torch import load_file, save_file

    theirs = transformers.GPT2LMHeadModel(THEIRS["GPT2LMHeadModel"]()).eval()
    theirs.save_pretrained(tmp_path)
    weights = {name.removeprefix("transformer."): t for name, t in load_file(tmp_path / "model.safetensors").items()}
    weights["h.0.attn.bias"] = torch.ones(1, 1, 24, 24)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    close(logits_of(ours_of(tmp_path), TOKENS), their_logits(theirs))


@pytest.mark.parametrize("name", ["gpt3", "gpt2-plain", "modern"])
def test_an_export_trained_further_elsewhere_is_read_for_what_it_is(name, tmp_path):
    """Every weight moves, also those that our shape has no place for: biases it lacks, the empty channels."""
    model = random_model(SHAPES[name])
    write_model(tmp_path / "export", model.shape, model.state_dict(), end_of_text=0)
    theirs = opened(tmp_path / "export")
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter += torch.randn_like(parameter) * 0.05
    theirs.save_pretrained(tmp_path / "trained")
    if name == "modern":
        # Two copies of ReLU²'s matrix that have gone apart are no ReLU² any more.
        with pytest.raises(ExportError, match="differ: a gated ReLU"):
            read_model(tmp_path / "trained")
    else:
        ours = ours_of(tmp_path / "trained")
        assert ours.shape != model.shape
        close(logits_of(ours, TOKENS), their_logits(theirs))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_an_export_in_half_precision_is_the_rounded_model(dtype, tmp_path):
    model = random_model(SHAPES["gpt2"])
    write_model(tmp_path, model.shape, model.state_dict(), 0, dtype)
    back = ours_of(tmp_path)
    assert back.shape == model.shape
    for name, weight in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], weight.to(getattr(torch, dtype)).float()), name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"position": "rotary"}, r"GPT2LMHeadModel cannot have position=rotary \(it has learned\)"),
        ({"norm": "rms", "position": "rotary"}, "LlamaForCausalLM cannot have activation=gelu"),
        ({"norm_place": "post", "inner": 100}, "OpenAIGPTLMHeadModel cannot have inner=100"),
        ({"norm_place": "post", "pattern": "B", "band": 4}, "cannot have pattern=B with band=4"),
        ({"kv_heads": 2}, "GPT2LMHeadModel cannot have kv_heads=2"),
    ],
)
def test_a_shape_that_no_class_has_is_refused_by_the_option(options, words):
    with pytest.raises(ExportError, match=words):
        family_of(Shape(**SMALL, **options))


def test_a_band_as_wide_as_the_context_is_no_band():
    assert family_of(Shape(**SMALL, pattern="DB", band=24)).architecture == "GPT2LMHeadModel"


@pytest.mark.parametrize(("letters", "pattern"), [("DDDD", "D"), ("DBDB", "DB"), ("DBD", "DB"), ("DDB", "DDB")])
def test_the_shortest_pattern_that_repeats(letters, pattern):
    assert shortest_pattern(letters) == pattern


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "albert"}, "the kind 'albert' cannot be read; there is gpt2"),
        ({"activation_function": "silu"}, "activation_function='silu': there is gelu_new"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scales attention in a way of its own"),
        ({"n_layer": 9}, "is missing; is it a whole GPT2LMHeadModel"),
        ({"vocab_size": 62}, "61 token rows in the file"),
        ({"tie_word_embeddings": False}, "has no lm_head.weight"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused_with_the_reason(change, words, tmp_path):
    model = random_model(SHAPES["gpt2"])
    write_model(tmp_path, model.shape, model.state_dict(), 0)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["corpusloom"]
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ExportError, match=words):
        read_model(tmp_path)


def test_an_import_of_a_number_that_is_not_finite_is_refused(tmp_path):
    model = random_model(SHAPES["gpt2"])
    write_model(tmp_path / "theirs", model.shape, model.state_dict(), 0)
    place = tmp_path / "theirs" / "config.json"
    config = json.loads(place.read_text())
    del config["corpusloom"]
    place.write_text(json.dumps(config | {"layer_norm_epsilon": math.nan}))
    with pytest.raises(ExportError, match="norm_epsilon holds numbers that are not finite"):
        import_model(tmp_path / "theirs", tmp_path / "run")


def test_a_folder_without_weights_or_config_is_refused(tmp_path):
    with pytest.raises(ExportError, match=r"config\.json: not the folder of a model"):
        read_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ExportError, match="save the model with safetensors"):
        read_model(tmp_path)


def test_the_command_exports_a_run_with_its_tokenizer_and_imports_it_again(tmp_path, capsys):
    tokenizer = small_tokenizer(tmp_path / "tokenizer")
    model = random_model(Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size}))
    run = write_run(tmp_path / "run", model, tokenizer)
    export, back = tmp_path / "export", tmp_path / "back"
    assert main([str(run), "--output", str(export), "--tokenizer", str(tmp_path / "tokenizer"), "--check"]) == 0
    assert "logits differ by at most" in capsys.readouterr().out
    there = transformers.AutoTokenizer.from_pretrained(export, local_files_only=True)
    assert there("the same words")["input_ids"] == tokenizer.encode("the same words").tolist()
    assert there.eos_token_id == opened(export).config.eos_token_id == tokenizer.end_of_text

    assert main(["--from", str(export), "--output", str(back)]) == 0
    again = open_run(back)
    assert again.shape == model.shape and again.tokenizer["digest"] == tokenizer.digest
    close(logits_of(model_of(again, "cpu"), TOKENS), logits_of(model, TOKENS))
    assert main(["--from", str(export), "--output", str(back)]) == 2
    assert "is a run already" in capsys.readouterr().err


def test_a_check_finds_an_export_that_is_another_model(tmp_path):
    run = open_run(write_run(tmp_path / "run", random_model(SHAPES["gpt3"]), end_of_text=0))
    assert export_run(run, tmp_path / "export") == "GPTNeoForCausalLM"
    assert difference(run, tmp_path / "export") < 1e-5
    other = open_run(write_run(tmp_path / "other", random_model(SHAPES["gpt3"], seed=1), end_of_text=0))
    assert difference(other, tmp_path / "export") > 0.1


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    tokenizer = small_tokenizer(tmp_path / "tokenizer")
    assert main([str(tmp_path / "nothing"), "--output", str(tmp_path / "export")]) == 3
    assert "no run with a checkpoint" in capsys.readouterr().err
    run = write_run(tmp_path / "run", random_model(Shape(**SMALL, position="rotary")), end_of_text=0)
    assert main([str(run), "--output", str(tmp_path / "export")]) == 2
    assert "cannot have position=rotary" in capsys.readouterr().err
    assert not (tmp_path / "export").exists()
    entry = write_run(tmp_path / "words", random_model(Shape(**{**SMALL, "vocab_size": 300})), tokenizer)
    for text in (entry / "checkpoints").rglob("state.json"):
        assert tokenizer.digest in text.read_text()
    other = tmp_path / "other"
    other.mkdir()
    document = json.loads((tmp_path / "tokenizer" / "tokenizer.json").read_text())
    document["model"]["merges"].pop()
    (other / "tokenizer.json").write_text(json.dumps(document))
    assert main([str(entry), "--output", str(tmp_path / "export"), "--tokenizer", str(other)]) == 3
    assert "the run's tokens come from" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, capsys):
    run = write_run(tmp_path / "run", random_model(SHAPES["gpt2"]), end_of_text=0)
    later = Checkpoints(run / "checkpoints")
    later.save(9, {"embedding.weight": torch.zeros(4)}, {}, {"shape": SHAPES["gpt2"].to_json()})
    later.wait()
    weights = run / "checkpoints" / "step_00000009" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert open_run(run).step == 7
    assert "passed over" in capsys.readouterr().err


def test_export_and_import_need_no_transformers(tmp_path, monkeypatch, capsys):
    """Both are names and JSON; only `--check` opens the library."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    run = write_run(tmp_path / "run", random_model(SHAPES["gpt2"]), end_of_text=0)
    assert main([str(run), "--output", str(tmp_path / "export")]) == 0
    assert "GPT2LMHeadModel" in capsys.readouterr().out
    assert main(["--from", str(tmp_path / "export"), "--output", str(tmp_path / "back")]) == 0
