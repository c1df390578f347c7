"""Links between pages: the text they show, and nothing for pictures, categories and the same article elsewhere."""

import re

from corpus.extraction.wiki.names import HIDDEN

_INTERLANGUAGE = re.compile(r"(?:[a-z]{2,3}|simple|[a-z]{2,3}-[a-z-]{2,10})")
_ELSEWHERE = re.compile(
    rf"{_INTERLANGUAGE.pattern}|w|wikt|wiktionary|s|wikisource|q|wikiquote|commons|b|n|v|d|m|meta|mw|voy|species"
)
# Whatever a wiki calls its files ("Lêer:", "Delwedd:"), the name of one ends like this.
_FILE = re.compile(
    r"[^\n:]{1,40}:[^\n]{1,300}\.(?:jpe?g|png|svg|gif|tiff?|webp|xcf|web[mp]|og[gvax]|opus|mp[34]|mpe?g|wav|midi?|flac"
    r"|pdf|djvu|stl)\s*",
    re.IGNORECASE,
)
_PIPE_TRICK = re.compile(r":?(?:[^:|\n]*:)?([^\n]*)")  # after a leading colon and one prefix
# "Kiel (city)", the same in full-width brackets, "Boston, Lincolnshire".
_ADDITION = re.compile(r"\s*\([^()]*\)\Z|\s*（[^（）]*）\Z|,[^,]*\Z")
_PREFIXED = re.compile(r"(?:[ \t]*\[\[[^\[\]|:\n]{1,40}:[^\[\]\n]{1,300}\]\])+[ \t]*")
_CALL = re.compile(r"[ \t]*\{\{[^{}\n]*\}\}[ \t]*")
_OUTSIDE = re.compile(
    r"\[(?:(?:https?|ftps?|gopher|irc|news|ssh|git)://|mailto:|//)[^\s\[\]]*([^\[\]\n]*)\]", re.IGNORECASE
)


def link_text(target: str, shown: list[str]) -> str:
    """What a link to `target` shows; `shown` are the parts after its bars."""
    target = target.strip()
    prefix = target.partition(":")[0].strip().casefold() if ":" in target else ""
    if prefix in HIDDEN or (prefix and _FILE.fullmatch(target)):
        # A picture ends with its paragraph: what its missing end swallowed is the article.
        # `thumb|text<blank line>Article`: what follows the blank line stays.
        return "\n\n" + "|".join(shown).partition("\n\n")[2] if any("\n\n" in part for part in shown) else ""
    if not shown:
        return _title(target, prefix)
    return "|".join(shown) if "".join(shown).strip() else _without_addition(target)  # [[Kiel (city)|]], the pipe trick


def without_categories(text: str) -> str:
    """The page without the lines of bare prefixed links at its end: categories and languages, whatever their names."""
    lines = text.rstrip().split("\n")
    kept: list[str] = []
    while lines:
        line = lines.pop()
        # From the end backwards, over languages, categories and calls, up to the first line of text.
        if _PREFIXED.fullmatch(line):
            continue
        kept.append(line)
        if line.strip() and not _CALL.fullmatch(line):
            break
    return "\n".join((*lines, *reversed(kept)))


def outside_links(text: str) -> str:
    """`[https://example.org its text]` as its text; a link without text shows a number on the page,
    and nothing here."""
    return _OUTSIDE.sub(lambda link: link[1].strip(), text)


def _title(target: str, prefix: str) -> str:
    """The title that a bare link shows; nothing for the same article in another language."""
    if prefix and _INTERLANGUAGE.fullmatch(target.partition(":")[0]):  # de:Kiel; ":de:Kiel" is an ordinary link
        return ""
    target = target.removeprefix(":").strip()
    first, _, rest = target.partition(":")
    elsewhere = first.strip().casefold() in HIDDEN or _ELSEWHERE.fullmatch(first)
    target = rest.strip() if elsewhere and rest else target
    return target.removeprefix("#") if target.startswith("#") else target


def _without_addition(target: str) -> str:
    """`Kiel (city)` as Kiel: what `[[Kiel (city)|]]` shows."""
    found = _PIPE_TRICK.match(target)
    return _ADDITION.sub("", found[1] if found else target)
