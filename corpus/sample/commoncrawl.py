"""A small Common Crawl beside the sample's web: a WARC and a WET, and what should become of each of their pages.

Nobody linked to these pages. Some are good, some are what most of a crawl is, some hold what they should not: a
question of a benchmark, an article of WebText or of Wikipedia under another address, somebody's telephone number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from corpus.sample.archive import Response, WrittenRecord, conversion, response, warcinfo, write_warc
from corpus.sample.pages import NAVIGATION, SampleSite, article_page, bare_page, spam_page
from corpus.sample.prose import SampleArticle, english_article, sectioned_page
from corpus.sample.shelves import QUESTION, wikipedia_article
from corpus.sample.web import SITES, Web, says, url_of

WARC, WET = "CC-MAIN-2017-04-sample.warc.gz", "CC-MAIN-2017-04-sample.warc.wet.gz"
CONTACT = (
    "Write to harriet.pell@slowtrades-mail.net or ring +1 (415) 739-0199, and pay the deposit with the card "
    "4111 1111 1111 1111 through the desk at 217.160.0.187 before the end of the month."
)
# Which recipe rejects which kind, by steps or rules that may do so; all other pages of a kind are kept.
ENDS: dict[str, dict[str, tuple[str, ...]]] = {
    "not found": dict.fromkeys(("unfiltered", "gpt3-commoncrawl", "fineweb", "c4"), ("page.http_error",)),
    "captured twice": dict.fromkeys(("unfiltered", "gpt3-commoncrawl", "fineweb", "c4"), ("duplicates.same_text",)),
    "German": dict.fromkeys(("gpt3-commoncrawl", "fineweb", "c4"), ("language.other",)),
    "spam": {"fineweb": ("gopher", "language"), "c4": ("c4.too_few_sentences",)},
    "shop": {"fineweb": ("gopher", "language", "fineweb"), "c4": ("c4.too_few_sentences",)},
    "stub": {"fineweb": ("gopher",), "c4": ("c4.too_few_sentences",)},
    "menu": {"fineweb": ("gopher", "language"), "c4": ("c4.too_few_sentences",)},
    "filler": {"fineweb": ("c4.lorem_ipsum",), "c4": ("c4.lorem_ipsum",)},
}
# Numbers of articles that the sample's web does not use.
_GOOD, _TEXTS, _LEAK, _PERSONAL, _TWICE = range(200, 212), range(212, 218), 218, 219, 220
WARES = ("umbrella", "garden chair", "slipper", "anchor", "curtain hook", "kettle", "lamp shade", "door mat")
MAKERS = ("Best", "Top", "Super", "Mega", "Prime", "Value", "Deluxe", "Budget", "Smart", "Hot")
_MIRRORS = (SampleSite("copies.example", "Copies", "blog"), SampleSite("allarticles.example", "All Articles", "news"))


@dataclass(frozen=True)
class Planted:
    """A page of the small crawl: its URL, what it is, and a sentence of its text ("" where it has none of its own)."""

    url: str
    kind: str
    says: str = ""


@dataclass
class _Crawl:
    planted: list[Planted]
    warc: list[WrittenRecord]
    wet: list[WrittenRecord]

    def date(self) -> str:
        minutes, seconds = divmod((len(self.warc) + len(self.wet)) * 41, 60)
        return f"2017-01-17T{4 + minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"

    def page(self, kind: str, url: str, answer: str | Response, sentence: str = "") -> None:
        answer = Response(answer.encode()) if isinstance(answer, str) else answer
        self.warc.append(response(url, self.date(), answer))
        self.planted.append(Planted(url, kind, sentence))

    def article(self, kind: str, article: SampleArticle, site: SampleSite, url: str = "") -> None:
        self.page(kind, url or url_of(site, article), article_page(article, site), says(article))


def write_common_crawl(folder: Path) -> tuple[Planted, ...]:
    """Write both files; what was planted, in their order."""
    crawl = _Crawl([], [], [])
    _good(crawl)
    _ordinary(crawl)
    _add_copies(crawl)
    _wrong(crawl)
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in ((WARC, crawl.warc), (WET, crawl.wet)):
        write_warc(folder / name, [warcinfo(name, "2017-01-17T03:00:00Z"), *records])
    return tuple(crawl.planted)


def _good(crawl: _Crawl) -> None:
    for number in _GOOD:
        crawl.article("good", english_article(number), SITES[number % 10])
    for number in _TEXTS:
        article, site = english_article(number), SITES[number % 11]
        url = url_of(site, article)
        text = "\n".join((article.title, *NAVIGATION[:4], *article.paragraphs, f"© 2016 {site.name}"))
        crawl.wet.append(conversion(url, crawl.date(), text))
        crawl.planted.append(Planted(url, "good text", says(article)))
    twice, site = english_article(_TWICE), SITES[0]
    for kind, more in (("good", ""), ("captured twice", "?print=1")):
        crawl.article(kind, twice, site, url_of(site, twice) + more)


def _ordinary(crawl: _Crawl) -> None:
    """What most of a crawl is."""
    for number in range(4):
        crawl.page("spam", f"https://bargains.example/{number}", spam_page(number))
    for number in range(24):
        crawl.page("shop", f"https://{WARES[number % len(WARES)].replace(' ', '-')}-{number}.example/", _shop(number))
    stub = bare_page("A note", "Back on Monday. The page about nets will be here soon.")
    crawl.page("stub", "https://oddments.example/crawled/note", stub)
    menu = bare_page("Menu", *[word for word in NAVIGATION for _ in range(2)])
    crawl.page("menu", "https://oddments.example/crawled/menu", menu)
    filler = bare_page("New site", *_filler())
    crawl.page("filler", "https://oddments.example/crawled/new", filler, "Lorem ipsum dolor sit amet")
    for number in range(2):
        article = sectioned_page(number + 3, "de")
        crawl.article("German", article, SampleSite("moewenblatt.example", "Möwenblatt"))
    crawl.page("not found", "https://oddments.example/crawled/gone", Response(b"gone", "text/html", 404))


def _shop(number: int) -> str:
    """A list of goods and prices, and the words around them."""
    random = Random(f"shop {number}")
    rows = [
        f"{random.choice(MAKERS)} {random.choice(WARES)} {random.randint(10, 99)}{random.choice('ABCDEF')} "
        f"£{random.randint(2, 80)}.{random.choice(('49', '99'))} Add to basket {random.choice(NAVIGATION)}"
        for _ in range(random.randint(25, 45))
    ]
    return bare_page(f"{random.choice(MAKERS)} {WARES[number % len(WARES)]} - page {number}", *rows)


def _filler() -> Iterator[str]:
    latin = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor."
    article = english_article(_PERSONAL + 40)
    yield from (
        f"{paragraph} {latin}" if number == 1 else paragraph for number, paragraph in enumerate(article.paragraphs)
    )


def _add_copies(crawl: _Crawl) -> None:
    """Articles that other corpora hold."""
    crawl.article("copied from WebText", first_of_webtext(), _MIRRORS[0])
    crawl.article("copied from Wikipedia", wikipedia_article(0), _MIRRORS[1])


def _wrong(crawl: _Crawl) -> None:
    leak = english_article(_LEAK)
    middle = len(leak.paragraphs) // 2
    told = (
        *leak.paragraphs[:middle],
        f"A quiz that went round the town asked this: {QUESTION}",
        *leak.paragraphs[middle:],
    )
    crawl.article("leaked question", replace(leak, paragraphs=told), SITES[1])
    open_book = english_article(_PERSONAL)
    crawl.article("personal data", replace(open_book, paragraphs=(*open_book.paragraphs, CONTACT)), SITES[2])


def first_of_webtext() -> SampleArticle:
    """The article that the sample's web uses first, which WebText keeps."""
    return Web().article()
