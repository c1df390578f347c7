"""Templates of dates: birth and death, beginnings and ends, ages, "as of"."""

from collections.abc import Callable
from datetime import date

from corpus.extraction.wiki.calendar import as_date, date_text, moment_of, month_name, years_between
from corpus.extraction.wiki.names import names
from corpus.extraction.wiki.site import Site
from corpus.extraction.wiki.units import positional
from corpus.numerals import whole_number

Values = dict[str, str]
_DAY_FIRST = ("df", "dmy")


def _shown_date(parts: list[str], values: Values, site: Site, day_first: bool = False) -> str:
    if not parts:
        return ""
    if not parts[0].isdecimal():
        return parts[0]  # a date in words already
    # {{birth date|df=y|1990|5|4}}: "4 May 1990" in an English wiki.
    day_first = day_first or any(values.get(key, "").lower() in ("y", "yes", "1", "dmy") for key in _DAY_FIRST)
    return date_text(*[*parts, "", ""][:3], language=site.language, day_first=day_first)  # filled up to three


def _date(values: Values, site: Site) -> str:
    """The first day that a template of birth, beginning or the like names: year, month, day."""
    return _shown_date(positional(values)[:3], values, site)


def _date_with_place(values: Values, site: Site) -> str:
    """`{{film date|2010|5|1|Cannes|2010|6|2|France}}`: every day, with its place in brackets."""
    parts = positional(values)
    shown = []
    for start in range(0, len(parts), 4):
        place = f" ({parts[start + 3]})" if len(parts) > start + 3 and parts[start + 3] else ""
        shown.append(_shown_date(parts[start : start + 3], values, site) + place)
    return ", ".join(filter(None, shown))


def _death_and_age(values: Values, site: Site) -> str:
    parts = positional(values)
    died, born = as_date(parts[:3]), as_date(parts[3:6])
    # Written out in English alone: other wikis have words of their own.
    age = f" (aged {years_between(born, died)})" if died and born and site.language in ("", "en", "simple") else ""
    return _shown_date(parts[:3], values, site) + age


def _years_of_death(values: Values, site: Site) -> str:
    parts = [*positional(values), "", "", ""]
    died, born = whole_number(parts[0]), whole_number(parts[1])
    if died is None or born is None:
        return parts[0]
    age = died - born
    return f"{parts[0]} (aged {age - 1}–{age})"  # whether the birthday had come is unknown


def _age(values: Values, site: Site) -> str:
    """Years from one day to another, or to the revision of the page."""
    start, end = _two_days(values, site)
    return str(years_between(start, end)) if start and end else ""


def _age_in_days(values: Values, site: Site) -> str:
    start, end = _two_days(values, site)
    return f"{(end - start).days:,}" if start and end else ""


def _two_days(values: Values, site: Site) -> tuple[date | None, date | None]:
    parts = positional(values)
    if parts and not parts[0].isdecimal():
        moments = [moment_of(part) for part in parts[:2]]
        days = [moment.date() if moment else None for moment in moments]
    else:
        days = [as_date(parts[:3]), as_date(parts[3:6]) if len(parts) > 3 else None]
    # To the time of the revision, not to today.
    end = days[1] if len(days) > 1 and days[1] else site.now.date() if site.now else None
    return (days[0] if days else None), end


def _as_of(values: Values, site: Site) -> str:
    """`{{as of|2010|5|lc=y}}` as "as of May 2010"."""
    if values.get("alt"):
        return values["alt"]
    word = "Since" if values.get("since") else "As of"
    word = word.lower() if values.get("lc") else word
    day_first = values.get("df", "").lower() != "us"
    return f"{values.get('pre', '')}{word} {_shown_date(positional(values)[:3], values, site, day_first)}".strip()


def _circa(values: Values, site: Site) -> str:
    """`{{circa|1900|1910}}` as "c. 1900 – c. 1910"."""
    return " – ".join(f"c. {part}" for part in positional(values)[:2] if part) or "c."


def _between(word: str) -> Callable[[Values, Site], str]:
    return lambda values, site: f"{word} " + "–".join(filter(None, positional(values)[:2]))


def _joined_date(values: Values, site: Site) -> str:
    """A date of day, month and year as French, Spanish and Portuguese templates have it; or one in ISO form."""
    parts = [part for part in positional(values)[:4] if part]
    if len(parts) == 1:
        day = as_date(parts)
        return (
            date_text(str(day.year), str(day.month), str(day.day), site.language)
            if day and "-" in parts[0]
            else parts[0]
        )
    # Year first (2010|5|1) or day first (1|5|2010), by the digits of the first.
    if len(parts) > 2 and parts[0].isdecimal() and len(parts[0]) > 2:
        return date_text(*parts[:3], language=site.language)
    if len(parts) > 2 and parts[0].isdecimal():
        return date_text(parts[2], parts[1], parts[0], site.language, day_first=True)
    return " ".join(parts[:3])


def _moment(values: Values, site: Site) -> str:
    """`{{dts|2010|5|1}}` or `{{dts|May 1, 2010}}`."""
    parts = positional(values)
    if parts and "-" in parts[0] and (day := as_date(parts[:1])):
        return date_text(str(day.year), str(day.month), str(day.day), site.language)
    return _shown_date(parts[:3], values, site)


def _month(values: Values, site: Site) -> str:
    return month_name((positional(values) or [""])[0], site.language)


def _each(listed: str, function: Callable[[Values, Site], str]) -> dict[str, Callable[[Values, Site], str]]:
    return dict.fromkeys(names(listed), function)


COMPUTED: dict[str, Callable[[Values, Site], str]] = {
    **_each("birth date, birth date and age, bda, dob, start date, start date and age, end date, end date and age,"
    " birth year and age,"
            " birth-date and given age, death date, start and end date, release date, birth date and given age,"
            " birth year", _date),
    **_each("death date and age, dda, death date and given age", _death_and_age),
    **_each("death year and age", _years_of_death),
    **_each("film date, television date, release date and place, start date and place", _date_with_place),
    **_each("age, age in years, ageyear, alter, age nts, âge, edad, idade", _age),
    **_each("age in days, days between, nombre de jours", _age_in_days),
    **_each("as of, asof, à la date de", _as_of),
    **_each("circa, c., ca., c, ca", _circa),
    **_each("floruit, fl., flourished", _between("fl.")),
    **_each("reign, r.", _between("r.")),
    **_each("date, fecha, data, dtlink, date-, date de naissance, date de décès, nacimiento, fallecimiento, datum,"
    " jmm", _joined_date),
    **_each("dts, date table sorting, dtsh2, sortdate, dmy, mdy, ymd, iso date", _moment),
    **_each("monthname, month name, mois", _month),
}  # fmt: skip
