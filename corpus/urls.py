"""Web addresses: one canonical form, one sort-friendly key, one registrable domain.

Parsing is the WHATWG's (ada), the public suffix list is the one inside its package, pinned; nothing is
downloaded. Three forms are kept side by side because they answer three questions:

* the raw URL: what was written;
* `canonical`: what it means. Host and scheme lower-cased and in ASCII, no userinfo, default port or
  fragment, dot segments resolved, %-escapes normalised, tracking keys dropped, the other keys sorted;
* `surt`: which page it is, whoever wrote the link. The canonical form without scheme, `www.` and a
  trailing slash, the host reversed (`org,example)/a`). Two links with one SURT ask for one page.
  Unlike Common Crawl's key it keeps the case of the path, which many hosts distinguish.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import ada_url
from publicsuffixlist import PublicSuffixList

# Keys that say where a reader came from and never which page is meant.
TRACKING_KEYS = frozenset(
    """
    _ga _gl _hsenc _hsmi _openstat cmpid dclid fb_action_ids fb_action_types fb_ref fb_source fbclid ga_campaign
    ga_content ga_medium ga_source ga_term gclid gclsrc igshid mbid mc_cid mc_eid mkt_tok msclkid ncid ocid
    partner_ref ref_src ref_url s_cid smid smprod smtyp spm spref sr_share srnd twclid wt.mc_id wt_mc xtor
    yclid
    """.split()
)
TRACKING_PREFIXES = ("utm_", "utm-", "pk_", "mtm_", "hsa_")
# A value beside the key decides: `ref=share` tracks, `ref=feature-branch` may name a page.
REFERRERS = frozenset(
    """
    facebook fb feed google hn hackernews homepage instagram linkedin mobile nav newsletter reddit rss share shared
    social tw twitter twtr widget
    """.split()
)
# Schemes that carry no retrievable page at all.
PAGELESS_SCHEMES = frozenset("about blob data file javascript magnet mailto sms tel view-source".split())

_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&#x2F;": "/"}
_ENTITY = re.compile("|".join(_ENTITIES), re.IGNORECASE)
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_WWW = re.compile(r"^www\d{0,3}\.(?=[^.]+\.)")
_SUFFIXES = PublicSuffixList(only_icann=True)
_NUMERIC_HOST = re.compile(r"^(\d{1,3}(\.\d{1,3}){3}|\[.*\])$")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. `host` is "" for the hostless schemes that some dumps hold."""

    canonical: str
    surt: str
    scheme: str
    host: str
    domain: str


@lru_cache(maxsize=1 << 16)
def address(url: str) -> Address:
    """The forms of one URL; `ValueError` when no browser could follow it."""
    parsed = _parse(unwrap(_unescape(url)))
    scheme = parsed.protocol.rstrip(":")
    host = parsed.hostname.rstrip(".")
    port = f":{parsed.port}" if parsed.port else ""
    path = _normalised_escapes(parsed.pathname)
    query = _kept_query(parsed.search)
    slashes = "//" if host or parsed.href.startswith(f"{scheme}://") else ""
    canonical = f"{scheme}:{slashes}{host}{port}{path}{query}"
    surt = f"{_reversed(host)}{port}){path.rstrip('/')}{query}" if host else f"{scheme}:{path.rstrip('/')}{query}"
    return Address(canonical, surt, scheme, host, registrable_domain(host))


def unwrap(url: str) -> str:
    """The address inside a link that only forwards to it (`google.com/url?q=…`), else the URL itself."""
    for pattern, target in _WRAPPERS:
        match = pattern.match(url)
        if match:
            inner = target(match.group(1))
            return inner if ada_url.check_url(inner) else url
    return url


@lru_cache(maxsize=1 << 16)
def registrable_domain(host: str) -> str:
    """The part of a host that somebody registered (`bbc.co.uk`); the host itself for numbers and bare names.

    Only the ICANN part of the public suffix list counts: blogspot.com is one domain here, as in the
    table of domains that was published with WebText.
    """
    if not host or _NUMERIC_HOST.match(host):
        return host
    return _SUFFIXES.privatesuffix(host) or host


def _unescape(url: str) -> str:
    """Undo the HTML escapes of Pushshift dumps. Only whole entities: `&copy=1` is a key, not a sign."""
    url = url.strip()
    return _ENTITY.sub(lambda match: _ENTITIES[match.group().lower()], url) if "&" in url else url


def _parse(url: str) -> ada_url.URL:
    try:
        return ada_url.URL(url)
    except (ValueError, UnicodeEncodeError) as error:
        raise ValueError(f"not a URL: {url[:200]!r}") from error


def _normalised_escapes(text: str) -> str:
    """%7E is ~ and %c3 is %C3 (RFC 3986 §6.2.2)."""
    if "%" not in text:
        return text

    def plain(match: re.Match[str]) -> str:
        character = chr(int(match.group()[1:], 16))
        return character if character in _UNRESERVED else match.group().upper()

    return _ESCAPE.sub(plain, text)


def _kept_query(search: str) -> str:
    """The query without tracking keys, sorted by key; values of one key keep their order."""
    if len(search) < 2:
        return ""
    pairs = [_normalised_escapes(pair) for pair in search[1:].split("&") if pair]
    kept = sorted((pair for pair in pairs if not _tracks(pair)), key=lambda pair: pair.partition("=")[0])
    return "?" + "&".join(kept) if kept else ""


def _tracks(pair: str) -> bool:
    key, _, value = pair.lower().partition("=")
    if key == "ref":
        return value in REFERRERS
    return key in TRACKING_KEYS or key.startswith(TRACKING_PREFIXES)


def _reversed(host: str) -> str:
    host = _WWW.sub("", host)
    return host if _NUMERIC_HOST.match(host) else ",".join(reversed(host.split(".")))


def _with_scheme(text: str) -> str:
    return f"https://{text}"


_WRAPPERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"https?://(?:www\.)?google\.[a-z.]{2,6}/url\?(?:.*&)?(?:q|url)=([^&]+)", re.I), unquote),
    (re.compile(r"https?://(?:www\.)?google\.[a-z.]{2,6}/amp/(?:s/)?(.+)", re.I), _with_scheme),
    (re.compile(r"https?://[a-z0-9-]+\.cdn\.ampproject\.org/[cv]/(?:s/)?(.+)", re.I), _with_scheme),
    (re.compile(r"https?://out\.reddit\.com/.*[?&]url=([^&]+)", re.I), unquote),
    (re.compile(r"https?://lm?\.facebook\.com/l\.php\?(?:.*&)?u=([^&]+)", re.I), unquote),
    (re.compile(r"https?://steamcommunity\.com/linkfilter/\?(?:url|u)=(.+)", re.I), unquote),
)
