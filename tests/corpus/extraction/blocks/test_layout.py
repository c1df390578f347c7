"""The convention of docs/text.md, case by case: what is written for which HTML."""

import pytest
from whole_pages import all_text

CODE = "def f(x):\n    if x:\n        return 1\n\n    return 0"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One\n two</p><p>Three<p>Four", "One two\n\nThree\n\nFour"),
        ("<div>One</div>two<div>three</div>", "One\n\ntwo\n\nthree"),
        ("<p>a <b>b</b><i>c</i> d&nbsp;e</p>", "a bc d e"),
        ("<p>line<br>line<br/>line<br><br>new</p>", "line\nline\nline\n\nnew"),
        ("<h1>A</h1><h3>B\n <em>c</em></h3>text", "# A\n\n### B c\n\ntext"),
        ("<h2><div>Two</div><div>parts</div></h2>", "## Two parts"),
        (f"<h4>{'large letters ' * 20}</h4>", ("large letters " * 20).strip()),
    ],
)
def test_paragraphs_and_headings(html, text):
    assert all_text(html) == text


@pytest.mark.parametrize(
    "link",
    [
        "<a class='headerlink' href='/x#name'>¶</a>",
        "<a href='#name' aria-label='link'>#</a>",
        "&nbsp; <a href='#top'><span>back to top</span></a>",
        "<span class='mw-editsection'>[<a href='/edit'>edit</a>]</span>",
    ],
)
def test_a_heading_without_its_link_to_itself(link):
    assert all_text(f"<h2 id='name'>Name {link}</h2><p>text</p>") == "## Name\n\ntext"
    assert all_text(f"<h2>{link} Name</h2><p>text</p>") == "## Name\n\ntext"


def test_a_heading_that_is_all_link_stays():
    assert all_text("<h2><a href='#intro'>Introduction</a></h2>") == "## Introduction"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<ol start=5><li>a<li value=9>b<li>c</ol>", "5. a\n9. b\n10. c"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>", "1. a\n  - b\n2. c"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n  b\n- c"),
        ("<ul><li><h4>Salad</h4><ol><li>a<li>b</ol></li></ul>", "#### Salad\n\n1. a\n2. b"),
        ("<ul><li>• a<li>– b</ul>", "- a\n- b"),
        ("<ol><li>1) a<li>2. b</ol>", "1) a\n2. b"),
        ("<p>x</p><ul><li>a</ul><p>y</p>", "x\n\n- a\n\ny"),
        ("<dl><dt>term<dd>what it is<dd>and more</dl>", "term\n: what it is\n: and more"),
        ("<ul><li><h3>Card</h3><p>One</p><p>Two</p></li></ul>", "### Card\n\nOne\n\nTwo"),
    ],
)
def test_lists(html, text):
    assert all_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
        ("<table><tr><td>a<td><td>c</table>", "a |  | c"),
        ("<table><caption>Boats</caption><tr><td>a</td><td>1<br>2</td></tr></table>", "Boats\n\na | 1 2"),
        ("<table><tr><td><p>One</p><p>Two</p></td><td>side</td></tr></table>", "One\n\nTwo\n\nside"),
        ("<table><tr><td>alone</td></tr></table>", "alone"),
    ],
)
def test_tables(html, text):
    assert all_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        f"<pre>\n{CODE}\n</pre>",
        f"<pre><code class='language-python'>{CODE}\n\n</code></pre>",
        "<pre>" + CODE.replace("\n", "<br>") + "</pre>",
        "<pre>"
        + "".join(f"<div>{line or ' '}</div>" for line in CODE.split("\n")).replace("<div> </div>", "\n")
        + "</pre>",
        f"<xmp>{CODE}</xmp>",
        "<pre>" + CODE.replace("    ", "&nbsp; &nbsp; ") + "</pre>",
    ],
)
def test_code_is_verbatim(html):
    assert all_text(f"<p>before</p>{html}<p>after</p>") == f"before\n\n{CODE}\n\nafter"


def test_the_first_line_of_code_keeps_its_indentation():
    assert all_text("<pre>\n\n    a\n  b\n</pre>") == "    a\n  b"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>3</sup> mm", "10³ mm"),
        ("10<sup>−12</sup> and 10<SUP>&minus;3</SUP>", "10⁻¹² and 10⁻³"),
        ("x<sup>2</sup>+H<sub>2</sub>O", "x²+H₂O"),
        ("2<sup>n</sup> e<sup>x</sup> e<sup>-kt</sup>", "2ⁿ e^x e^(-kt)"),
        ("v<sub>max</sub> x<sub>i+1</sub>", "v_max x_(i+1)"),
        (
            "the 19<sup>th</sup>, le XIX<sup>e</sup>, M<sup>me</sup>, n<sup>o</sup>, 1<sup>er</sup>",
            "the 19th, le XIXe, Mme, no, 1er",
        ),
        ("known<sup><a href='#cite-3'>[3]</a></sup> since", "known since"),
        ("a word <sup>small print</sup>", "a word small print"),
    ],
)
def test_superscripts_and_subscripts(html, text):
    assert all_text(f"<p>{html}</p>") == text


TEX = r"\frac{a}{b}"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<math><semantics><mrow><mi>a</mi></mrow>"
            f"<annotation encoding='application/x-tex'>{TEX}</annotation></semantics></math>",
            f"${TEX}$",
        ),
        (rf"<math alttext='{{\displaystyle {TEX}}}'><mi>a</mi></math>", f"${TEX}$"),
        (f"<script type='math/tex'>{TEX}</script>", f"${TEX}$"),
        (f"<script type='math/tex; mode=display'>{TEX}</script>", f"$${TEX}$$"),
        (f"<img class='latex' alt='{TEX}'>", f"${TEX}$"),
        (
            f"<span class='katex'><math><annotation encoding='application/x-tex'>{TEX}</annotation></math>"
            "<span class='katex-html'>a/b</span></span>",
            f"${TEX}$",
        ),
        (
            "<math><msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><mfrac><mn>1</mn><mrow><mi>y</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>",
            "x²+1/(y+1)",
        ),
        ("<math><msqrt><mi>x</mi></msqrt><msub><mi>a</mi><mi>i</mi></msub></math>", "√xa_i"),
    ],
)
def test_formulas(html, text):
    assert all_text(f"<p>so {html} holds</p>") == f"so {text} holds"
