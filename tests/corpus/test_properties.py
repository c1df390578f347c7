"""What holds for any input at all: readers name what they cannot read, rules answer, and nothing else is raised.

Some hundred examples of each property here, a hundred thousand by `make test-slow`.
"""

import gzip
import json
import tempfile
from dataclasses import replace
from functools import partial
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.block_lists import on_the_web, reject_hosts
from corpus.document import Document, Page, Quarantined, Rejected, run_steps
from corpus.quarantine import check_columns, storable
from corpus.readers.lines import Line
from corpus.readers.reddit import Submission, parse_line
from corpus.readers.warc.captures import Capture, iso_date, scan
from corpus.readers.warc.http_body import decode_body, read_head
from corpus.readers.warc.inflate import Damaged
from corpus.readers.warc.pages import read_pages
from corpus.rules import c4, fineweb, gopher, language, language_model, prose
from corpus.schema import extracted_row, from_extracted, kept_row
from corpus.sources.links import REDUCED, LinkRules, judge, post_row
from corpus.urls import Address, address, address_or_raw
from pipelines.work.extraction import with_address
from pipelines.work.judging import of_link

FEW, MANY = 200, 100_000
INT64, YEAR_10000 = st.integers(-(2**63), 2**63 - 1), 253_402_300_800
# One string of every kind that has broken something somewhere, to be found between any others.
ODD = st.sampled_from(
    [
        *("&#x2F;", "&amp;", "&#0;", "&#x110000;", "&;", "%", "%2", "%zz", "%2F", "%00", "%ff", "..", "/.", ";sid=1"),
        *(";jsessionid=", "(S(abcdefgh12345678))/", "://", "http:", "//", "\\", "@", ":80", ":99999", "[::1]", "xn--"),
        *("。", "\xad", "\u200d", "\ufffd", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\U0010ffff", "İ", "ß"),
        *("#", "?", "&", "=", "+", "utm_source=x", "sid=0123456789abcdef0123456789abcdef", "a.example", "co.uk", "."),
    ]
)
TEXT = st.lists(st.text(max_size=20) | ODD, max_size=12).map("".join)
URL = st.builds(str.__add__, st.sampled_from(["http://a.example/", "https://", "", "ftp://b.example"]), TEXT)
SURROGATES = st.text(st.characters(exclude_categories=()), max_size=20)
NUMBER = st.one_of(
    st.integers(),
    st.sampled_from([2**63, -(2**63) - 1, 10**30, 10**400, 253_402_300_800, 1_400_000_000_000]),
    st.floats(),
    st.integers().map(str),
    st.text(max_size=5),
    st.none() | st.booleans(),
    st.lists(st.integers(), max_size=1),
)
VALUE = st.one_of(NUMBER, URL, SURROGATES, st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))
FIELDS = ("id", "name", "url", "url_overridden_by_dest", "title", "subreddit", "score", "created_utc", "created")
POST = st.dictionaries(
    st.sampled_from(
        [*FIELDS, "retrieved_on", "is_self", "over_18", "domain", "author", "selftext", "_meta", "promoted"]
    ),
    VALUE,
    max_size=8,
)
RULES = {
    "c4.lines": c4.lines,
    "c4.page": c4.page,
    "fineweb.quality": fineweb.quality,
    "gopher.quality": gopher.quality,
    "gopher.repetition": gopher.repetition,
    "prose.fix": prose.fix,
    "prose.stubs": prose.stubs,
    "prose.prose": prose.prose,
}
WORDS = st.sampled_from(
    ["the", "of", "404", "not", "found", "page", "Lorem", "ipsum", "{", "javascript", "…", "。", "- "]
)
PROSE = st.lists(TEXT | WORDS | st.sampled_from(["\n", "\n\n", " ", "\t", ". ", "\r\n"]), max_size=40).map("".join)


def an_address_is_whole_and_stable(url: str) -> None:
    try:
        found = address(url)
    except ValueError:
        assert address_or_raw(url) == Address(url, url, "", "", "")
        return
    check_columns((found.canonical, found.surt, found.scheme, found.host, found.domain))
    again = address_or_raw(found.canonical)
    if "&" not in url and found.scheme in ("http", "https"):
        assert again.canonical == found.canonical
        assert again.surt == found.surt


def a_post_is_judged_and_fits_its_row(record: dict) -> None:
    post = parse_line(Line(7, json.dumps(record).encode("utf-8", "surrogatepass")), "RS")
    assert isinstance(post, Submission)
    verdict = judge(post, LinkRules(created_before=""))
    if verdict in REDUCED:
        check_columns(post_row(post, verdict).values())


def a_line_of_any_bytes_is_a_post_or_a_row(data: bytes) -> None:
    post = parse_line(Line(7, data), "RS")
    assert isinstance(post, Quarantined) or judge(post, LinkRules()).reason


def a_page_of_any_address_is_judged(url: str, status: int) -> None:
    page = Page(url, "", status, "text/html", b"", "a.warc", 0)
    where = address_or_raw(url)
    page = replace(page, canonical_url=where.canonical, surt=where.surt, domain=where.domain)
    hosts = partial(reject_hosts, profile="wikipedia", reason="wikipedia.host")
    result = run_steps(page, (on_the_web, hosts))
    storable(result if isinstance(result, Rejected) else result.document("text"))


def a_rule_answers(rule, text: str, title: str, code: str) -> None:
    document = Document("webtext/1", "http://a.example/", text, title=title, language=code)
    result = rule(document)
    storable(result)
    if isinstance(result, Rejected):
        assert result.step
        assert result.rule
    else:
        other = replace(result, text=text, measures=())
        assert kept_row(other) == kept_row(document), "a rule edits the text alone, and says what it measured"


def a_head_and_a_body_are_read_or_damaged(block: bytes, cut: bool) -> None:
    try:
        head, data = read_head(BytesIO(block).read, len(block))
        assert block.startswith(data)
        assert 0 <= head.size <= len(block)
        head.value("Content-Type").encode()
        assert len(decode_body(block[head.size :], head, 1 << 16, cut).data) <= 1 << 16
    except Damaged as damage:
        assert damage.reason


def a_date_is_of_the_calendar_or_empty(written: str) -> None:
    date = iso_date(written)
    assert date == "" or (len(date) == 20 and date[4] + date[7] + date[10] + date[19] == "--TZ")


def a_page_takes_what_its_link_says(url: str, moved: str, karma: int, first_posted: int) -> None:
    page = Page(url, "", 200, "text/html", b"", "a.warc", 0)
    row = {"redirected_from": moved, "refused": "", "karma": karma, "first_posted": first_posted}
    document = with_address(page, "webtext").document("text")
    document = from_extracted({**extracted_row(storable(document)), **of_link(row, document.url)})
    storable(document)
    assert document.link_url == (moved or url)
    assert iso_date(document.first_posted) == document.first_posted


def an_archive_of_any_bytes_is_read(pieces: list[bytes], packed: bool) -> None:
    data = b"".join(gzip.compress(piece, 1, mtime=0) for piece in pieces) if packed else b"".join(pieces)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        found = list(scan(file.name, "a.warc"))
        offsets = [each.offset for each in found if isinstance(each, Capture)]
        assert offsets == sorted(set(offsets))
        pages = list(read_pages(file.name, offsets, "a.warc", max_body=1 << 12))
    assert len(pages) == len(offsets)
    for each in found:
        values = (each.url, each.location, each.refers_to) if isinstance(each, Capture) else (each.reason, each.detail)
        check_columns(values)
        assert not isinstance(each, Quarantined) or not each.reason.startswith("raised_"), each
    for page in pages:
        assert isinstance(page, Page) or not page.reason.startswith("raised_"), page


HEADER = st.sampled_from(
    [
        *(
            b"WARC-Type: response",
            b"WARC-Type: resource",
            b"WARC-Type: continuation",
            b"WARC-Type: ",
            b"warc-type:Revisit",
        ),
        *(
            b"WARC-Target-URI: <http://a.example/>",
            b"WARC-Target-URI: \xff\xfe",
            b"WARC-Target-URI: http://[",
            b" folded",
        ),
        *(b"WARC-Date: 2016-02-30T99:99:99Z", b"WARC-Date: 0000", b"WARC-Date: 2016", b"WARC-Record-ID: <urn:uuid:1>"),
        *(b"WARC-Segment-Number: 1", b"WARC-Segment-Number: 2", b"WARC-Segment-Origin-ID: <urn:uuid:1>", b"no colon"),
        *(b"WARC-Segment-Total-Length: 40", b"WARC-Truncated: length", b"WARC-Block-Digest: sha1:", b": empty"),
        *(b"WARC-Payload-Digest: md5:d41d8cd98f00b204e9800998ecf8427e", b"Content-Type: application/http", b""),
        *(
            b"Content-Length: 0",
            b"Content-Length: 7",
            b"Content-Length: 60",
            b"Content-Length: -1",
            b"Content-Length: x",
        ),
        *(b"Content-Length: 99999999999999999999", b"Content-Type: text/html, */*", b"Location: //x"),
    ]
)
RECORD = st.tuples(
    st.sampled_from(
        [b"WARC/1.0", b"WARC/1.1", b"WARC/0.18", b"WARC/9", b"http://a.example/ 0.0.0.0 20160101000000 a/b 9"]
    ),
    st.sampled_from([b"\r\n", b"\n", b"\r\r\n"]),
    st.lists(HEADER, max_size=8),
    st.lists(st.deferred(lambda: HTTP_PIECE), max_size=8).map(b"".join),
    st.sampled_from([b"", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r\n\r\r\n"]),
).map(lambda parts: parts[1].join([parts[0], *parts[2], b"", b""]) + parts[3] + parts[4])
HTTP_PIECE = st.one_of(
    st.sampled_from(
        [
            *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 ", b"\r\n", b"\n", b"\r\r\n", b":"),
            *(b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip, br\r\n", b"Content-Encoding: deflate\r\n"),
            *(
                b"Content-Type: text/html",
                b", text/html;charset=",
                b"Content-Length: ",
                b"5\r\nabcde\r\n",
                b"0\r\n\r\n",
            ),
            *(b"FFFFFFFFFFFFFFF\r\n", b"3\nabc\n", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"<html>", b"\xff\xfe"),
        ]
    ),
    st.binary(max_size=30),
)
BLOCK = st.lists(HTTP_PIECE, max_size=16).map(b"".join)
PROPERTIES = {
    "address": (an_address_is_whole_and_stable, (URL | SURROGATES,)),
    "post": (a_post_is_judged_and_fits_its_row, (POST,)),
    "line": (a_line_of_any_bytes_is_a_post_or_a_row, (st.binary(max_size=60),)),
    "page": (a_page_of_any_address_is_judged, (URL, st.integers(0, 999))),
    "located": (
        a_page_takes_what_its_link_says,
        (URL | TEXT, st.just("") | URL, INT64, st.integers(0, YEAR_10000 - 1)),
    ),
    "archive": (an_archive_of_any_bytes_is_read, (st.lists(RECORD, max_size=4), st.booleans())),
    "http": (a_head_and_a_body_are_read_or_damaged, (BLOCK, st.booleans())),
    "date": (a_date_is_of_the_calendar_or_empty, (st.text(max_size=30) | st.dates().map(str),)),
    **{
        name: (partial(a_rule_answers, rule), (PROSE, TEXT, st.sampled_from(["en", "zh", ""])))
        for name, rule in RULES.items()
    },
}


def holds(name: str, examples: int) -> None:
    check, strategies = PROPERTIES[name]
    options = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

    @settings(max_examples=examples, **options)
    @given(st.tuples(*strategies))
    def test(values):
        check(*values)

    test()


@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    holds(name, FEW)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PROPERTIES)
def test_property_at_length(name):
    holds(name, MANY)


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(0)])])
def test_language_answers(examples):
    try:
        model = str(language_model.find_model())
    except language_model.MissingModel as missing:
        pytest.skip(f"{missing} (`make venv` puts it there)")

    @settings(max_examples=examples, deadline=None, database=None)
    @given(PROSE)
    def test(text):
        code, probability = language.detect(text, model)
        assert 0 <= probability <= 1
        code.encode()

    test()
