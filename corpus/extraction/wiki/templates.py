"""Templates of Wikipedia that stand inside sentences, and the text that they show.

A template's text is in another page of the wiki, and Wikipedia has over half a million of them. Nearly all are boxes,
notices, citations and pictures,
which prose does without; many of the rest are Lua. What a sentence cannot do without (a
foreign word, a length, a date, a dash) is answered here: a table of names, and a function for each kind that computes.
"""

import re
from collections.abc import Callable

from corpus.extraction.wiki import template_dates, template_languages
from corpus.extraction.wiki.names import names
from corpus.extraction.wiki.numbers import fraction, grouped, ordinal, power_of_ten, subscript, superscript
from corpus.extraction.wiki.opaque import chemical_formula
from corpus.extraction.wiki.site import Site
from corpus.extraction.wiki.template_languages import spoken
from corpus.extraction.wiki.template_tables import (
    AROUND,
    BEFORE,
    CELLS,
    COUNTRIES,
    FIRST,
    FIXED,
    JOINED,
    LAST,
    QUOTES,
    SECOND,
    SHIPS,
)
from corpus.extraction.wiki.units import density, duration, named_quantity, positional, quantity, value_with_unit

Values = dict[str, str]
# Stands for a value that is not in the dump; the brackets around it go with it (`corpus.extraction.wiki.inline`).
HOLE = "\ufffc"

_LANGUAGE = re.compile(r"(?:lang|ipa|язык)-([a-z-]{2,12})")
_CENTURY = re.compile(r"([ivxl]+)(er|e) siècle", re.IGNORECASE)
_CHARGE = re.compile(r"\((\d*[+-−])\)|(\d*[+−])\Z")  # "SO4(2-)", "Na+"
_ACCIDENTALS = {"flat": "♭", "sharp": "♯", "natural": "♮", "b": "♭", "#": "♯", "doubleflat": "𝄫", "doublesharp": "𝄪"}


def shows(name: str) -> bool:
    """Whether the tables know what a template of this name (in lower case) shows."""
    return name in _TABLES or name in _COMPUTED or bool(_LANGUAGE.fullmatch(name) or _CENTURY.fullmatch(name))


def template_text(name: str, values: Values, site: Site) -> str:
    """What a template shows. `values` are its parameters as plain text, by name; the unnamed are "1", "2", ..."""
    if name in _COMPUTED:
        return _COMPUTED[name](values, site)
    if name in FIXED:
        return FIXED[name]
    parts = positional(values)
    # The text may stand under a name: {{nowrap|text=…}}.
    parts = parts if any(parts) else [values[key] for key in ("text", "content", "texte", "texto") if values.get(key)]
    if name in CELLS:
        return parts[0] if parts and parts[0] else CELLS[name]
    if name in COUNTRIES:
        return COUNTRIES[name]
    century = _CENTURY.fullmatch(name)
    if century:
        return f"{century[1].upper()}{century[2]} siècle"
    if not parts:  # {{US$}} alone shows its sign
        return BEFORE.get(name, "")
    foreign = _LANGUAGE.fullmatch(name)
    if foreign:
        return f"[{parts[0]}]" if name.startswith("ipa") else spoken(foreign[1], parts[0], parts[1:], values, site)
    return _of_parts(name, parts)


def _of_parts(name: str, parts: list[str]) -> str:
    if name in SHIPS:
        return _ship(name, parts)
    if name in JOINED:
        return JOINED[name].join(filter(None, parts))
    if name in AROUND:
        return AROUND[name][0] + parts[0] + AROUND[name][1]
    if name in SECOND:
        return "".join(parts[1:2] or parts)
    if name in LAST:
        return parts[-1]
    return BEFORE.get(name, "") + parts[0]


def _ship(name: str, parts: list[str]) -> str:
    """`{{USS|Nimitz|CVN-68|6}}`: the third parameter says which of prefix, name and number show."""
    # 1: name and number. 2: prefix and name. 3: number. 6: name. None: all three.
    number = f" ({parts[1]})" if len(parts) > 1 and parts[1] else ""
    match parts[2:3]:  # [] where it is missing
        case ["6"]:
            return parts[0]
        case ["2"]:
            return f"{name.upper()} {parts[0]}"
        case ["3"]:
            return "".join(parts[1:2])
        case ["1"]:
            return parts[0] + number
    return f"{name.upper()} {parts[0]}{number}"


def _quote(values: Values, site: Site) -> str:
    """The words in a paragraph of their own, and who said them below."""
    parts = positional(values)
    text = next(
        (values[key] for key in ("text", "quote", "1", "texte", "texto", "Text", "lines") if values.get(key)), ""
    )
    named = next(
        (values[key] for key in ("author", "sign", "by", "auteur", "Autor", "autor", "2") if values.get(key)), ""
    )
    where = next((values[key] for key in ("title", "source", "3", "Quelle", "origen") if values.get(key)), "")
    # {{quote|words|who}}: the second is the speaker only where the first is the text.
    named = named if parts[:1] == [text] or not parts else values.get("author", values.get("sign", ""))
    said = ", ".join(filter(None, (named, where)))
    return f"\n\n{text.strip()}\n\n" + (f"— {said}\n\n" if said else "") if text.strip() else ""


def _verse_quote(values: Values, site: Site) -> str:
    text = values.get("text") or values.get("1", "")
    # "1" too: `_quote` compares it with its text.
    return _quote({**values, "text": text.strip().replace("\n", "<br>\n"), "1": text}, site)


def _coordinates(values: Values, site: Site) -> str:
    """`{{coord|51|30|N|0|7|W}}` as 51°30′N 0°7′W; what only stands in the title does not show."""
    if values.get("display", "inline").strip() in ("title", "t"):
        return ""
    shown = ""
    marks = iter("°′″")  # degrees, minutes, seconds of one side
    numbers: list[str] = []
    for part in positional(values):
        if part in ("N", "S", "E", "W"):
            shown += " " * bool(shown) + "".join(numbers) + part
            marks, numbers = iter("°′″"), []
        elif re.fullmatch(r"[-−]?[\d.]+", part):
            numbers.append(part + next(marks, ""))
        else:
            break  # "region:US_type:city" and the like come last
    # {{coord|51.5|-0.1}}: signs instead of letters.
    if len(numbers) == 2 and not shown:
        return f"{_degrees(numbers[0], 'NS')} {_degrees(numbers[1].replace('′', '°'), 'EW')}"
    return shown


def _degrees(number: str, sides: str) -> str:
    return number.lstrip("-−") + sides[number[:1] in "-−"]  # False is 0: N or E; True is 1: S or W


def _chemistry(values: Values, site: Site) -> str:
    """`{{chem|S|O|4|2-}}` and `{{chem2|SO4(2-)}}`: counts low, charges high."""
    shown = ""
    for part in positional(values):
        charge = _CHARGE.search(part)
        if part.isdigit():
            shown += subscript(part)
        elif re.fullmatch(r"\d*[+−-]", part):  # a charge by itself: 2-
            shown += superscript(part, "0")
        elif charge:
            shown += chemical_formula(part[: charge.start()]) + superscript((charge[1] or charge[2]).strip("()"), "0")
        else:
            shown += chemical_formula(part)
    return shown


def _stacked(values: Values, site: Site) -> str:
    return subscript(values.get("b", ""), "x") + superscript(values.get("p", ""), "0")


def _music(values: Values, site: Site) -> str:
    parts = positional(values)
    if parts[:1] == ["time"] and len(parts) > 2:
        return f"{parts[1]}/{parts[2]}"
    return "".join(_ACCIDENTALS.get(part.lower(), part) for part in parts[:2])


def _listed(mark: str) -> Callable[[Values, Site], str]:
    return lambda values, site: "\n\n" + "".join(f"{mark} {part}\n" for part in positional(values) if part) + "\n"


def _century(values: Values, site: Site) -> str:
    """French `{{s|XIX|e}}` as "XIXe siècle"."""
    parts = positional(values)
    return (
        f"{parts[0]}{parts[1] if len(parts) > 1 and parts[1] else 'e'} siècle"
        if parts and site.language == "fr"
        else "".join(parts[:1])
    )


def _citation(values: Values, site: Site) -> str:
    """A citation in English; words that are cited in French."""
    text = "".join(positional(values)[:1])
    return f"« {text} »" if text and site.language == "fr" else ""


def _author_year(values: Values, site: Site) -> str:
    parts = [part for part in positional(values) if part]
    if not parts:
        return ""
    # The last is the year if it looks like one.
    *authors, year = parts if re.fullmatch(r"\d{4}[a-z]?|n\.d\.", parts[-1]) else (*parts, "")
    joined = ", ".join(authors[:-1]) + (" & " if len(authors) > 1 else "") + "".join(authors[-1:])
    return f"{joined} ({year})" if year else joined


def _marriage(values: Values, site: Site) -> str:
    parts = [*positional(values), "", "", ""]
    years = "–".join(filter(None, parts[1:3]))
    return f"{parts[0]} (m. {years})" if years else parts[0]


def _address(values: Values, site: Site) -> str:
    parts = positional(values)
    return (
        parts[1] if len(parts) > 1 and parts[1] else re.sub(r"^https?://(?:www\.)?", "", "".join(parts[:1])).rstrip("/")
    )


def _currency(values: Values, site: Site) -> str:
    """`{{currency|5|USD}}` as US$5; a code that the tables lack stands before the amount."""
    amount, code, *_ = [*positional(values), "", ""]
    # BEFORE has US$ for usd; another code stands before the amount as it is.
    return BEFORE.get(code.lower(), f"{code} ".lstrip()) + amount


def _plural(values: Values, site: Site) -> str:
    parts = positional(values)
    if len(parts) < 2:
        return "".join(parts)
    return f"{parts[0]} {parts[1] if parts[0] in ('1', '-1') else parts[2] if len(parts) > 2 else parts[1] + 's'}"


def _each(names_listed: str, function: Callable[[Values, Site], str]) -> dict[str, Callable[[Values, Site], str]]:
    return dict.fromkeys(names(names_listed), function)


_COMPUTED: dict[str, Callable[[Values, Site], str]] = {
    **template_dates.COMPUTED,
    **template_languages.COMPUTED,
    **_each(
        "convert, cvt, convertir, converter, conv, converti, convert/2, omregn, cvt2",
        lambda v, s: quantity(v, s.language),
    ),
    **_each("height, weight, hgt, length", lambda v, s: named_quantity(v, s.language) or (positional(v) or [""])[0]),
    **_each("duration", lambda v, s: duration(v, s.language)),
    **_each("pop density, population density", lambda v, s: density(v, s.language)),
    **_each("val, valu, nombre/unité, m", lambda v, s: value_with_unit(v, s.language)),
    **_each(
        "frac, fraction, sfrac, fract, fracn, mfrac, tfrac, cfrac, bruch", lambda v, s: fraction(positional(v) or [""])
    ),
    **_each("e, esp, exp10", lambda v, s: power_of_ten((positional(v) or [""])[0])),
    **_each("10^", lambda v, s: f"10{superscript((positional(v) or [''])[0], '0')}"),
    **_each("sup, exp, e-sup, ^, hoch", lambda v, s: superscript((positional(v) or [""])[0], "0")),
    **_each("sub, ind, tief", lambda v, s: subscript((positional(v) or [""])[0], "x")),
    **_each(
        "nts, ntsh2, formatnum, number table sorting, number, numero, num, fnum",
        lambda v, s: grouped((positional(v) or [""])[0], s.language),
    ),
    **_each("ordinal, ord, rank", lambda v, s: ordinal((positional(v) or [""])[0])),
    **_each("coord, coordinates, coor dms, coor d, coor dm, coordinate", _coordinates),
    **_each("chem, chem2, ce, chem/su, chemie, chimie", _chemistry),
    **_each("su, subsup, supsub", _stacked),
    **_each("music", _music),
    **_each("ordered list, numbered list, ol", _listed("#")),
    **_each("bulleted list, bulletlist, unordered list", _listed("*")),
    **_each("s, s-", _century),
    **_each("citation", _citation),
    **_each(
        "harvtxt, harvcoltxt, harvnb, harvtxt2, harvard citation text, harvard citation no brackets, harvcolnb",
        _author_year,
    ),
    **_each("marriage, married", _marriage),
    **_each("url, official url", _address),
    **_each("plural, singplu", _plural),
    **_each("currency", _currency),
    **_each(
        "inflation, inflate, inrconvert, format price, to usd, nowcommons",
        lambda v, s: HOLE,
    ),
    **{name: _verse_quote if "poem" in name or name == "verse" else _quote for name in QUOTES},
}
_TABLES = frozenset({*FIRST, *SECOND, *LAST, *SHIPS, *JOINED, *FIXED, *CELLS, *BEFORE, *AROUND, *COUNTRIES})
