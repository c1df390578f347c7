"""What makes a link, and that the order of posts never matters."""

import random

import pyarrow as pa
import pytest

from corpus.readers.reddit import Submission
from corpus.sources.links import POSTS_SCHEMA, LinkRules, Verdict, judge, post_row, reduce_posts

MARCH_2016 = 1457000000


def post(id="p", url="http://a.example/x", **fields):
    default = {"title": "t", "subreddit": "s", "score": 5, "created": MARCH_2016, "retrieved": 0}
    flags = dict.fromkeys(("is_self", "over_18", "deleted", "promoted"), False)
    return Submission(**{**default, **flags, "id": id, "url": url, **fields})


@pytest.mark.parametrize(
    ("fields", "rules", "verdict"),
    [
        ({}, {}, Verdict.COUNTS),
        ({"score": -4}, {}, Verdict.COUNTS),
        ({"is_self": True}, {}, Verdict.SELF_POST),
        ({"url": ""}, {}, Verdict.NO_URL),
        ({"url": "//cdn.example/a"}, {}, Verdict.NOT_A_URL),
        ({"url": "javascript:void(0)"}, {}, Verdict.NO_PAGE_SCHEME),
        ({"url": "mailto:a@b.example"}, {}, Verdict.NO_PAGE_SCHEME),
        ({"url": "https://www.reddit.com/r/x"}, {}, Verdict.NOT_OUTBOUND),
        ({"url": "https://i.redd.it/x.jpg"}, {}, Verdict.NOT_OUTBOUND),
        ({"url": "https://notreddit.com/"}, {}, Verdict.COUNTS),
        ({"promoted": True}, {}, Verdict.PROMOTED),
        ({"over_18": True}, {}, Verdict.OVER_18),
        ({"over_18": True}, {"keep_over_18": True}, Verdict.COUNTS),
        ({"deleted": True}, {}, Verdict.DELETED),
        ({"deleted": True}, {"keep_deleted": True}, Verdict.COUNTS),
        ({"created": None}, {}, Verdict.UNDATED),
        ({"created": 1514764799}, {}, Verdict.COUNTS),
        ({"created": 1514764800}, {}, Verdict.TOO_LATE),
        ({"created": 1514764800}, {"created_before": ""}, Verdict.COUNTS),
        ({}, {"created_from": "2016-04-01"}, Verdict.TOO_EARLY),
        ({"score": None}, {}, Verdict.NO_SCORE),
    ],
)
def test_the_verdict_on_one_post(fields, rules, verdict):
    assert judge(post(**fields), LinkRules(**rules)) == verdict


@pytest.mark.parametrize("rules", [{"karma": "mean"}, {"created_before": "December"}])
def test_wrong_rules_are_refused(rules):
    with pytest.raises(ValueError, match=r"mean|December"):
        LinkRules(**rules)


def reduced(posts, rules=LinkRules()):
    rows = [post_row(item, judge(item, rules)) for item in posts]
    links, reasons, kept = reduce_posts(pa.Table.from_pylist(rows, POSTS_SCHEMA), rules)
    assert kept + sum(reasons.values()) == len(posts)
    return [(row["karma"], row["first_posted"], row["refused"]) for row in links.to_pylist()], reasons


def test_max_and_sum_are_different_policies():
    posts = [post("a", score=2, created=20), post("b", score=1, created=10)]
    assert reduced(posts)[0] == []
    assert reduced(posts, LinkRules(karma="sum"))[0] == [(3, 10, "")]


def test_the_threshold_is_inclusive():
    assert reduced([post(score=3)])[0] == [(3, MARCH_2016, "")]
    assert reduced([post(score=2)])[1] == {"link.too_little_karma": 1}


def test_the_latest_record_of_a_post_counts():
    posts = [post("a", score=50, retrieved=1), post("a", score=2, retrieved=9)]
    assert reduced(posts) == ([], {"link.superseded": 1, "link.too_little_karma": 1})
    later_over_18 = [post("a", score=50, retrieved=1), post("a", score=50, retrieved=9, over_18=True)]
    assert reduced(later_over_18)[0] == []


def test_posts_without_an_id_are_posts_of_their_own():
    posts = [post("", title="one", score=9, retrieved=1), post("", title="other", score=1, retrieved=5)]
    assert reduced(posts) == ([(9, MARCH_2016, "")], {})


def test_a_link_that_only_deleted_posts_carry_is_marked():
    assert reduced([post("a", score=9, deleted=True)])[0] == [(9, MARCH_2016, "link.deleted")]
    assert reduced([post("a", score=9, deleted=True), post("b", score=4)])[0] == [(4, MARCH_2016, "")]


def test_a_link_back_to_reddit_is_marked_too():
    inward = post("a", "https://www.reddit.com/r/x/comments/1/", score=9)
    assert reduced([inward, post("b", inward.url, score=9, deleted=True)])[0] == [(9, MARCH_2016, "link.not_outbound")]


def test_order_and_split_never_matter():
    rng = random.Random(3)
    posts = [
        post(
            str(rng.randrange(120)),
            f"http://h{rng.randrange(40)}.example/",
            score=rng.randrange(-2, 9),
            created=MARCH_2016 + rng.randrange(9),
            retrieved=rng.randrange(4),
            deleted=rng.random() < 0.2,
            over_18=rng.random() < 0.1,
        )
        for _ in range(400)
    ]
    expected = reduced(posts)
    for _ in range(5):
        rng.shuffle(posts)
        assert reduced(posts) == expected
