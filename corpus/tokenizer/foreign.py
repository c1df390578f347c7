"""Settings of somebody else's tokenizer folder: each is done, left out in the open, or refused by name.

A tokenizer.json and the tokenizer_config.json beside it say more than how text becomes ids: where to cut it off, what
to add around it, how a chat is laid out. A corpus wants every token of a document and none that its text does not
have, so those settings are left out, and whoever builds with the tokenizer reads which. Settings that would make the
ids random, or for which the two files disagree, are refused: a shard of other ids than the model was trained on is
found out after the training.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from corpus.json_types import JsonObject
from corpus.tokenizer import models

CONFIG = "tokenizer_config.json"
NAMED = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
# Its Python code adds 1 to every id of the sentencepiece model (fairseq had its own tokens first).
_SHIFTED = ("XLMRoberta", "Camembert", "MBart", "NLLB", "Nllb", "XGLM", "Barthez", "PLBart", "M2M100")
_PLAIN_CLASSES = ("", "GPT2Tokenizer", "OpenAIGPTTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend")


def read_config(folder: Path) -> JsonObject:
    """tokenizer_config.json of a folder, {} without one; `ValueError` for a damaged one."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{CONFIG} beside it cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG} beside it is no JSON object")
    return config


def special_names(config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The special tokens that a folder names, as `eos_token` → content; the config's before special_tokens_map.json."""
    path = folder / "special_tokens_map.json"
    others = json.loads(path.read_bytes()) if path.is_file() else {}
    named = {name: config.get(name) or others.get(name) for name in NAMED}
    # {"content": "</s>", "lstrip": false, …}.
    contents = {name: token.get("content") if isinstance(token, dict) else token for name, token in named.items()}
    return {name: content for name, content in contents.items() if isinstance(content, str) and content}


def canonical(document: Mapping[str, Any], end_of_text: str) -> JsonObject:
    """A tokenizer.json that cuts and pads nothing, and whose end of text is a special token."""
    added = [dict(token) for token in document.get("added_tokens") or ()]
    end = next((token for token in added if token["content"] == end_of_text), None)
    if end is None:
        added.append(models.added_token(document["model"]["vocab"][end_of_text], end_of_text))
    else:
        end["special"] = True
    return {**document, "truncation": None, "padding": None, "added_tokens": added}


def left_out(document: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """The settings that have no effect on a corpus, each with its value."""
    if cut := document.get("truncation"):
        yield f"truncation to {cut.get('max_length')} tokens"
    if document.get("padding"):
        yield "padding"
    template = (document.get("post_processor") or {}).get("type")
    if template not in (None, "ByteLevel"):
        yield f"post_processor {template} (tokens around a text)"
    yield from (f"{name} {config[name]}" for name in ("add_bos_token", "add_eos_token") if config.get(name))
    if config.get("chat_template"):
        yield "chat_template"
    if (length := config.get("model_max_length")) and length < 1e9:  # transformers writes 10^30 for "no limit"
        yield f"model_max_length {length}"
    if config.get("auto_map"):
        yield "auto_map (code of the folder is never run)"


def check_document(document: Mapping[str, Any], config: Mapping[str, Any], end_of_text: str) -> None:
    """Refuse, with `ValueError`, a setting that makes ids random or wrong, or that the config contradicts."""
    model = document["model"]
    if model.get("dropout"):
        raise ValueError(f"model.dropout is {model['dropout']}: each run would give other ids; set it to null")
    if model.get("unk_token") == end_of_text and not models.has_every_byte(document):
        raise ValueError(f"model.unk_token is {end_of_text!r}, the end of text: an unknown word would end its document")
    _check_ids(document)
    _check_added(document, config)
    _check_switches(document, config)


def check_model(config: Mapping[str, Any], pieces: Mapping[str, int]) -> None:
    """Refuse, with `ValueError`, a config beside a sentencepiece `.model` that changes its ids."""
    name = str(config.get("tokenizer_class") or "")
    if name.startswith(_SHIFTED):
        raise ValueError(
            f"tokenizer_class is {name}, which moves the ids of its .model; save it with "
            "AutoTokenizer.from_pretrained(…).save_pretrained(…) and give the tokenizer.json"
        )
    for index, token in (config.get("added_tokens_decoder") or {}).items():
        if pieces.get(token["content"]) != int(index):
            raise ValueError(_elsewhere(token["content"], int(index), pieces.get(token["content"]), "the .model"))


def check_two_files(config: Mapping[str, Any]) -> None:
    """Refuse, with `ValueError`, a vocabulary and merges whose class cuts text in another way than GPT-2 and GPT-1."""
    name = str(config.get("tokenizer_class") or "").removesuffix("Fast") or ""
    if name not in (each.removesuffix("Fast") for each in _PLAIN_CLASSES):
        raise ValueError(
            f"tokenizer_class is {name}, and a vocabulary with merges does not say how that cuts text; save it with "
            "AutoTokenizer.from_pretrained(…).save_pretrained(…) and give the tokenizer.json"
        )


def _check_ids(document: Mapping[str, Any]) -> None:
    """Every added token has the id that the library will give it: that of the vocabulary, else the next free one."""
    vocab = document["model"]["vocab"]
    ids = {row[0]: n for n, row in enumerate(vocab)} if isinstance(vocab, list) else vocab
    # The library appends what the vocabulary lacks: the first added token gets id len(vocab), and so on.
    free = len(ids)
    for token in document.get("added_tokens") or ():
        expected = ids.get(token["content"], free)
        if token["id"] != expected:
            raise ValueError(_elsewhere(token["content"], token["id"], expected, "the library that encodes"))
        free = max(free, expected + 1)


def _check_added(document: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Added tokens of the config stand in tokenizer.json too, with the same flags."""
    there = {token["id"]: token for token in document.get("added_tokens") or ()}
    for index, token in (config.get("added_tokens_decoder") or {}).items():
        mine = there.get(int(index), {})
        if mine.get("content") != token["content"]:
            raise ValueError(_elsewhere(token["content"], int(index), None, "tokenizer.json"))
        # A flag that one of them leaves out is False.
        other = [flag for flag in _FLAGS if flag in token and bool(token[flag]) != bool(mine.get(flag))]
        if other:
            raise ValueError(
                f"added token {token['content']!r}: {other[0]} is {token[other[0]]} in {CONFIG}, {mine.get(other[0])} "
                "in tokenizer.json; make them agree"
            )


def _check_switches(document: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Switches of the config that older and newer libraries write over those of tokenizer.json, or do not."""
    parts = list(_parts(document.get("normalizer"), "normalizers"))
    parts += _parts(document.get("pre_tokenizer"), "pretokenizers")
    for part in parts:
        for here, there in _SWITCHES.get(part.get("type", ""), {}).items():
            mine, theirs = part.get(here), config.get(there)
            if theirs is None or mine is None or theirs == mine:  # None: this file says nothing of it
                continue
            raise ValueError(f"{there} is {theirs} in {CONFIG}, but {mine} in tokenizer.json; make them agree")


_SWITCHES: dict[str, dict[str, str]] = {
    "ByteLevel": {"add_prefix_space": "add_prefix_space"},
    "BertNormalizer": {
        "lowercase": "do_lower_case",
        "strip_accents": "strip_accents",
        "handle_chinese_chars": "tokenize_chinese_chars",
    },
}


def _parts(part: Mapping[str, Any] | None, inside: str) -> Iterator[Mapping[str, Any]]:
    """A normaliser or a pre-tokenizer, or those of which a sequence consists."""
    if part is None:
        return
    if part.get("type") == "Sequence":
        for each in part.get(inside) or ():
            yield from _parts(each, inside)
    else:
        yield part


def _elsewhere(content: str, named: int, found: int | None, where: str) -> str:
    other = "is not there" if found is None else f"is {found}"
    return f"the added token {content!r} has the id {named}, in {where} it {other}; save the tokenizer as a whole again"
