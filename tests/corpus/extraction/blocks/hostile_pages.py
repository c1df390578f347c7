"""Pages that no author means well by, from a seed: what parsers fell over, alone and mixed into an ordinary page."""

import random
from collections.abc import Callable

WORDS = "the boat lies in harbour and tide comes keeper of bees walks along a pier counts".split()
TAGS = (
    "a b body br button code dd div dl dt em font form frameset h1 h6 head html i iframe img input li math noscript ol "
    "option p plaintext pre script select span style sub sup svg table tbody td template textarea title tr ul xmp x-y"
).split()
STRAY = [
    "<",
    "</",
    "<!",
    "<!--",
    "-->",
    "<?",
    "<![CDATA[",
    "]]>",
    ">",
    "&",
    "&#",
    "&#x",
    "&#x110000;",
    "&amp",
    '"',
    "'",
    "\0",
]


def ordinary(random_: random.Random) -> str:
    """A page that is nothing out of the ordinary."""
    paragraphs = "".join(f"<p>{' '.join(random_.choices(WORDS, k=60)).capitalize()}.</p>\n" for _ in range(8))
    return f"<!DOCTYPE html><html><head><title>Harbour</title></head><body><main>{paragraphs}</main></body></html>"


def _soup(random_: random.Random) -> str:
    pieces = []
    for _ in range(random_.randrange(3_000)):
        tag = random_.choice(TAGS)
        attribute = random_.choice(
            ["", " class=main", " id='x y'", " href=#a", ' style="display:none"', ' a="b', " ='", "/"]
        )
        pieces.append(
            random_.choice([f"<{tag}{attribute}>", f"</{tag}>", random_.choice(WORDS) + " ", random_.choice(STRAY)])
        )
    return "".join(pieces)


def _bytes(random_: random.Random) -> bytes:
    return bytes(random_.choices(range(256), k=random_.randrange(100_000)))


def _mutated(random_: random.Random) -> bytes:
    data = bytearray(ordinary(random_).encode())
    for _ in range(random_.randrange(1, 60)):
        at = random_.randrange(len(data))
        data[at : at + random_.randrange(4)] = bytes(
            random_.choices(b"<>/!-&;#\"'= \0\xff\xc3\xe2\n", k=random_.randrange(4))
        )
    return bytes(data)


def _many(random_: random.Random, piece: str, most: int) -> str:
    return piece * int(most ** random_.random() + 1)


KINDS: dict[str, Callable[[random.Random], str | bytes]] = {
    "depth": lambda r: _many(r, f"<{r.choice(TAGS)}>", 100_000) + "text",
    "depth, closed": lambda r: _many(r, "<div><span>", 2_400) + "text" + "</span></div>" * 3_000,
    "end tags": lambda r: "<div>" * 300 + _many(r, f"</{r.choice(TAGS)}>", 200_000),
    "attributes": lambda r: "<p" + _many(r, f" a{r.random()}='<b>'", 50_000) + ">text",
    "one attribute": lambda r: "<p class='" + _many(r, "word Word9 ", 100_000) + "'>text",
    "comments": lambda r: (
        _many(r, r.choice(["<!-- ", "<!-->", "<!--->", "<!-- -- >", "<!---- a --!>"]), 100_000) + "text"
    ),
    "references": lambda r: _many(
        r, r.choice(["&amp;", "&", "&#8364;", "&#x0;", "&CounterClockwiseContourIntegral", "&#"]), 100_000
    ),
    "nul": lambda r: _many(r, "\0<p>\0te\0xt\0</p>", 50_000),
    "long line": lambda r: "<p>" + _many(r, "word ", 1_000_000),
    "plaintext": lambda r: "<p>text<plaintext>" + _many(r, "<p>text & more", 50_000),
    "unclosed": lambda r: (
        "".join(f"<{tag}>text" for tag in r.sample(TAGS, 20)) + r.choice(["<a href='", "<!--", "<script>", "<p"])
    ),
    "scripts": lambda r: (
        _many(r, r.choice(["<script/>", "<script>", "<style/><svg/>", "<svg>", "<textarea>", "<xmp>"]), 50_000) + "text"
    ),
    "tables": lambda r: _many(r, r.choice(["<table><tr><td>", "<table>", "<tr><td>a", "<td><table>"]), 20_000),
    "lists": lambda r: _many(
        r, r.choice(["<ul><li>", "<li>a", "<ol start=-9999999999><li>a", "<dl><dt>a<dd>"]), 20_000
    ),
    "formulas": lambda r: (
        _many(r, r.choice(["<math>", "<math><msup>", "<sup>", "<sub>a<sup>", "x<sup>2</sup>"]), 4_000) + "text"
    ),
    "pre": lambda r: (
        "<pre>" + _many(r, r.choice(["\n", "<br>", "&nbsp;", "<div>a", "\t x\n", "<pre>"]), 4_000) + "text"
    ),
    "blocks": lambda r: _many(r, "<p>a", 100_000),
    "soup": _soup,
    "bytes": _bytes,
    "mutated": _mutated,
    "wrong charset": lambda r: ordinary(r).encode(r.choice(["utf-16", "utf-16-be", "utf-32", "utf-7", "cp037"])),
    "bidi": lambda r: "<p>" + _many(r, "\u202e\ufeff\u200b\ud800text ", 10_000),
}


def page_body(kind: str, seed: int) -> bytes:
    """A page of this kind, alone or inside an ordinary one; the same for the same seed."""
    random_ = random.Random(f"{kind}/{seed}")
    made = KINDS[kind](random_)
    body = made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")
    around = ordinary(random_).encode()
    middle = around.index(b"</p>")
    return random_.choice([body, around[:middle] + body + around[middle:], around[: middle + 4] + body])
