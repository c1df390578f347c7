"""Classes of characters, as the rules need them: marks, letters, digits, ends of sentences, words of their own.

Python's tables of Unicode decide, for native code too, which is given them when it is loaded (`classes`, `folds`); so
all agree for any version of Unicode.
"""

import re
import sys
import unicodedata

import numpy as np

_SYMBOLS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code))[0] in "PS")
# What ends a word, inside the brackets of a class.
MARKS = re.escape(_SYMBOLS.replace("_", ""))
# Scripts written without blanks (Thai, Lao, Burmese, Khmer, Japanese, Chinese), where near duplicates are looked for:
# each character is a word, since a whole line would otherwise be one.
ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# The marks that end a sentence in any script: Unicode's Sentence_Terminal, as FineWeb has it.
_TERMINAL_RANGES = """
21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 17d4-17d6
17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049
2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb
fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143
111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642
1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5
16b37-16b38 16b44 16e98 1bc9f 1da88
"""


def _characters(ranges: str) -> frozenset[str]:
    """The characters of a list of code points and ranges in hex, such as `21 3f 203c-203d`."""
    found: set[str] = set()
    for item in ranges.split():
        first, _, last = item.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


TERMINAL_PUNCTUATION = _characters(_TERMINAL_RANGES)
# The bits of a class, in the order of native/characters.h.
_CLASSES = (r"\s", f"[{MARKS}]", r"\w", r"\d", r"[^\W\d_]", r"[^\W_]", f"[{ALONE}]")
_DOTTED_I = 0x130  # İ: its lower case is two characters, i and a dot above


# No character of the other planes is in a class or has a lower case: they are private or empty, but for tags in 14.
_TOLD_APART = range(0x40000)


def classes() -> np.ndarray:
    """(code points,) uint8: the classes of each as bits."""
    every = "".join(map(chr, _TOLD_APART))
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    for bit, pattern in enumerate(_CLASSES):
        # Runs of a class at once, not character by character.
        for run in re.finditer(f"{pattern}+", every):
            table[run.start() : run.end()] |= 1 << bit
    # The eighth bit is no pattern but a list.
    table[[ord(mark) for mark in TERMINAL_PUNCTUATION]] |= 1 << len(_CLASSES)
    return table


def folds() -> np.ndarray:
    """(n, 2) uint32: the code points with a lower case, and that; a sigma at the end of a word is one like any other.

    One letter has two as its lower case, İ; native code appends the second.
    """
    every = "".join(map(chr, _TOLD_APART))
    # Lowered in one piece, so that place and code point agree: İ would add a character, and a sigma at the end of this
    # string would become ς.
    lower = every[:_DOTTED_I].lower() + "i" + every[_DOTTED_I + 1 :].lower().replace("ς", "σ")
    codes = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), np.uint32)
    changed = np.flatnonzero(codes != np.arange(len(codes)))
    return np.stack([changed.astype(np.uint32), codes[changed]], 1)
