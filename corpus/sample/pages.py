"""Puts HTML around the sample's articles: the navigation, sidebars, banners and comments of an ordinary web.

Extraction is only tested if there is something to leave out. So every layout surrounds its article with what
its kind of site has, and the page says nowhere which part is the article.
"""

from dataclasses import dataclass
from html import escape
from random import Random

from corpus.sample.prose import SampleArticle

COOKIE_BANNER = "We use cookies to remember that you have seen this notice about cookies."
COMMENTS = (
    "My grandfather did it the other way round and lived to be ninety.",
    "Lovely piece. Is there a part two?",
    "The photograph shows the wrong bridge, otherwise all correct.",
    "I read this aloud to the dog, who agreed with the second paragraph.",
    "First time I have understood why ours always creaks.",
    "Could the author say where one buys the wire nowadays?",
    "We tried this at school and the caretaker has only just forgiven us.",
    "There is a typing error in the third line, but I shall not say which.",
    "Came for the picture, stayed for the trouble with the damp.",
    "Ours is older, but then everybody's is.",
)
NAVIGATION = ("Home", "News", "Workshops", "Letters", "Archive", "Calendar", "Shop", "About us", "Contact")
PROMISES = (
    "Subscribe to our newsletter and receive a free bookmark.",
    "Share this on Chirp, Facepage or by pigeon.",
    "Advertise here: reach nine hundred careful readers.",
    "Download our app to read this in a smaller box.",
)
HANDLES = ("tarbrush", "second_wind", "quoin_key", "oldharry", "mudlark77", "nettle", "gannet_p", "halfhitch")
WORDS_OF_LABELS = {
    "en": ("Most read", "Comments", "Privacy", "All rights reserved"),
    "de": ("Meistgelesen", "Kommentare", "Datenschutz", "Alle Rechte vorbehalten"),
    "fr": ("Les plus lus", "Commentaires", "Confidentialité", "Tous droits réservés"),
    "es": ("Lo más leído", "Comentarios", "Privacidad", "Todos los derechos reservados"),
}


@dataclass(frozen=True)
class SampleSite:
    """A host of the sample, the name it prints over its pages, and the layout of those pages."""

    host: str
    name: str
    layout: str = "news"
    scheme: str = "https"


def _list(items: list[str], attributes: str = "") -> str:
    links = "".join(f'<li><a href="/{index}">{escape(item)}</a></li>' for index, item in enumerate(items))
    return f"<ul{attributes}>{links}</ul>"


def _paragraphs(article: SampleArticle) -> str:
    return "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in article.paragraphs)


def _labels(article: SampleArticle) -> tuple[str, str, str, str]:
    return WORDS_OF_LABELS.get(article.language, WORDS_OF_LABELS["en"])


def _comments(article: SampleArticle, random: Random) -> str:
    rows = "".join(
        f'<div class="comment"><span class="author">{random.choice(HANDLES)}</span><p>{text}</p>'
        f'<a class="reply" href="#reply">Reply</a></div>'
        for text in random.sample(COMMENTS, random.randint(2, 5))
    )
    return f'<section id="comments" class="comments"><h3>{_labels(article)[1]}</h3>{rows}</section>'


def _sidebar(article: SampleArticle, random: Random) -> str:
    teasers = [f"{random.choice(NAVIGATION)}: {text}" for text in random.sample(COMMENTS, 4)]
    return (
        f'<aside class="sidebar"><h3>{_labels(article)[0]}</h3>{_list(teasers)}'
        f'<div class="newsletter">{random.choice(PROMISES)}</div></aside>'
    )


def _news(article: SampleArticle, random: Random) -> str:
    day = f"2016-{random.randint(10, 12)}-{random.randint(10, 28)}"
    return (
        f'<main><article class="story"><h1>{escape(article.title)}</h1>\n'
        f'<p class="byline">By {article.author} <time datetime="{day}">{day}</time></p>\n'
        f"{_paragraphs(article)}\n</article>{_comments(article, random)}</main>{_sidebar(article, random)}"
    )


def _blog(article: SampleArticle, random: Random) -> str:
    return (
        f'<div id="content"><div class="post hentry"><h2 class="entry-title">{escape(article.title)}</h2>\n'
        f'<div class="entry-content">{_paragraphs(article)}</div>\n'
        f'<div class="post-meta">Posted by {article.author} in <a href="/notes">Notes</a></div></div>\n'
        f'<div class="sharing">{random.choice(PROMISES)}</div>{_comments(article, random)}</div>'
        f'<div id="secondary" class="widget-area">{_list(list(NAVIGATION[2:7]))}</div>'
    )


def _forum(article: SampleArticle, random: Random) -> str:
    posts = "\n".join(
        f'<div class="post" id="p{index}"><div class="postprofile"><b>{random.choice(HANDLES)}</b><br>'
        f'Posts: {random.randint(3, 900)}</div><div class="postbody"><div class="content"><p>'
        f"{escape(paragraph, quote=False)}</p></div></div></div>"
        for index, paragraph in enumerate(article.paragraphs)
    )
    return (
        f'<div class="breadcrumbs"><a href="/">Board index</a> &raquo; <a href="/f2">{article.topic}</a></div>'
        f'<div id="page-body" class="topic"><h2 class="topic-title">{escape(article.title)}</h2>\n{posts}</div>'
        f'<div class="pagination">{len(article.paragraphs)} posts &bull; Page <b>1</b> of <b>1</b></div>'
    )


def _documentation(article: SampleArticle, random: Random) -> str:
    year = random.randint(2009, 2016)
    code = (
        f'$ daybook add "{escape(article.title, quote=False)}" +{article.topic.split()[0]}\n'
        f"$ daybook find --since {year}-01-01 +{article.topic.split()[0]}\n$ daybook export &gt; log.csv"
    )
    first, *rest = article.paragraphs
    body = "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in rest)
    return (
        f'<div class="sphinxsidebar">{_list(["Contents", "Next topic", "This page", "Show source"])}</div>'
        f'<div class="document"><div class="body" role="main"><h1>{escape(article.title)}</h1>\n'
        f"<p>{escape(first, quote=False)}</p>\n<pre><code>{code}</code></pre>\n{body}\n</div></div>"
    )


def _recipe(article: SampleArticle, random: Random) -> str:
    root, grain = random.choice(("leek", "parsnip", "beetroot", "celeriac")), random.choice(("barley", "oats", "rye"))
    herb, fat = random.choice(("thyme", "lovage", "dill")), random.choice(("butter", "walnut oil", "dripping"))
    ingredients = (f"{random.randint(2, 6)} {root}s", f"a cup of {grain}", f"a handful of {herb}", f"a knob of {fat}")
    if fat != "butter":
        ingredients = (*ingredients[:3], f"a spoonful of {fat}")
    method = (
        f"Cut the {root}s into pieces no larger than a thumb and soften them slowly in the {fat}.",
        f"Add the {grain} and stir until every grain shines.",
        f"Pour on water to cover by two fingers, and simmer for {random.randint(35, 55)} minutes.",
        f"Tear in the {herb}, taste for salt, and let it stand until the talking stops.",
    )
    items = "".join(f"<li>{text}</li>" for text in ingredients)
    steps = "".join(f"<li>{text}</li>" for text in method)
    return (
        f'<article class="recipe"><h1>{escape(article.title)}, with a soup for afterwards</h1>\n'
        f"{_paragraphs(article)}\n<h2>{root.capitalize()} and {grain} soup</h2><ul>{items}</ul><ol>{steps}</ol>\n"
        f'<div class="rating">Rated 4.{random.randint(1, 9)} by {random.randint(5, 80)} cooks. Print. Pin.</div>'
        f"</article>{_comments(article, random)}"
    )


def _table(article: SampleArticle, random: Random) -> str:
    rows = "".join(
        f"<tr><td>{week}</td><td>{random.randint(2, 60)}</td><td>{random.randint(10, 99) / 10}</td>"
        f"<td>{random.choice(('fair', 'wet', 'windy', 'still', 'fog until ten'))}</td></tr>"
        for week in range(1, 11)
    )
    head = "<tr><th>Week</th><th>Number</th><th>Hours</th><th>Weather</th></tr>"
    return (
        f'<div class="layout"><div class="content"><h1>{escape(article.title)}</h1>\n{_paragraphs(article)}\n'
        f'<table class="data"><caption>{escape(article.topic)}, week by week</caption>{head}{rows}</table></div></div>'
        f"{_sidebar(article, random)}"
    )


def _encyclopedia(article: SampleArticle, random: Random) -> str:
    return (
        f'<div id="mw-head">{_list(["Article", "Talk", "Read", "Edit", "View history"])}</div>'
        f'<div id="content" class="mw-body"><h1 id="firstHeading">{escape(article.title)}</h1>\n'
        f'<div id="mw-content-text">{_paragraphs(article)}\n<h2>References<span class="mw-editsection">[edit]</span>'
        f'</h2><ol class="references"><li>{article.author}, {escape(article.topic)}, {random.randint(1931, 2004)}.'
        f'</li></ol></div></div><div id="catlinks">Categories: {escape(article.topic)}</div>'
    )


LAYOUTS = {
    "news": _news,
    "blog": _blog,
    "forum": _forum,
    "documentation": _documentation,
    "recipe": _recipe,
    "table": _table,
    "encyclopedia": _encyclopedia,
}


def article_page(article: SampleArticle, site: SampleSite, charset: str = "utf-8") -> str:
    """The whole HTML page of an article on a site; `charset` is what its meta element says ("" for none)."""
    random = Random(f"{site.host} {article.title}")
    navigation = _list(random.sample(NAVIGATION, random.randint(5, 8)), ' class="menu"')
    banner = f'<div id="cookie-banner" role="dialog">{COOKIE_BANNER} <button>Accept</button></div>'
    meta = f'<meta charset="{charset}">' if charset else ""
    privacy, rights = _labels(article)[2:]
    return (
        f'<!DOCTYPE html>\n<html lang="{article.language}"><head>{meta}<title>{escape(article.title)} | {site.name}'
        f'</title>\n<link rel="stylesheet" href="/style.css"><script>var page = {{"ads": true}};</script></head>\n'
        f'<body class="{site.layout}">{banner if random.random() < 0.5 else ""}\n'
        f'<header><a class="logo" href="/">{site.name}</a><nav>{navigation}</nav></header>\n'
        f"{LAYOUTS[site.layout](article, random)}\n"
        f'<footer>&copy; 2016 {site.name}. {rights}. <a href="/privacy">{privacy}</a></footer>\n</body></html>\n'
    )


def bare_page(title: str, *paragraphs: str) -> str:
    """A page with hardly anything on it: a stub, an error that calls itself a success, a wall against robots."""
    body = "".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)
    return f"<!DOCTYPE html>\n<html><head><title>{escape(title)}</title></head><body>{body}</body></html>\n"


def spam_page(number: int) -> str:
    """A link farm: the same few lines over and over, around links that nobody needs."""
    ware = ("umbrellas", "garden chairs", "slippers", "second-hand anchors", "curtain hooks")[number % 5]
    line = f"Buy cheap {ware} online, best {ware}, discount {ware} free delivery"
    rows = "".join(f'<p>{line} <a href="/{ware.replace(" ", "-")}-{index}">{ware}</a></p>\n' for index in range(40))
    return (
        f"<!DOCTYPE html>\n<html><head><title>Cheap {ware}</title></head><body><h1>{ware}</h1>\n{rows}</body></html>\n"
    )
