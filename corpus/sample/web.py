"""The sample while it is being planted: its hosts, its archives, its links, and what is expected of each URL.

`Web` gathers; `corpus.sample.plants` says what is planted; `corpus.sample` writes the files.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

from corpus.sample.archive import Response, WrittenRecord, request, response
from corpus.sample.pages import SampleSite, article_page
from corpus.sample.posts import SampleLink
from corpus.sample.prose import ENGLISH_ARTICLES, SampleArticle, english_article

CRAWL = ("sample-0000.warc.gz", "sample-0001.warc.gz", "sample-0002.warc")
WET, DAMAGED = "sample-0003.warc.wet.gz", "sample-0004-damaged.warc.gz"
SITES = (
    SampleSite("harbourgazette.example", "The Harbour Gazette"),
    SampleSite("www.wendlepost.example", "Wendle Post", scheme="http"),
    SampleSite("northernlantern.example", "Northern Lantern"),
    SampleSite("valleycourier.example", "Valley Courier"),
    SampleSite("magazine.slowtrades.example", "Slow Trades"),
    SampleSite("dailyferry.example", "The Daily Ferry", scheme="http"),
    SampleSite("marlpapers.example", "The Marl Papers"),
    SampleSite("slowhands.example", "Slow Hands", "blog"),
    SampleSite("www.kestrelbaynotes.example", "Kestrel Bay Notes", "blog", "http"),
    SampleSite("atticlight.example", "Attic Light", "blog"),
    SampleSite("mudandrope.example", "Mud and Rope", "blog"),
    SampleSite("boards.longbench.example", "The Long Bench", "forum", "http"),
    SampleSite("forum.tarandtwine.example", "Tar & Twine", "forum"),
    SampleSite("docs.daybook.example", "daybook", "documentation"),
    SampleSite("soupandtools.example", "Soup and Tools", "recipe"),
    SampleSite("almanac.tidewatchers.example", "Tidewatchers' Almanac", "table", "http"),
)
# Which layouts suit which of the eight angles of `corpus.sample.angles`.
LAYOUTS = (
    ("documentation", "recipe", "table", "news"),
    ("news", "blog"),
    ("news", "table"),
    ("news", "blog"),
    ("forum", "forum", "news"),
    ("blog", "recipe"),
    ("news", "blog"),
    ("news", "blog"),
)
PATHS = {
    "news": "2016/11/{slug}",
    "blog": "{slug}.html",
    "forum": "viewtopic.php?f=2&t={number}",
    "documentation": "guide/{slug}/",
    "recipe": "recipes/{slug}",
    "table": "pages/{slug}.htm",
}
# What an editor puts before a sentence, and the words that may then lose their capital.
HEDGES = ("As it happens, ", "By all accounts ", "They say that ", "Oddly enough, ", "It must be said that ")
OPENERS = frozenset(
    "A After An Before By If In It Most No Nobody Not People That The There They This To What When".split()
)


class PageOutcome(StrEnum):
    """What should become of a URL. The family of a rejection says what is wrong with the page, not which rule saw it.

    Of a group exactly one URL is kept. `NOT_KEPT`: rejected, quarantined or without an answer. `NOT_ASKED`: no link
    has enough karma. `NO_PAGE`: a link that no page answers. `REPETITION` needs a rule that only strict recipes have.
    """

    KEPT = "kept"
    ONE_OF_GROUP = "one of group"
    KEPT_OR_NEAR = "kept or near duplicate"
    NOT_KEPT = "not kept"
    NOT_ASKED = "not asked"
    NO_PAGE = "no page"
    LANGUAGE = "rejected:language"
    WIKIPEDIA = "rejected:wikipedia"
    QUALITY = "rejected:quality"
    REPETITION = "rejected:repetition"
    STATUS = "rejected:status"
    NO_HTML = "rejected:content_type"
    EMPTY = "rejected:empty"


@dataclass(frozen=True)
class Fact:
    """What should become of one URL, and what the page would then say.

    `karma` is the highest score of the posts that count, `says` a sentence of the main text, `group` the name that
    duplicates of each other share; None and "" where there is nothing to say.
    """

    url: str
    kind: str
    outcome: PageOutcome
    karma: int | None = None
    says: str = ""
    group: str = ""


@dataclass
class Web:
    """The sample while it is being planted: records by file, links, facts, and the articles not yet used."""

    random: Random = field(default_factory=lambda: Random("web"))
    records: dict[str, list[WrittenRecord]] = field(default_factory=dict)
    links: list[SampleLink] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    stock: list[int] = field(default_factory=list)
    captures: int = 0

    def __post_init__(self) -> None:
        self.stock = self.random.sample(range(ENGLISH_ARTICLES), ENGLISH_ARTICLES)

    def article(self) -> SampleArticle:
        """An English article that no page has yet."""
        return english_article(self.stock.pop())

    def long_article(self) -> SampleArticle:
        """The longest of the next few, for pages that are to differ in little: the rest goes back into the stock."""
        best = max(self.stock[-30:], key=lambda number: len(english_article(number).text))
        self.stock.remove(best)
        return english_article(best)

    def date(self) -> str:
        """The next WARC-Date: 37 seconds after the last."""
        self.captures += 1
        minutes, seconds = divmod(self.captures * 37, 60)
        return f"2017-02-03T{9 + minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"

    def put(self, record: WrittenRecord, file: str = "") -> WrittenRecord:
        """Put a record into a file, by default into one of the three ordinary ones."""
        rows = self.records.setdefault(file or CRAWL[self.captures % 3], [])
        if record.kind == "response" and self.captures % 7 == 0:  # crawlers keep some of their questions
            rows.append(request(record.url, record.date))
        rows.append(record)
        return record

    def capture(self, url: str, answer: Response | str, file: str = "") -> WrittenRecord:
        """Put a response, or a page of HTML in UTF-8, into a file."""
        answer = Response(answer.encode()) if isinstance(answer, str) else answer
        return self.put(response(url, self.date(), answer), file)

    def ask(self, url: str, title: str, good: bool = True) -> int:
        """Post about a URL one to four times, with enough karma or without; the highest score."""
        first = self.random.choice((3, 3, 4, 7, 12, 41, 160, 933)) if good else self.random.randint(0, 2)
        rest = [self.random.randint(0, 40 if good else 2) for _ in range(self.random.randint(0, 3))]
        self.links.append(SampleLink(url, title, (first, *rest)))
        return max([first, *rest])

    def expect(self, url: str, kind: str, outcome: PageOutcome, **more: Any) -> None:
        """Note what should become of a URL."""
        self.facts.append(Fact(url, kind, outcome, **more))


def site_for(article: SampleArticle, random: Random) -> SampleSite:
    """A site that would print such an article."""
    layout = "documentation" if article.topic == "manual" else random.choice(LAYOUTS[article.angle])
    return random.choice([site for site in SITES if site.layout == layout])


def url_of(site: SampleSite, article: SampleArticle) -> str:
    """Where the site would put the article."""
    slug = re.sub(r"\W+", "-", article.title.lower().replace("'", "")).strip("-")
    number = sum(map(ord, article.text))
    name = PATHS[site.layout].format(slug=f"{slug[:60].strip('-')}-{number % 1000}", number=number)
    return f"{site.scheme}://{site.host}/{name}"


def says(article: SampleArticle) -> str:
    """A sentence from the middle of an article, without quotation marks, to look for in the extracted text."""
    sentences = [sentence for text in article.paragraphs for sentence in text.split(". ")]
    plain = [sentence for sentence in sentences if len(sentence) > 40 and '"' not in sentence and "'" not in sentence]
    return plain[len(plain) // 2].strip(".")


def show(web: Web, article: SampleArticle, site: SampleSite | None = None, file: str = "") -> str:
    """Capture an article on a site, by default one that suits it; the URL."""
    site = site or site_for(article, web.random)
    url = url_of(site, article)
    web.capture(url, article_page(article, site), file)
    return url


def plant_kept(web: Web, article: SampleArticle, kind: str, site: SampleSite | None = None, file: str = "") -> str:
    """Capture an article, post about it, and expect it to be kept; the URL."""
    url = show(web, article, site, file)
    web.expect(url, kind, PageOutcome.KEPT, karma=web.ask(url, article.title), says=says(article))
    return url


def edit(article: SampleArticle, edits: int, random: Random) -> SampleArticle:
    """The article with some sentences reworded a little, each in another paragraph."""
    paragraphs = [text.split(". ") for text in article.paragraphs]
    places = [
        (index, number)
        for index, sentences in enumerate(paragraphs)
        for number, sentence in enumerate(sentences)
        if sentence.split(" ")[0] in OPENERS
    ]
    # One place for each paragraph, the last drawn.
    by_paragraph = {index: (index, number) for index, number in random.sample(places, len(places))}
    for index, number in random.sample(sorted(by_paragraph.values()), edits):
        sentence = paragraphs[index][number]
        paragraphs[index][number] = random.choice(HEDGES) + sentence[0].lower() + sentence[1:]
    return replace(article, paragraphs=tuple(map(". ".join, paragraphs)))
