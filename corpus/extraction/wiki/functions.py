"""Parser functions and magic words, where what they depend on is known: the page's title, its time, their own input.

What asks for another page, for the database or for Lua shows nothing.
"""

import re
from collections.abc import Callable, Iterator

from corpus.extraction.wiki.calendar import formatted_time
from corpus.extraction.wiki.expressions import expression_value, number_text
from corpus.extraction.wiki.languages import LANGUAGES
from corpus.extraction.wiki.numbers import grouped
from corpus.extraction.wiki.site import Site
from corpus.numerals import whole_number

Parts = list[str]

_SILENT = frozenset(
    """
    #invoke #tag #property #statements #section #lst #lsth #lstx #coordinates
    #babel #related #categorytree #widget #vardefine
    #vardefineecho #seo #assessment displaytitle defaultsort defaultsortkey defaultcategorysort noexternallanglinks
    notoc toc ns nse int filepath gender #special canonicalurl fullurl localurl pagesincategory protectionlevel
    numberofarticles numberofpages numberofusers
    """.split()
)
# What #iferror looks for: class="error".
_ERROR = re.compile(r"""<(?:strong|span|p|div)\b[^<>]*\bclass\s*=\s*["'][^"'<>]*\berror\b""")
_NUMBER = re.compile(r"[-+−]?[\d,. \u00a0']*\d[\d,.]*")


def function_value(name: str, parts: Parts, site: Site) -> str | None:
    """The value of `{{name}}`, if it is a function or a magic word; None for the name of a template.

    `parts` are the pieces between the bars as they stand: to a function an equals sign means nothing.
    """
    word, colon, _ = name.partition(":")
    word = word.strip().casefold()
    if not colon:
        return _magic_word(word, site)
    # {{lc:A|B}}: the first argument is what follows the colon.
    arguments = [parts[0].partition(":")[2].strip(), *(part.strip() for part in parts[1:])]
    if word in _SILENT:
        return _tag(arguments) if word == "#tag" else ""
    function = _FUNCTIONS.get(word)
    if function:
        return function(arguments, site)
    if word == "#switch":
        return _switch(arguments[0], list(_cases(parts)))
    # An unknown function shows nothing; an unknown word with a colon is a template of that name.
    return "" if word.startswith("#") else None


def _cases(parts: Parts) -> Iterator[tuple[str | None, str]]:
    for part in parts[1:]:
        name, equals, value = part.partition("=")
        yield (name.strip(), value.strip()) if equals else (None, part.strip())


def _switch(wanted: str, cases: list[tuple[str | None, str]]) -> str:
    """The value of the first case that is equal, of those that fall through to it, or of the default."""
    # {{#switch:b|a|b=yes|c=no}}: a case without a value falls through to the next that has one: a gives yes, too.
    default, falls = "", False
    for name, value in cases:
        if name is None:
            falls = falls or _equal(value, wanted)
        elif falls or _equal(name, wanted):
            return value
        elif name == "#default":
            default = value
    # A last part without "=" is the default, before "#default".
    return cases[-1][1] if cases and cases[-1][0] is None else default


def _equal(one: str, other: str) -> bool:
    try:
        return one == other or float(one) == float(other)  # 1.0 equals 1, as in PHP
    except ValueError:
        return False


def _tag(arguments: Parts) -> str:
    """`{{#tag:math|x}}`: a tag that is no citation shows what it holds."""
    inside = arguments[1] if len(arguments) > 1 else ""
    if arguments[0].lower() in ("math", "chem", "ce"):
        return f"${inside}$"
    return inside if arguments[0].lower() in ("nowiki", "pre", "poem", "syntaxhighlight") else ""


def _magic_word(word: str, site: Site) -> str | None:
    if word in ("pagename", "fullpagename", "subjectpagename", "pagenamee", "basepagename", "rootpagename"):
        # The page's own name stands for its parts: pages of the main namespace have none.
        return site.title
    if word in ("!", "=", "(", ")", "((", "))"):
        return {"!": "|", "=": "=", "(": "{", ")": "}", "((": "{{", "))": "}}"}[word]
    if word.startswith(("current", "local", "revision")) and (
        form := _CLOCK.get(re.sub("^(current|local|revision)", "", word))
    ):
        return formatted_time(form, site.now, site.language) if site.now else ""
    if word == "contentlanguage":
        return site.language
    return "" if word in ("sitename", "namespace", "talkpagename", "fullpagenamee", "numberofarticles") else None


_CLOCK = {
    "year": "Y", "month": "m", "month1": "n", "monthname": "F", "monthnamegen": "F", "monthabbrev": "M",
    "day": "j", "day2": "d", "dow": "w", "dayname": "l", "time": "H:i", "hour": "H", "timestamp": "YmdHis",
}  # fmt: skip


def _argument(arguments: Parts, number: int) -> str:
    return arguments[number] if number < len(arguments) else ""


def _if_expression(arguments: Parts, site: Site) -> str:
    value = expression_value(arguments[0] or "0")
    return "" if value is None else _argument(arguments, 1 if value else 2)


def _expression(arguments: Parts, site: Site) -> str:
    value = expression_value(arguments[0])
    return "" if value is None else number_text(value)


def _if_error(arguments: Parts, site: Site) -> str:
    failed = _ERROR.search(arguments[0])
    # Without an error and without a third argument #iferror shows what was tested.
    return _argument(arguments, 1) if failed else arguments[2] if len(arguments) > 2 else arguments[0]


def _format_number(arguments: Parts, site: Site) -> str:
    """`{{formatnum:1234567.8}}` with the separators of the language; `R` takes them out again."""
    number = arguments[0]
    if _argument(arguments, 1).upper() in ("R", "NOSEP") or not _NUMBER.fullmatch(number):
        return number.replace(",", "") if _argument(arguments, 1).upper() == "R" else number
    return grouped(number, site.language)


def _plural(arguments: Parts, site: Site) -> str:
    """`{{plural:3|page|pages}}`; languages with more than two forms take the last for all but one."""
    value = expression_value(arguments[0].replace(",", ""))
    forms = arguments[1:]
    if not forms:
        return ""
    return forms[0] if value == 1 or (value == 0 and site.language == "fr") else forms[-1]


def _padded(arguments: Parts, left: bool) -> str:
    text, width, filling = arguments[0], _argument(arguments, 1), _argument(arguments, 2) or "0"
    missing = min(500, whole_number(width) or 0) - len(text)  # MediaWiki's limit of 500
    padding = (filling * max(0, missing))[: max(0, missing)]
    return padding + text if left else text + padding


def _time(arguments: Parts, site: Site) -> str:
    return formatted_time(arguments[0], site.now, site.language, _argument(arguments, 1))


_FUNCTIONS: dict[str, Callable[[Parts, Site], str]] = {
    "#if": lambda a, site: _argument(a, 1 if a[0].strip() else 2),
    "#ifeq": lambda a, site: _argument(a, 2 if _equal(a[0], _argument(a, 1)) else 3),
    "#ifexpr": _if_expression,
    # Whether a page exists is unknown; most tests are for pages that do.
    "#ifexist": lambda a, site: _argument(a, 1),
    "#iferror": _if_error,
    "#expr": _expression,
    "#time": _time,
    "#timel": _time,
    "#dateformat": lambda a, site: a[0],
    "formatdate": lambda a, site: a[0],
    "#formatdate": lambda a, site: a[0],
    "#language": lambda a, site: LANGUAGES.get(a[0].lower(), a[0]),
    # {{#titleparts:a/b/c|2}} is a/b.
    "#titleparts": lambda a, site: "/".join(a[0].split("/")[: whole_number(_argument(a, 1))]),
    "#len": lambda a, site: str(len(a[0])),
    # A short needle with a long replacement could grow without limit.
    "#replace": lambda a, site: a[0].replace(_argument(a, 1) or " ", _argument(a, 2))[:10_000],
    "formatnum": _format_number,
    "plural": _plural,
    "lc": lambda a, site: a[0].lower(),
    "uc": lambda a, site: a[0].upper(),
    "lcfirst": lambda a, site: a[0][:1].lower() + a[0][1:],
    "ucfirst": lambda a, site: a[0][:1].upper() + a[0][1:],
    "padleft": lambda a, site: _padded(a, True),
    "padright": lambda a, site: _padded(a, False),
    "urlencode": lambda a, site: a[0],
    "anchorencode": lambda a, site: a[0],
    "grammar": lambda a, site: _argument(a, 1),
    "pagename": lambda a, site: a[0],
    "fullpagename": lambda a, site: a[0],
}
