"""The tables of characters that native code gets: made for the planes in use, right for every code point."""

import re
import sys

from corpus.rules import characters

EVERY = "".join(map(chr, range(sys.maxunicode + 1)))


def test_no_character_outside_the_planes_in_use_has_a_class():
    for bit, pattern in enumerate(characters._CLASSES):
        found = sum(len(run.group()) for run in re.finditer(f"{pattern}+", EVERY))
        assert found == int((characters.classes() >> bit & 1).sum()), pattern


def test_no_character_outside_the_planes_in_use_has_a_case():
    folded = dict(characters.folds().tolist())
    for code, character in enumerate(EVERY):
        lower = "i" if character == "İ" else "σ" if character == "ς" else character.lower()
        assert folded.get(code, code) == ord(lower), hex(code)
