"""Wikitext to prose: one row for every kind of markup, and every article of ../shared/data without residue."""

import re
from pathlib import Path

import orjson
import pytest

from corpus.document import Document, Quarantined, Rejected, run_steps
from corpus.extraction import wikitext
from corpus.readers.lines import Line, read_lines
from corpus.readers.mediawiki.articles import article_document, read_articles

DATA = Path(__file__).parents[4] / "shared" / "data" / "wikipedia"
RESIDUE = re.compile(
    r"\[\[|\]\]|\{\{|\}\}|\{\||\|\}|<ref|&nbsp;|'''|''|__[A-Z]+__|==[ \t]*$|\|?style=|\|-|</", re.MULTILINE
)


def page(text, title="Walnut"):
    return Document(id="wikipedia/1", url="", text=text, title=title)


def shown(text):
    return wikitext.prose(page(text)).text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("A '''bold''' and ''slanted'' and '''''loud''''' word.", "A bold and slanted and loud word."),
        ("De l'''Iliade'' à '''nous'''.", "De l'Iliade à nous."),
        ("From '''Z'''ahl, '''never closed, and ''so.", "From Zahl, never closed, and so."),
        ("See [[walnut]], [[tree|the trees]] and [[:Category:Nuts]].", "See walnut, the trees and Nuts."),
        ("[[Kiel (city)|]] is in [[fr:Allemagne]]Germany.", "Kiel is in Germany."),
        ("[[File:A.jpg|thumb|A [[nut]] on ''a'' table]]A nut.[[Category:Nuts]]", "A nut."),
        ("[[Datei:A.jpg|mini|Nuss]]Eine Nuss.[[Kategorie:Nüsse]]", "Eine Nuss."),
        ("At [http://example.org the site] or [http://example.org].", "At the site or."),
        ("Old<ref name=a>{{cite book|title=X}}</ref> nuts.<ref name=a /> New.", "Old nuts. New."),
        ("One<!-- not {{this -->, two.", "One, two."),
        ("{{Infobox nut|name=[[Walnut]]\n|kind={{small|x}}}}\nA nut.", "A nut."),
        ("Text.\n{| class=wikitable\n! a !! b\n|-\n| {{flag|X}} || style=y | 2\n|}\nMore.",
         "Text.\n\na | b\nX | 2\n\nMore."),
        ("The {{lang|fr|noix}} ({{IPA|nwa}}; {{lang-la|nux}}) is {{convert|3|to|5|cm|in}} long.",
         "The noix (nwa; Latin: nux) is 3 to 5 cm long."),
        ("He is {{convert|5|ft|11|in|m}} tall{{snd}}or {{val|6.2|e=18}} nm; {{frac|1|2}} of {{USS|Enterprise|CV-6}}.",
         "He is 5 ft 11 in tall – or 6.2×10¹⁸ nm; 1/2 of USS Enterprise (CV-6)."),
        ("So:\n{{quote|To be, or not.|Hamlet}}\nHe said.", "So:\n\nTo be, or not.\n\n— Hamlet\n\nHe said."),
        ("H<sub>2</sub>O is 10<sup>3</sup>, the 18<sup>th</sup>.", "H₂O is 10³, the 18th."),
        ("<math>E=mc^2</math> not <math>\\frac{a}{b}</math> here", "$E=mc^2$ not $\\frac{a}{b}$ here"),
        ("a&nbsp;b &amp; c&#8211;d", "a b & c–d"),
        ("* one\n* two\n** deep\n# first\n: said", "- one\n- two\n  - deep\n1. first\n\nsaid"),
        ("<nowiki>[x] * y</nowiki> stays", "[x] * y stays"),
        ("__NOTOC__A.<gallery>\nFile:B.jpg|b\n</gallery>", "A."),
        ('<div style="display:none">no</div>yes<br />now', "yes\nnow"),
        ("Born {{birth date|1950|1|2}} ( , {{circa|1950}}) here .", "Born January 2, 1950 (c. 1950) here."),
        ("{{formatnum:1234}} {{oddity|x|y}}nuts", "1,234 nuts"),
        ("-{zh-hans:软件; zh-hant:軟體;}-好", "软件好"),
        ("See [[:de:Nuss]], [[wikt:nut]] and [[Re: nuts]]. ~~~~", "See Nuss, nut and Re: nuts."),
        ("A nut<includeonly> box</includeonly> of {{val|5|u=kg}}.", "A nut of 5 kg."),
    ],
)  # fmt: skip
def test_a_reader_sees(markup, expected):
    assert shown(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("A {{quote|never closed\n\nB\n\nC", "A\n\nB\n\nC"),
        ("A [[link|shown\n\nB ]] C", "A shown\n\nB C"),
        ("{| class=x\n|-\n| cell\n\n== Next ==\nProse.", "- cell\n\n## Next\n\nProse."),
        ("A<ref>never closed\nB", "A B"),
        ("A '''bold\nB", "A bold B"),
        ("A <small>b</div> c", "A b\n\nc"),
    ],
)
def test_what_was_never_closed_costs_a_line_not_the_article(markup, expected):
    assert shown(markup) == expected


def test_headings_stand_above_text_and_apparatus_goes_with_all_below_it():
    text = """Lead.
== History ==
=== Early ===
Old.
== Empty ==
== Notes and references ==
* a
=== Web ===
* b
== Culture ==
=== Literatur ===
Of books.
== Uses ==
New.
== Literatur ==
* book
==Weblinks==
* c
== Примечания ==
d"""
    assert shown(text) == "Lead.|## History|### Early|Old.|## Culture|### Literatur|Of books.|## Uses|New.".replace(
        "|", "\n\n"
    )


WORDS = "The walnut is a tree whose fruit many people like to eat in winter. " * 5
ITEMS = "* a walnut\n* an oak\n" * 40


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (page(WORDS), None),
        (page("'''Walnut''' may refer to:\n* a tree\n{{disambiguation|geo}}"), "wikipedia.disambiguation"),
        (page("Nuss steht für:\n* x\n{{Begriffsklärung}}"), "wikipedia.disambiguation"),
        (page(f"{WORDS}{{{{disambiguation needed|date=May}}}}"), None),
        (page(ITEMS), "wikipedia.list"),
        (page(WORDS * 2 + "\n" + ITEMS), None),
        (page(WORDS * 2 + "\n" + ITEMS, "List of trees"), "wikipedia.list"),
        (page("".join(f"* {WORDS}\n" for _ in "abc"), "List of trees"), None),
        (page("A walnut is a nut.\n{| class=x\n| a || " + WORDS + "\n|}"), "wikipedia.stub"),
        (page("核桃是一種樹木" * 30), None),
    ],
)
def test_pages_that_are_no_prose_say_why(document, reason):
    result = run_steps(document, wikitext.STEPS)
    assert (result.reason if isinstance(result, Rejected) else None) == reason


def real_documents():
    for path in sorted(DATA.glob("*.bz2")):
        for article in read_articles(path, path.name):
            assert not isinstance(article, Quarantined)
            document = article_document(article, path.name)
            if isinstance(document, Document):
                yield document
    for line in read_lines(DATA / "wtf_wikitext_articles.jsonl.zst"):
        assert isinstance(line, Line)
        record = orjson.loads(line.data)
        yield page(record["wikitext"], record["title"])


def test_no_markup_is_left_in_any_real_article():
    if not DATA.is_dir():
        pytest.skip(f"no real articles: {DATA} is absent")
    documents = list(real_documents())
    assert len(documents) == 153
    for document in documents:
        text = re.sub(r"\$[^$\n]*\$", "", wikitext.prose(document).text)
        left = RESIDUE.search(text)
        assert not left, f"{document.title}: {text[max(0, left.start() - 50) : left.end() + 50]!r}"
    kept = [result for each in documents if isinstance(result := run_steps(each, wikitext.STEPS), Document)]
    assert len(kept) > 125


@pytest.mark.parametrize(
    "text",
    ["{{Begriffsklärung}}", "{{homonymie}}", "{{неоднозначность}}", "{{曖昧さ回避}}", "{{แก้ความกำกวม}}", "__DISAMBIG__",
     "{{ Täpsustuslehekülg | x }}", "{{Human name disambiguation}}"],
)  # fmt: skip
def test_disambiguations_of_many_languages_are_rejected(text):
    rejected = wikitext.disambiguations(page(f"A nut may be:\n* [[Walnut]]\n{text}"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "wikipedia.disambiguation"


def test_a_tag_that_vandals_repeat_leaves_no_half_of_itself():
    assert "<" not in shown("A nut.<ref>x " * 30_000)
    assert "ref" not in shown("A nut.<ref>x " * 30_000)
