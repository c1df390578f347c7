"""A URL as something to connect to: scheme, host and port, or the reason why it is nothing to fetch.

The parser is the WHATWG's, as browsers have it, so a host in an odd spelling is what a browser takes it for: `0x7f.1`,
`2130706433`, `0177.0.0.1` and `①②⑦.⓪.⓪.①` are all 127.0.0.1, and `http://good.example@127.0.0.1/` is not at
good.example. Nothing downstream parses a host a second time. User name and password in a URL are never sent.
"""

from collections.abc import Container
from dataclasses import dataclass
from ipaddress import ip_address

import ada_url

from corpus.fetching.addresses import why_not_public

DEFAULT_PORTS = {"http": 80, "https": 443}
WEB_PORTS = frozenset(DEFAULT_PORTS.values())
# Ports on which a mail server, database or cluster usually answers, and hardly ever a web server; most of them are the
# "bad ports" of the Fetch standard, §2.9.
REFUSED_PORTS = frozenset(
    (0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
     110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530,
     531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2375,
     2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 5984, 6000, 6379, 6566, 6443, 6665, 6666,
     6667, 6668, 6669, 6679, 6697, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017)
)  # fmt: skip
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp", ".home", ".test",
                   ".example", ".invalid", ".onion", ".alt")  # fmt: skip


class RefusedTarget(Exception):
    """A URL that is not to be fetched; `reason` is `target.…`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Target:
    """What to ask for, and where. `url` is without fragment and user; `host` without brackets; `path` has the query."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port: what one robots.txt is for (RFC 9309 §2.3)."""
        # https://example.org:443/a?b: the parser drops the default port, so what is before the path is the origin.
        return self.url[: len(self.url) - len(self.path)]

    @property
    def robots(self) -> str:
        """Where the robots.txt of the origin is."""
        return f"{self.origin}/robots.txt"


def target_of(url: str, ports: frozenset[int] = WEB_PORTS, local_names: Container[str] = ()) -> Target:
    """The target of a URL; `RefusedTarget` where it has none. `local_names` are let through whatever they look like.

    Reasons: `target.not_a_url`, `target.scheme`, `target.port`, and `target.local_name` for names that no public server
    has: without a dot, or of a private or reserved suffix (RFC 6761, 6762, 8375).
    """
    try:
        parsed = ada_url.URL(url)
    except (ValueError, UnicodeEncodeError) as error:
        raise RefusedTarget("target.not_a_url", url[:200]) from error
    scheme = parsed.protocol.rstrip(":")
    if scheme not in DEFAULT_PORTS:
        raise RefusedTarget("target.scheme", scheme)
    # The fragment never reaches a server; user and password are not ours to send.
    parsed.username = parsed.password = parsed.hash = ""
    host = _without_final_dots(parsed)
    port = int(parsed.port) if parsed.port else DEFAULT_PORTS[scheme]
    if port not in ports:
        raise RefusedTarget("target.port", str(port))
    if host not in local_names:
        _check_host(host)
    return Target(parsed.href, scheme, host.strip("[]"), port, parsed.pathname + parsed.search)


def _without_final_dots(parsed: ada_url.URL) -> str:
    """The host of a URL, which loses the dots at its end: without them it may be a number."""
    # "127.0.0.1." is 127.0.0.1 for a connection, and a name for a check that does not know.
    bare = parsed.hostname.rstrip(".")
    if bare and bare != parsed.hostname:
        try:
            parsed.hostname = bare
        except ValueError as error:
            raise RefusedTarget("target.not_a_url", f"host {parsed.hostname!r}") from error
    return parsed.hostname


def _check_host(host: str) -> None:
    if not host or host.endswith("."):
        raise RefusedTarget("target.not_a_url", f"host {host!r}")
    if is_numeric(host):
        return
    # ".corp" would not find the host "corp" itself without the dot in front.
    if "." not in host or f".{host}".endswith(_LOCAL_SUFFIXES):
        raise RefusedTarget("target.local_name", host[:200])


def is_numeric(host: str) -> bool:
    """Whether a host, as the URL parser gives it, is an address and no name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def check_numeric(host: str) -> None:
    """`RefusedTarget` for an address that is not public; a name passes, and is looked up later."""
    if is_numeric(host) and (block := why_not_public(host.strip("[]"))):
        raise RefusedTarget("target.address", f"{host} is {block}")
