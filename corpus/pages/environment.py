"""The templates of all pages: one base, one style, and every string made visible and escaped.

A page is one file that opens from disk. Its content security policy allows nothing from outside, and no script but one
whose digest it names (the search of a corpus's report), since it shows text that anybody may have written: `visible`
writes out what could hide or reorder other text, jinja2 escapes the rest, and an address becomes a link only when it is
plain http or https. The machine that trains has jinja2 (PyTorch brings it) and nothing heavier is imported here.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from corpus.pages import figures

_TEMPLATES = Path(__file__).parent
_LONGEST_LINK = 2000
_LINK = re.compile(r"https?://[^\s\"'<>\\^`{|}]+", re.IGNORECASE)


@cache
def environment(folder: Path) -> jinja2.Environment:
    """For the templates of a folder, beside `base.html.j2` and the style of all pages; compiled once a process."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _TEMPLATES]),
        autoescape=True,
        trim_blocks=True,  # a lone block tag leaves no line
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        # Exactly str: a Markup is a subclass and is made already.
        finalize=lambda value: figures.visible(value) if type(value) is str else value,
    )
    kinds = (figures.number, figures.size, figures.share, figures.duration, figures.median, link, beginning, breakable)
    environment.filters.update({function.__name__: function for function in kinds})
    return environment


def link(url: str) -> Markup:
    """The URL as a link where a browser can do nothing worse than open it, else as text."""
    text = figures.visible(url)
    short = text if len(text) <= 110 else f"{text[:109]}…"
    # `text != url`: something invisible was written out, so the link would not lead where it seems to.
    if text != url or len(url) > _LONGEST_LINK or not _LINK.fullmatch(url):
        return Markup("<bdi>{}</bdi>").format(short)
    return Markup('<a href="{}" rel="noreferrer nofollow">{}</a>').format(url, short)


def breakable(name: str) -> Markup:
    """A name that may break after its dots and underscores, for narrow screens."""
    # After the mark, which stays at the end of its line.
    return Markup("<wbr>").join(re.split(r"(?<=[._])", figures.visible(name)))


def beginning(text: str, characters: int) -> str:
    """The first characters of a text; one that goes on says so."""
    return text if len(text) <= characters else f"{text[:characters].rstrip()} …"


def neighbours(page: Path, named: Mapping[str, Path]) -> dict[str, str]:
    """Relative links from a page to files of this machine that exist, by their name; others are left out."""
    found = {name: path for name, path in named.items() if "://" not in str(path) and path.is_file()}
    return {
        name: quote(Path(os.path.relpath(path.absolute(), page.absolute().parent)).as_posix())
        for name, path in found.items()
    }
