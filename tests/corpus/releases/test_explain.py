"""An explanation of a corpus written by hand: step, value and bound, the other document, a link without a page."""

import pyarrow as pa
import pytest

from corpus.errors import CorpusloomError
from corpus.files.manifest import MANIFEST, write_manifest, write_parquet
from corpus.releases.explain import explain, lines_of
from corpus.schema import KEPT_SCHEMA, REJECTED_SCHEMA
from corpus.urls import address_or_raw
from pipelines.work.lost_links import LOST_LINKS, LOST_SCHEMA


def row(schema, identity, url, **values):
    where = address_or_raw(url)
    own = {"id": identity, "url": url, "surt": where.surt, "text": "t", "cluster": "w/1", **values}
    empty = {name: "" if pa.types.is_string(schema.field(name).type) else None for name in schema.names}
    return {**empty, **own}


@pytest.fixture
def corpus(tmp_path):
    kept = [row(KEPT_SCHEMA, "w/1", "https://a.example/one", measures='{"gopher.too_few_words":72.0}')]
    rejected = [
        row(REJECTED_SCHEMA, "w/2", "https://b.example/two", step="duplicates", rule="near", value=0.9, other_id="w/1"),
        row(REJECTED_SCHEMA, "w/3", "https://c.example/", step="gopher", rule="repetition", value=0.7, cluster=""),
    ]
    write_parquet(tmp_path / "kept" / "part-1.parquet", tmp_path, KEPT_SCHEMA, kept)
    write_parquet(tmp_path / "rejected" / "part-1.parquet", tmp_path, REJECTED_SCHEMA, rejected)
    lost = {
        "url": "https://d.example/gone",
        "canonical_url": "",
        "karma": 5,
        "first_posted": 0,
        "reason": "not_captured",
    }
    write_parquet(tmp_path / LOST_LINKS, tmp_path, LOST_SCHEMA, [lost])
    recipe = {
        "near_duplicates": {"min_similarity": 0.7},
        "text_steps": [{"step": "corpus.rules.gopher.repetition", "limits": {"most": 0.5}}, {"step": "a.b"}],
    }
    write_manifest(tmp_path / MANIFEST, {"recipe": recipe, "parts": []})
    return tmp_path


def test_a_duplicate_names_the_other_document_and_the_bound(corpus):
    (one,) = explain(corpus, "http://B.example/two/")
    assert (one.outcome, one.reason, one.value) == ("rejected", "duplicates.near", 0.9)
    assert one.other == {"id": "w/1", "url": "https://a.example/one", "outcome": "kept", "reason": ""}
    assert one.bounds == ("near_duplicates.min_similarity: 0.7",)
    said = "\n".join(lines_of(one))
    assert "decided   duplicates.near, value 0.9" in said and "other     w/1 https://a.example/one, kept" in said


def test_a_rule_names_its_settings_and_no_others(corpus):
    (one,) = explain(corpus, "w/3")
    assert one.bounds == ("corpus.rules.gopher.repetition.limits.most: 0.5",)


def test_a_kept_document_names_what_left_in_its_favour(corpus):
    (one,) = explain(corpus, "1")
    assert (one.outcome, one.copies, one.part) == ("kept", ("w/2",), "kept/part-1.parquet")
    assert "measured  gopher.too_few_words 72" in lines_of(one)


def test_a_link_without_a_page_says_why(corpus):
    (one,) = explain(corpus, "https://d.example/gone")
    assert (one.outcome, one.reason) == ("no page", "link.not_captured")


def test_what_is_not_there_is_nothing_and_what_is_no_corpus_is_refused(corpus, tmp_path):
    assert explain(corpus, "https://e.example/") == explain(corpus, "w/9") == []
    with pytest.raises(CorpusloomError, match="neither a release nor a corpus"):
        explain(tmp_path / "kept", "w/1")
