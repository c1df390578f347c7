"""Wikipedia: MediaWiki XML dumps, big ones in spans, with what their own simple templates say filled in."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from corpus.document import Document, Quarantined, Rejected
from corpus.extraction.wiki.definitions import with_templates
from corpus.extraction.wiki.site import Site, revision_time
from corpus.quarantine import guard
from corpus.readers.mediawiki.articles import Article, article_document, read_articles
from corpus.readers.mediawiki.dump_pages import Span
from corpus.readers.mediawiki.dump_spans import dump_spans
from corpus.sources.texts import Templates, TextSource


def read(path: Path, name: str, span: Span, templates: Templates) -> Iterator[Document | Rejected | Quarantined]:
    """Every page of a span. Offsets count the inflated bytes; from the start of a span where that is not the start of
    the file, and then the file is called `name@start`.
    """
    name = f"{name}@{span.start}" if span.start else name
    for article in read_articles(path, name, span):
        if isinstance(article, Quarantined):
            yield article
        else:
            yield guard(partial(_document, name=name, templates=templates), article, name, article.offset)


def _document(article: Article, name: str, templates: Templates) -> Document | Rejected:
    """The document of an article, the calls of the dump's own simple templates replaced by what they say."""
    definitions = templates.get(article.wiki, {})
    # A redirect and a page of another namespace are rejected as they are.
    if definitions and not article.namespace and not article.redirect:
        site = Site(article.language, article.title, revision_time(article.timestamp), definitions)
        article = replace(article, text=with_templates(article.text, site))
    return article_document(article, name)


WIKIPEDIA = TextSource("wikipedia", read, dump_spans, licence="CC BY-SA 4.0", has_templates=True)
