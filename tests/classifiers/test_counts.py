"""The features of GPT-3's classifier are those of Spark's HashingTF."""

import mmh3

from classifiers.counts import BUCKETS, SEED, named_tokens, token_counts


def test_tokens_are_lower_cased_and_split_at_white_space():
    assert named_tokens("Don't  PANIC,\nfriend") == ["don't", "panic,", "friend"]


def test_hashes_are_those_of_sparks_documentation():
    """`HashingTF().setNumFeatures(10)` of ["a", "b", "c"] is {5: 1.0, 7: 1.0, 8: 1.0}, and `indexOf("b")` is 5."""
    assert [mmh3.hash(token, SEED) % 10 for token in "abc"] == [7, 5, 8]


def test_a_bucket_is_the_hash_modulo_the_buckets():
    found, starts = token_counts(["a b", "a"]).flat()
    assert starts.tolist() == [0, 2, 3]
    assert found[0] == found[2]
    assert found[1] == mmh3.hash("b", SEED) % BUCKETS
    assert 0 <= found.min() <= found.max() < BUCKETS
