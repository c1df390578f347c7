"""Language by fastText: the model is checked, the windows see the whole text, the step says why."""

import shutil
from functools import cache

import pytest
from fasttext import FastText
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, Rejected
from corpus.rules import language
from corpus.rules.language import LanguageLimits, detect, only
from corpus.rules.language_model import MODEL_VARIABLE, MissingModel, find_model
from corpus.rules.native import LanguageModel

ENGLISH = "The tide comes in twice a day and the harbour master writes it down in a book that nobody reads. "
GERMAN = "Der Leuchtturm steht seit hundert Jahren auf dem Felsen, und niemand weiß mehr, wer ihn gebaut hat. "

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@pytest.fixture(scope="module")
def model():
    try:
        return str(find_model())
    except MissingModel as missing:
        pytest.skip(f"{missing} (`make venv` puts it there)")


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=200) | st.sampled_from([ENGLISH, "</s>", "__label__en"])
)
def test_the_numbers_are_those_of_fasttext(model, text):
    line = " ".join(text.split())
    ((probability, label),) = theirs(model).f.predict(f"{line}\n", 1, 0.0, "strict")
    assert language._load(model).detect(line) == (label.removeprefix("__label__"), probability)


@cache
def theirs(model):
    return FastText.load_model(model)


def test_another_model_is_refused():
    with pytest.raises(ValueError, match="fastText"):
        LanguageModel(b"\x00" * 1000)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        ("Le phare se dresse sur le rocher depuis cent ans et personne ne sait qui l'a construit.", "fr"),
        ("潮は一日に二度満ちて、港長はそれを誰も読まない本に書き留める。", "ja"),
        ("", ""),
        ("12 34 -- 56 !!", ""),
    ],
)
def test_detect(model, text, code):
    found, probability = detect(text, model)
    assert found == code
    assert 0 <= probability <= 1


@pytest.mark.parametrize(
    "styled",
    [
        str.upper,
        lambda text: "".join(letter.upper() if index % 2 else letter for index, letter in enumerate(text)),
        lambda text: "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in text),
        lambda text: "".join(f"{letter}\xad" for letter in text),
    ],
    ids=["capitals", "every other capital", "full width", "soft hyphens"],
)
@pytest.mark.parametrize(("text", "code"), [(ENGLISH, "en"), (GERMAN.replace("ß", "ss").replace("ä", "ae"), "de")])
def test_the_form_of_the_letters_does_not_matter(model, text, code, styled):
    found, probability = detect(styled(text), model)
    assert found == code
    assert probability == pytest.approx(detect(text.lower(), model)[1], abs=0.02)


def test_prose_is_asked_about_as_it_stands():
    assert language._in_common_letters(ENGLISH + GERMAN) == ENGLISH + GERMAN


def test_only_a_glance_at_a_long_text_but_at_all_of_it(model):
    german_ends = GERMAN * 10 + ENGLISH * 200 + GERMAN * 10
    assert detect(german_ends, model)[0] == "de", "two windows of three are German"


@pytest.mark.parametrize(
    ("text", "limits", "reason"),
    [
        (ENGLISH, LanguageLimits(), None),
        (GERMAN, LanguageLimits(), "language.other"),
        (GERMAN, LanguageLimits(keep=("en", "de")), None),
        (GERMAN, LanguageLimits(keep=()), None),
        (ENGLISH, LanguageLimits(min_probability=1.1), "language.uncertain"),
    ],
)
def test_the_step_annotates_and_says_why(model, text, limits, reason):
    result = only(Document("1", "u", text), model, limits)
    document = result.document if isinstance(result, Rejected) else result
    assert document.language in ("en", "de")
    assert document.language_probability is not None
    assert (result.reason if isinstance(result, Rejected) else None) == reason


def test_another_file_is_no_model(tmp_path, monkeypatch):
    wrong = tmp_path / "lid.176.ftz"
    wrong.write_bytes(b"not a model")
    with pytest.raises(MissingModel, match="SHA-256"):
        find_model(str(wrong))
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(MissingModel, match=r"nowhere.*corpus\.rules\.language"):
        find_model()


def test_the_variable_names_the_model(model, tmp_path, monkeypatch):
    shutil.copy(model, tmp_path / "mine")
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "mine"))
    assert find_model() == tmp_path / "mine"
    assert str(find_model(model)) == model, "a flag goes before the variable"
