"""Lists block by host, label by label, and what a recipe must not block stays."""

import gzip
from pathlib import Path

import pytest

from corpus import block_lists
from corpus.block_lists import PROFILES, URL_WORDS, blocking, find_domain, load, reject_hosts
from corpus.document import Page, Rejected, run_steps
from corpus.errors import CorpusloomError

THOUSAND = Path(__file__).parents[3] / "shared" / "data" / "assets" / "gpt2.domains.txt"


def page(url):
    return Page(url, "2016-01-01T00:00:00Z", 200, "text/html", b"", "a.warc", 0)


@pytest.mark.parametrize(
    ("url", "profile", "blocked"),
    [
        ("https://en.wikipedia.org/wiki/Tide", "wikipedia", True),
        ("https://de.m.wikipedia.org/wiki/Gezeiten", "wikipedia", True),
        ("https://secure.wikipedia.org/", "wikipedia", True),
        ("https://notwikipedia.org/", "wikipedia", False),
        ("https://www.wikiwand.com/en/Tide", "wikipedia-mirrors", True),
        ("https://i.imgur.com/x.jpg", "media", True),
        ("https://essex.ac.uk/", "media", False),
        ("https://github.com/a/b", "media", False),
        ("https://www.google.com/", "media", False),
        ("https://flic.kr/p/a", "media", False),
        ("https://www.twitch.tv/a", "media", False),
    ],
)
def test_profiles(url, profile, blocked):
    result = reject_hosts(page(url), profile, "url.blocked")
    assert isinstance(result, Rejected) == blocked


def test_a_file_of_domains_is_a_profile(tmp_path):
    plain, packed = tmp_path / "domains", tmp_path / "domains.gz"
    plain.write_text("# comment\nspam.example\n\nOther.Example  # why\n")
    packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    assert load(str(plain)) == load(str(packed)) == {"spam.example", "other.example"}


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ValueError, match="media, wikipedia"):
        load("no-such-list")


def test_no_profile_blocks_the_first_and_fourth_domain_of_webtext():
    for domains in PROFILES.values():
        assert not find_domain("github.com", domains)
        assert not find_domain("www.google.com", domains)


def test_no_media_host_is_among_the_thousand_domains_of_webtext():
    if not THOUSAND.exists():
        pytest.skip(f"{THOUSAND} is not here")
    published = {line.split()[-1].lower() for line in THOUSAND.read_text().splitlines() if line.strip()}
    assert not {host for host in PROFILES["media"] if host.partition(".")[0] in published}


@pytest.mark.parametrize(
    ("name", "address", "blocked"),
    [
        ("banned_words", "https://example.org/a-{0}-b", True),
        ("banned_words", "https://example.org/a{0}b", False),
        ("banned_words", "https://example.org/{0}", True),
        ("soft_banned_words", "https://example.org/{0}", False),
        ("soft_banned_words", "https://example.org/{0}/{0}", False),
        ("soft_banned_words", "https://example.org/{0}/{1}", True),
        ("banned_subwords", "https://example.org/x{0}x", True),
        ("banned_subwords", "https://example.org/x.-{0}_x", True),
    ],
)
def test_words_of_datatrove_block_an_address(monkeypatch, name, address, blocked):
    lists = {"banned_words": {"loom"}, "soft_banned_words": {"warp", "weft"}, "banned_subwords": {"spindle"}}
    monkeypatch.setattr(block_lists, "_url_words", lambda: {key: frozenset(words) for key, words in lists.items()})
    result = run_steps(page(address.format(*sorted(lists[name]))), blocking((URL_WORDS,)))
    assert isinstance(result, Rejected) == blocked
    if isinstance(result, Rejected):
        assert result.reason == "url.blocked" and result.evidence in ("loom", "warp weft", "spindle")


def test_the_words_are_those_that_datatrove_has():
    assets = pytest.importorskip("datatrove.utils._import_utils").ASSETS_PATH
    parse = pytest.importorskip("datatrove.pipeline.filters.url_filter").get_list
    expected = {f"{name} {word}" for name in block_lists._LEAST_WORDS for word in parse(assets, f"{name}.txt", set())}
    assert load(URL_WORDS) == expected


def test_without_the_package_the_words_say_what_to_install(monkeypatch):
    monkeypatch.setattr(block_lists, "find_spec", lambda name: None)
    block_lists._url_words.cache_clear()
    with pytest.raises(CorpusloomError, match=r"corpusloom\[datatrove\]"):
        block_lists._url_words()
