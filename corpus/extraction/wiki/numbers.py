"""Numbers as a wiki shows them: separators, powers of ten, fractions, ordinals."""

import re

# Languages that write 1,234.5; then those that write 1 234,5. All others: 1.234,5.
_POINT_FIRST = frozenset("en ja zh ko th he simple ms hi ur ta te bn".split())
_BLANK = frozenset("fr ru uk pl cs sk sv nb nn no fi hu bg be et lv lt".split())
_PLAIN = re.compile(r"([-+−]?)(\d+)(?:\.(\d+))?")
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
SUBSCRIPTS = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
# Letters that stand high by custom, with no meaning of a power: 18th, 1er, XIXe, Mme, Nº.
_CUSTOM = frozenset(
    "st nd rd th d s e er re ère ème nd nde o a os as r rs t te ste me lle mes lles le gr de va".split()
)
_MARKS = {"tm": "™", "sm": "℠", "®": "®", "©": "©", "o": "º", "a": "ª", "*": "*", "′": "′", "″": "″", "°": "°"}
_PIECE = re.compile(r"[\w.]+")


def grouped(number: str, language: str) -> str:
    """1234567.5 as 1,234,567.5, or with the separators of another language."""
    plain = _PLAIN.fullmatch(number.strip())
    if not plain:
        return number
    comma, point = (
        (",", ".") if not language or language in _POINT_FIRST else ("\u00a0" if language in _BLANK else ".", ",")
    )
    whole = plain[2]
    # Four digits are grouped in English (1,234), not elsewhere (1234). 400 digits are no number.
    if len(whole) > 4 or (len(whole) == 4 and comma == ","):
        whole = f"{int(whole):,}".replace(",", comma) if len(whole) < 400 else whole
    sign = "−" if plain[1] in ("-", "−") else plain[1]
    return sign + whole + (point + plain[3] if plain[3] else "")


def fraction(parts: list[str]) -> str:
    """`{{frac|1|1|2}}` as 1 1/2, `{{frac|1|2}}` as 1/2, `{{frac|3}}` as 1/3."""
    parts = [part.strip() for part in parts[:3]]
    match parts:
        case [whole, above, below] if whole:
            return f"{whole} {above}/{below}"
        case [_, above, below] | [above, below]:
            return f"{above}/{below}"
        case [below]:
            return f"1/{below}" if below else "/"
    return "/"


def ordinal(number: str) -> str:
    """22 as 22nd, in English."""
    digits = number.strip().replace(",", "")
    if not digits.isdecimal():
        return number
    # 11th, 12th, 13th, and 111th; else by the last digit.
    last = int(digits[-2:])
    return number.strip() + ("th" if last in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(last % 10, "th"))


def power_of_ten(exponent: str) -> str:
    """×10⁵."""
    return f"×10{superscript(exponent, '0')}"


def superscript(text: str, before: str = "") -> str:
    """A raised text after `before`: 10³, e^x, 2^(k+1), 18th."""
    text = text.strip()
    if not text:
        return ""
    # All of it has raised characters: 10³.
    if all(ord(char) in _SUPERSCRIPTS for char in text):
        return text.translate(_SUPERSCRIPTS)
    if text.lower() in _MARKS and not before[-1:].isdigit():
        return _MARKS[text.lower()]
    # After a digit, a capital or a point: 18th, XIXe, Mme; after a small letter "e" is a power: x^e.
    custom = text.lower().rstrip(".") in _CUSTOM and (
        before[-1:].isdigit() or before[-1:].isupper() or before[-1:] == "."
    )
    if custom or not before.strip() or before[-1:].isspace():
        return text
    return text if " " in text else f"^{text}" if _PIECE.fullmatch(text) else f"^({text})"


def subscript(text: str, before: str = "") -> str:
    """A lowered text after `before`: H₂O, v_max, x_(i+1)."""
    text = text.strip()
    if not text:
        return ""
    if all(ord(char) in SUBSCRIPTS for char in text):
        return text.translate(SUBSCRIPTS)
    if not before.strip() or before[-1:].isspace() or " " in text:
        return text
    return f"_{text}" if _PIECE.fullmatch(text) else f"_({text})"
