"""Named lists of hosts that a recipe may leave out, and the steps that do so.

A list is a choice, not a law: two public rebuilds of WebText block github.com and google.com, which are
fourth and first in the real one. So every list has a name, says why it exists, and only the recipe or a
flag turns it on. Hosts are compared label by label, never as substrings.

WebText's builders removed Wikipedia by host and kept `wikiwand`: it stands in their published table. The
recipe follows the issue's wish instead and removes the mirrors too, from a list of its own.
"""

import gzip
from functools import cache
from pathlib import Path

from corpus.document import Page, Rejected
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

PROFILES = {"media": MEDIA, "wikipedia": WIKIPEDIA, "wikipedia-mirrors": WIKIPEDIA_MIRRORS}


def find_domain(host: str, domains: frozenset[str]) -> str:
    """The listed domain that `host` is or lies under, or "". One look-up per label of the host."""
    labels = host.split(".")
    for start in range(len(labels)):
        candidate = ".".join(labels[start:])
        if candidate in domains:
            return candidate
    return ""


@cache
def load(profile: str) -> frozenset[str]:
    """The domains of a built-in profile, or of a file with one domain a line (`.gz` allowed, `#` comments)."""
    if profile in PROFILES:
        return PROFILES[profile]
    path = Path(profile)
    if not path.is_file():
        raise ValueError(f"no block list {profile!r}: neither a file nor one of {', '.join(sorted(PROFILES))}")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = (line.split("#")[0].strip().lower() for line in data.decode("utf-8", "replace").splitlines())
    return frozenset(line for line in lines if line)


def reject_hosts(page: Page, profile: str, reason: str) -> Page | Rejected:
    """A step on pages: reject, for `reason`, those whose host stands in the profile."""
    found = find_domain(address(page.url).host, load(profile))
    return page.reject(reason, evidence=found) if found else page


def on_the_web(page: Page) -> Page | Rejected:
    """Reject what no browser would fetch over HTTP, whatever the archive calls it."""
    try:
        scheme = address(page.url).scheme
    except ValueError:
        return page.reject("url.malformed", evidence=page.url[:200])
    return page if scheme in ("http", "https") else page.reject("url.not_http", evidence=scheme)
