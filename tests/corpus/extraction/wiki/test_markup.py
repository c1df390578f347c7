"""Markup outside templates: references that are broken, links, tags, tables, lists, raised figures, hostile pages."""

import time

import pytest

from corpus.extraction.wiki.site import Site
from corpus.extraction.wikitext import article_text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("The rate in 1980cite web |url=http://a.example |title=T}}</ref> Crime fell.", "The rate in 1980 Crime fell."),
        ('It fell<ref name="x"{{cite web|url=http://a.example}}</ref> at once.', "It fell at once."),
        ("It fell<ref>one<ref>two</ref> at once.", "It fell at once."),
        ("It fell<ref name=a / > at once.</ref>", "It fell at once."),
        ("It fell.[http://a.example A source]</ref> Then it rose.", "It fell. Then it rose."),
        ("It fell<ref>{{cite web|title=T</ref> at once.", "It fell at once."),
    ],
)
def test_a_broken_citation_costs_no_sentence(markup, expected):
    assert article_text(markup) == expected


@pytest.mark.parametrize(
    "link",
    ["[[Lêer:A b.jpg|thumb|links|The [[nut]].]]", "[[Delwedd:A.svg|bawd|de]]", "[[Талли:A.png|x|y]]",
    "[[Mynd:A.JPEG]]",
     "[[ファイル:A.webm|thumb|x]]", "[[Zzz:A - b (c).ogg|x]]"],
)  # fmt: skip
def test_a_picture_is_known_by_its_name_in_any_language(link):
    assert article_text(f"{link}\nA nut.") == "A nut."
    assert article_text(f"See [[:{link[2:]} here") != ""


def test_a_picture_that_was_never_closed_does_not_swallow_the_article():
    assert (
        article_text("[[File:A.jpg|thumb|x [[nut]]\n\nA nut is [[here]].\n\nMore ]] text.")
        == "A nut is here.\n\nMore text."
    )


def test_categories_at_the_end_go_in_any_language():
    assert article_text("A nut.\n\n[[Kategorija zz:Orehi|x]]\n[[xx-yy:Nut]]\n") == "A nut."
    assert article_text("A nut. [[Կատեգորիա:Ընկույզ]][[კატეგორია:x]]") == "A nut."
    assert article_text("A nut.\n\nSee [[Re: nuts]].") == "A nut.\n\nSee Re: nuts."


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("10<sup>3</sup> x<sup>2</sup> 2<sup>''k''+1</sup> e<sup>x</sup>", "10³ x² 2^(k+1) e^x"),
        ("H<sub>2</sub>O ''v''<sub>max</sub> x<sub>''i''+1</sub> 10<sup>&minus;3</sup>", "H₂O v_max x_(i+1) 10⁻³"),
        ("the 18<sup>th</sup>, XIX<sup>e</sup>, M<sup>me</sup>, N<sup>o</sup> so<sup>[1]</sup>", "the 18th, XIXe, Mme,"
        " Nº so"),
        ("a <math>x</math> and <math display=block>\n  y \n</math>", "a $x$ and $y$"),
        ("Use <syntaxhighlight lang=c inline>a[[i]] = {{1}};</syntaxhighlight> so.", "Use a[[i]] = {{1}}; so."),
        ("So:\n<source lang=py>\ndef f():\n\n    return {{1}}\n</source>\nDone.",
        "So:\n\ndef f():\n\n    return {{1}}\n\nDone."),
        (" a = 1\n   b = 2\n\nText", "a = 1\n  b = 2\n\nText"),
        ("<poem>\nTwo roads\ndiverged\n\nAnd sorry\n</poem>", "Two roads\ndiverged\n\nAnd sorry"),
        ("One line\nof a paragraph\n\nAnother", "One line of a paragraph\n\nAnother"),
        ("一つの\n段落", "一つの段落"),
        ("* one\n** deep\n**# first\n* two\n# a\n# b", "- one\n  - deep\n    1. first\n- two\n1. a\n2. b"),
        ("; term : said\n; other\n: what it is\n\n: aside", "term\n: said\nother\n: what it is\n\naside"),
        ("# one\n#: more\n# two\n#* sub", "1. one\n  more\n2. two\n  - sub"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a<br/>b", "a\nb"),
        ("a <span style='display: none'>hidden</span>b", "a b"),
        ("a[http://x.example]", "a"),
        ("AT&amp;T &lt;tag&gt; a&nbsp;b", "AT&T <tag> a b"),
        ("It is &lt;b&gt; here", "It is <b> here"),
    ],
)  # fmt: skip
def test_markup_follows_the_convention_of_text(markup, expected):
    assert article_text(markup) == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("{| class=wikitable\n|+ Nuts\n! Name !! Size\n|-\n| style=x | Walnut || 4&nbsp;cm\n|-\n| Hazel\n|\n|}",
         "Nuts\nName | Size\nWalnut | 4 cm\nHazel | –"),
        ("{| class=wikitable\n! a\n! b\n|-\n| rowspan=2 | x || 1\n|-\n| 2\n|}", "a | b\nx | 1\nx | 2"),
        ("{| class=wikitable\n! colspan=2 | a\n|-\n| 1 || 2\n|}", "a | –\n1 | 2"),
        ("{|\n| a<br>B || c\n* d\n|-\n|\n{|\n| inner || table\n|}\n| e\n|}", "a, B | c d\ninner | table | e"),
        ("{| class=wikitable\n! Flag !! Name\n|-\n| {{flagicon|X}} || A\n|-\n| [[File:X.svg]] || B\n|}",
        "- Name\n- A\n- B"),
        ("{| class=infobox\n| a || b\n|}", ""),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ("{|\n| a || b\n\nProse goes on.", "a | b\n\nProse goes on."),
    ],
)  # fmt: skip
def test_tables_are_rows(table, expected):
    assert article_text(table) == expected


def test_sections_go_by_their_content_too():
    links = "* [[Walnut]]\n* [[Hazel]]\n"
    prose = "The spring of the river lies in the hills above the town, where three brooks meet. " * 4
    assert article_text(f"Lead.\n== Zzz ==\n{links}") == "Lead."
    assert article_text(f"Lead.\n== Members ==\n{links}\n== More ==\nText.").count("- ") == 2
    assert article_text(f"Lead.\n== Sources ==\n{prose}") == f"Lead.\n\n## Sources\n\n{prose.strip()}"
    assert article_text("Lead.\n== References ==\n* A book.\n== Zzz ==\n* [http://a.example A]\n") == "Lead."


def test_a_page_whose_markup_is_escaped_twice_is_read_once_more():
    assert (
        article_text("A nut&lt;ref&gt;x&lt;/ref&gt; is&lt;ref&gt;y&lt;/ref&gt; good.&lt;ref/&gt;") == "A nut is good."
    )


HOSTILE = (
    "{{a|", "{{a|b=", "{{{1|", "{{{{{", "{{ ", "{{nowrap|", "{{#if:", "{{#switch:a|", "{{#expr:(", "}}", "[[", "]]",
    "[[a|", "[[File:", "[[a|b]]",
    "[[a:b]]\n", "[http://a ", "http://", "{|\n", "{|\nx\n", "{|\n|\n", "|}\n", "|- ", "| a || b\n", "! a !! b\n",
    "|+ x\n", "<div>", "<span class=x ",
    "<span style=display:none>", "<ref>x ", "<ref name=a", "</ref>x", "cite web|a</ref>", "<nowiki>", "<!--", "<pre>",
    "<math>", "<math>x</math>",
    "<poem>", "<br>", "<sup>", "<sup>x</sup>", "<table><td>", "<li>", "<td ", "'''", "''", "= ", "=a=\n", "== a ==\n",
    "* a\n", "; a : b\n", " x\n",
    "&#xD800;", "&amp;", ", ", "( , ", "(\ufffc", "(", "-{ ", "-{a|", "~~~", "__A", ": ", "\n", "\v", "\x7f1\x7f",
    "a", "一", "c {{x|1}} ", "<chem>H",
)  # fmt: skip


def seconds(text):
    start = time.process_time()
    article_text(text, Site("en"))
    return time.process_time() - start


def grows_linearly(mark, small, large):
    """Whether four times the text takes about four times as long; the least of two runs, and a floor for the clock."""
    for text in (lambda size: (mark * size)[:size] + "x", lambda size: mark + " " * size + "x"):
        short, long = (min(seconds(text(size)) for _ in range(2)) for size in (small, large))
        if long > 3 * (large / small) * max(short, 0.004):
            return False
    return True


@pytest.mark.parametrize("mark", HOSTILE)
def test_a_hostile_page_takes_time_by_its_length(mark):
    assert grows_linearly(mark, 4_000, 16_000)
    assert "\x7f" not in article_text(mark * 100)


@pytest.mark.slow
@pytest.mark.parametrize("mark", HOSTILE)
def test_a_hostile_page_of_a_million_characters(mark):
    assert grows_linearly(mark, 250_000, 1_000_000)
