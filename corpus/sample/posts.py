"""Writes the Reddit dumps of the embedded sample: posts about the planted pages, and everything that is not one.

The lines have Pushshift's fields and Pushshift's faults: dates as strings, scores as floats or null, missing
fields, the same post in two dumps, `&amp;` in URLs, separators of Unicode in titles, and lines that are no JSON.
A post about a page writes the page's URL the way people paste it: with `www.`, a slash, a fragment, a tracking key.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TypeAlias
from urllib.parse import urlsplit

# The fields of a post: Pushshift writes one and the same now as a number, now as text.
SamplePost: TypeAlias = dict[str, str | int | float | None]
DUMPS = {
    "2016-11": "RS_2016-11.zst",
    "2016-12": "RS_2016-12.zst",
    "2017-01": "RS_2017-01.xz",
    "2017-02": "RS_2017-02.bz2",
    "2018-01": "RS_2018-01.gz",
}
USUAL_MONTHS = ("2016-11",) * 9 + ("2016-12",) * 8 + ("2017-01", "2017-02")
SUBREDDITS = "slowcrafts harbourlife workbench tidewatch oldpaper AskAKeeper soup railwayana weather quiet".split()
TAILS = ("", "", "", " (2016)", " [long read]", " – worth your tea break", "?")
THREE_DAYS = 3 * 86400
ORDINARY_FIELDS = {
    "archived": False,
    "author_flair_css_class": None,
    "author_flair_text": None,
    "brand_safe": True,
    "contest_mode": False,
    "distinguished": None,
    "edited": False,
    "gilded": 0,
    "hide_score": False,
    "link_flair_text": None,
    "locked": False,
    "media": None,
    "media_embed": {},
    "selftext": "",
    "spoiler": False,
    "stickied": False,
    "suggested_sort": None,
    "thumbnail": "default",
}
DELETED = {"author": "[deleted]", "selftext": "[deleted]"}
REMOVED = {"removed_by_category": "moderator", "selftext": "[removed]"}
# Lines that no reader can use, by what is wrong with them; `lone_surrogate` and `huge` are merely unusual.
ODD_LINES = {
    "not_json": (b'{"id":"5bq01","url":"https://broken.example/a","score":5', b"retry later", b'{"id":"5bq02",}'),
    "not_utf8": (b'{"id":"5bq03","title":"caf\xe9 \xff","url":"https://broken.example/b","score":1}',),
    "not_object": (b"[]", b"null"),
    "blank": (b"",),
}


@dataclass(frozen=True)
class SampleLink:
    """A URL that posts link to: their scores, and the fields that make them special.

    `later` is the score of the first post when it was retrieved again, for a later dump.
    """

    url: str
    title: str
    scores: tuple[int | None, ...]
    fields: Mapping[str, str | bool | None] = field(default_factory=dict)
    months: tuple[str, ...] = USUAL_MONTHS
    later: int | None = None
    verbatim: bool = False


@dataclass(frozen=True)
class Dumps:
    """The dumps as bytes by file name, and how many lines of each odd kind are in them."""

    files: dict[str, bytes]
    lines: dict[str, int]


def write_dumps(links: list[SampleLink], prose: str) -> Dumps:
    """All posts about `links`, the posts that link to no page, and the odd lines; `prose` fills one huge self post."""
    random = Random("posts")
    posts = [post for link in [*links, *_elsewhere(random)] for post in _posts(link, random)]
    posts.sort(key=lambda post: (post[0], str(post[1]["created_utc"]), str(post[1]["id"])))
    lines: dict[str, list[bytes]] = {month: [] for month in DUMPS}
    for number, (month, record) in enumerate(posts):
        drifted = _drift(record, number)
        lines[month].append(json.dumps(drifted, ensure_ascii=False, separators=(",", ":")).encode())
    odd = {kind: len(rows) for kind, rows in ODD_LINES.items()}
    for number, row in enumerate(row for rows in ODD_LINES.values() for row in rows):
        lines[("2016-11", "2016-12")[number % 2]].insert(11 + 23 * number, row)
    lines["2016-12"].insert(40, _huge_line(random, prose))
    lines["2016-11"].insert(50, _surrogate_line(random))
    odd |= {"huge": 1, "lone_surrogate": 1, "all": sum(map(len, lines.values()))}
    return Dumps({DUMPS[month]: b"\n".join(rows) + b"\n" for month, rows in lines.items()}, odd)


def _posts(link: SampleLink, random: Random) -> Iterator[tuple[str, SamplePost]]:
    """The posts of one link, each with the dump it stands in."""
    for number, score in enumerate(link.scores):
        month = random.choice(link.months)
        url = link.url if link.verbatim or number == 0 else variant(link.url, random.randrange(9))
        record = _record(random, month, url, link.title + random.choice(TAILS), score) | dict(link.fields)
        yield month, record
        if link.later is not None and number == 0:
            again = record | {"score": link.later, "retrieved_on": int(record["retrieved_on"] or 0) + 40 * 86400}
            yield "2017-02", again


def variant(url: str, number: int) -> str:
    """The URL as somebody else would paste it: one of nine ways, all of which mean the same page."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    mark = "&" if "?" in path else "?"
    swapped = {"http": "https", "https": "http"}[scheme]
    bare = host.removeprefix("www.")
    return (
        f"{swapped}://{host}/{path}",
        f"{scheme}://{bare if host != bare else 'www.' + bare}/{path}",
        f"{scheme}://{host}/{path.rstrip('/') if path.endswith('/') or '?' in path else path + '/'}",
        f"{url}#comments",
        f"{url}{mark}utm_source=reddit&amp;utm_medium=social",
        f"{url}{mark}fbclid=IwAR0lantern",
        f"{url}{mark}ref=reddit",
        f"{scheme.upper()}://{host.upper()}/{path}",
        f"{scheme}://{host}:{443 if scheme == 'https' else 80}/{path.replace('&', '&amp;')}",
    )[number]


def _record(random: Random, month: str, url: str | None, title: str, score: int | None) -> SamplePost:
    """One submission with the usual fields, in Pushshift's order of the alphabet."""
    year, number = map(int, month.split("-"))
    created = int(datetime(year, number, 1, tzinfo=UTC).timestamp()) + random.randrange(28 * 86400)
    name = f"5{random.randrange(16**7):07x}"
    subreddit = random.choice(SUBREDDITS)
    own = {
        "author": f"user{random.randrange(400):03}",
        "created_utc": created,
        "domain": (urlsplit(url or "").hostname or "").removeprefix("www."),
        "id": name,
        "is_self": False,
        "num_comments": random.randrange(60),
        "over_18": False,
        "permalink": f"/r/{subreddit}/comments/{name}/",
        "retrieved_on": created + THREE_DAYS,
        "score": score,
        "subreddit": subreddit,
        "title": title,
        "url": url,
    }
    return dict(sorted((ORDINARY_FIELDS | own).items()))


def _drift(record: SamplePost, number: int) -> SamplePost:
    """The record as another year's dump would have written it; what it says stays the same."""
    record = dict(record)
    if number % 19 == 0:
        record["created_utc"] = str(record["created_utc"])
    if number % 23 == 0 and record["score"] is not None:
        record["score"] = float(record["score"])
    if number % 11 == 0 and record["url"]:
        record["url_overridden_by_dest"] = record["url"]
    if record["score"] is None and number % 2:
        del record["score"]
    # Only where it says nothing: absent means False.
    for every, name in ((29, "over_18"), (31, "domain"), (37, "is_self")):
        if number % every == 0 and record[name] is not True:
            del record[name]
    return record


def _elsewhere(random: Random) -> Iterator[SampleLink]:
    """Posts that lead to no page of the sample: pictures, films, encyclopedias, Reddit itself, and nowhere at all."""
    good = (random.randint(3, 900),)
    for number in range(60):
        where = {"is_self": True, "domain": "self.slowcrafts", "selftext": "Asking for a friend with a loom."}
        yield SampleLink(f"https://www.reddit.com/r/quiet/comments/5s{number}/", "How do I begin?", good, where)
    for number in range(25):
        yield SampleLink(f"https://i.imgur.com/a{number:05x}.jpg", "My grandmother's bench", good, verbatim=True)
        yield SampleLink(
            f"https://www.youtube.com/watch?v=lantern{number:04}", "A kettle, for an hour", good, verbatim=True
        )
        yield SampleLink(f"https://www.reddit.com/r/soup/comments/5r{number}/", "See this thread", good, verbatim=True)
    for number in range(8):
        yield SampleLink(f"https://en.wikipedia.org/wiki/Invented_trade_{number}", "TIL", good)
        yield SampleLink(f"https://de.wikipedia.org/wiki/Handwerk_{number}", "Gelernt", good)
    for number in range(15):
        yield SampleLink(f"https://private.example/{number}", "After dark", good, {"over_18": True})
        yield SampleLink(f"https://gone.example/{number}", "Gone", good, DELETED if number % 2 else REMOVED)
    for number in range(4):
        yield SampleLink(
            f"https://umbrellas.example/offer/{number}", "An offer", good, {"promoted": True}, verbatim=True
        )
    odd_urls = ("mailto:keeper@harbour.example", "javascript:void(0)", "http://", "not a url", "http://127.0.0.1/x")
    for url in odd_urls:
        yield SampleLink(url, "Odd", good, verbatim=True)
    for _ in range(6):
        yield SampleLink("https://null.example/", "No address", good, {"url": None, "domain": None}, verbatim=True)


def _huge_line(random: Random, prose: str) -> bytes:
    """A self post of a megabyte, as some people write them."""
    text = prose * (1_000_000 // len(prose) + 1)
    record = _record(random, "2016-12", "https://www.reddit.com/r/quiet/comments/5huge/", "My whole life", 4)
    return json.dumps(record | {"is_self": True, "selftext": text[:1_000_000]}, ensure_ascii=False).encode()


def _surrogate_line(random: Random) -> bytes:
    """A title with half of a surrogate pair, which is valid JSON and no valid Unicode."""
    record = _record(random, "2016-11", "https://halves.example/", "half a smile \ud83d", 1)
    return json.dumps(record).encode()
