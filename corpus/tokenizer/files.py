"""Tokenizers on disk: what others have written is read, and what is written here others open.

Read: our own folder, GPT-2's two files (encoder.json and vocab.bpe, or vocab.json and merges.txt), GPT-1's two
(encoder_bpe_40000.json and vocab_40000.bpe), a tokenizer.json, a sentencepiece `.model`. Written: tokenizer.json and
tokenizer_config.json for `AutoTokenizer.from_pretrained`, vocab.json and merges.txt, tiktoken's rank file, the
`.model`; each file whole or not at all, the same bytes each time, and last a manifest with the digest of each
(`corpus.tokenizer.digests`). `corpus.tokenizer.foreign` says what is made of the settings of somebody else's folder.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

from corpus.errors import CorpusloomError
from corpus.files.manifest import write_bytes, write_json
from corpus.json_types import JsonObject
from corpus.tokenizer import foreign, models, sentences
from corpus.tokenizer.digests import check_digests, write_digests
from corpus.tokenizer.encoders import tiktoken_ranks
from corpus.tokenizer.encoding import Tokenizer, tokenizer_from

_MERGES_BESIDE = {
    "encoder.json": "vocab.bpe",
    "encoder_bpe_40000.json": "vocab_40000.bpe",
    "vocab.json": "merges.txt",
}
# The first of these that a folder has is read.
_IN_A_FOLDER = ("tokenizer.model", "spiece.model", "tokenizer.json", *_MERGES_BESIDE)
# Files that name tokens and do not say how text is cut into them.
_WITHOUT_JSON = ("vocab.txt", "sentencepiece.bpe.model", "tekken.json", "tiktoken.model", "qwen.tiktoken")
# The context of the published model of each kind, in tokens.
_CONTEXT = {"gpt2": 1024, "gpt1": 512, "sentencepiece": 2048}


class TokenizerError(CorpusloomError):
    """Files that are no tokenizer, or not one that can be read here."""


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer at a path: a folder, or one of the files named at the head of this module.

    A folder is read by the first that it holds of the files above; where it has both a `.model` and a tokenizer.json
    that says something else, by the latter, as `AutoTokenizer` does. `TokenizerError` names the file and the cause.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    try:
        if path.is_dir():
            check_digests(folder)
            return _read_folder(path)
        if not path.is_file():
            raise TokenizerError(f"{path}: no such tokenizer; give a folder, tokenizer.json, encoder.json or a .model")
        check_digests(folder)
        return _read(path)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise TokenizerError(f"{path}: not a tokenizer that can be read ({reason})") from error


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context: int | None = None) -> list[Path]:
    """Write every form that this tokenizer has into a folder; the paths written, in order.

    A form that could not give the same ids is left out, and what an earlier tokenizer left of it is removed.
    `context`, in tokens, is the `model_max_length` of the config: that of the published model where none is given.
    """
    files = _forms(tokenizer)
    for name in ("tokenizer.model", "tokenizer.json", "vocab.json", "merges.txt", "tokenizer.tiktoken"):
        if name not in files:
            (folder / name).unlink(missing_ok=True)
    for name, data in files.items():
        write_bytes(folder / name, data)
    length = context or _CONTEXT.get(tokenizer.kind)
    write_json(folder / foreign.CONFIG, _config(tokenizer) | ({"model_max_length": length} if length else {}))
    names = [*files, foreign.CONFIG]
    return sorted([*(folder / name for name in names), write_digests(folder, names)])


def _read_folder(folder: Path) -> Tokenizer:
    there = [folder / name for name in _IN_A_FOLDER if (folder / name).is_file()]
    if not there:
        seen = next((name for name in _WITHOUT_JSON if (folder / name).is_file()), None)
        if seen:
            raise TokenizerError(
                f"{folder}: {seen} alone does not say how text is cut; open the folder with AutoTokenizer and save it "
                "with save_pretrained, which writes a tokenizer.json"
            )
        raise TokenizerError(f"{folder}: no tokenizer here; a folder holds one of {', '.join(_IN_A_FOLDER)}")
    document = folder / "tokenizer.json"
    # LLaMA's folders have both; where the tokenizer.json was changed since, it counts.
    if there[0].suffix == ".model" and document.is_file() and not _agree(there[0], document):
        return _read(document)
    return _read(there[0])


def _agree(model: Path, document: Path) -> bool:
    """Whether a tokenizer.json is the one that we would write for the `.model` beside it."""
    try:
        return json.loads(sentences.json_of(model.read_bytes())) == json.loads(document.read_bytes())
    except (ValueError, RuntimeError, KeyError, IndexError, StopIteration):
        return False


def _read(path: Path) -> Tokenizer:
    config = foreign.read_config(path.parent)
    if path.suffix == ".model":
        tokenizer = tokenizer_from("sentencepiece", path.read_bytes())
        foreign.check_model(config, sentences.piece_ids(tokenizer.model))
        return replace(tokenizer, left_out=tuple(foreign.left_out({}, config)))
    for ending, other in _MERGES_BESIDE.items():
        if path.name.endswith(ending):
            foreign.check_two_files(config)
            return _read_two_files(path, path.with_name(path.name.removesuffix(ending) + other))
    if path.suffix != ".json":
        raise ValueError("expected a folder, tokenizer.json, encoder.json, vocab.json or a .model")
    return _read_json(path, config)


def _read_json(path: Path, config: JsonObject) -> Tokenizer:
    document = json.loads(path.read_bytes())
    named = foreign.special_names(config, path.parent)
    if document["model"].get("type") is None:
        raise ValueError("its model has no type: an old form; open it with AutoTokenizer and save it again")
    _, end = models.ids_of(document, named.get("eos_token"))
    end_of_text = models.tokens_of(document)[end]
    foreign.check_document(document, config, end_of_text)
    aside = tuple(foreign.left_out(document, config))
    if models.is_gpt2(document):
        ids = {token: index for index, token in models.tokens_of(document).items()}  # an added token may stand apart
        tokenizer = tokenizer_from("gpt2", models.gpt2_model(ids, models.merges_of(document)))
        return replace(tokenizer, left_out=aside)
    model = document["model"]
    kind = "gpt1" if document.get("normalizer") == {"type": "Lowercase"} and model.get("end_of_word_suffix") else "json"
    packed = models.canonical_bytes(foreign.canonical(document, end_of_text))
    named = {} if kind == "gpt1" else named
    return replace(tokenizer_from(kind, packed, end_of_text), left_out=aside, named=tuple(sorted(named.items())))


def _read_two_files(vocabulary: Path, merges: Path) -> Tokenizer:
    if not merges.is_file():
        raise ValueError(f"its merges are missing: {merges.name} must stand beside it")
    lines = merges.read_text(encoding="utf-8").split("\n")
    # [True:] is [1:]: the first line may say the version.
    pairs = [line.split(" ") for line in lines[lines[0].startswith("#version") :] if line]
    wrong = next((pair for pair in pairs if len(pair) != 2), None)
    if wrong is not None:
        raise ValueError(f"{merges.name} has a line that is not a pair: {' '.join(wrong)!r}")
    ids = json.loads(vocabulary.read_bytes())
    if models.is_gpt1(ids):
        return tokenizer_from("gpt1", models.gpt1_model(ids, pairs))
    return tokenizer_from("gpt2", models.gpt2_model(ids, pairs))


def _forms(tokenizer: Tokenizer) -> dict[str, bytes]:
    """File name to content, of every form that gives this tokenizer's ids."""
    if tokenizer.kind == "sentencepiece":
        try:
            return {"tokenizer.model": tokenizer.model, "tokenizer.json": sentences.json_of(tokenizer.model)}
        except ValueError:
            return {"tokenizer.model": tokenizer.model}
    files = {"tokenizer.json": tokenizer.model}
    document = models.document_of(tokenizer.model)
    if tokenizer.kind in ("gpt2", "gpt1"):
        pairs = "".join(f"{left} {right}\n" for left, right in models.merges_of(document))
        files["vocab.json"] = models.canonical_bytes(document["model"]["vocab"])
        files["merges.txt"] = f"#version: 0.2\n{pairs}".encode()
    ranks = tiktoken_ranks(tokenizer.model) if tokenizer.kind == "gpt2" else None
    if ranks is not None:
        lines = (base64.b64encode(data) + b" %d\n" % rank for data, rank in sorted(ranks.items(), key=lambda r: r[1]))
        files["tokenizer.tiktoken"] = b"".join(lines)
    return files


def _config(tokenizer: Tokenizer) -> JsonObject:
    """tokenizer_config.json: the generic class, which takes everything else from tokenizer.json."""
    config: JsonObject = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    if tokenizer.kind == "sentencepiece":
        library = sentences.processor(tokenizer.model)
        names = {"unk_token": library.unk_id(), "bos_token": library.bos_id(), "eos_token": library.eos_id()}
        return config | {name: library.id_to_piece(index) for name, index in names.items() if index >= 0}
    document = models.document_of(tokenizer.model)
    config |= dict(tokenizer.named)
    config["eos_token"] = models.tokens_of(document)[tokenizer.end_of_text]
    if tokenizer.kind == "gpt2":
        config["bos_token"] = config["eos_token"]  # GPT-2 has one token for both
    if tokenizer.kind == "gpt1":
        config["unk_token"] = models.UNKNOWN
    return config
