"""Named lists of hosts, and one of words in addresses, that a recipe may leave out, and the steps that do so.

A list is a choice, not a law: two public rebuilds of WebText block github.com and google.com, which are
fourth and first in the real one. So every list has a name, says why it exists, and only the recipe or a
flag turns it on. Hosts are compared label by label, never as substrings.

WebText's builders removed Wikipedia by host and kept `wikiwand`: it stands in their published table. The
recipe removes the mirrors too, from a list of its own.

The words are those of datatrove's URL filter, which FineWeb was made with. They are read from that package where it is
installed (`corpusloom[datatrove]`), and found in an address as it finds them: a word as a whole, two different ones of
the soft words, and a piece anywhere in the address without its marks.
"""

import gzip
import re
from collections.abc import Iterable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

from corpus.document import Page, PageStep, Rejected
from corpus.errors import CorpusloomError, ExitCode
from corpus.urls import address

WIKIPEDIA = frozenset({"wikipedia.org", "wikipedia.com"})
WIKIPEDIA_MIRRORS = frozenset(
    """
    dbpedia.org deletionpedia.org en-academic.com encyclopedia.thefreedictionary.com
    encyclopedia2.thefreedictionary.com everybodywiki.com infogalactic.com justapedia.org wiki2.org wikimili.com
    wikivisually.com wikiwand.com wikizero.com
    """.split()
)

# Hosts of pictures, films, sound and short messages. None of them occurs among the thousand domains published
# with WebText although they lead any count of Reddit links: their pages hold no article. flic.kr (105th of the
# thousand) and twitch.tv (993rd) are not in this list for that reason; their pages without prose fall by the rules.
MEDIA = frozenset(
    """
    bandcamp.com dailymotion.com deviantart.com facebook.com fb.com flickr.com gfycat.com giphy.com imgflip.com
    imgur.com instagram.com liveleak.com livememe.com memegenerator.net minus.com photobucket.com quickmeme.com
    soundcloud.com spotify.com streamable.com tinypic.com tumblr.com twitter.com vimeo.com vine.co
    youtu.be youtube.com
    """.split()
)
# Where a link from Reddit does not lead out of Reddit.
REDDIT = frozenset("reddit.com redd.it redditmedia.com redditstatic.com redditblog.com reddituploads.com".split())

URL_WORDS = "datatrove-words"
# How many different words of each of its lists an address must have to be blocked.
_LEAST_WORDS = {"banned_words": 1, "soft_banned_words": 2, "banned_subwords": 1}
_BETWEEN_WORDS = re.compile(r"[^a-zA-Z0-9]+")

PROFILES = {"media": MEDIA, "wikipedia": WIKIPEDIA, "wikipedia-mirrors": WIKIPEDIA_MIRRORS}


def find_domain(host: str, domains: frozenset[str]) -> str:
    """The listed domain that `host` is or lies under, or "". One look-up per label of the host."""
    # a.b.example.org is looked up as itself, then as b.example.org, example.org and org.
    labels = host.split(".")
    for start in range(len(labels)):
        candidate = ".".join(labels[start:])
        if candidate in domains:
            return candidate
    return ""


@cache
def load(profile: str) -> frozenset[str]:
    """The domains of a built-in profile, or of a file with one domain a line (`.gz` allowed, `#` comments).

    Of `URL_WORDS` the words, each behind the name of its list.
    """
    if profile in PROFILES:
        return PROFILES[profile]
    if profile == URL_WORDS:
        return frozenset(f"{name} {word}" for name, words in _url_words().items() for word in words)
    path = Path(profile)
    if not path.is_file():
        raise ValueError(
            f"no block list {profile!r}: neither a file nor one of {', '.join(sorted((*PROFILES, URL_WORDS)))}"
        )
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = (line.split("#")[0].strip().lower() for line in data.decode("utf-8", "replace").splitlines())
    return frozenset(line for line in lines if line)


def reject_hosts(page: Page, profile: str, reason: str) -> Page | Rejected:
    """A step on pages: reject, for `reason`, those whose host stands in the profile."""
    found = find_domain(address(page.url).host, load(profile))
    return page.reject(reason, evidence=found) if found else page


def blocking(profiles: Iterable[str]) -> tuple[PageStep, ...]:
    """The step of each profile, in their order."""
    return tuple(
        partial(reject_words if name == URL_WORDS else reject_hosts, profile=name, reason="url.blocked")
        for name in profiles
    )


def reject_words(page: Page, profile: str, reason: str) -> Page | Rejected:
    """A step on pages: reject those with words of the profile `URL_WORDS` in their address; the evidence are these."""
    # https://example.org/free-nude gives the words {https, example, org, free, nude} as they are written, and the
    # pieces are looked for in httpsexampleorgfreenude.
    words = frozenset(_BETWEEN_WORDS.split(page.url))
    joined = _BETWEEN_WORDS.sub("", page.url).lower()
    for name, listed in _url_words().items():
        found = [word for word in listed if word in joined] if name == "banned_subwords" else sorted(listed & words)
        if len(found) >= _LEAST_WORDS[name]:
            return page.reject(reason, evidence=" ".join(found))
    return page


@cache
def _url_words() -> dict[str, frozenset[str]]:
    """The words of each list, without marks and in lower case."""
    package = find_spec("datatrove")
    if package is None or not package.origin:
        raise CorpusloomError(
            f"--block {URL_WORDS} reads the words of the package datatrove, which is not installed; "
            "pip install 'corpusloom[datatrove]'",
            ExitCode.FLAGS,
        )
    lists = {name: Path(package.origin).parent / "assets" / f"{name}.txt" for name in _LEAST_WORDS}
    return {
        # Lines that begin with # say where the words are from.
        name: frozenset(_BETWEEN_WORDS.sub("", line).lower() for line in path.open(encoding="utf-8") if line[0] != "#")
        for name, path in lists.items()
    }


def on_the_web(page: Page) -> Page | Rejected:
    """Reject what no browser would fetch over HTTP, whatever the archive calls it."""
    try:
        scheme = address(page.url).scheme
    except ValueError:
        return page.reject("url.malformed", evidence=page.url[:200])
    return page if scheme in ("http", "https") else page.reject("url.not_http", evidence=scheme)
