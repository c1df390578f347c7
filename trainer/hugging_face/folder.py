"""A model as a folder that `from_pretrained` of `transformers` opens, written and read without that library.

The class is chosen by the shape alone: the first family that has no objection. config.json also keeps our own shape
under "corpusloom", since a family can say less than a shape does (a bias of zero there may be no bias here). On the
way back that shape is believed only if it gives exactly the weights of the file: a model that was trained further by
others is read for what it is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from corpus.errors import ExitCode
from trainer.hugging_face.alibi import BLOOM, MPT
from trainer.hugging_face.bert import BERT
from trainer.hugging_face.equivalents import plain
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.hugging_face.glm4 import GLM4
from trainer.hugging_face.gpt2 import GPT2, OPENAI_GPT
from trainer.hugging_face.gpt_neo import GPT_NEO
from trainer.hugging_face.llama import LLAMA, QWEN2, QWEN3
from trainer.hugging_face.t5 import T5
from trainer.model.shape import Shape
from trainer.run.tensor_file import TensorFileError, read_tensors

FAMILIES = (GPT2, OPENAI_GPT, GPT_NEO, LLAMA, QWEN2, QWEN3, GLM4, BLOOM, MPT, BERT, T5)
OURS = "corpusloom"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_SAME = 1e-6  # relative and absolute: scaling by 1/√d and back rounds in float32, another weight differs by far more


def family_of(shape: Shape) -> Family:
    """The class that computes exactly what this shape does; `ExportError` says which options stand in the way."""
    objections = {family: family.objections(shape) for family in FAMILIES}
    for family, found in objections.items():
        if not found:
            return family
    fewest = min(map(len, objections.values()))
    nearest = [(family, found) for family, found in objections.items() if len(found) == fewest]
    reasons = "; ".join(f"{family.architecture} cannot have {' or '.join(found)}" for family, found in nearest)
    raise ExportError(f"no class of transformers computes this shape: {reasons}", ExitCode.FLAGS)


def write_model(
    folder: Path, shape: Shape, weights: Weights, end_of_text: int | None, dtype: str = "float32"
) -> Family:
    """Write config.json, generation_config.json and model.safetensors; the family that was chosen.

    `weights` are `GPT.state_dict()`'s; they are written as `dtype`, one of `DTYPES`.
    """
    from safetensors.torch import save_file

    shape, weights = plain(shape, weights)
    family = family_of(shape)
    theirs = family.write(shape, {name: tensor.detach().cpu() for name, tensor in weights.items()})
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.to(DTYPES[dtype]).contiguous().clone() for name, tensor in theirs.items()}
    ends = {"bos_token_id": end_of_text, "eos_token_id": end_of_text}
    if shape.architecture == "encoder-decoder":
        # A decoder begins with the end of text, as every document does here.
        ends |= {"decoder_start_token_id": end_of_text, "pad_token_id": end_of_text}
    config = {
        "model_type": family.model_type,
        "architectures": [family.architecture],
        "dtype": dtype,
        **ends,
        **family.config(shape),
        OURS: {"shape": shape.to_json()},
    }
    temporary = folder / f".tmp-{_WEIGHTS}"
    save_file(tensors, temporary, metadata={"format": "pt"})
    # safetensors makes a file that only its owner may read; it gets the rights of the others.
    write_json(folder / "generation_config.json", ends)
    temporary.chmod((folder / "generation_config.json").stat().st_mode)
    temporary.replace(folder / _WEIGHTS)
    write_json(folder / "config.json", config)  # last: `from_pretrained` opens nothing without it
    return family


def read_model(folder: Path) -> tuple[Shape, dict[str, Tensor], Config]:
    """Our shape and our weights, float32, of a folder of `transformers`, and its config.json."""
    config = _read_json(folder / "config.json")
    kinds = {family.model_type: family for family in FAMILIES}
    kind = config.get("model_type")
    if kind not in kinds:
        raise ExportError(f"{folder}: a model of the kind {kind!r} cannot be read; there is {', '.join(kinds)}")
    family, theirs = kinds[kind], _read_weights(folder)
    try:
        ours = _read_by_our_shape(family, config, theirs)
        if ours is None:
            shape = family.shape(config)
            ours = shape, family.read(shape, _wide(theirs))
    except KeyError as error:
        raise ExportError(f"{folder}: {error.args[0]} is missing; is it a whole {family.architecture}?") from error
    except (ValueError, RuntimeError) as error:
        raise ExportError(f"{folder}: {error}") from error
    shape, weights = ours
    return shape, {name: tensor.contiguous() for name, tensor in weights.items()}, config


def _read_by_our_shape(family: Family, config: Config, theirs: Weights) -> tuple[Shape, dict[str, Tensor]] | None:
    """By the shape that the export left in config.json, if there is one and the weights still are of it."""
    try:
        # Back to front: the weights of the file as ours by our shape, written again, must be the file's.
        shape = Shape.from_json(config[OURS]["shape"])
        ours = family.read(shape, _wide(theirs))
        again = trim(family.write(shape, ours))
    except (KeyError, TypeError, ValueError, RuntimeError, ExportError):
        return None
    same = all(name in again and _same(again[name], tensor) for name, tensor in theirs.items())
    return (shape, ours) if same else None


def _wide(weights: Weights) -> dict[str, Tensor]:
    """In float32, before anything is scaled: half precision would round a second time."""
    return {name: tensor.float() for name, tensor in weights.items()}


def _same(ours: Tensor, theirs: Tensor) -> bool:
    # In the type of the file: what was written as bfloat16 is compared as bfloat16.
    return ours.shape == theirs.shape and torch.allclose(ours.to(theirs.dtype), theirs, rtol=_SAME, atol=_SAME)


def trim(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their tensors without the prefix `transformer.` and without what is no weight (masks, tables, masked biases)."""
    # Saved by older versions of `transformers`: causal masks (.attn.bias is one, .c_attn.bias is a weight) and tables.
    buffers = (".attn.bias", ".masked_bias", ".attention.bias", "rotary_emb.inv_freq", "position_ids")
    kept = {name: tensor for name, tensor in weights.items() if not name.endswith(buffers)}
    return {name.removeprefix("transformer."): tensor for name, tensor in kept.items()}


def _read_weights(folder: Path) -> dict[str, Tensor]:
    names = [_WEIGHTS]
    if (folder / _INDEX).is_file():
        # The index maps every tensor to one of several files: model-00001-of-00003.safetensors and so on.
        names = sorted(set(_read_json(folder / _INDEX)["weight_map"].values()))
    weights: dict[str, Tensor] = {}
    for name in names:
        if not (folder / name).is_file():
            raise ExportError(f"{folder / name} is missing; save the model with safetensors (save_pretrained does)")
        try:
            weights |= read_tensors(folder / name)
        except TensorFileError as error:
            raise ExportError(f"{folder / name}: {error}") from error
    return trim(weights)


def _read_json(path: Path) -> Config:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: not the folder of a model of transformers ({error})") from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Put values at `path` as JSON, in one step."""
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
