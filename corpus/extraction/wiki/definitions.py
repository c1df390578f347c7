"""The dump's own templates, those that are simple: text with parameters and conditions.

A box, a table or a call of Lua is left to the tables of `corpus.extraction.wiki.templates`, or shows nothing. What a
template says to its own page (`<noinclude>`) is not what it says to others.
"""

import re
from collections.abc import Mapping

from corpus.extraction.wiki.expand import Expander, is_silent
from corpus.extraction.wiki.site import Definition, Site
from corpus.extraction.wiki.templates import shows

_LONGEST = 4_000  # characters; longer ones are boxes and tables
_NOT_SIMPLE = re.compile(
    r"#invoke|#tag:|\{\||<table|<ref|<div[^<>]*(?:navbox|mbox|infobox|NavFrame)"
    r"|\{\{\s*(?:infobox|navbox|[a-z]{0,3}mbox|sidebar|cite |fix\b)",
    re.IGNORECASE,
)
# Possessive (*+): no text without an end is tried again from each place.
_COMMENT = re.compile(r"<!--(?:(?!-->).)*+-->", re.DOTALL)
_NO_INCLUDE = re.compile(
    r"<noinclude\s*>(?:(?!</noinclude).)*+</noinclude\s*>|<noinclude\s*/>", re.DOTALL | re.IGNORECASE
)
_ONLY_INCLUDE = re.compile(r"<onlyinclude\s*>((?:(?!</onlyinclude).)*+)</onlyinclude\s*>", re.DOTALL | re.IGNORECASE)
_TAGS = re.compile(r"</?(?:includeonly|onlyinclude|noinclude)\s*>|<templatestyles\b[^<>]*>", re.IGNORECASE)
_CALL = re.compile(r"(?<!\{)\{\{(?!\{)\s*([^{}|:\n]*)")  # {{name, but not {{{parameter
_FUNCTIONS = frozenset("#if #ifeq #switch #ifexpr #expr lc uc ucfirst lcfirst formatnum plural padleft ! =".split())
# "#REDIRECT [[Template:Cite web]]", in whatever language.
_ALIAS = re.compile(r"\s*#\w+\s*:?\s*\[\[[^\[\]:]*:([^\[\]|#]+)", re.IGNORECASE)


def definition(wikitext: str) -> Definition | None:
    """What a template's page says to the pages that call it; None where that is not simple."""
    text = _COMMENT.sub("", wikitext)
    # <onlyinclude> means: nothing but this. Otherwise all but <noinclude>.
    only = _ONLY_INCLUDE.findall(text)
    text = _TAGS.sub("", "".join(only) if only else _NO_INCLUDE.sub("", text)).strip("\n")
    if len(text) > _LONGEST or _NOT_SIMPLE.search(text):
        return None
    calls = [call.strip().casefold() for call in _CALL.findall(text)]
    # Calls of templates that no table knows make it undecidable: what they say may be missing.
    return Definition(text, all(call in _FUNCTIONS or shows(call) for call in calls))


def alias(wikitext: str) -> str:
    """The name (lower case) of the template that a redirect of templates leads to; "" for a page of its own."""
    found = _ALIAS.match(wikitext)
    return template_name(found[1]) if found else ""


def template_name(title: str) -> str:
    """The name by which a template is called, in lower case, of its title without its namespace."""
    return " ".join(title.replace("_", " ").split()).casefold()


def with_aliases(found: Mapping[str, Definition], aliases: Mapping[str, str]) -> dict[str, Definition]:
    """The definitions under all their names; those whose names stand for citations and boxes left out."""
    known = {name: each for name, each in found.items() if not is_silent(name)}
    for name, target in aliases.items():
        if target in known and not is_silent(name):
            known.setdefault(name, known[target])  # a template of its own keeps its name
    return known


def with_templates(wikitext: str, site: Site) -> str:
    """The page, still wikitext, with the calls of the templates that the dump defines replaced by what they say."""
    return Expander(site, keep_unknown=True).expand(wikitext) if site.definitions else wikitext
