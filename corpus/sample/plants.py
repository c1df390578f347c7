"""Planted pages of the sample, kind by kind, and what a build of WebText should make of each.

Each function below puts one kind of page or damage into the archives, posts about it, and notes what it expects;
`PLANTS` lists them. Articles come from a shuffled stock, so no text is planted twice unless a duplicate is the point.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from corpus.sample.archive import ENCODINGS, Response, conversion, revisit
from corpus.sample.pages import NAVIGATION, SampleSite, article_page, bare_page, spam_page
from corpus.sample.posts import DELETED, REMOVED, SampleLink
from corpus.sample.prose import SampleArticle, sectioned_page, short_page
from corpus.sample.web import CRAWL, DAMAGED, SITES, WET, PageOutcome, Web, edit, plant_kept, says, show, url_of

NEWS, OTHER_NEWS, THIRD_NEWS, BLOG = SITES[0], SITES[2], SITES[3], SITES[9]
FOREIGN = (
    ("de", 10, SampleSite("moewenblatt.example", "Möwenblatt")),
    ("fr", 10, SampleSite("lacorne.example", "La Corne de brume", "blog")),
    ("es", 3, SampleSite("elfarol.example", "El Farol")),
)
FAR_EAST = (
    ("ja", SampleSite("todai.example", "灯台だより", "blog"), "shift_jis"),
    ("zh", SampleSite("mianbao.example", "面包日记", "blog"), "gb18030"),
)
ENCYCLOPEDIAS = (("en.wikipedia.org", "wiki"), ("en.m.wikipedia.org", "wiki"), ("www.wikiwand.com", "en"))
CAFE = "The café on the corner charges £2 for soup, which is naïve but fair"
# How the bytes are written, what the HTTP header says, what the page says.
CHARSETS = (
    ("windows-1252", "text/html; charset=windows-1252", ""),
    ("windows-1252", "text/html; charset=ISO-8859-1", ""),
    ("windows-1252", "text/html", "iso-8859-1"),
    ("utf-8-sig", "text/html", ""),
    ("utf-8", "text/html", "utf-8"),
    ("utf-8", "text/html", ""),
    ("utf-16-le", "text/html; charset=utf-16", ""),
)
# One grey dot.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da6368000000820081da45083b0000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def _kept_articles(web: Web) -> None:
    """The bulk: articles with enough karma, until the stock is down to what nobody votes for or links to."""
    while len(web.stock) > 29:
        plant_kept(web, web.article(), "article")


def _line_separators(web: Web) -> None:
    """Posts whose titles hold U+2028 and U+0085, at which `str.splitlines` would cut the JSON in two."""
    for separator in ("\u2028", "\x85"):
        article = web.article()
        plant_kept(web, article, "separator in title")
        web.links[-1] = replace(web.links[-1], title=f"First{separator}second: {article.title}")


def _unscored_posts(web: Web) -> None:
    """Good pages that further posts without a score link to."""
    for _ in range(5):
        plant_kept(web, web.article(), "post without score")
        # None: dumps that have no score for a post.
        web.links[-1] = replace(web.links[-1], scores=(*web.links[-1].scores, None, None))


def _unwanted(web: Web) -> None:
    """Pages without enough karma under the policy `max`, and pages without any post."""
    for number in range(29):
        article = web.article()
        url = show(web, article)
        if number < 13:
            web.expect(url, "low karma", PageOutcome.NOT_ASKED, karma=web.ask(url, article.title, good=False))
        elif number < 16:
            web.links.append(SampleLink(url, article.title, (2, 1, 2)))
            web.expect(url, "low karma, high sum", PageOutcome.NOT_ASKED, karma=2)
        else:
            web.expect(url, "nobody linked", PageOutcome.NOT_ASKED)


def _special_posts(web: Web) -> None:
    """Pages whose only good posts do not count, or count because of a later retrieval."""
    rose = SampleLink("", "", (1,), months=("2016-12",), later=57)
    cases = (
        ("over 18", SampleLink("", "", (9, 40), {"over_18": True})),
        ("over 18", SampleLink("", "", (5,), {"over_18": True})),
        ("after the cut-off", SampleLink("", "", (30,), months=("2018-01",))),
        ("after the cut-off", SampleLink("", "", (8, 9), months=("2018-01",))),
        ("score fell later", SampleLink("", "", (12,), months=("2016-12",), later=1)),
        ("deleted", SampleLink("", "", (77,), DELETED)),
        ("deleted", SampleLink("", "", (6,), REMOVED)),
        ("score rose later", rose),
    )
    outcomes = {"deleted": PageOutcome.NOT_KEPT, "score rose later": PageOutcome.KEPT}
    for kind, link in cases:
        article = web.article()
        url = show(web, article)
        web.links.append(replace(link, url=url, title=article.title))
        web.expect(url, kind, outcomes.get(kind, PageOutcome.NOT_ASKED), karma=rose.later if link == rose else None)


def _manual(web: Web) -> None:
    """Pages of a program's manual."""
    for number in range(3):
        plant_kept(web, sectioned_page(number, "manual"), "manual")


def _charsets(web: Web) -> None:
    """English pages in other charsets than UTF-8, or in UTF-8 that is not declared; quotes are curly."""
    for number, (charset, header, meta) in enumerate(CHARSETS):
        article = web.article()
        first, *rest = article.paragraphs
        article = replace(article, paragraphs=(f"{first} {CAFE}.", *rest))
        url = url_of(BLOG, article)
        html = re.sub(r'(?<=>)"|(?<=[ >])"(?=\w)', "“", article_page(article, BLOG, meta))
        web.capture(url, Response(html.encode(charset, "xmlcharrefreplace"), header))
        kind = f"charset {number}: {charset} as {header.partition('=')[2] or meta or 'undeclared'}"
        web.expect(url, kind, PageOutcome.KEPT, karma=web.ask(url, article.title), says=CAFE)


def _encodings(web: Web) -> None:
    """Bodies in chunks, compressed, and both."""
    for encoding in ENCODINGS[1:]:
        article = web.article()
        url = url_of(NEWS, article)
        web.capture(url, Response(article_page(article, NEWS).encode(), encoding=encoding))
        web.expect(url, f"encoding {encoding}", PageOutcome.KEPT, karma=web.ask(url, article.title), says=says(article))


def _redirects(web: Web) -> None:
    """Links to an address that has moved: once, twice, to itself, and with a relative location."""
    for number in range(3):
        article = web.article()
        final = url_of(OTHER_NEWS, article)
        start, middle = f"https://old.lantern.example/{number}", f"https://northernlantern.example/r/{number}"
        hops = [(start, final)] if number == 0 else [(start, middle), (middle, final)]
        for url, location in hops:
            relative = location.removeprefix("https://northernlantern.example") if url == middle else location
            web.capture(url, Response(b"", status=301 + number % 2, location=relative), CRAWL[0])
        web.capture(final, article_page(article, OTHER_NEWS), CRAWL[1])
        karma = web.ask(start, article.title)
        web.expect(start, "redirect", PageOutcome.NOT_KEPT, karma=karma)
        web.expect(final, "redirected to", PageOutcome.KEPT, karma=karma, says=says(article))
    there, back = "https://carousel.example/there", "https://carousel.example/back"
    for url, location in ((there, back), (back, there)):
        web.capture(url, Response(b"", status=301, location=location))
        web.expect(url, "redirect loop", PageOutcome.NOT_KEPT, karma=web.ask(url, "Round and round"))


def _revisits(web: Web) -> None:
    """Unchanged pages that a later visit did not store again; once the visit was to another address."""
    for number in range(3):
        article = web.article()
        url = plant_kept(web, article, "revisit", NEWS, CRAWL[0])
        first = web.records[CRAWL[0]][-1]
        again = url if number < 2 else url.replace("2016/11", "print")
        web.put(revisit(again, web.date(), first), CRAWL[1])
        if again != url:
            web.facts[-1] = replace(web.facts[-1], outcome=PageOutcome.ONE_OF_GROUP, group="revisit")
            web.expect(again, "revisit", PageOutcome.ONE_OF_GROUP, karma=web.ask(again, article.title), group="revisit")


def _captured_twice(web: Web) -> None:
    """One address captured twice: the same bytes, and with one sentence changed."""
    for number in range(3):
        article = web.long_article()
        url = plant_kept(web, article, "captured twice", THIRD_NEWS, CRAWL[0])
        again = edit(article, 1, web.random) if number == 2 else article
        web.capture(url, article_page(again, THIRD_NEWS), CRAWL[2])


def _group(web: Web, group: str, kind: str, copies: Iterable[tuple[str, SampleArticle, SampleSite]]) -> None:
    for url, article, site in copies:
        web.capture(url, article_page(article, site))
        web.expect(url, kind, PageOutcome.ONE_OF_GROUP, karma=web.ask(url, article.title), group=group)


def _exact_duplicates(web: Web) -> None:
    """One text under two or three addresses."""
    for number in range(4):
        article, site = web.article(), SITES[number]
        url = url_of(site, article)
        urls = (url, f"{url}?print=1", f"{site.scheme}://mirror{number}.example/{number}")[: 2 + number % 2]
        _group(web, f"exact {number}", "exact duplicate", ((copy, article, site) for copy in urls))


def _near_duplicates(web: Web) -> None:
    """A syndicated article: another site, a line about its source, two sentences changed."""
    for number in range(5):
        article = web.long_article()
        first, *rest = edit(article, 2, web.random).paragraphs
        reprint = replace(article, author="our staff", paragraphs=(f"First printed in the Lantern. {first}", *rest))
        sites = (OTHER_NEWS, SITES[7 + number % 4])
        copies = ((url_of(site, text), text, site) for site, text in zip(sites, (article, reprint), strict=True))
        _group(web, f"near {number}", "near duplicate", copies)


def _chain(web: Web) -> None:
    """An article that loses its last paragraph with each reprint: neighbours are alike, the two ends are not."""
    article = web.long_article()
    for site in SITES[3:6]:
        url = show(web, article, site)
        web.expect(url, "chain", PageOutcome.KEPT_OR_NEAR, karma=web.ask(url, article.title), group="chain")
        article = replace(article, paragraphs=article.paragraphs[:-1])


def _encyclopedia(web: Web) -> None:
    """Pages on the hosts of Wikipedia and of a mirror."""
    for number in range(7):
        article = replace(web.article(), title=f"The trade of {number + 3} names")
        host, folder = ENCYCLOPEDIAS[number % 3]
        url = f"https://{host}/{folder}/{article.topic.title().replace(' ', '_')}_{number}"
        web.capture(url, article_page(article, SampleSite(host, "Wikipedia", "encyclopedia")))
        web.expect(url, "wikipedia", PageOutcome.WIKIPEDIA, karma=web.ask(url, article.title))


def _languages(web: Web) -> None:
    """Pages in other languages; the Japanese and Chinese ones in charsets of their own."""
    for language, pages, site in FOREIGN:
        for number in range(pages):
            article = sectioned_page(number, language)
            url = f"https://{site.host}/{number}"
            web.capture(url, article_page(article, site))
            web.expect(
                url, f"language {language}", PageOutcome.LANGUAGE, karma=web.ask(url, article.title), says=says(article)
            )
    for language, site, charset in FAR_EAST:
        for number in range(3):
            article = short_page(number, language)
            url = f"https://{site.host}/{number}"
            header = f"text/html; charset={charset}" if number == 0 else "text/html"
            html = article_page(article, site, "gb2312" if charset == "gb18030" else charset)
            web.capture(url, Response(html.encode(charset, "xmlcharrefreplace"), header))
            text = re.split("[，。]", article.paragraphs[0])[0]
            web.expect(url, f"language {language}", PageOutcome.LANGUAGE, karma=web.ask(url, article.title), says=text)


def _no_articles(web: Web) -> None:
    """What is no article: errors, walls, scraps, spam, other media."""
    missing = bare_page("Not found", "The page you asked for is not here.")
    lost = bare_page("Page not found", "Sorry, the page you are looking for may have been moved or deleted.")
    stub = bare_page("A note", "Back on Monday. The page about nets will be here soon.")
    wall = bare_page("Are you a robot?", "Please make sure you are not a robot. Enable cookies and JavaScript.")
    cases = [
        *[("not found", PageOutcome.STATUS, Response(missing.encode(), status=404))] * 4,
        *[("unavailable", PageOutcome.STATUS, Response(b"Back soon.", "text/plain", 503))] * 2,
        *[("empty", PageOutcome.EMPTY, Response(b""))] * 2,
        *[("pdf", PageOutcome.NO_HTML, Response(PDF, "application/pdf"))] * 2,
        *[("image", PageOutcome.NO_HTML, Response(PNG, "image/png"))] * 2,
        *[("soft 404", PageOutcome.QUALITY, Response(lost.encode()))] * 3,
        *[("robot wall", PageOutcome.QUALITY, Response(wall.encode()))] * 2,
        *[("thin", PageOutcome.QUALITY, Response(stub.encode()))] * 5,
        *[("spam", PageOutcome.REPETITION, Response(spam_page(number).encode())) for number in range(5)],
    ]
    for number, (kind, outcome, answer) in enumerate(cases):
        url = f"https://oddments.example/{kind.replace(' ', '-')}/{number}"
        web.capture(url, answer)
        web.expect(url, kind, outcome, karma=web.ask(url, f"Number {number}"))
    web.capture("https://oddments.example/robots.txt", Response(b"User-agent: *\nAllow: /\n", "text/plain"))


def _ready_made_text(web: Web) -> None:
    """A WET file: the text of pages with their navigation, as Common Crawl converts it."""
    for number in range(14):
        article, site = web.article(), SITES[number % 12]
        url = url_of(site, article)
        text = "\n".join((article.title, *NAVIGATION[:4], *article.paragraphs, f"© 2016 {site.name}"))
        web.put(conversion(url, web.date(), text), WET)
        if number < 10:
            web.expect(url, "wet", PageOutcome.KEPT, karma=web.ask(url, article.title), says=says(article))
        else:
            web.expect(url, "wet, nobody linked", PageOutcome.NOT_ASKED)


def _damaged_file(web: Web) -> None:
    """An archive with a spoilt record between good ones, and a last record that is cut short."""
    for number in range(8):
        plant_kept(web, web.article(), "in a damaged file", NEWS, DAMAGED)
        if number in (3, 7):
            web.facts[-1] = replace(web.facts[-1], kind="damaged record", outcome=PageOutcome.NOT_KEPT, says="")


def _links_without_page(web: Web) -> None:
    """Good links whose pages nobody captured."""
    for number in range(40):
        url = f"https://faraway{number % 7}.example/{number}/"
        web.expect(url, "no page", PageOutcome.NO_PAGE, karma=web.ask(url, "A page that was never fetched"))


PLANTS: tuple[Callable[[Web], None], ...] = (
    *(_exact_duplicates, _near_duplicates, _chain, _captured_twice, _line_separators, _unscored_posts),
    *(_special_posts, _manual, _charsets, _encodings, _redirects, _revisits, _encyclopedia, _languages),
    *(_ready_made_text, _damaged_file, _no_articles, _links_without_page, _kept_articles, _unwanted),
)
