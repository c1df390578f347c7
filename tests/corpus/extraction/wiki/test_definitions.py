"""The dump's own simple templates: what of a template's page counts, and what a call of it becomes."""

import time

import pytest

from corpus.extraction.wiki.definitions import alias, definition, template_name, with_aliases, with_templates
from corpus.extraction.wiki.site import Definition, Site
from corpus.extraction.wikitext import article_text


def site(**templates):
    found = {name.replace("_", " "): definition(text) for name, text in templates.items()}
    return Site("en", "Walnut", definitions={name: each for name, each in found.items() if each})


def expanded(text, **templates):
    return with_templates(text, site(**templates))


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("{{{1}}} m<noinclude>How to use it</noinclude>", "{{{1}}} m"),
        ("<noinclude>{{doc}}</noinclude><includeonly>{{{1}}}</includeonly>", "{{{1}}}"),
        ("Seen here <onlyinclude>{{{1|x}}}</onlyinclude> and here", "{{{1|x}}}"),
        ("a<!-- not\n this -->b", "ab"),
        ("", ""),
    ],
)
def test_what_a_page_says_to_others(page, said):
    found = definition(page)
    assert found and found.text == said


@pytest.mark.parametrize(
    "page",
    [
        "{{#invoke:Math|max}}",
        "{| class=x\n|}",
        "{{Navbox|a=b}}",
        "<div class='navbox'>x</div>",
        "x" * 5000,
        "a<ref>b</ref>",
    ],
)
def test_a_box_or_a_program_is_not_simple(page):
    assert definition(page) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is {{height|45}} tall.", "It is 45 metres tall."),
        ("It is {{Height|45|ft|about=y}} tall.", "It is 45 ft, about tall."),
        ("It is {{twice|{{height|4}}}}.", "It is 4 metres and 4 metres."),
        ("It is {{height|{{convert|4|m}}}}.", "It is {{convert|4|m}} metres."),
        ("{{cite web|a}} {{unknown|[[a|{{height|1}}]]}} {{{1}}}", "{{cite web|a}} {{unknown|[[a|1 metres]]}} {{{1}}}"),
        ("{{loop}} {{x}}", "ab {{x}}"),
        ("{{citation needed}}", "{{citation needed}}"),
    ],
)
def test_a_call_becomes_what_its_template_says(text, expected):
    templates = {
        "height": "{{{1}}} {{{2|metres}}}{{#if:{{{about|}}}|, about}}",
        "twice": "{{{1}}} and {{{1}}}",
        "loop": "a{{loop}}b",
        "citation_needed": "[sic]",
    }
    assert expanded(text, **templates) == expected


def test_the_dump_has_the_last_word_on_what_it_decides_alone():
    assert article_text("It has {{date|5}}.", site(date="the date {{{1}}}")) == "It has the date 5."
    lua_below = site(convert="{{unknown engine|{{{1}}}|{{{2}}}}}")
    assert article_text("It is {{convert|5|km|mi}}.", lua_below) == "It is 5 km."


def test_a_redirect_of_templates_is_another_name():
    assert alias("#REDIRECT [[Template:Some Height]]") == template_name("Some_Height") == "some height"
    assert alias("text") == ""
    found = {"height": Definition("{{{1}}} m", True), "cn": Definition("x", True)}
    known = with_aliases(found, {"h": "height", "gone": "nowhere", "citation needed": "height"})
    assert set(known) == {"height", "h"}


def test_a_bomb_of_templates_stays_small_and_quick():
    bomb = {f"t{level}": f"{{{{t{level + 1}}}}}" * 20 + "{{{1}}}" for level in range(12)}
    start = time.process_time()
    text = expanded("{{t0|" + "x" * 1000 + "}}" * 1 + "{{t0}}" * 100, **bomb)
    assert len(text) < 5_000_000
    assert time.process_time() - start < 60
