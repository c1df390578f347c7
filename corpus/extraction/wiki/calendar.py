"""Dates in the words of a wiki's language: the templates of birth and death, of beginnings and ages, and `{{#time:}}`.

The month stands in the form that a full date takes (Russian "января", Polish "stycznia"). A date of which we lack the
words shows in ISO form. An age that counts to today is counted to the time of the revision.
"""

import re
from datetime import UTC, date, datetime

from corpus.numerals import whole_number

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "ca": "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "no": "januar februar mars april mai juni juli august september oktober november desember",
    "fi": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta"
    " marraskuuta joulukuuta",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "hu": "január február március április május június július augusztus szeptember október november december",
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
}
_DAY_MONTH_YEAR = {
    **dict.fromkeys(("es", "pt", "ca"), "{day} de {month} de {year}"),
    **dict.fromkeys(("de", "da", "no", "cs", "fi"), "{day}. {month} {year}"),
    **dict.fromkeys(("ja", "zh"), "{year}年{number}月{day}日"),
    **{"ko": "{year}년 {number}월 {day}일", "hu": "{year}. {month} {day}."},
}
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_ISO = re.compile(r"(\d{1,4})-(\d{1,2})-(\d{1,2})")
# "xg" (genitive month), "xj…" and quoted text before single letters, so that they match first.
_TIME_CODE = re.compile(r'xg|xn|xr|xj.|"[^"]*"|\\.|[a-zA-Z]')


def date_text(year: str, month: str = "", day: str = "", language: str = "", day_first: bool = False) -> str:
    """A date in words, of as many of its parts as are known; month and day may be numbers or words."""
    year, month, day = year.strip().lstrip("0"), month.strip(), day.strip().lstrip("0")
    if not month:
        return year
    number = month_number(month)
    names = _MONTHS.get(language or "en", "").split()
    # No words for this language: 1990-05-04.
    if number and not names and language not in _DAY_MONTH_YEAR:
        return "-".join([year, f"{number:02}", *([day.zfill(2)] if day else [])])
    word = names[number - 1] if number and names else month
    if not day:
        if language in ("ja", "zh"):
            return f"{year}年{number}月"
        return f"{word} {year}".strip()
    if language in _DAY_MONTH_YEAR:
        # "4 de mayo", without the year.
        form = _DAY_MONTH_YEAR[language] if year else _DAY_MONTH_YEAR[language].partition(" de {year}")[0]
        return form.format(day=day, month=word, year=year, number=number).strip()
    if (language or "en") == "en" and not day_first:
        return f"{word} {day}, {year}" if year else f"{word} {day}"
    return f"{day} {word} {year}".strip()


def month_number(month: str) -> int:
    """1 to 12 for a number or a name in one of the languages,
    whole or by its first three letters in English; else 0."""
    plain = month.strip().rstrip(".").lower()
    if plain.isdecimal():
        number = whole_number(plain) or 0
        return number if number <= 12 else 0
    for names in _MONTHS.values():
        words = names.lower().split()
        if plain in words:
            return words.index(plain) + 1
    short = [name[:3].lower() for name in _MONTHS["en"].split()]
    return short.index(plain) + 1 if plain in short else 0


def month_name(number: str, language: str = "") -> str:
    """The name of a month."""
    names = _MONTHS.get(language or "en", "").split()
    return names[month_number(number) - 1] if month_number(number) and names else number


def as_date(parts: list[str]) -> date | None:
    """The day of year, month, day (month and day may lack), or of an ISO date; None if there is no such day."""
    found = _ISO.fullmatch(parts[0].strip()) if parts else None
    if found:
        parts = list(found.groups())
    try:
        month = month_number(parts[1]) if len(parts) > 1 and parts[1].strip() else 1
        return date(int(parts[0]), month, int(parts[2]) if len(parts) > 2 and parts[2].strip() else 1)
    except (ValueError, OverflowError, IndexError):
        return None


def years_between(start: date, end: date) -> int:
    """Whole years from one day to another."""
    # A day before the birthday is a year less: True is 1.
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def formatted_time(form: str, now: datetime | None, language: str = "", moment: str = "") -> str:
    """`{{#time:form|moment}}` with the commonest letters of PHP's `date`; "" where the moment is unknown."""
    when = moment_of(moment) if moment.strip() else now
    if when is None:
        return ""
    names = _MONTHS.get(language or "en", _MONTHS["en"]).split()
    letters = {
        # As in PHP: z counts days from 0, w has Sunday as 0, N Sunday as 7.
        "Y": str(when.year), "y": f"{when.year % 100:02}", "n": str(when.month), "m": f"{when.month:02}",
        "F": names[when.month - 1], "M": names[when.month - 1][:3], "xg": names[when.month - 1],
        "j": str(when.day), "d": f"{when.day:02}", "l": _WEEKDAYS[when.weekday()], "D": _WEEKDAYS[when.weekday()][:3],
        "N": str(when.isoweekday()), "w": str(when.isoweekday() % 7), "z": str(when.timetuple().tm_yday - 1),
        "H": f"{when.hour:02}", "G": str(when.hour), "i": f"{when.minute:02}", "s": f"{when.second:02}",
        "U": str(int(when.timestamp())), "xn": "", "xr": "", "t": "",
    }  # fmt: skip
    # A quoted text or an escaped letter stands for itself; letters that are not listed too.
    return _TIME_CODE.sub(lambda code: letters.get(code[0], code[0].strip('"\\')), form)


def moment_of(text: str) -> datetime | None:
    """The moment of an ISO date, "5 May 1990", "May 5, 1990", "May 1990" or a year."""
    plain = text.strip()
    try:
        return datetime.fromisoformat(plain).replace(tzinfo=UTC)
    except ValueError:
        pass
    # "May 5, 1990" gives May, 5, 1990: numbers above 31 are years, others days.
    words = re.findall(r"[^\W\d_]+|\d+", plain[:60])
    month = next((number for word in words if not word.isdecimal() and (number := month_number(word))), 0)
    numbers = [int(word) for word in words if word.isdecimal()]
    year = next((number for number in numbers if number > 31), 0)
    day = next((number for number in numbers if number <= 31), 1)
    try:
        return datetime(year, month or 1, day if month else 1, tzinfo=UTC) if len(words) <= 3 else None
    except (ValueError, OverflowError):
        return None
