"""What the templates of Wikipedia show that stand inside sentences.

A template's text is in another page of the wiki, and Wikipedia has over half a million of them. Nearly all are boxes,
notices, citations and pictures, which prose does without; to expand them all is to run MediaWiki. What is left are
some that a sentence cannot do without (a foreign word, a length, a dash), and they show one of their parameters, all of
them joined, or a text of their own. So this is a table. A template that is not in it shows nothing.
"""

import re


def _names(listed: str) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in listed.split(",") if name.strip())


_FIRST = _names("""
math, mvar, nowrap, nobr, small, smaller, big, larger, nobold, noitalic, sc, sc1, smallcaps, small caps, abbr,
tooltip, em, strong, iast, unicode, angbr, angle bracket, script, nihongo, nihongo foot, ill, interlanguage link,
link-interwiki, lien, visible anchor, vanchor, sic, not a typo, typo, as written, key press, keypress, key, flag,
flagcountry, flagu, isotope, nts, number, mono, code, kbd, var, strikethrough, underline, url, baseball year, mlby,
nfl year, formatnum, formatdate, midsize, center, no wrap, avoid wrap, dfn, tt, samp, langue, main other, chem2,
asof year, bibleverse
""")
_SECOND = _names("lang, langx, color, font color, colour, text color, wikt-lang, hover title")
_LAST = _names("transl, transliteration, tlit, translit, resize, rtl-lang")
_QUOTES = _names(
    "quote, blockquote, quotation, cquote, quote box, bq, poemquote, poem quote, zitat, cita, citation bloc"
)
_SHIPS = _names("uss, hms, ss, mv, rms, hmas, hmcs, ins, sms, usns, usat")
_JOINED = {
    **dict.fromkeys(_names("hlist, flatlist, comma separated entries, cslist, linktext"), ", "),
    **dict.fromkeys(_names("plainlist, unbulleted list, ubl, vunblist, bulleted list, indented plainlist"), "\n"),
    **dict.fromkeys(_names("gaps, chem"), ""),
    **dict.fromkeys(_names("date, unité, unité/2"), " "),
    **dict.fromkeys(_names("frac, fraction, sfrac, fract"), "/"),
}
_FIXED = {
    **dict.fromkeys(("ndash", "en dash", "–"), "–"),
    **dict.fromkeys(("snd", "spnd", "spaced ndash", "spaced en dash", "dash"), " – "),
    **dict.fromkeys(("mdash", "em dash", "—"), "—"),
    **dict.fromkeys(("mdashb", "spaced mdash", "snds"), " — "),
    **dict.fromkeys(("nbsp", "spaces", "space", "thinsp", "thin space", "sp", "hair space", "\\"), " "),
    **dict.fromkeys(("·", "•", "dot", "middot", "bullet"), " · "),
    **dict.fromkeys(("'", "okina", "hamza", "'-"), "'"),
    **{"'s": "'s", "' \"": "' \"", "\" '": "\" '", "=": "=", "times": "×", "minus": "−", "pi": "π"},
    **{"carbon": "C", "hydrogen": "H", "oxygen": "O", "nitrogen": "N"},
}
_BEFORE = {
    **dict.fromkeys(("circa", "c.", "ca."), "c. "),
    **dict.fromkeys(("floruit", "fl."), "fl. "),
    **dict.fromkeys(("reign", "r."), "r. "),
    **dict.fromkeys(("as of", "asof"), "As of "),
    **dict.fromkeys(("us$", "usd"), "US$"),
    **dict.fromkeys(("£", "gbp"), "£"),
    **dict.fromkeys(("€", "euro", "eur"), "€"),
    **{"¥": "¥", "inr": "₹", "a$": "A$", "c$": "C$", "e": "×10^", "vol.": "Vol. "},
}
_CONVERT = _names("convert, cvt")
_KNOWN = frozenset(
    {"val", "sup", "sub"}.union(_FIRST, _SECOND, _LAST, _QUOTES, _SHIPS, _JOINED, _FIXED, _BEFORE, _CONVERT)
)

# What stands between the numbers of {{convert}}, and units whose code is not what is shown.
_BETWEEN = {"-": "–", "–": "–", "x": " × ", "×": " × ", "+/-": " ± ", "±": " ± "}
_BETWEEN |= {word: f" {word} " for word in ("to", "and", "or", "by")}
_UNITS = {"km2": "km²", "m2": "m²", "m3": "m³", "sqmi": "sq mi", "sqft": "sq ft", "cuft": "cu ft", "C": "°C", "F": "°F"}
_RAISED = {
    "sup": str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ"),
    "sub": str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
}
_SMALLER_UNIT = {"ft": "in", "lb": "oz", "st": "lb", "mi": "yd"}


def shows(name: str) -> bool:
    """Whether a template of this name shows anything in a sentence."""
    return name.casefold() in _KNOWN or name.casefold().startswith("lang-")


def template_text(name: str, values: dict[str, str]) -> str:
    """What a template shows. `values` are its parameters as plain text, by name; the unnamed are "1", "2", ..."""
    name = name.casefold()
    parts = [values[key] for key in map(str, range(1, len(values) + 1)) if key in values]
    parts = parts or [values[key] for key in ("text", "quote", "content", "texte", "texto") if key in values]
    if name in _FIXED:
        return _FIXED[name]
    if not parts:
        return ""
    if name in _SHIPS:
        return " ".join((name.upper(), *parts[:1]))
    if name in _CONVERT:
        return _converted(parts)
    if name in _JOINED:
        return _JOINED[name].join(parts)
    unit = f" {values['u']}" if name == "val" and values.get("u") else ""
    return _one_part(name, parts, values.get("e", "")) + unit


def raised(way: str, text: str) -> str:
    """Digits and signs as superscripts or subscripts (`way` is "sup" or "sub"): 10³ must not become 103."""
    return text.translate(_RAISED[way]) if all(ord(char) in _RAISED[way] for char in text) else text


def _one_part(name: str, parts: list[str], exponent: str) -> str:
    if name in _QUOTES:
        return f"\n{parts[0]}\n"
    if name in _RAISED:
        return raised(name, parts[0])
    if name in _SECOND:
        return "".join(parts[1:2] or parts)
    if name in _LAST:
        return parts[-1]
    return _BEFORE.get(name, "") + parts[0] + (f"×10^{exponent}" if exponent else "")


def _converted(parts: list[str]) -> str:
    """{{convert|3|to|5|km|mi}} as "3 to 5 km": what was measured, without what it comes to in other units."""
    shown, rest = parts[:1], parts[1:]
    while len(rest) > 1 and rest[0].removesuffix("(-)") in _BETWEEN:
        shown += _BETWEEN[rest[0].removesuffix("(-)")], rest[1]
        rest = rest[2:]
    if rest:
        shown += " ", _UNITS.get(rest[0], rest[0])
    if len(rest) > 2 and _SMALLER_UNIT.get(rest[0]) == rest[2] and re.fullmatch(r"[\d.]+", rest[1]):
        shown += " ", rest[1], " ", rest[2]
    return "".join(shown)
