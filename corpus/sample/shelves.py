"""Books, a Wikipedia and a benchmark beside the sample's web: what GPT-3's mix is made of, as small as it can be."""

import bz2
import json
from pathlib import Path
from xml.sax.saxutils import escape

from corpus.sample.prose import SampleArticle, english_article

HEAD = (
    '<mediawiki xml:lang="en" version="0.11"><siteinfo><dbname>enwiki</dbname>'
    "<base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>\n"
)
# One question of the benchmark; a page of the small Common Crawl tells it.
QUESTION = (
    "which of the seven lanterns on the harbour wall did the old keeper leave unlit on the night the grain ship came "
    "in, and what did he say to the mayor when she asked him for the reason the next morning?"
)
ANSWER = "the fourth one, because a lamp that burns for nobody is a lamp that lies"
_CHAPTERS, _BOOKS, _ARTICLES = 6, 4, 8
# Numbers of articles that the sample's web does not use.
_FIRST_BOOK, _FIRST_ARTICLE = 300, 400


def write_shelves(folder: Path) -> None:
    """Write `books/`, `wikipedia/` and `benchmarks/` below the folder."""
    for name in ("books", "wikipedia", "benchmarks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for shelf in range(2):
        lines = [json.dumps(_book(_BOOKS * shelf + number)) for number in range(_BOOKS)]
        (folder / "books" / f"shelf-{shelf + 1}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pages = [HEAD, *(_wiki_page(number) for number in range(_ARTICLES)), _redirect(_ARTICLES), "</mediawiki>\n"]
    (folder / "wikipedia" / "enwiki-sample.xml.bz2").write_bytes(bz2.compress("".join(pages).encode()))
    questions = [
        {"context": f"Question: {QUESTION}", "continuation": ANSWER},
        {"context": "What do ropes and rumours have in common, as they say in Kestrel Bay, when the wind is easterly",
         "continuation": "both of them get longer the more hands they go through"},
    ]  # fmt: skip
    lines = [json.dumps(question) for question in questions]
    (folder / "benchmarks" / "harbour-quiz.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _book(number: int) -> dict[str, str]:
    """A book of some chapters, each an article of ours."""
    first = _FIRST_BOOK + number * _CHAPTERS
    chapters = [english_article(first + chapter) for chapter in range(_CHAPTERS)]
    text = "\n\n".join(
        f"CHAPTER {place + 1}\n\n{chapter.title}\n\n{chapter.text}" for place, chapter in enumerate(chapters)
    )
    return {
        "id": f"ours-{number}",
        "title": chapters[0].title,
        "author": chapters[0].author,
        "text": text,
        "licence": "CC0",
    }


def wikipedia_article(number: int) -> SampleArticle:
    """Article `number` of the dump."""
    return english_article(_FIRST_ARTICLE + number)


def _wiki_page(number: int) -> str:
    article = wikipedia_article(number)
    text = f"'''{article.title}''' is what this page is about.<ref>A book</ref>\n\n{article.text}\n\n== Notes ==\n"
    return (
        f"<page><title>{escape(article.title)} {number}</title><ns>0</ns><id>{number + 1}</id>"
        f"<revision><id>{number + 1}</id><timestamp>2017-01-{number + 1:02}T00:00:00Z</timestamp>"
        f"<text>{escape(text)}</text></revision></page>\n"
    )


def _redirect(number: int) -> str:
    target = f"{wikipedia_article(0).title} 0"
    return (
        f'<page><title>Another name</title><ns>0</ns><id>{number + 1}</id><redirect title="{escape(target)}" />'
        f"<revision><id>{number + 1}</id><timestamp>2017-01-09T00:00:00Z</timestamp>"
        f"<text>#REDIRECT [[{escape(target)}]]</text></revision></page>\n"
    )
