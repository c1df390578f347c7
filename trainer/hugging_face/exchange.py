"""Runs out of this project and models into it: a run as a folder of `transformers`, and such a folder as a run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from trainer.command import FlagError
from trainer.hugging_face.family import ExportError
from trainer.hugging_face.folder import read_model, write_json, write_model
from trainer.hugging_face.marks import add_marks
from trainer.model.encoder_decoder import EncoderDecoder
from trainer.model.shape import Shape
from trainer.run.checkpoint import Checkpoints
from trainer.run.outputs import CHECKPOINTS, CONFIG, RUN, claim, kind_of
from trainer.run.runs import TrainedRun, model_of
from trainer.run.saved import all_finite

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer


def export_run(run: TrainedRun, output: Path, tokenizer: "Tokenizer | None" = None, dtype: str = "float32") -> str:
    """Write a run's model, and the tokenizer's files where there is one; the name of the class that opens it."""
    family = write_model(output, run.shape, run.weights, run.end_of_text, dtype)
    if tokenizer is not None:
        from corpus.tokenizer.files import save_tokenizer

        save_tokenizer(tokenizer, output, run.shape.sequence_length)
        add_marks(output, run.marks)
    return family.architecture


def import_model(source: Path, output: Path) -> list[str]:
    """Write a folder of `transformers` as a run with one checkpoint, of step 0; sentences about what it found."""
    claim(output, RUN)
    # `claim` lets a run be written over a run, which training continues; an import would replace its weights.
    if kind_of(output) == RUN:
        raise FlagError(f"{output} is a run already; give a new folder")
    shape, weights, config = read_model(source)
    # JSON as Python reads it has NaN, which passes every comparison of a shape's checks.
    numbers = {name: torch.tensor(value) for name, value in shape.to_json().items() if isinstance(value, float)}
    if name := next((name for name, tensor in (numbers | weights).items() if not all_finite(tensor)), ""):
        raise ExportError(f"{source}: {name} holds numbers that are not finite; no model can be made of it")
    entry, said = _tokenizer_entry(source, output, shape, config)
    description = {"shape": shape.to_json(), "tokenizer": entry, "imported": config.get("model_type", "")}
    checkpoints = Checkpoints(output / CHECKPOINTS)
    checkpoints.save(0, weights, {}, {"step": 0, "tokens": 0, **description})
    # config.json comes when the checkpoint stands: without it the folder is a run that cannot be opened.
    checkpoints.wait()
    write_json(output / CONFIG, {**description, "data": ""})
    return said


def _tokenizer_entry(
    source: Path, output: Path, shape: Shape, config: Mapping[str, Any]
) -> tuple[dict[str, object], list[str]]:
    """The entry of the folder's tokenizer, of which a copy is put into the run, and sentences about it."""
    from corpus.tokenizer.files import TokenizerError, load_tokenizer, save_tokenizer

    try:
        tokenizer = load_tokenizer(source)
    except TokenizerError as error:
        end = config.get("eos_token_id")
        entry: dict[str, object] = {}
        # Some configurations list several ends, and no one of them is the end of a document.
        if isinstance(end, int):
            entry = {"vocab_size": shape.vocab_size, "end_of_text": end}
        return entry, [f"no tokenizer was taken along ({error}); samples are ids until one is given"]
    save_tokenizer(tokenizer, output / "tokenizer")
    entry: dict[str, object] = {"name": tokenizer.kind, "digest": tokenizer.digest}
    entry |= {"vocab_size": tokenizer.vocab_size, "end_of_text": tokenizer.end_of_text}
    said = []
    if more := shape.vocab_size - tokenizer.vocab_size:
        found = f"{shape.vocab_size:,} rows for the {tokenizer.vocab_size:,} ids of its tokenizer"
        kept = "the others are kept and never sampled" if more > 0 else "texts with the ids it lacks cannot be used"
        said.append(f"the model has {found}; {kept}")
    return entry, said


def difference(run: TrainedRun, folder: Path, tokens: int = 64) -> float:
    """The greatest difference of logits between our model and the exported one, on random tokens (for `--check`)."""
    import transformers

    model = model_of(run, "cpu")
    kind = json.loads((folder / "config.json").read_bytes())["architectures"][0]
    there = getattr(transformers, kind).from_pretrained(folder, dtype=torch.float32).eval()
    length = min(tokens, run.shape.sequence_length)
    ids = torch.randint(run.shape.vocab_size, (2, length), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        if isinstance(model, EncoderDecoder):
            # One text as source and as target: any pair would do, what counts is that both models get the same.
            ours, theirs = model.hidden(ids, source=ids), there(ids, decoder_input_ids=ids)
        else:
            ours, theirs = model.hidden(ids), there(ids)
        return float((model.logits(ours) - theirs.logits).abs().max())
