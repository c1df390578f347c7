"""robots.txt as google/robotstxt reads it: what its published tests expect, in files and values of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.fetching.robots import MOST_BYTES, Robots, Rule, _escape, path_of

AT = "https://loom.example"
LONG = "/cloth/" + "w" * (2083 * 8 - 1 - len("disallow: ") - len("/cloth/"))

# What the file says; then for each agent what it may (+) and may not (-) fetch.
CASES = [
    ("", "weaver +/ +/a"),
    ("user-agent: weaver\ndisallow: /\n", "weaver -/ -/a spinner +/ +/a"),
    ("foo: weaver\nbar: /\n", "weaver +/a"),
    ("user-agent weaver\ndisallow /\n", "weaver -/a"),
    ("user-agent\tweaver\ndisallow \t /\n", "weaver -/a"),
    ("disallow: /\n", "weaver +/a"),
    # groups
    (
        "allow: /early/\n\nuser-agent: weaver\ndisallow: /\nallow: /warp/\nuser-agent: spinner\ndisallow: /\n"
        "allow: /weft/\n\n\nallow: /wool/\nuser-agent: dyer\n\nuser-agent: weaver\nallow: /silk/\ndisallow: /\n",
        "weaver +/warp/b +/silk/d -/weft/c -/early/ spinner +/weft/c +/wool/a -/silk/d -/early/ dyer +/silk/d -/early/",
    ),
    ("user-agent: spinner\nsitemap: https://loom.example/map\nuser-agent: *\ndisallow: /\n", "weaver -/ spinner -/"),
    ("user-agent: weaver\nno-such-line: 1\nuser-agent: *\ndisallow: /\n", "weaver -/ spinner -/"),
    ("user-agent: weaver\ncrawl-delay: 4\nuser-agent: *\ndisallow: /\n", "weaver -/ spinner -/"),
    ("user-agent: *\nallow: /\nuser-agent: weaver\ndisallow: /\n", "weaver -/a/b spinner +/a/b"),
    ("user-agent: weaver\nallow: /\nuser-agent: spinner\ndisallow: /\nuser-agent: dyer\ndisallow: /\n", "fuller +/a/b"),
    ("user-agent: *\ndisallow: /warp/\nuser-agent: weaver\ndisallow: /silk\n", "weaver +/warp/a -/silk dyer -/warp/a"),
    ("user-agent: *\ndisallow: /\nuser-agent: weaver\n", "weaver +/a dyer -/a"),
    ("user-agent: weaver\nuser-agent: *\ndisallow: /\n", "weaver -/a dyer -/a"),
    # keys and names
    ("USER-AGENT: weaver\nALLOW: /warp/\nDISALLOW: /\n", "weaver +/warp/a -/weft/a"),
    ("uSeR-aGeNt: weaver\nAlLoW: /warp/\ndIsAlLoW: /\n", "weaver +/warp/a -/weft/a"),
    ("user-agent: WEAVER MAN\nallow: /warp/\ndisallow: /\n", "weaver +/warp/a -/weft/a Weaver +/warp/a -/weft/a"),
    ("user-agent: *\ndisallow: /\nuser-agent: weaver man\nallow: /warp\ndisallow: /\n", "weaver +/warp/a dyer -/warp"),
    ("user-agent: weaver/2.1\ndisallow: /\n", "weaver -/a"),
    ("user-agent: weave\ndisallow: /\n", "weaver +/a"),
    ("user-agent: weaver-images\ndisallow: /\n", "weaver +/a weaver-images -/a"),
    ("user-agent: * every one\ndisallow: /\n", "weaver -/a"),
    ("user-agent: *x\ndisallow: /\n", "weaver +/a"),
    ("useragent: weaver\ndissallow: /\n", "weaver -/a"),
    ("user agent: weaver\ndisalow: /\n", "weaver -/a"),
    ("user-agent: weaver\ndisallow : /\n", "weaver -/a"),
    ("user-agent: weaver\ndisallow / now\n", "weaver +/a"),
    # the longest match
    ("user-agent: weaver\ndisallow: /a/page.html\nallow: /a/\n", "weaver -/a/page.html +/a/b"),
    ("user-agent: weaver\nallow: /a/page.html\ndisallow: /a/\n", "weaver +/a/page.html -/a/"),
    ("user-agent: weaver\ndisallow: \nallow: \n", "weaver +/a/page.html"),
    ("user-agent: weaver\ndisallow: /\nallow: /\n", "weaver +/a/page.html"),
    ("user-agent: weaver\ndisallow: /a\nallow: /a/\n", "weaver -/a +/a/"),
    ("user-agent: weaver\nallow: /page\ndisallow: /*.html\n", "weaver -/page.html +/page"),
    ("user-agent: weaver\nallow: /a/page.\ndisallow: /*.html\n", "weaver +/a/page.html -/a/b.html"),
    ("user-agent: weaver\nallow: /p\ndisallow: /\n", "weaver +/page -/a"),
    ("user-agent: weaver\nallow: /$\ndisallow: /\n", "weaver +/ -/page.html"),
    ("user-agent: weaver\ndisallow: /a\n", "weaver -/a/b +/A/b"),
    # escapes and marks
    ("user-agent: weaver\ndisallow: /\nallow: /a?q=r&s=https://b.example?t&u\n", "weaver +/a?q=r&s=https://b.example?t&u"),
    ("user-agent: weaver\ndisallow: /\nallow: /a/ß\n", "weaver +/a/%C3%9F -/a/ß"),
    ("user-agent: weaver\ndisallow: /\nallow: /a/%c3%9f\n", "weaver +/a/%C3%9F -/a/ß"),
    ("user-agent: weaver\ndisallow: /\nallow: /a/%6A%6F\n", "weaver +/a/%6A%6F -/a/jo"),
    ("user-agent: weaver\ndisallow: /a/b/c\nallow: /a/*/d\n", "weaver -/a/b/c +/a/c +/a//c +/a/e/c"),
    ("user-agent: weaver\ndisallow: /a/b$\nallow: /a/b/d\n", "weaver -/a/b +/a/b/d +/a/b/ +/a/b/c"),
    ("user-agent: weaver\n# disallow: /\ndisallow: /a/c#d\nallow: /\n", "weaver +/a/b -/a/c"),
    ("user-agent: weaver\ndisallow: /a$b\n", "weaver -/a$b +/ab +/a"),
    ("user-agent: weaver\ndisallow: /*a*b*$\n", "weaver -/xaxb -/abc +/ba"),
    ("user-agent: weaver\ndisallow: /*\n", "weaver -/ -/a"),
    ("user-agent: weaver\ndisallow: *.gif$\n", "weaver -/a.gif +/a.gif?b"),
    # an index page is its folder
    ("user-agent: *\nallow: /a/index.html\ndisallow: /\n", "weaver +/a/ +/a/index.html -/a/index.htm -/b"),
    ("user-agent: *\ndisallow: /a/index.html\n", "weaver +/a/ -/a/index.html"),
    # prefixes, as the documentation explains them
    ("user-agent: weaver\ndisallow: /\nallow: /eel\n",
     "weaver -/bar +/eel +/eel.html +/eel/jelly.html +/eels +/eels/x +/eel?id=1 -/Eel.asp -/catseel -/?id=eel"),
    ("user-agent: weaver\ndisallow: /\nallow: /eel*\n",
     "weaver -/bar +/eel +/eel.html +/eel/jelly.html +/eels +/eels/x +/eel?id=1 -/Eel.asp -/catseel -/?id=eel"),
    ("user-agent: weaver\ndisallow: /\nallow: /eel/\n",
     "weaver -/bar +/eel/ +/eel/jelly +/eel/?jelly +/eel/jelly.html -/eel -/eel.html -/Eel/Jelly.html"),
    ("user-agent: weaver\ndisallow: /\nallow: /*.php\n",
     "weaver -/bar +/n.php +/f/n.php +/f/n.php?p +//f/any.php.file +/n.php/ +/i?f=n.php/ -/php/ -/i?php -/w.PHP"),
    ("user-agent: weaver\ndisallow: /\nallow: /*.php$\n",
     "weaver -/bar +/n.php +/f/n.php -/n.php?p -/n.php/ -/n.php5 -/php/ -/n?php -/aaphpaa -//w.PHP"),
    ("user-agent: weaver\ndisallow: /\nallow: /eel*.php\n", "weaver -/bar +/eel.php +/eels/cat.php?p -/Eel.PHP"),
    # lines
    ("user-agent: weaver\r\ndisallow: /a\r\n", "weaver -/a"),
    ("user-agent: weaver\rdisallow: /a\r", "weaver -/a"),
    ("user-agent: weaver\ndisallow: /a", "weaver -/a"),
    ("\ufeffuser-agent: weaver\ndisallow: /a", "weaver -/a"),
    ("\n\n  user-agent :  weaver  \n\tdisallow: /a  # b", "weaver -/a"),
    (f"user-agent: weaver\ndisallow: {LONG}/more\n", f"weaver +/silk -{LONG}/less"),
    (f"user-agent: weaver\ndisallow: /\nallow: {LONG}www/more\n", f"weaver -/ +{LONG}www/less"),
]  # fmt: skip


def verdicts():
    for body, expected in CASES:
        agent = ""
        for word in expected.split():
            if word[0] in "+-":
                yield body, agent, word[1:], word[0] == "+"
            else:
                agent = word


@pytest.mark.parametrize(("body", "agent", "path", "allowed"), verdicts())
def test_verdicts(body, agent, path, allowed):
    assert Robots.parse(body.encode(), agent).allows(AT + path) is allowed


def test_there_are_as_many_as_google_publishes():
    assert len(list(verdicts())) >= 145


def test_a_mark_of_byte_order_may_be_there_in_part():
    for mark in (b"\xef", b"\xef\xbb", b"\xef\xbb\xbf"):
        assert not Robots.parse(mark + b"user-agent: weaver\ndisallow: /", "weaver").allows(AT)
    for body in (b"\xef\x11\xbfuser-agent: weaver\ndisallow: /", b"user-agent: weaver\n\xef\xbb\xbfdisallow: /"):
        assert Robots.parse(body, "weaver").allows(AT)


def test_without_a_path_the_root_is_asked_for_and_without_an_agent_no_group_is_ours():
    assert not Robots.parse(b"user-agent: weaver\ndisallow: /", "weaver").allows("")
    assert Robots.parse(b"user-agent: weaver\ndisallow: /", "").allows("")
    assert Robots.parse(b"user-agent: 1\ndisallow: /", "").allows("")


@pytest.mark.parametrize(
    ("url", "path"),
    [("", "/"), (AT, "/"), (f"{AT}/", "/"), (f"{AT}/a", "/a"), (f"{AT}/a/b?c=https://d.e/", "/a/b?c=https://d.e/"),
     (f"{AT}/a?b=c#d", "/a?b=c"), (f"{AT}#a/b", "/"), ("loom.example/a/", "/a/"), ("loom.example?a", "/?a"),
     ("/a", "/a"), ("a/b", "/b"), ("loom.example/a;b#c", "/a;b"), ("//a/b/c", "/b/c"), (f"{AT};a", "/;a")],
)  # fmt: skip
def test_what_of_a_url_rules_are_about(url, path):
    assert path_of(url) == path.encode()


def test_escapes_are_capitals_and_bytes_beyond_ascii_are_escaped():
    for pattern, escaped in (("/a/b", "/a/b"), ("ß", "%C3%9F"), ("%aa", "%AA"), ("%zz%", "%zz%")):
        assert _escape(pattern.encode()) == escaped.encode()


def test_crawl_delay_is_the_longest_of_our_group():
    body = b"user-agent: *\ncrawl-delay: 9\nuser-agent: weaver\ncrawl-delay: 1.5\ndisallow: /a\ncrawl-delay: 3\n"
    assert Robots.parse(body, "weaver").crawl_delay == 3
    assert Robots.parse(body, "dyer").crawl_delay == 9
    for odd in (b"nan", b"inf", b"-1", b"soon", b""):
        assert Robots.parse(b"user-agent: weaver\ncrawl-delay: " + odd, "weaver").crawl_delay is None


def test_what_lies_beyond_500_kib_is_not_read():
    filling = b"# nothing\n" * (MOST_BYTES // 10)
    assert Robots.parse(b"user-agent: weaver\n" + filling + b"disallow: /\n", "weaver").allows(AT)


def test_a_hostile_pattern_takes_no_time():
    body = b"user-agent: weaver\ndisallow: /" + b"*a" * 4000 + b"$\n"
    assert Robots.parse(body, "weaver").allows(f"{AT}/{'a' * 3000}b")


def by_positions(pattern: bytes, path: bytes) -> bool:
    """The published algorithm: all ends that prefixes of the path can have, one character of the pattern at a time."""
    ends = [0]
    for index, character in enumerate(pattern):
        if character == ord("$") and index == len(pattern) - 1:
            return ends[-1] == len(path)
        if character == ord("*"):
            ends = list(range(ends[0], len(path) + 1))
        else:
            ends = [end + 1 for end in ends if end < len(path) and path[end] == character]
        if not ends:
            return False
    return True


@given(st.text("ab*$/", max_size=8), st.text("ab$/", max_size=10))
def test_patterns_match_as_by_the_published_algorithm(pattern, path):
    assert Rule(True, pattern.encode()).matches(path.encode()) == by_positions(pattern.encode(), path.encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_robots_txt(body):
    Robots.parse(body, "weaver").allows(f"{AT}/a")
    Robots.parse(b"user-agent: *\ndisallow:" + body, "weaver").allows(f"{AT}/a")
