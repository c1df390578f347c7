"""The sanity report: its figures add up, and its page shows whatever a tokenizer holds."""

import numpy as np
import pytest

from corpus.tokenizer import sanity
from corpus.tokenizer.encoders import SAMPLE
from corpus.tokenizer.sanity_page import page
from corpus.tokenizer.training import VOCABULARY_SIZES, train_tokenizer
from corpus.tokenizer.words import count_words

TEXTS = ["the tide <script>rises</script>", "the tide falls", "潮が満ちる", ""]
ROWS = [("books", "en", TEXTS[0]), ("web", "en", TEXTS[1]), ("web", "ja", TEXTS[2]), ("web", "", TEXTS[3])]


def trained(kind):
    return train_tokenizer(count_words([*SAMPLE, *TEXTS] * 2, kind), kind, 1400)


@pytest.mark.parametrize("kind", VOCABULARY_SIZES)
def test_the_tallies_are_those_of_the_texts(kind):
    tokenizer, other = trained(kind), trained("gpt2")
    seen = np.zeros(tokenizer.vocab_size, np.int64)
    tallies = sanity.tally_texts(ROWS, tokenizer, other, seen)
    assert set(tallies) == {("books", "en"), ("web", "en"), ("web", "ja"), ("web", "")}
    first = tallies["books", "en"]
    assert (first.documents, first.bytes, first.words) == (1, len(TEXTS[0].encode()), 3)
    assert (first.tokens, first.other_tokens) == (len(tokenizer.encode(TEXTS[0])), len(other.encode(TEXTS[0])))
    rows = {row["language"]: row for row in sanity.by(tallies, 1)}
    assert rows["en"]["documents"] == 2
    assert rows["en"]["bytes_per_token"] == round(rows["en"]["bytes"] / rows["en"]["tokens"], 4)
    assert rows[""]["bytes_per_token"] is rows[""]["other_tokens_per_word"] is None
    assert [row["source"] for row in sanity.by(tallies, 0)] == ["books", "web"]
    assert len(sanity.by(tallies, None)) == 4
    used = {int(index) for text in TEXTS for index in tokenizer.encode(text)}
    assert set(np.flatnonzero(seen).tolist()) == used
    unused = sanity.unused_tokens(tokenizer, seen)
    assert {int(index) for index in unused["tokens"]} == set(range(tokenizer.vocab_size)) - used - {
        tokenizer.end_of_text
    }


@pytest.mark.parametrize("kind", VOCABULARY_SIZES)
def test_merges_are_shown_as_text(kind):
    shown = sanity.merges_shown(trained(kind))
    assert shown["number"] > sanity.MERGES_SHOWN
    assert [end for end, _ in shown["lengths"]][-1] == shown["number"] and all(
        size >= 2 for _, size in shown["lengths"]
    )
    assert len(shown["first"]) == len(shown["last"]) == sanity.MERGES_SHOWN
    assert all(len(pair) == 2 and all(pair) for pair in shown["first"])
    assert not any("Ġ" in part for pair in shown["first"] for part in pair)


def test_few_merges_are_shown_once():
    shown = sanity.merges_shown(train_tokenizer({b"ab": 5, b"abc": 2}, "gpt2", 400))
    assert shown == {
        "number": 2,
        "first": [["a", "b"], ["ab", "c"]],
        "last": [["a", "b"], ["ab", "c"]],
        "lengths": [(1, 2.0), (2, 3.0)],
    }


@pytest.mark.parametrize("compared", [True, False])
def test_the_page_needs_nothing_and_runs_nothing(compared):
    tokenizer = trained("gpt2")
    other = tokenizer if compared else None
    seen = np.zeros(tokenizer.vocab_size, np.int64)
    tallies = sanity.tally_texts(ROWS, tokenizer, other, seen)
    report = {
        "tokenizer": {"kind": "gpt2", "digest": "0", "vocab_size": 1400, "end_of_text": 1399, "asked": 50257},
        "sample": {"sampled": 4, "documents": 4, "bytes": 80},
        "memory": "about 1 MB <b>",
        "held_out": {"of": "held out", "share": 0.5, "documents": 4, "bytes": 80},
        "all": sanity.figures(sanity.TokenTally()),
        **{name: sanity.by(tallies, at) for name, at in (("by_source", 0), ("by_language", 1))},
        "by_source_and_language": sanity.by(tallies, None),
        "merges": {"number": 1, "first": [["<script>", " \u202e"]], "last": [], "lengths": [(1, 9.0), (2, 5.0)]},
        "unused": sanity.unused_tokens(tokenizer, seen),
        "compared_with": {"name": "GPT-2's", "vocab_size": 50257} if compared else None,
    }
    shown = page(report).decode()
    assert shown == page(report).decode()
    assert "<script" not in shown and "\u202e" not in shown and "about 1 MB &lt;b&gt;" in shown
    assert "http://" not in shown and "https://" not in shown
    assert "width=device-width" in shown and "default-src 'none'" in shown and "prefers-color-scheme: dark" in shown
    assert "<code>␣\\u202e</code>" in shown and "<polyline" in shown
    assert ("50,257 ids were asked" in " ".join(shown.split())) and ("GPT-2&#39;s" in shown) == compared
