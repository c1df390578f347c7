"""Tags and texts as browsers read them, where it decides what is a block and what is text at all."""

import pytest
from whole_pages import all_text, block_texts

from corpus.extraction import blocks

MOST_ATTRIBUTES, DEEPEST_NESTING = 5_000, 5_000  # of native/page.h


@pytest.mark.parametrize(
    "html",
    [
        "<p>one<script>var two = '<p>two</p>';</script></p>",
        "<p>one</p><style>p { color: red }</style>",
        "<p>one</p><script src='a.js'/><script>two()</script>",
        "<script type='text/javascript'/>two('<b>')</script><p>one</p>",
        "<p>one</p><!-- two --><!-- <p>two</p> --><!-->",
        "<p>one</p><!-- two --!>",
        "<p>one</p><textarea>two</textarea><select><option>two</select><template><p>two</p></template>",
        "<p>one</p><svg><text>two</text></svg><iframe>two</iframe><noembed>two</noembed>",
        "<head><title>two</title></head><p>one",
        "<p>one</p><?php two ?><!two><![CDATA[two]]>",
        "<p title='a>two'>one</p>",
        "<p>one</p><input value='two'><img alt='two'>",
        "<p>\0o\x01n\u00ade\ufeff</p>",
        "<p>one</p><script>two",
        "<p>one</p><!-- two",
        "<p>one</p><a href='two",
    ],
)
def test_only_one_is_text(html):
    assert all_text(html) == "one"


def test_scripts_that_broke_out_are_never_main_text():
    script = "var a = {x: 1}; function go() { document.write('x'); } if (a.x == 1) { go(); };" * 5
    story = "The ferry left the old harbour at noon, and nobody in the town asked why it was late. " * 5
    for html in (f"<p>{story}</p><div>{script}</div>", f"<p>{story}</p></script>{script}", f"{script}<p>{story}</p>"):
        with blocks.read(html) as reading:
            assert reading.write(blocks.forest()).text == story.strip()


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>a<p>b<div>c</div>d", ["a", "b", "c", "d"]),
        ("<ul><li>a<li>b</ul>c", ["a", "b", "c"]),
        ("<table><tr><td>a<td>b<tr><td>c</table>d", ["a", "b", "c", "d"]),
        ("<div>a</span></b>b</p>c</div></div></div>d", ["ab", "c", "d"]),
        ("a < b and 3 <4, <3", ["a < b and 3 <4, <3"]),
        ("<plaintext>a<b>c", ["a<b>c"]),
        ("<DIV CLASS=x>a</DIV\n>b", ["a", "b"]),
        ("<a href=x>a</a><a href=y>b</a>", ["ab"]),
        ("<svg><path d='m 1'><div>a</div><p>b", ["a", "b"]),
        ("<svg><foreignObject><div>a</div></foreignObject></svg>b", ["b"]),
        ("<table><tr><td><select><option>x<td>a</table>b", ["a", "b"]),
        ("<select><option>x<select><option>y</select>a", ["a"]),
        ("<x-y><template shadowrootmode=open><p>a</p></template>b</x-y><template><p>x</p></template>", ["a", "b"]),
        ("&amp;&lt;&copy;&#8364;&#x20AC;&#128;&notit;&nosuch;&", ["&<©€€€¬it;&nosuch;&"]),
        ("&#0;&#xD800;&#99999999999;", ["\ufffd" * 3]),
    ],
)
def test_blocks(html, texts):
    assert block_texts(html) == texts


@pytest.mark.parametrize(
    ("html", "excess"),
    [
        ("<ul>" + "<li>one" * 20_000, None),
        ("<table>" + "<tr><td>1<td>2" * 10_000, None),
        ("<svg>" + "<path d='m 1 2 / 3'/>" * 20_000 + "</svg>", None),
        ("<p>text<br>" * 20_000, None),
        ("<p><b>text" * 20_000, None),
        ("<div data-state='" + "a = b " * 50_000 + "'>", None),
        ("<script>" + "a < b; c = d; " * 50_000 + "</script>", None),
        ("<p" + " a=1" * MOST_ATTRIBUTES + ">", None),
        ("<p" + " a=1" * (MOST_ATTRIBUTES + 1) + ">", ("attributes of one tag", MOST_ATTRIBUTES + 1)),
        ("<div>" * DEEPEST_NESTING, None),
        ("<div>" * (DEEPEST_NESTING + 1), ("nesting", DEEPEST_NESTING + 1)),
        ("<b></b>" * (blocks.MOST_TAGS // 2), None),
        ("<b></b>" * (blocks.MOST_TAGS // 2) + "<i>", ("tags", blocks.MOST_TAGS + 1)),
    ],
)
def test_pages_that_are_too_much(html, excess):
    with blocks.read(html) as reading:
        assert reading.excess() == excess
