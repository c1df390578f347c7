"""Lengths, weights and other quantities: `{{convert}}`, `{{val}}` and the like, as they were measured.

What a quantity comes to in other units is not in the dump; MediaWiki computes and rounds it with a table of ten
thousand units. A text with the figure of its source is right; with a figure rounded otherwise it would be wrong.
"""

import re

from corpus.extraction.wiki.numbers import grouped, power_of_ten, superscript

# What stands between the numbers of {{convert}}; codes of units that are not what is shown.
_BETWEEN = {
    "-": "–",
    "–": "–",
    "−": "–",
    "x": " × ",
    "×": " × ",
    "*": " × ",
    "+/-": " ± ",
    "±": " ± ",
    "+": " + ",
    ",": ", ",
    "/": "/",
}
_BETWEEN |= {word: f" {word} " for word in ("to", "and", "or", "by", "to about", "xx", "per")}
_BETWEEN |= {
    "and(-)": " and ",
    "to(-)": " to ",
    "or(-)": " or ",
    "by(-)": " by ",
    "-,": "–",
    ", and": ", and ",
    ", or": ", or ",
}
_UNITS = {
    "sqmi": "sq mi", "sqft": "sq ft", "sqin": "sq in", "sqyd": "sq yd", "cuft": "cu ft", "cuin": "cu in",
    "cuyd": "cu yd",
    "cumi": "cu mi", "C": "°C", "F": "°F", "K": "K", "C-change": "°C", "F-change": "°F", "acre": "acres",
    "acres": "acres",
    "lbf": "lbf", "USgal": "US gal", "impgal": "imp gal", "LT": "long tons", "ST": "short tons", "MT": "t", "t": "t",
    "metricton": "tonnes", "longton": "long tons", "shortton": "short tons", "um": "μm", "oilbbl": "bbl",
    "U.S.gal": "US gal",
    "kn": "kn", "knot": "knots", "mph": "mph", "km/h": "km/h", "kph": "km/h", "mile": "miles", "foot": "feet",
    "inch": "inches",
    "ftin": "ft", "in": "in", "pound": "pounds", "nmi": "nmi", "ly": "ly", "pc": "pc", "AU": "AU", "degF": "°F",
    "degC": "°C",
    "USfloz": "US fl oz", "impfloz": "imp fl oz", "floz": "fl oz", "Mpa": "MPa", "hp": "hp", "bhp": "bhp", "kW": "kW",
    "ohm": "Ω", "uF": "μF", "ug": "μg", "ton": "tons", "tonne": "tonnes", "USgallon": "US gallons",
    "e6acre": "million acres",
}  # fmt: skip
# km2, m-3: a digit right after letters at the end of a word.
_POWER = re.compile(r"(?<=[A-Za-z])(-?\d)(?![\w.])")
_MULTIPLE = re.compile(r"e(\d+)(?=[A-Za-z])")  # e6acre: million acres
_MULTIPLES = {"3": "thousand ", "6": "million ", "9": "billion ", "12": "trillion "}
# 5, 1,000.5, 2e6, 1+1/2 (one and a half), 1//2, 5 [2].
_NUMBER = re.compile(r"[-+−]?[\d.,]+(?:[eE][-+]?\d+)?(?:\+?\d+//?\d+)?|\d+//?\d+|[-−+]?[\d.,]+\s*\[\d+\]")
_FRACTION = re.compile(r"(\d)\+(\d+)//?(\d+)|(\d)//(\d)")
_EXPONENT = re.compile(r"([-+−\d.,]+)[eE]\+?(-?\d+)")


def quantity(values: dict[str, str], language: str) -> str:
    """`{{convert|3|to|5|km|mi}}` as "3 to 5 km": all that was measured, ranges, mixed units, options of form."""
    parts = positional(values)
    if not parts:
        return ""
    shown, rest = [number_text(parts[0], language)], parts[1:]
    # "3|to|5", "2|x|4|x|6": words between, each with a number after it.
    while len(rest) > 1 and rest[0].strip().lower() in _BETWEEN and _NUMBER.match(rest[1].strip()):
        shown += _BETWEEN[rest[0].strip().lower()], number_text(rest[1], language)
        rest = rest[2:]
    if not rest:
        return "".join(shown)
    unit = unit_text(rest[0])
    if values.get("disp", "") in ("unit", "unit2", "unit or text"):
        return unit
    if values.get("disp", "") == "number":
        return "".join(shown)
    shown += ("" if unit.startswith("°") and unit in ("°", "°′″") else " "), unit  # 51°, not "51 °"
    while len(rest) > 2 and _NUMBER.fullmatch(rest[1].strip()) and re.match(r"[A-Za-z]", rest[2].strip()):
        # {{convert|5|ft|11|in|m}}; a lone number after the unit is a number of digits to round to.
        shown += " ", number_text(rest[1], language), " ", unit_text(rest[2])
        rest = rest[2:]
    return "".join(shown)


def value_with_unit(values: dict[str, str], language: str) -> str:
    """`{{val|6.2|0.3|e=18|u=kg}}` as "(6.2±0.3)×10¹⁸ kg"."""
    parts = positional(values)
    if not parts and not values.get("e"):
        return ""
    number = number_text(parts[0], language) if parts else ""
    match parts[1:3]:
        # {{val|5|+0.3|-0.2}}: different errors up and down.
        case [above, below] if above and below and above[:1] not in "(–-,":
            number += f"+{above.lstrip('+')}−{below.lstrip('-−')}"
        case [one, *_] if one.strip() in _BETWEEN and len(parts) > 2:
            number += _BETWEEN[one.strip()] + number_text(parts[2], language)
        case [one, *_] if one:
            number += one if one.startswith("(") else f"±{one}"  # (3) is the error in the last digit
    if values.get("e"):
        number = f"({number})" if "±" in number else number
        # [1:]: 10⁵ alone, without ×.
        number = number + power_of_ten(values["e"]) if number else power_of_ten(values["e"])[1:]
    unit = values.get("u") or values.get("ul") or ""
    per = values.get("up") or values.get("upl") or ""
    unit = unit_text(unit) + (f"/{unit_text(per)}" if per else "")
    gap = "" if unit.startswith(("%", "°")) and unit not in ("°C", "°F") else " "  # 5%, 5°, but 5 °C
    return values.get("p", "") + number + values.get("s", "") + (gap + unit if unit else "")


def named_quantity(values: dict[str, str], language: str) -> str:
    """`{{height|ft=6|in=2}}` as "6 ft 2 in", `{{weight|kg=80}}` as "80 kg"."""
    units = ("ft", "in", "m", "cm", "mm", "km", "mi", "st", "lb", "oz", "kg", "g", "tonne")
    return " ".join(f"{number_text(values[unit], language)} {unit_text(unit)}" for unit in units if values.get(unit))


def duration(values: dict[str, str], language: str) -> str:
    """`{{duration|m=4|s=33}}` as 4:33, `{{duration|1|2|3}}` as 1:02:03."""
    parts = positional(values) or [values.get(key, "") for key in ("h", "m", "s")]
    while len(parts) > 1 and not parts[0]:
        parts = parts[1:]
    return ":".join([parts[0], *(part.zfill(2) for part in parts[1:])]) if any(parts) else ""


def density(values: dict[str, str], language: str) -> str:
    """`{{pop density|3645257|640082|km2|sqmi|prec=1}}` as "5.7/km²"."""
    parts = [*positional(values), "", "", ""]
    try:
        value = float(parts[0].replace(",", "")) / float(parts[1].replace(",", ""))
        places = int(values.get("prec") or (0 if value >= 10 else 1))  # whole from 10 on, one digit below
        return f"{grouped(f'{value:.{max(0, min(9, places))}f}', language)}/{unit_text(parts[2])}"
    except (ValueError, ArithmeticError):
        return ""


def number_text(number: str, language: str = "") -> str:
    """A number with its separators, fractions and powers: 10000 as 10,000, 1+1/2 as 1 1/2, 2e6 as 2×10⁶."""
    plain = re.sub(r"\s*\[\d+\]", "", number.strip())
    power = _EXPONENT.fullmatch(plain)
    if power:
        return grouped(power[1], language) + power_of_ten(power[2])
    # 1+1/2, or 1//2 (the same, set otherwise).
    fraction = _FRACTION.search(plain)
    if fraction:
        return _FRACTION.sub(lambda f: f"{f[1]} {f[2]}/{f[3]}" if f[1] else f"{f[4]}/{f[5]}", plain)
    return grouped(plain, language)


def unit_text(code: str) -> str:
    """The symbol of a unit by the code that {{convert}} has for it: km2 as km², e6km as million km."""
    plain = code.strip().removesuffix(" ").strip()
    multiple = _MULTIPLE.match(plain)
    before = ""
    if multiple:
        before = _MULTIPLES.get(multiple[1], f"×10{superscript(multiple[1], '0')} ")
        plain = plain[multiple.end() :]
    if plain in _UNITS:
        return before + _UNITS[plain]
    return before + _POWER.sub(lambda power: superscript(power[1], "m"), plain)


def positional(values: dict[str, str]) -> list[str]:
    """The unnamed parameters in their order."""
    parts: list[str] = []
    while (part := values.get(str(len(parts) + 1))) is not None:
        parts.append(part.strip())
    return parts
