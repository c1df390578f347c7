"""Web addresses: one canonical form, one sort-friendly key, one registrable domain.

Parsing is the WHATWG's (ada), the public suffix list is the one inside its package, pinned; nothing is
downloaded. Three forms are kept side by side because they answer three questions:

* the raw URL: what was written;
* `canonical`: what it means. Host and scheme lower-cased and in ASCII, no userinfo, default port or
  fragment, dot segments resolved, %-escapes normalised, tracking keys and session ids dropped, the other
  keys sorted;
* `surt`: which page it is, whoever wrote the link. The canonical form without scheme, `www.` and a
  trailing slash, the host reversed (`org,example)/a`). Two links with one SURT ask for one page.
  Unlike Common Crawl's key it keeps the case of the path, which many hosts distinguish.

RFC 3986 (§2.2) lets an escaped reserved character mean something else than the bare one, so the canonical
form keeps both spellings of `a_(b)`. No page differs by it, so the SURT folds them, except where the bare
character is a delimiter: `/` and `?` in a path, `&` and `+` in a query, `=` in a key.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

import ada_url
from publicsuffixlist import PublicSuffixList

# Keys that say where a reader came from and never which page is meant.
TRACKING_KEYS = frozenset(
    """
    __hsfp __hssc __hstc __s __twitter_impression _branch_match_id _ga _gl _hsenc _hsmi _openstat _trkparms _trksid
    action_object_map action_ref_map action_type_map at_campaign at_medium cmpid dclid dm_i echobox ef_id epik
    fb_action_ids fb_action_types fb_comment_id fb_ref fb_source fbclid ga_campaign ga_content ga_medium ga_source
    ga_term gad_source gbraid gclid gclsrc gs_l guccounter guce_referrer guce_referrer_sig hsctatracking igsh igshid
    li_fat_id mbid mc_cid mc_eid mkt_tok mkwid msclkid ncid ns_campaign ns_fee ns_linkname ns_mchannel ns_source ocid
    oly_anon_id oly_enc_id partner_ref pcrid rdt_cid ref_src ref_url s_cid s_kwcid sc_cid share_id share_source
    shareadraft smid smprod smtyp soc_src soc_trk spm spref sr_share srnd srsltid ttclid twclid vero_conv vero_id
    wbraid wt.mc_id wt_mc wt_zmc xtor yclid ysclid
    """.split()
)
TRACKING_PREFIXES = ("utm_", "utm-", "pk_", "mtm_", "hsa_", "hmb_", "itm_", "otm_", "at_custom", "pf_rd_", "pd_rd_")
# Keys that a site's share button adds, and that name a page elsewhere.
SHARE_KEYS = {
    "bbc.co.uk": frozenset({"ocid", "post_type"}),
    "bbc.com": frozenset({"ocid", "post_type"}),
    "guardian.co.uk": frozenset({"cmp"}),
    "nytimes.com": frozenset({"_r", "emc", "partner", "referringsource", "unlocked_article_code"}),
    "spotify.com": frozenset({"si", "context"}),
    "theguardian.com": frozenset({"cmp", "ito"}),
    "dailymail.co.uk": frozenset({"ito"}),
    "tiktok.com": frozenset({"_r", "_t", "is_copy_url", "is_from_webapp", "sender_device"}),
    "twitter.com": frozenset({"s", "t"}),
    "x.com": frozenset({"s", "t"}),
    "youtu.be": frozenset({"feature", "si"}),
    "youtube.com": frozenset({"feature", "si"}),
}
# A visitor's number in the address, by names that are used for nothing else.
SESSION_KEYS = frozenset("cfid cftoken jsessionid mscsid oscsid phpsessid xtcsid zenid".split())
# Names that may also number a talk or search a blog: there, only a value that is made by a machine is a session.
POSSIBLE_SESSION_KEYS = frozenset("s sess sessid session session-id session_id sessionid sesskey sid".split())
# A value beside the key decides: `ref=share` tracks, `ref=feature-branch` may name a page.
REFERRERS = frozenset(
    """
    facebook fb feed google hn hackernews homepage instagram linkedin mobile nav newsletter reddit rss share shared
    social tw twitter twtr widget
    """.split()
)
# Schemes that carry no retrievable page at all.
PAGELESS_SCHEMES = frozenset("about blob data file javascript magnet mailto sms tel view-source".split())

# What escapers write for `& < > " ' /` and by number; other names may be keys (`&copy;` is too rare to tell).
_ENTITY = re.compile("&(?:amp|lt|gt|quot|apos|sol|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_MOST_ESCAPINGS = 3  # "&amp;amp;" occurs, more is a trick
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_ESCAPE_OR_PERCENT = re.compile("%(?:[0-9A-Fa-f]{2})?")
_SLASHES = re.compile("/{2,}")
# Characters that would mean something else if they stood bare.
_NOT_FOLDED = {"path": frozenset("/?#%\\ "), "key": frozenset("&=+#%"), "value": frozenset("&+#%")}
_OPEN, _CLOSE = r"(?:\(|%28)", r"(?:\)|%29)"  # bare or escaped
_SESSION_IN_PATH = re.compile(
    r"(?:;|%3B)(?:jsessionid|phpsessid|session_?id|sid|cfid|cftoken|wosid)=[^/;?]*"  # Java's servlets, ColdFusion
    rf"|(?<=/){_OPEN}(?:[a-z]{_OPEN}[\w-]{{8,400}}{_CLOSE})+{_CLOSE}/"  # ASP.NET: /(S(…))/
    rf"|(?<=/){_OPEN}[0-9a-z]{{24}}{_CLOSE}/",  # and before version 2: /(…)/
    re.IGNORECASE,
)
# 22 characters and more, letters and digits both: "2016-trade-fair" is none, a hash is.
_MADE_BY_A_MACHINE = re.compile(r"(?=[a-z]*[0-9])(?=[0-9]*[a-z])[0-9a-z]{22,128}", re.IGNORECASE)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_WWW = re.compile(r"^www\d{0,3}\.(?=[^.]+\.)")  # www2.example.org, but not www.org
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
    # HTML escapes first: they may hide the address that is forwarded to.
    parsed = _parse(unwrap(_unescape(url)))
    scheme = parsed.protocol.rstrip(":")
    host = parsed.hostname.rstrip(".")
    if parsed.hostname and not host:
        raise ValueError(f"not a URL: {url[:200]!r} has dots for a host")
    if host != parsed.hostname:
        parsed.hostname = host  # without its dots it may be a number, 0 for 0.0.0.0
        host = parsed.hostname
    port = f":{parsed.port}" if parsed.port else ""
    domain = registrable_domain(host)
    if _SESSION_IN_PATH.search(parsed.pathname):
        parsed.pathname = _SESSION_IN_PATH.sub("", parsed.pathname)  # ada resolves the dots that this may leave
    path = _normalised_escapes(parsed.pathname)
    pairs = _kept_pairs(parsed.search, domain)
    slashes = "//" if host or parsed.href.startswith(f"{scheme}://") else ""
    canonical = f"{scheme}:{slashes}{host}{port}{path}{_query(pairs)}"
    # The key: one slash for many, none at the end, and one spelling of escapes.
    page = _SLASHES.sub("/", _fold(path, "path")).rstrip("/") + _query([_folded_pair(pair) for pair in pairs])
    surt = f"{_reverse(host)}{port}){page}" if host else f"{scheme}:{page}"
    return Address(canonical, surt, scheme, host, domain)


def address_or_raw(url: str) -> Address:
    """The forms of a URL; where no browser could follow it the text itself in place of each, without host."""
    try:
        return address(url)
    except ValueError:
        return Address(url, url, "", "", "")


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
    """Undo the HTML escapes of dumps and pages, also when applied twice. Only whole entities: `&copy=1` is a key."""
    url = url.strip()
    for _ in range(_MOST_ESCAPINGS):
        if "&" not in url or not _ENTITY.search(url):
            break
        url = _ENTITY.sub(lambda match: unescape(match.group().lower()), url)  # "&AMP;" too
    return url


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


def _fold(text: str, where: str) -> str:
    """One spelling for what may be written escaped or bare; what the bare character would delimit stays escaped."""
    keep = _NOT_FOLDED[where]

    def fold(match: re.Match[str]) -> str:
        if len(match.group()) == 1:  # "100%" becomes 100%25
            return "%25"  # a percent sign that escapes nothing
        character = chr(int(match.group()[1:], 16))
        if character == " " and where != "path":  # a blank in a query is "+" to both
            return "+"
        return character if " " < character < "\x7f" and character not in keep else match.group().upper()

    return _ESCAPE_OR_PERCENT.sub(fold, text) if "%" in text else text


def _folded_pair(pair: str) -> str:
    """A key and its value in one spelling; `b=` says no more than `b`."""
    key, _, value = pair.partition("=")
    return f"{_fold(key, 'key')}={_fold(value, 'value')}" if value else _fold(key, "key")


def _kept_pairs(search: str, domain: str) -> list[str]:
    """The pairs of a query without those that name no page; sorted by key, values of one key in their order."""
    pairs = [_normalised_escapes(pair) for pair in search[1:].split("&") if pair]
    return sorted((pair for pair in pairs if not _names_no_page(pair, domain)), key=_key_of)


def _query(pairs: list[str]) -> str:
    pairs = sorted(pairs, key=_key_of)
    return "?" + "&".join(pairs) if pairs else ""


def _key_of(pair: str) -> str:
    return pair.partition("=")[0]


def _names_no_page(pair: str, domain: str) -> bool:
    """Whether a pair says who shared the link, or whose visit it is, and not which page is meant."""
    key, _, value = pair.lower().partition("=")
    if key in ("ref", "share"):
        return value in REFERRERS
    if key in POSSIBLE_SESSION_KEYS and _MADE_BY_A_MACHINE.fullmatch(value):
        return True
    known = key in TRACKING_KEYS or key in SESSION_KEYS or key in SHARE_KEYS.get(domain, ())
    return known or key.startswith((*TRACKING_PREFIXES, "aspsessionid"))


def _reverse(host: str) -> str:
    host = _WWW.sub("", host)
    return host if _NUMERIC_HOST.match(host) else ",".join(reversed(host.split(".")))  # org,example; 1.2.3.4 stays


def _with_scheme(text: str) -> str:
    return f"https://{text}"


# Pairs: what forwards, and how the address stands in it.
_WRAPPERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"https?://(?:www\.)?google\.[a-z.]{2,6}/url\?(?:.*&)?(?:q|url)=([^&]+)", re.I), unquote),
    (re.compile(r"https?://(?:www\.)?google\.[a-z.]{2,6}/amp/(?:s/)?(.+)", re.I), _with_scheme),
    (re.compile(r"https?://[a-z0-9-]+\.cdn\.ampproject\.org/[cv]/(?:s/)?(.+)", re.I), _with_scheme),
    (re.compile(r"https?://out\.reddit\.com/.*[?&]url=([^&]+)", re.I), unquote),
    (re.compile(r"https?://lm?\.facebook\.com/l\.php\?(?:.*&)?u=([^&]+)", re.I), unquote),
    (re.compile(r"https?://steamcommunity\.com/linkfilter/\?(?:url|u)=(.+)", re.I), unquote),
)
