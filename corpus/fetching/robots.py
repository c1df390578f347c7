"""The rules of a robots.txt for an agent, by RFC 9309 as Google's published parser reads it.

    Robots.parse(body, "corpusloom").allows("https://example.org/a?b")

The verdicts are those of google/robotstxt, which crawlers and site owners take for the reference, also where it is
kinder than the RFC (missing colons, misspelt keys, `*` with words behind it, lines of 16 kB cut off) and where it is
stricter (escapes of unreserved characters are not decoded). Libraries differ from it: protego 0.7.0 takes a group for
`Foo` as one for `FooBot`, unknown lines as the end of a group, and `%62` as `b`; docs/log.md has the count.

Everything is bytes: a rule is a prefix of the path, with `*` for any characters and `$` for the end. `*` is matched by
finding one piece after the other, so no pattern takes more than pattern × path steps. The longest rule that matches
decides, and an `allow` among equals.
"""

import math
import re
from dataclasses import dataclass

# Google reads 500 KiB, the least that the RFC allows (§2.5).
MOST_BYTES = 500 * 1024
# Google's limit: a URL of 2,083 characters (Internet Explorer's longest) times 8, less one.
_LONGEST_LINE = 2083 * 8 - 1
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BLANKS = b" \t\n\v\f\r"
_AGENT = (b"user-agent", b"useragent", b"user agent")
_DISALLOW = (b"disallow", b"dissallow", b"dissalow", b"disalow", b"diasllow", b"disallaw")
_CRAWL_DELAY = (b"crawl-delay", b"crawldelay", b"crawl delay")
_TOKEN = re.compile(rb"[A-Za-z_-]*")  # what Google takes for a product token: "Foo/1.0" is Foo
_ESCAPED = re.compile(rb"%[0-9A-Fa-f]{2}|[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: whether a path that the pattern matches may be fetched."""

    allows: bool
    pattern: bytes

    def matches(self, path: bytes) -> bool:
        """Whether the pattern matches a path from its beginning."""
        pattern, to_the_end = self.pattern, self.pattern.endswith(b"$")
        # "/a*c$" is head "/a", pieces ["c"], to the end; the first piece is a prefix, the others are found one after
        # the other.
        head, *pieces = (pattern[:-1] if to_the_end else pattern).split(b"*")
        if not path.startswith(head):
            return False
        if not pieces:
            return not to_the_end or path == head
        at = len(head)
        *middle, last = pieces
        for piece in middle:
            at = path.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        # "/ab*bc$" does not match /abc: its last piece would begin before the head has ended.
        return path.endswith(last) and len(path) - len(last) >= at if to_the_end else path.find(last, at) >= 0


@dataclass(frozen=True)
class Robots:
    """The rules of one robots.txt that hold for one agent; `crawl_delay` in seconds, None where it asks for none."""

    rules: tuple[Rule, ...] = ()
    crawl_delay: float | None = None

    @staticmethod
    def parse(body: bytes, agent: str) -> "Robots":
        """The rules for the product token `agent`: those of the groups that name it, else those for `*`."""
        own, others, named = _Group(), _Group(), False
        # to_own, to_others: whether the group at hand names us, or `*`. A `user-agent` after a rule opens another
        # group.
        to_own = to_others = ended = False
        for key, value in _lines(body[:MOST_BYTES]):
            if key.startswith(_AGENT):
                if ended:
                    to_own = to_others = ended = False
                if value[:1] == b"*" and not value[1:2].strip(_BLANKS):  # "*" alone, or "*" and words after a blank
                    to_others = True
                elif _token(value).lower() == agent.lower().encode() != b"":
                    to_own = named = True
            elif to_own or to_others:
                ended = (own if to_own else others).take(key, value) or ended
        group = own if named else others
        return Robots(tuple(group.rules), group.crawl_delay)

    def allows(self, url: str) -> bool:
        """Whether the URL, escaped as it goes over the wire, may be fetched."""
        path = path_of(url)
        # Without a rule a path is allowed; an `allow` beats a `disallow` of the same length, as True > False
        best: tuple[int, bool] = (0, True)
        for rule in self.rules:
            matched = rule.matches(path)
            if not matched and rule.allows and (folder := _folder_of_index(rule.pattern)):
                rule = Rule(True, folder)
                matched = rule.matches(path)
            if matched:
                best = max(best, (len(rule.pattern), rule.allows))
        return best[1]


class _Group:
    """The rules of one agent, as its lines come."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.crawl_delay: float | None = None

    def take(self, key: bytes, value: bytes) -> bool:
        """Keep a line; whether it is a rule, after which the next `user-agent` opens another group."""
        if key.startswith(b"allow"):
            self.rules.append(Rule(True, _escape(value)))
            return True
        if key.startswith(_DISALLOW):
            self.rules.append(Rule(False, _escape(value)))
            return True
        if key.startswith(_CRAWL_DELAY) and (delay := _seconds(value)) is not None:
            self.crawl_delay = max(delay, self.crawl_delay or 0.0)
        return False


def path_of(url: str) -> bytes:
    """Path and query of a URL, beginning with a slash: what rules are about."""
    # "//e.org/a?b#c"              start 2, after 2, path at "/": /a?b
    # "https://e.org?q=http://x"  the scheme ends before the first "?", path at "?": /?q=http://x
    # "https://e.org#a/b"          the first "/" lies in the fragment: /
    start = 2 if url.startswith("//") else 0
    first = min((at for mark in "/?;" if (at := url.find(mark, start)) >= 0), default=len(url))
    scheme = url.find("://", start)
    after = scheme + 3 if 0 <= scheme <= first else start
    path = min((at for mark in "/?;" if (at := url.find(mark, after)) >= 0), default=-1)
    fragment = url.find("#", start)
    if path < 0 or 0 <= fragment < path:
        return b"/"
    found = url[path : fragment if fragment >= 0 else len(url)].encode("utf-8", "surrogatepass")
    return found if found.startswith(b"/") else b"/" + found


def _lines(body: bytes) -> list[tuple[bytes, bytes]]:
    """The lines as key, in lower case, and value."""
    for length in (3, 2, 1):  # also a byte order mark that was cut
        if body.startswith(_BOM[:length]):
            body = body[length:]
            break
    found = []
    for line in _LINE_END.split(body):
        # What follows a NUL is not read.
        line = line[:_LONGEST_LINE].partition(b"\0")[0].partition(b"#")[0].strip(_BLANKS)
        key, colon, value = line.partition(b":")
        if not colon:  # some forget it, and then a blank has to do; more than two words are a sentence
            words = line.replace(b"\t", b" ").split(b" ")
            words = [word for word in words if word]
            if len(words) != 2:
                continue
            key, value = words
        if key := key.strip(_BLANKS).lower():
            found.append((key, value.strip(_BLANKS)))
    return found


def _token(value: bytes) -> bytes:
    match = _TOKEN.match(value)
    return match.group() if match else b""


def _escape(pattern: bytes) -> bytes:
    """The pattern with escapes in capitals, and bytes beyond ASCII escaped."""

    def escape(match: re.Match[bytes]) -> bytes:
        # "%c3" has three bytes and becomes "%C3"; the byte 0xE9 becomes "%E9".
        found = match.group()
        return found.upper() if len(found) == 3 else b"%%%02X" % found[0]

    return _ESCAPED.sub(escape, pattern)


def _folder_of_index(pattern: bytes) -> bytes:
    """The pattern for the folder itself where a pattern names its index page: `/a/index.html` lets `/a/` be read."""
    slash = pattern.rfind(b"/")
    return pattern[: slash + 1] + b"$" if slash >= 0 and pattern[slash:].startswith(b"/index.htm") else b""


def _seconds(value: bytes) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None  # "inf", "nan" and "-1" are no delays
