"""What the templates of the table show, and that every other one shows nothing."""

import pytest

from corpus.extraction.wiki_templates import raised, shows, template_text


@pytest.mark.parametrize(
    ("name", "parts", "expected"),
    [
        ("lang", ["fr", "noix"], "noix"),
        ("Lang-de", ["Nuss"], "Nuss"),
        ("transl", ["ja", "ISO", "kurumi"], "kurumi"),
        ("nihongo", ["walnut", "胡桃", "kurumi"], "walnut"),
        ("convert", ["100", "km2", "sqmi"], "100 km²"),
        ("convert", ["60", "and(-)", "80", "kg"], "60 and 80 kg"),
        ("cvt", ["3", "x", "4", "m"], "3 × 4 m"),
        ("convert", ["5", "ft", "11", "in"], "5 ft 11 in"),
        ("convert", ["5", "ft", "0"], "5 ft"),
        ("hlist", ["a", "b"], "a, b"),
        ("ubl", ["a", "b"], "a\nb"),
        ("HMS", ["Beagle", "6"], "HMS Beagle"),
        ("circa", ["1850"], "c. 1850"),
        ("US$", ["5"], "US$5"),
        ("snd", [], " – "),
        ("sup", ["12"], "¹²"),
        ("blockquote", ["To be."], "\nTo be.\n"),
        ("nowrap", [], ""),
    ],
)
def test_a_template_shows(name, parts, expected):
    assert shows(name)
    assert template_text(name, {str(number): part for number, part in enumerate(parts, 1)}) == expected


def test_parameters_may_have_names():
    assert template_text("quote", {"text": "To be.", "author": "Hamlet"}) == "\nTo be.\n"
    assert template_text("val", {"1": "6.2", "e": "18"}) == "6.2×10^18"
    assert template_text("lang", {"2": "noix", "1": "fr", "italic": "no"}) == "noix"


@pytest.mark.parametrize("name", ["Infobox person", "cite web", "main", "IPA", "coord", "reflist", ""])
def test_every_other_template_shows_nothing(name):
    assert not shows(name)


@pytest.mark.parametrize(
    ("way", "text", "expected"), [("sup", "-3", "⁻³"), ("sub", "2", "₂"), ("sup", "th", "th"), ("sup", "2x", "2x")]
)
def test_digits_are_raised_and_words_are_not(way, text, expected):
    assert raised(way, text) == expected
