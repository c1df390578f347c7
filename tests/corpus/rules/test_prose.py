"""The repair of texts against ftfy itself, and the light rules: prose, and pages that are no pages."""

import gzip
import json
import re
import unicodedata
from itertools import islice
from pathlib import Path

import ftfy
import pytest
from ftfy.badness import BADNESS_RE
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, Rejected
from corpus.rules import prose as text
from corpus.rules.prose import ProseLimits, StubLimits

GOLD = Path(__file__).parents[4] / "shared" / "data" / "pages" / "pages.gold.jsonl.gz"
ANYTHING = st.text(st.characters(exclude_categories=()))


def document(body: str, title: str = "") -> Document:
    return Document(id="a", url="https://example.org/a", text=body, title=title)


def fixed(body: str) -> str:
    return text.fix(document(body)).text


def fixed_by_ftfy(body: str) -> str:
    return unicodedata.normalize("NFC", ftfy.fix_text(body, uncurl_quotes=False, fix_character_width=False))


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("", ""),
        ("Plain text, “quoted”.", "Plain text, “quoted”."),
        ("voilÃ\u00a0 le cafÃ© dâ€™ici", "voilà le café d’ici"),
        ("salt &amp; pepper", "salt & pepper"),
        ("R&D; is no entity", "R&D; is no entity"),
        ("<b>salt &amp; pepper</b>", "<b>salt &amp; pepper</b>"),
        ("salt &amp; pepper\nif a < b\nsalt &amp; pepper", "salt & pepper\nif a < b\nsalt &amp; pepper"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\x00b\x07c\ufeff", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("ﬂuﬃest ＬＯＵＤ", "fluffiest ＬＯＵＤ"),
        ("cafe\u0301 at 10³", "café at 10³"),
        ("\ud83d\udca9 and \udca9", "\U0001f4a9 and \ufffd"),
        ("L’œuvre, «\u00a0l’été\u00a0», Ångström, Straße", "L’œuvre, «\u00a0l’été\u00a0», Ångström, Straße"),
    ],
)
def test_a_broken_text_is_made_whole(broken, whole):
    assert fixed(broken) == whole == fixed_by_ftfy(broken)


def test_a_whole_text_is_the_same_document():
    whole = document("Nothing to do here, “quotes” & all: naïve café, 10 €.")
    assert text.fix(whole) is whole


# Characters that ftfy looks at, among some that it does not.
TRICKY = st.sampled_from(
    "aZ 9\n\r\t\x85\x1a\x9d&;#<œŒÂÃÎÐØÙ√â€™œ”“’–…»«é\u00a0\u00ad\u0301ГўВЂВвΒΓβ€ﬁＡ，\u3000\ud800²³°´±×à©®Ђ"
)
MOJIBAKE = st.builds(
    lambda word, codec: word.encode("utf-8").decode(codec, "replace"),
    st.text("éüñ’“”—…€яд漢ıøß ", min_size=1, max_size=8),
    st.sampled_from(["latin-1", "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "macroman", "cp437"]),
)
ENTITIES = st.sampled_from(["&amp;", "&lt;", "&eacute;", "&EACUTE;", "&#233;", "&#x2019;", "&nbsp;", "&;", "<p>"])
LINES = st.lists(st.one_of(st.text(TRICKY, max_size=12), MOJIBAKE, ENTITIES, st.text(max_size=6))).map("".join)


@settings(max_examples=500, deadline=None)
@given(st.lists(LINES, max_size=4).map("\n".join))
def test_a_fix_is_ftfy_s(body):
    assert fixed(body) == fixed_by_ftfy(body)


@settings(max_examples=300, deadline=None)
@given(st.text("ab .\n", max_size=3), st.from_regex(BADNESS_RE), st.text("ab .\n", max_size=3))
def test_whatever_ftfy_takes_for_mojibake_reaches_it(before, mojibake, after):
    """The patterns of ftfy.badness themselves make the examples: none may slip through our own expression."""
    body = before + mojibake + after
    assert fixed(body) == fixed_by_ftfy(body)


def test_long_lines_are_cut_as_ftfy_cuts_them():
    cut = ftfy.TextFixerConfig().max_decode_length
    body = "a" * (cut - 1) + "Ã©" + "\n&amp;"
    assert fixed(body) == fixed_by_ftfy(body)


@pytest.mark.skipif(not GOLD.exists(), reason=f"{GOLD} is not here")
def test_real_texts_are_fixed_as_ftfy_fixes_them():
    with gzip.open(GOLD, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 150)]
    assert [fixed(body) for body in texts] == [fixed_by_ftfy(body) for body in texts]


@pytest.mark.parametrize(
    ("body", "reason", "value"),
    [
        ("", "text.too_few_words", 0),
        ("word " * 99 + "- .", "text.too_few_words", 99),
        ("word " * 100, None, None),
        ("слово " * 100, None, None),
        ("他来了" * 65 + "。", "text.too_few_words", 98),
        ("他来了" * 66 + "。", None, None),
        ("ab1 " * 100, None, None),
        ("a12 " * 100, "text.not_prose", 1 / 3),
        ("abc12 " * 100, None, None),
        ("abc12 " * 99 + "abc123", "text.not_prose", 300 / 501),
        ("a\ufffd\ufffd\ufffd " * 100, "text.not_prose", 0.25),
        ("हिन्दी " * 100, None, None),
    ],
)
def test_prose_says_why(body, reason, value):
    result = text.prose(document(body))
    assert (result.reason if isinstance(result, Rejected) else None) == reason
    assert (result.value if isinstance(result, Rejected) else None) == (pytest.approx(value) if value else value)


NEWS = "The council met on Tuesday and spoke of the bridge for two hours. Nobody had seen the plans before. "


@pytest.mark.parametrize(
    ("title", "body", "rule"),
    [
        ("Oops!", "We cannot find the page you are looking for.", "soft_404"),
        ("Page not found | The Daily Planet", "Try our search.\nHome", "soft_404"),
        ("", "404 – Page not found\nGo back home", "soft_404"),
        ("", "Error 404", "soft_404"),
        ("", "Sorry, the page you requested has been moved or no longer exists.", "soft_404"),
        ("", "Seite nicht gefunden\nZur Startseite", "soft_404"),
        ("", "Désolé, la page que vous recherchez est introuvable.", "soft_404"),
        ("", "La página solicitada no existe.", "soft_404"),
        ("", "Страница не найдена", "soft_404"),
        ("", "お探しのページは見つかりませんでした。", "soft_404"),
        ("", "抱歉，您访问的页面不存在", "soft_404"),
        ("", "To go on, click the box below to let us know you're not a robot.", "robot_wall"),
        ("Just a moment...", "Verify you are human by completing the action below.", "robot_wall"),
        ("Access Denied", "Reference #18.2d351ab8", "robot_wall"),
        ("", "Please make sure you’re not a robot", "robot_wall"),
        ("", "You need to enable JavaScript to run this app.", "robot_wall"),
        ("", "Please enable JS and disable any ad blocker", "robot_wall"),
        ("", "Our systems have detected unusual traffic from your computer network.", "robot_wall"),
        ("", "Bitte aktivieren Sie JavaScript in Ihrem Browser.", "robot_wall"),
        ("", "We and our partners use cookies to improve your experience.", "cookie_wall"),
        ("", "Wir verwenden Cookies, um Inhalte zu personalisieren.", "cookie_wall"),
        ("", "Nous utilisons des cookies pour améliorer votre visite.", "cookie_wall"),
        ("", NEWS + "Subscribe to continue reading.", "paywall_stub"),
        ("", NEWS + "This article is for subscribers only.", "paywall_stub"),
        ("", NEWS + "This article is only available to subscribers.", "paywall_stub"),
        ("", NEWS + "Already a subscriber? Log in", "paywall_stub"),
        ("", "Il vous reste 57% de cet article à lire.", "paywall_stub"),
        # What must stay: the phrase is not what opens the text, or the text is long, or speaks of such pages.
        ("", NEWS * 3 + "We cannot find the page you are looking for.", None),
        ("", "Please enable JavaScript to view the comments. " + NEWS * 10, None),
        ("How the 404 page not found error got its room", NEWS * 12, None),
        ("", "My site says page not found when I open the login form. What can I do?", None),
        ("", "We use crushed cookies for the crust, and cream for the rest.", None),
        ("Robots", "A robot is a machine. Access to the river was denied to nobody.", None),
        ("", "", None),
    ],
)
def test_stubs_are_short_and_open_with_their_message(title, body, rule):
    result = text.stubs(document(body, title))
    assert (result.rule if isinstance(result, Rejected) else None) == rule


def test_a_stub_is_rejected_with_its_length_and_phrase():
    result = text.stubs(document("Oops! We can’t  find the page you want."))
    assert isinstance(result, Rejected)
    assert (result.reason, result.value, result.evidence) == ("text.soft_404", 39, "we can't find the page")


@pytest.mark.parametrize(("length", "kept"), [(1_000, False), (1_001, True)])
def test_only_a_short_text_is_a_stub(length, kept):
    body = "Page not found\n".ljust(length, "a")
    assert isinstance(text.stubs(document(body)), Document) is kept


@pytest.mark.parametrize(("opening", "kept"), [(44, False), (22, True)])
def test_only_the_opening_gives_a_stub_away(opening, kept):
    body = "We cannot find the page you are looking for."
    assert isinstance(text.stubs(document(body), StubLimits(opening=opening)), Document) is kept


@settings(max_examples=200, deadline=None)
@given(ANYTHING, ANYTHING)
def test_no_text_raises(body, title):
    for step in (text.fix, text.prose, text.stubs, lambda page: text.prose(page, ProseLimits(0, 0))):
        result = step(document(body, title))
        assert isinstance(result, Document) or re.fullmatch(r"text\.[a-z0-9_]+", result.reason)
