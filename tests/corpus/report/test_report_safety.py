"""The report shows what strangers wrote: nothing of it may act, hide or grow without bound."""

import base64
import hashlib
import re

import pytest
from finished_builds import Page, document, make_build, read, unanswered, words

from corpus.document import Quarantined
from corpus.files.manifest import MANIFEST, read_manifest, write_json
from corpus.files.run_file import StageRun
from corpus.pages import figures
from corpus.pages.environment import link
from corpus.report import page_script
from corpus.report.write import write_report

# What a report links to beside itself, by names that no input decides.
OWN_FILES = {"kept/", "rejected/", "quarantined/", "links_without_page.parquet", "_MANIFEST.json", "README.md"}
SCRIPT = page_script.SCRIPT.read_text()
_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{_DIGEST}'"


def assert_inert(text):
    """One script, ours; no handler, no style from outside, no request; every link out is plain http(s) and marked."""
    page = Page(text)
    assert page.policy == POLICY
    assert re.findall(r"<script[^>]*>.*?</script>", text, re.DOTALL) == [f"<script>{SCRIPT}</script>"]
    assert (
        page.tags["script"] == 1
        and not {"link", "img", "iframe", "object", "embed", "form", "base", "image", "use"} & page.tags.keys()
    )
    for tag, name, value, others in page.attributes:
        assert not name.startswith("on"), f"<{tag} {name}>"
        assert name not in ("src", "srcset", "xlink:href", "action"), f"<{tag} {name}={value}>"
        if name == "href" and not value.startswith("#") and value not in OWN_FILES:
            assert tag == "a" and re.match(r"https?://", value)
            assert others["rel"] == "noreferrer nofollow"
    styles = "".join(re.findall(r"<style>.*?</style>|style=\"[^\"]*\"", text, re.DOTALL))
    assert not re.search(r"@import|url\s*\(|expression\s*\(", styles, re.IGNORECASE)
    assert figures.visible(text) == text


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "ansi": "\x1b[31mred\x1b[0m \x07\x9b31m",
    "bidi": "safe\u202egpj.exe\u2066\u200f\u061c",
    "tags": "hello\U000e0068\U000e0069 \ufeff\u2028",
    "template": "{{ 7 * 7 }}{% raw %}</pre></details>",
    "style": "</style><style>@import url(http://evil.example/x.css)</style>",
    "comment": "<!-- --><![CDATA[ ]]>&lt;script&gt;",
}


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_hostile_strings_are_inert_wherever_they_stand(tmp_path, attack):
    bad = document(1, attack * 3, title=attack, url=attack, domain=attack, language=attack)
    other = document(2, attack, title=attack, url=attack, domain=attack)
    near = document(3, attack, title=attack, url=f"http://x.example/{attack}", cluster=other.id)
    rejected = [bad.reject("language.other", 1, attack), near.reject("duplicates.near", 0.9, attack, other.id)]
    build = make_build(tmp_path, [other], rejected, [Quarantined(attack, 1, attack, attack)], [unanswered(1, attack)])
    manifest = read_manifest(build)
    manifest["inputs"]["pages"][0]["name"] = manifest["recipe"]["cites"] = attack
    manifest["recipe"]["links"][attack] = attack
    write_json(build / MANIFEST, manifest)
    domains = tmp_path / "domains.txt"
    domains.write_text(f"5 {attack.split()[0]}\n")
    text = read(write_report(build, {attack: StageRun(1.0)}, domains))
    assert_inert(text)
    tags = Page(text).tags
    # Five groups hold no text of their own: kept, two reasons, two hosts of rejected documents.
    assert tags["style"] == 1 and tags["pre"] == tags["details"] - 5
    assert " ".join(figures.visible(attack).split()) in words(build / "report.html")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " https://space.example/",
        "https://a.example/\nx",
        "data:text/html,<script>",
        "//host.example/x",
        'https://a.example/"onclick=x',
        "https://a.example/\u202egpj",
        "vbscript:x",
        "file:///etc/passwd",
        "https://a.example/" + "x" * 3000,
        "",
    ],
)
def test_only_plain_web_addresses_become_links(url):
    assert Page(link(url)).tags["a"] == 0


@pytest.mark.parametrize(
    "url", ["http://a.example/?x=1&y=2#z", "HTTPS://A.example/%20(x)", "https://münchen.example/ä"]
)
def test_web_addresses_become_links(url):
    page = Page(link(url))
    assert dict((name, value) for _, name, value, _ in page.attributes) == {"href": url, "rel": "noreferrer nofollow"}


def test_a_large_build_stays_small(tmp_path):
    """A hundred thousand documents, every example as long as can be and of characters that grow when written."""
    long_title, long_text = "\u202e" * 3000, "\u2066\x1b<&" * 200
    kept = [document(n, f"Text {n}.", url=f"https://site{n}.com/", domain=f"site{n}.com") for n in range(98_000)]
    rejected = [
        document(100_000 + n, long_text, title=long_title).reject(f"step{n % 120}.rule_with_a_long_name", n, long_title)
        for n in range(2_000)
    ]
    damage = [Quarantined("f" * 1000, n, "r" * 300, "\x00" * 2000) for n in range(3_000)]
    links = [unanswered(n, "http://gone.example/" + "\u202e" * 5000) for n in range(100)]
    build = make_build(tmp_path, kept, rejected, damage, links)
    manifest = read_manifest(build)
    manifest["inputs"]["pages"] *= 5000
    manifest["recipe"]["text_steps"][0]["words"] = ["\u202e" * 100] * 1000
    write_json(build / MANIFEST, manifest)
    path = write_report(build, {})
    assert path.stat().st_size <= 2_000_000
    text = words(path)
    assert "60 of 3,000 rows" in text and "pages: 5,000 files, the first 40" in text
    assert "98,000 documents kept" in text
    assert_inert(read(path))
