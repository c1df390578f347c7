"""Tokenizers on disk: what others have written is read, and what is written here others open.

Read: our own folder, GPT-2's two files (encoder.json and vocab.bpe, or vocab.json and merges.txt), GPT-1's two
(encoder_bpe_40000.json and vocab_40000.bpe), a tokenizer.json, a sentencepiece `.model`. Written: tokenizer.json and
tokenizer_config.json for `AutoTokenizer.from_pretrained`, vocab.json and merges.txt, tiktoken's rank file, the
`.model`; each file whole or not at all, the same bytes each time.
"""

import base64
import json
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError
from corpus.files.manifest import read_json, write_bytes, write_json
from corpus.tokenizer import models, sentences
from corpus.tokenizer.encoders import tiktoken_ranks
from corpus.tokenizer.encoding import Tokenizer, tokenizer_from

_MERGES_BESIDE = {
    "encoder.json": "vocab.bpe",
    "encoder_bpe_40000.json": "vocab_40000.bpe",
    "vocab.json": "merges.txt",
}
_IN_A_FOLDER = ("tokenizer.model", "tokenizer.json", *_MERGES_BESIDE)


class TokenizerError(CorpusloomError):
    """Files that are no tokenizer, or not one that can be read here."""


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer at a path: a folder, or one of the files that `load_tokenizer` knows.

    A folder is read by the first that it holds of tokenizer.model, tokenizer.json and the vocabularies above.
    """
    path = Path(path)
    if path.is_dir():
        for name in _IN_A_FOLDER:
            if (path / name).is_file():
                return load_tokenizer(path / name)
        raise TokenizerError(f"{path}: no tokenizer here; a folder holds one of {', '.join(_IN_A_FOLDER)}")
    if not path.is_file():
        raise TokenizerError(f"{path}: no such tokenizer; give a folder, tokenizer.json, encoder.json or a .model")
    try:
        return _read(path)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise TokenizerError(f"{path}: not a tokenizer that can be read ({type(error).__name__}: {error})") from error


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> list[Path]:
    """Write every form that this tokenizer has into a folder; the paths written, in order.

    A form that could not give the same ids is left out, and what an earlier tokenizer left of it is removed.
    """
    files = _forms(tokenizer)
    for name in ("tokenizer.model", "tokenizer.json", "vocab.json", "merges.txt", "tokenizer.tiktoken"):
        if name not in files:
            (folder / name).unlink(missing_ok=True)
    for name, data in files.items():
        write_bytes(folder / name, data)
    write_json(folder / "tokenizer_config.json", _config(tokenizer))
    return [folder / name for name in sorted([*files, "tokenizer_config.json"])]


def _read(path: Path) -> Tokenizer:
    if path.suffix == ".model":
        return tokenizer_from("sentencepiece", path.read_bytes())
    for ending, other in _MERGES_BESIDE.items():
        if path.name.endswith(ending):
            return _read_two_files(path, path.with_name(path.name.removesuffix(ending) + other))
    if path.suffix != ".json":
        raise ValueError("expected a folder, tokenizer.json, encoder.json, vocab.json or a .model")
    document = json.loads(path.read_bytes())
    if models.is_gpt2(document):
        ids = {token: index for index, token in models.tokens_of(document).items()}  # an added token may stand apart
        return tokenizer_from("gpt2", models.gpt2_model(ids, models.merges_of(document)))
    model = document["model"]
    kind = "gpt1" if document.get("normalizer") == {"type": "Lowercase"} and model.get("end_of_word_suffix") else "json"
    return tokenizer_from(kind, models.packed(document), _named_end(path.with_name("tokenizer_config.json")))


def _read_two_files(vocabulary: Path, merges: Path) -> Tokenizer:
    if not merges.is_file():
        raise ValueError(f"its merges are missing: {merges.name} must stand beside it")
    lines = merges.read_text(encoding="utf-8").split("\n")
    pairs = [line.split(" ") for line in lines[lines[0].startswith("#version") :] if line]
    wrong = next((pair for pair in pairs if len(pair) != 2), None)
    if wrong is not None:
        raise ValueError(f"{merges.name} has a line that is not a pair: {' '.join(wrong)!r}")
    ids = json.loads(vocabulary.read_bytes())
    if models.is_gpt1(ids):
        return tokenizer_from("gpt1", models.gpt1_model(ids, pairs))
    return tokenizer_from("gpt2", models.gpt2_model(ids, pairs))


def _named_end(config: Path) -> str | None:
    """The end of text that a tokenizer_config.json names, if it names one."""
    named = read_json(config, {}).get("eos_token")
    return named.get("content") if isinstance(named, dict) else named


def _forms(tokenizer: Tokenizer) -> dict[str, bytes]:
    """File name to content, of every form that gives this tokenizer's ids."""
    if tokenizer.kind == "sentencepiece":
        try:
            return {"tokenizer.model": tokenizer.model, "tokenizer.json": sentences.json_of(tokenizer.model)}
        except ValueError:
            return {"tokenizer.model": tokenizer.model}
    files = {"tokenizer.json": tokenizer.model}
    document: dict[str, Any] = json.loads(tokenizer.model)
    if tokenizer.kind in ("gpt2", "gpt1"):
        pairs = "".join(f"{left} {right}\n" for left, right in models.merges_of(document))
        files["vocab.json"] = models.packed(document["model"]["vocab"])
        files["merges.txt"] = f"#version: 0.2\n{pairs}".encode()
    ranks = tiktoken_ranks(tokenizer.model) if tokenizer.kind == "gpt2" else None
    if ranks is not None:
        lines = (base64.b64encode(data) + b" %d\n" % rank for data, rank in sorted(ranks.items(), key=lambda r: r[1]))
        files["tokenizer.tiktoken"] = b"".join(lines)
    return files


def _config(tokenizer: Tokenizer) -> dict[str, Any]:
    """tokenizer_config.json: the generic class, which takes everything else from tokenizer.json."""
    config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    if tokenizer.kind == "sentencepiece":
        library = sentences.processor(tokenizer.model)
        names = {"unk_token": library.unk_id(), "bos_token": library.bos_id(), "eos_token": library.eos_id()}
        return config | {name: library.id_to_piece(index) for name, index in names.items() if index >= 0}
    document = json.loads(tokenizer.model)
    config["eos_token"] = models.tokens_of(document)[tokenizer.end_of_text]
    if tokenizer.kind == "gpt2":
        config["bos_token"] = config["eos_token"]
    if tokenizer.kind == "gpt1":
        config["unk_token"] = models.UNKNOWN
    return config
