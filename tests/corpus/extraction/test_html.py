"""Pages to documents: what is read, what is left out, and every reason to reject."""

from pathlib import Path

import pytest

from corpus.document import Document, Page, Rejected
from corpus.extraction import engines
from corpus.extraction.html import EXTRACTORS, extract, tidy

PAGES = Path(__file__).parents[4] / "shared" / "data" / "pages"


def prose(subject: str, sentences: int = 6) -> str:
    """A paragraph about something, no sentence like another."""
    verbs = (
        "waits by",
        "looks over",
        "comes back to",
        "has forgotten",
        "was built beside",
        "belongs to",
        "leads down to",
    )
    return " ".join(
        f"In year {1900 + 7 * i} the {subject} {verbs[i % 7]} the old harbour, and nobody in the town asked why."
        for i in range(sentences)
    )


NAVIGATION = "<nav><ul>" + "".join(f"<li><a href='/{i}'>Section {i}</a></li>" for i in range(12)) + "</ul></nav>"
FOOTER = (
    "<footer><p>Copyright the harbour gazette. <a href='/terms'>Terms of use</a> <a href='/jobs'>Jobs</a></p></footer>"
)
ARTICLE = f"""<!doctype html><html><head><title>The
  lighthouse  and the tide</title><style>p {{color: red}}</style><script>var secret = "<p>no</p>";</script></head><body>
{NAVIGATION}<article><h1>The lighthouse and the tide</h1>
<p>{prose("lighthouse")}</p><h2>Later</h2><p>{prose("tide")}</p><p>{prose("keeper")}</p></article>
<div class="comments" id="comments"><h3>3 comments</h3><p class="comment">First! What a lovely read.</p></div>
{FOOTER}</body></html>"""


def page(body: str | bytes, content_type: str = "text/html; charset=utf-8", **fields) -> Page:
    data = body.encode() if isinstance(body, str) else body
    captured = {"url": "http://example.com/a", "date": "2020-01-01T00:00:00Z", "status": 200, "warc_file": "a.warc"}
    return Page(**{**captured, "content_type": content_type, "body": data, "warc_offset": 0, **fields})


def text_of(html: str) -> str:
    document = extract(page(html))
    assert isinstance(document, Document), document
    return document.text


def test_an_article_is_read_without_what_surrounds_it():
    document = extract(page(ARTICLE))
    assert isinstance(document, Document)
    assert document.title == "The lighthouse and the tide"
    assert document.text == "\n\n".join(
        [
            "# The lighthouse and the tide",
            prose("lighthouse"),
            "## Later",
            prose("tide"),
            prose("keeper"),
        ]
    )
    for unwanted in ("Section 3", "Terms of use", "First!", "secret", "color: red"):
        assert unwanted not in document.text


def test_tables_and_lists_are_read():
    rows = "".join(f"<tr><td>Pier {i}</td><td>{17 * i} boats</td></tr>" for i in range(1, 6))
    items = "".join(f"<li>The {name} bell, rung on market days only</li>" for name in ("first", "second", "third"))
    text = text_of(
        f"<html><body>{NAVIGATION}<main><h1>Piers</h1><p>{prose('pier')}</p><table>{rows}</table>"
        f"<ul>{items}</ul><p>{prose('bell')}</p></main>{FOOTER}</body></html>"
    )
    for wanted in ("Pier 4", "68 boats", "The second bell", prose("pier"), prose("bell")):
        assert wanted in text


def test_a_forum_keeps_all_of_its_posts():
    posts = [prose(name, 3) for name in ("engine", "sail", "anchor", "compass", "rudder")]
    thread = "".join(
        f"<div class='post' id='p{i}'><div class='author'>user{i}</div><div class='body'><p>{post}</p></div></div>"
        for i, post in enumerate(posts)
    )
    text = text_of(
        f"<html><head><title>Thread</title></head><body>{NAVIGATION}<div class='thread'>{thread}</div></body></html>"
    )
    assert [post in text for post in posts] == [True] * 5


@pytest.mark.parametrize(
    "sentence",
    ["天气很好的时候，我们常常沿着河边走到老港口去看船。", "天気のよい日には、川に沿って古い港まで歩いて船を見た。"],
)
def test_scripts_without_spaces(sentence):
    paragraphs = "".join(f"<p>{i}、{sentence * 4}</p>" for i in range(5))
    text = text_of(f"<html><body>{NAVIGATION}<div class='content'>{paragraphs}</div>{FOOTER}</body></html>")
    assert text.count(sentence) == 20
    assert "Section" not in text


@pytest.mark.parametrize("depth", [300, 2000])
def test_deep_nesting_still_yields_its_text(depth):
    html = "<html><body>" + "<div>" * depth + f"<p>{prose('cellar')}</p>" + "</div>" * depth
    assert text_of(html) == prose("cellar")


def test_a_line_of_five_megabytes():
    text = text_of("<html><body><p>" + prose("archive", 60_000) + "</p></body></html>")
    assert len(text) > 5_000_000
    assert "\n" not in text


def test_what_a_page_keeps_in_noscript_counts_where_nothing_else_is_shown():
    shell = "<div id='app'></div><script>start()</script>"
    assert prose("ferry") in text_of(f"<html><body>{shell}<noscript><main><p>{prose('ferry')}</p></main></noscript>")
    both = text_of(f"<html><body><p>{prose('tide')}</p><noscript><p>Please switch on JavaScript.</p></noscript>")
    assert both == prose("tide")


def test_a_page_of_many_small_pieces_is_not_taken_for_its_one_paragraph():
    offers = "".join(f"<div class='offer'><h3>Boat {i}</h3><span>{i} berths</span></div>" for i in range(400))
    text = text_of(f"<html><body>{NAVIGATION}<div>{offers}</div><p>{prose('boat', 2)}</p>{FOOTER}</body></html>")
    assert "Boat 17" in text and "399 berths" in text
    assert "Section 3" not in text


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>A &amp;\n B</title>", "A & B"),
        ("<title> </title><meta property='og:title' content='From  the card'>", "From the card"),
        ("<meta property='og:title' content='x'><title>First</title>", "First"),
        ("<title>" + "long " * 100 + "</title>", ("long " * 60).strip()),
        ("", ""),
    ],
)
def test_titles(head, title):
    document = extract(page(f"<html><head>{head}</head><body><p>{prose('sign')}</p></body></html>"))
    assert isinstance(document, Document)
    assert document.title == title


def test_the_text_is_tidy():
    assert tidy("  a \n\n\n b\t\n   \n  c\n\n") == "  a\n\n b\n\n  c"
    text = text_of(ARTICLE)
    assert text == tidy(text)


def test_lone_surrogates_do_not_pass():
    extracted = engines.by_blocks(f"<title>a\ud800</title><p>{prose('key')} \udfff &#xD800;</p>")
    assert (extracted.title + extracted.text).encode("utf-8")


@pytest.mark.parametrize(
    ("given", "reason", "value", "evidence"),
    [
        (page(ARTICLE, status=404), "page.http_error", 404, ""),
        (page(ARTICLE, status=0), "page.http_error", 0, ""),
        (page(ARTICLE, status=301, content_type="image/png"), "page.http_error", 301, ""),
        (page("%PDF-1.4", "application/pdf"), "page.not_html", None, "application/pdf"),
        (page("%PDF-1.4 text", "text/html"), "page.not_html", None, "text/html"),
        (page(b"\x89PNG\r\n\x1a\n\0\0\0", "text/html"), "page.not_html", None, "text/html"),
        (page("User-agent: *\nDisallow: /", "text/plain"), "page.not_html", None, "text/plain"),
        (page('{"a": "<p>"}', ""), "page.not_html", None, ""),
        (page("<!-- -->" * 500 + "plain", ""), "page.not_html", None, ""),
        (page("<?xml version='1.0'?><rss></rss>", "application/xml"), "page.not_html", None, "application/xml"),
        (page("<rss></rss>", "application/rss+xml"), "page.not_html", None, "application/rss+xml"),
        (page("", "text/html"), "page.empty", 0, ""),
        (page("", ""), "page.empty", 0, ""),
        (page(" \r\n ", "text/html"), "page.empty", 4, ""),
        (page("", "text/plain", kind="text", status=0), "page.empty", 0, ""),
        (page("<html><body><script>go()</script></body></html>"), "extract.no_text", 47, ""),
        (
            page("<p " + "".join(f" a{i}=1" for i in range(100_000)) + ">"),
            "extract.too_complex",
            100_000,
            "attributes of one tag",
        ),
        (page("<div>" * 100_000 + "x"), "extract.too_complex", 5_001, "nesting"),
        (page("<b></b>" * 500_001), "extract.too_complex", 1_000_001, "tags"),
    ],
)
def test_reasons_to_reject(given, reason, value, evidence):
    rejected = extract(given)
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.value, rejected.evidence) == (reason, value, evidence)
    assert rejected.document == given.document()


@pytest.mark.parametrize(
    ("content_type", "start"),
    [
        ("text/html", ""),
        ("TEXT/HTML;charset=utf-8", ""),
        ("application/xhtml+xml", '<?xml version="1.0"?>'),
        ("", "<!-- by hand --> <!DOCTYPE html>"),
        ("application/octet-stream", "\ufeff<html>"),
        ("text/plain", "<html >"),
        ("text/xml", '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'),
    ],
)
def test_html_is_known_by_its_type_or_by_its_first_bytes(content_type, start):
    assert isinstance(extract(page(f"{start}<body><p>{prose('gate')}</p>", content_type)), Document)


def test_the_text_of_a_wet_record_is_taken_as_it_is():
    text = "A title line\n<b>not markup</b> \n\nsmörgås\n"
    document = extract(page(text, "text/plain", kind="text", status=0))
    assert isinstance(document, Document)
    assert (document.title, document.text) == ("", "A title line\n<b>not markup</b>\n\nsmörgås")


def test_a_parser_that_fails_rejects_the_page_and_lack_of_memory_does_not(monkeypatch):
    def fail(error):
        raise error

    monkeypatch.setattr(engines, "by_blocks", lambda *_: fail(ValueError("bad tree")))
    rejected = extract(page(ARTICLE))
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.evidence) == ("extract.failed", "ValueError")
    monkeypatch.setattr(engines, "by_blocks", lambda *_: fail(MemoryError()))
    with pytest.raises(MemoryError):
        extract(page(ARTICLE))


def test_a_page_does_not_depend_on_the_pages_before():
    alone = extract(page(ARTICLE))
    for i in range(20):
        paragraphs = "".join(f"<p>{prose(name)}</p>" for name in ("lighthouse", "tide", f"number {i}"))
        extract(page(f"<html><body>{NAVIGATION}<article>{paragraphs}</article>{FOOTER}</body></html>"))
    assert extract(page(ARTICLE)) == alone


@pytest.mark.parametrize("name", EXTRACTORS)
def test_every_engine_reads_an_article_and_refuses_what_is_too_much(name):
    document = EXTRACTORS[name](page(ARTICLE))
    assert isinstance(document, Document)
    assert document.title == "The lighthouse and the tide"
    assert prose("tide") in document.text
    refused = EXTRACTORS[name](page("<div>" * 6_000 + "x"))
    assert isinstance(refused, Rejected)
    assert refused.reason == "extract.too_complex"


def test_real_pages_stay_close_to_their_gold_text():
    """Of pages that the released weights have seen: what they do on others, `benchmarks.extraction` says."""
    if not PAGES.exists():
        pytest.skip(f"no real pages at {PAGES}")
    gold_pages = pytest.importorskip("benchmarks.gold_pages")
    gold = [known for known in gold_pages.read_gold(PAGES).values() if known.gold is not None][::12]
    texts = {url: engines.by_blocks(html, url).text for url, html in gold_pages.read_html(PAGES, {g.url for g in gold})}
    scores = [gold_pages.precision_recall_f1(texts[known.url], known.gold)[2] for known in gold]
    assert sum(scores) / len(scores) > 0.88


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("def f():\n    if x:\n        return 1\n", "def f():\n    if x:\n        return 1"),
        ("a\n\t\t\t\t\tb\n\t\t\t\t\tc\nd", "a\nb\nc\nd"),
        ("a\n            b", "a\nb"),
        ("a:\n        - b\n                - c", "a:\n        - b\n                - c"),
        ("if x:\n\treturn", "if x:\n    return"),
    ],
)
def test_only_the_indentation_of_code_stays(text, tidied):
    assert tidy(text) == tidied
