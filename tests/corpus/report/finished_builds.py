"""Small finished builds for the tests of the report: real parts and a manifest that agrees with them."""

from collections import Counter
from dataclasses import asdict
from html.parser import HTMLParser

import pyarrow as pa

from corpus.document import Document
from corpus.files.manifest import MANIFEST, Counts, write_json, write_parquet
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA, kept_row, quarantined_row, rejected_row

LINKS_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("canonical_url", pa.string()),
        ("karma", pa.int64()),
        ("first_posted", pa.int64()),
        ("reason", pa.string()),
    ]
)
RECIPE = {
    "name": "gpt2-webtext",
    "cites": "Radford et al. (2019)",
    "links": {"min_karma": 3, "karma": "max", "created_before": "2018-01-01", "keep_over_18": False},
    "page_steps": [{"step": "corpus.block_lists.on_the_web"}],
    "text_steps": [{"step": "corpus.rules.language.only", "limits": {"keep": ["en", "fr"], "min_probability": 0.5}}],
    "near_duplicates": {"bands": 14, "rows": 8},
}


def document(number, text="A quiet text about boats. ", **other):
    identity = f"webtext/{number:032x}"
    fields = {
        "url": f"https://site{number % 7}.example.com/page/{number}",
        "title": f"Title {number}",
        "domain": f"site{number % 7}.com",
        "source": "webtext",
        "language": "en",
        "karma": 3 + number % 50,
        "first_posted": f"20{8 + number % 10:02}-03-01T00:00:00Z",
        "cluster": identity,
    }
    return Document(id=identity, text=text, **{**fields, **other})


def make_build(root, kept, rejected, quarantined=(), without_page=()):
    """A finished build by hand: the parts and a manifest that agrees with them."""
    reasons = Counter(item.reason for item in rejected)
    near = {reason: count for reason, count in reasons.items() if reason == "duplicates.near"}
    exact = {reason: n for reason, n in reasons.items() if reason.startswith("duplicates.") and reason not in near}
    read = {reason: n for reason, n in reasons.items() if not reason.startswith("duplicates.")}
    came = len(kept) + len(rejected) + len(quarantined)
    parts = [
        write_parquet(root / "kept/part-0.parquet", root, KEPT_SCHEMA, map(kept_row, kept[::2])),
        write_parquet(root / "kept/part-1.parquet", root, KEPT_SCHEMA, map(kept_row, kept[1::2])),
        write_parquet(root / "rejected/part-0.parquet", root, REJECTED_SCHEMA, map(rejected_row, rejected)),
        write_parquet(root / "quarantined/part-0.parquet", root, QUARANTINED_SCHEMA, map(quarantined_row, quarantined)),
        write_parquet(root / "links_without_page.parquet", root, LINKS_SCHEMA, without_page),
    ]
    stages, left = {"matched": Counts(came + 40, came, 40, 0, {"capture.not_asked_for": 40})}, came
    for name, why, lost in (
        ("judged", read, len(quarantined)),
        ("exact_duplicates", exact, 0),
        ("near_duplicates", near, 0),
    ):
        stages[name] = Counts(left, left - sum(why.values()) - lost, sum(why.values()), lost, why)
        left = stages[name].kept
    stages["corpus"] = Counts(came, len(kept), len(rejected), len(quarantined), dict(reasons))
    links = len(without_page) + came
    manifest = {
        "format": 2,
        "source": "webtext",
        "code": {"version": "0.1.0"},
        "versions": {"numpy": "2.4.6"},
        "recipe": RECIPE,
        "inputs": {
            "submissions": [{"name": "RS_2013-01.zst", "bytes": 12345, "digest": "d1" * 32, "lines": 876}],
            "pages": [
                {"name": "a.warc.gz", "bytes": 99, "digest": "d2" * 32, "records": {"response": 7}, "captures": 7}
            ],
        },
        "funnel": [{"stage": name, "name": name, "about": "Pages.", "has_text": name != "matched"} for name in stages],
        "counts": {name: counts.to_json() for name, counts in stages.items()},
        "links": links,
        "links_answered": came,
        "links_without_page": len(without_page),
        "links_without_page_reasons": {"link.not_captured": len(without_page)},
        "parts": [asdict(part) for part in parts],
    }
    write_json(root / MANIFEST, manifest)
    return root


def unanswered(number, url=""):
    url = url or f"http://gone.example/{number}"
    return {
        "url": url,
        "canonical_url": url,
        "karma": 5000 - number,
        "first_posted": 1400000000,
        "reason": "not_captured",
    }


class Page(HTMLParser):
    """What a browser would act on."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.policy = Counter(), [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.text.append("" if tag == "wbr" else " ")
        self.attributes += [(tag, name, value or "", dict(attrs)) for name, value in attrs]
        if tag == "meta" and dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        self.text.append(data)


def read(path):
    return path.read_text(encoding="utf-8")


def words(path):
    """The text of the page as one line."""
    return " ".join("".join(Page(read(path)).text).split())
