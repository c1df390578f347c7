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
        ("http://example.org/a", "http://example.org/A"),
        ("http://example.org/?id=1", "http://example.org/?id=2"),
        ("http://example.org/a", "http://sub.example.org/a"),
        ("http://example.org:8080/a", "http://example.org/a"),
        ("http://www.com/a", "http://com/a"),
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


@pytest.mark.parametrize("url", ["", "//cdn.example.net/a", "http://", "nonsense", "http://a b.example/"])
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
