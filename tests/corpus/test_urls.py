"""Every rule of the canonical form, and which spellings ask for one page."""

import pytest

from corpus.urls import address, registrable_domain, unwrap


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("HTTP://Example.ORG/a", "http://example.org/a"),
        ("http://example.org:80/a", "http://example.org/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("http://user:secret@example.org/a", "http://example.org/a"),
        ("http://example.org/a#top", "http://example.org/a"),
        ("http://example.org/a#:~:text=the", "http://example.org/a"),
        ("http://example.org/a/./b/../c", "http://example.org/a/c"),
        ("http://example.org/%7euser/%c3%a4", "http://example.org/~user/%C3%A4"),
        ("http://example.org/ä ö", "http://example.org/%C3%A4%20%C3%B6"),
        ("http://Exämple.org/", "http://xn--exmple-cua.org/"),
        ("http://example.org./a", "http://example.org/a"),
        ("http://example.org/?b=2&a=1", "http://example.org/?a=1&b=2"),
        ("http://example.org/?b=2&a=2&b=1", "http://example.org/?a=2&b=2&b=1"),
        ("http://example.org/?b=2&amp;a=1", "http://example.org/?a=1&b=2"),
        ("http://example.org/?a=1&copy=2", "http://example.org/?a=1&copy=2"),
        ("http://example.org/a?", "http://example.org/a"),
        ("http://example.org/?utm_source=x&id=7&fbclid=9", "http://example.org/?id=7"),
        ("http://example.org/?ref=share", "http://example.org/"),
        ("http://example.org/?ref=feature-branch", "http://example.org/?ref=feature-branch"),
        ("http://example.org/?reference=7&id=2", "http://example.org/?id=2&reference=7"),
        ("http:\\\\example.org\\a", "http://example.org/a"),
        ("  http://example.org/a\n", "http://example.org/a"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("http:&#x2F;&#x2f;example.org&#47;a&sol;b", "http://example.org/a/b"),
        ("http://example.org/?a=1&amp;amp;b=2", "http://example.org/?a=1&b=2"),
        ("http://example.org/?a=&#0;&#x110000;", "http://example.org/?a=%EF%BF%BD%EF%BF%BD"),
        ("http://example.org/?q=&quot;a&apos;", "http://example.org/?q=%22a%27"),
        ("http://example.org/a;jsessionid=1F.node2/b;v=1", "http://example.org/a/b;v=1"),
        ("http://example.org/.;sid=1./a", "http://example.org/a"),
        ("hard::host.example-page.html?utm_campaign=feed#top", "hard::host.example-page.html"),
    ],
)
def test_canonical_form(written, canonical):
    assert address(written).canonical == canonical
    assert address(canonical).canonical == canonical, "canonical twice is canonical once"


@pytest.mark.parametrize(
    "variant",
    [
        "http://example.org/page",
        "https://example.org/page",
        "http://www.example.org/page",
        "https://WWW.Example.Org/page/",
        "http://example.org:80/page",
        "http://example.org/page#comments",
        "http://example.org/page?utm_source=reddit&utm_medium=social",
        "https://www.example.org/page/?fbclid=IwAR42",
    ],
)
def test_spellings_of_one_page_share_a_surt(variant):
    assert address(variant).surt == "org,example)/page"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/sea_(ships)", "http://example.org/sea_%28ships%29"),
        ("http://example.org/a!b$c'd*e,f:g@h", "http://example.org/a%21b%24c%27d%2ae%2Cf%3ag%40h"),
        ("http://example.org/a;v=1", "http://example.org/a%3Bv=1"),
        ('http://example.org/{a}^"b"`c`', "http://example.org/%7Ba%7D%5E%22b%22%60c%60"),
        ("http://example.org/?list[]=1|2", "http://example.org/?list%5B%5D=1%7C2"),
        ("http://example.org/?u=http://b.example/?x", "http://example.org/?u=http%3A%2F%2Fb.example%2F%3Fx"),
        ("http://example.org/?eq=a=b", "http://example.org/?eq=a%3Db"),
        ("http://example.org/?q=two+words", "http://example.org/?q=two%20words"),
        ("http://example.org/half%", "http://example.org/half%25"),
        ("http://example.org/a//b", "http://example.org/a/b"),
        ("http://example.org/?b=&a=1", "http://example.org/?a=1&b"),
        ("http://example.org/?%62=2&a=1", "http://example.org/?a=1&b=2"),
        ("http://example.org/a;JSESSIONID=0A1B2C.worker-7?p=1", "http://example.org/a?p=1"),
        ("http://example.org/a%3Bjsessionid=0A1B?p=1", "http://example.org/a?p=1"),
        ("http://example.org/a;cfid=12;cftoken=98", "http://example.org/a"),
        ("http://example.org/(S(0fbsbmjx3qx1nqbnd1hnbz55))/a.aspx", "http://example.org/a.aspx"),
        ("http://example.org/%28S%280fbsbmjx3qx1nqbnd1hnbz55%29%29/a.aspx", "http://example.org/a.aspx"),
        ("http://example.org/(0fbsbmjx3qx1nqbnd1hnbz55)/a.aspx", "http://example.org/a.aspx"),
        ("http://example.org/?PHPSESSID=abc&id=1", "http://example.org/?id=1"),
        ("http://example.org/?id=1&sid=0123456789abcdef0123456789abcdef", "http://example.org/?id=1"),
        ("http://example.org/?ASPSESSIONIDQQRRSSTT=ABCDEFGHIJKL&id=1", "http://example.org/?id=1"),
        ("http://example.org/?CFID=11&CFTOKEN=22", "http://example.org/"),
        ("https://www.youtube.com/watch?v=a&feature=youtu.be&si=x", "https://www.youtube.com/watch?v=a"),
        ("https://twitter.com/a/status/1?s=20&t=x", "https://twitter.com/a/status/1"),
        ("https://www.theguardian.com/a?CMP=share_btn_tw", "https://www.theguardian.com/a"),
        ("http://example.org/?share=twitter", "http://example.org/"),
        ("http://example.org/?gbraid=1&igsh=2&__twitter_impression=true", "http://example.org/"),
    ],
)
def test_two_spellings_of_one_page_share_a_surt(one, other):
    assert address(one).surt == address(other).surt


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/a", "http://example.org/A"),
        ("http://example.org/?id=1", "http://example.org/?id=2"),
        ("http://example.org/a", "http://sub.example.org/a"),
        ("http://example.org:8080/a", "http://example.org/a"),
        ("http://www.com/a", "http://com/a"),
        ("http://example.org/a%2Fb", "http://example.org/a/b"),
        ("http://example.org/a%3Fb", "http://example.org/a?b"),
        ("http://example.org/?a=1%26b=2", "http://example.org/?a=1&b=2"),
        ("http://example.org/?q=c%2B%2B", "http://example.org/?q=c++"),
        ("http://example.org/?a%3Db=c", "http://example.org/?a=b=c"),
        ("http://example.org/100%2541", "http://example.org/100%41"),
        ("http://example.org/?sid=20160512", "http://example.org/"),
        ("http://example.org/?s=winter+boats", "http://example.org/"),
        ("http://example.org/?session=12", "http://example.org/?session=13"),
        ("http://example.org/?feature=12", "http://example.org/?feature=13"),
        ("http://example.org/(draft)/a", "http://example.org/a"),
    ],
)
def test_other_pages_do_not(one, other):
    assert address(one).surt != address(other).surt


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("bob.blogspot.com", "blogspot.com"),
        ("192.168.0.1", "192.168.0.1"),
        ("localhost", "localhost"),
        ("co.uk", "co.uk"),
    ],
)
def test_registrable_domain(host, domain):
    assert registrable_domain(host) == domain


@pytest.mark.parametrize("url", ["", "//cdn.example.net/a", "http://", "nonsense", "http://a b.example/", "http://./a"])
def test_what_no_browser_could_follow_is_no_url(url):
    with pytest.raises(ValueError, match="not a URL"):
        address(url)


@pytest.mark.parametrize(
    ("wrapper", "inside"),
    [
        ("https://www.google.com/url?sa=t&q=http%3A%2F%2Fa.example%2Fx&usg=1", "http://a.example/x"),
        ("https://www.google.co.uk/amp/s/a.example/x", "https://a.example/x"),
        ("https://out.reddit.com/t3_1?url=https%3A%2F%2Fa.example%2F&token=1", "https://a.example/"),
        ("https://www.google.com/search?q=http://a.example/", "https://www.google.com/search?q=http://a.example/"),
        ("https://web.archive.org/web/2014/http://a.example/", "https://web.archive.org/web/2014/http://a.example/"),
    ],
)
def test_wrappers_are_unwrapped(wrapper, inside):
    assert unwrap(wrapper) == inside


@pytest.mark.parametrize("host", ["0..", "0.", "0", "0x0..", "00...", "0.0.0.0."])
def test_a_host_that_is_a_number_without_its_dots_is_that_number(host):
    assert address(f"https://{host}/a").canonical == "https://0.0.0.0/a"
