"""Links out of Reddit posts: which posts count, and the karma of a link (Radford et al., 2019, §2.1).

WebText holds the pages behind "all outbound links from Reddit, which received at least 3 karma", posted up to
December 2017 (a common retelling has that the wrong way round). A post gets one verdict; the posts of one page, by the
SURT of their URLs, make one link. Its karma is the highest score among them (`max`, "received at least 3") or their
sum (`sum`, OpenWebText2's reading): two policies that choose different pages.

A link with enough karma that is refused for what it is (all its posts were deleted, or it leads back to Reddit)
stays in the table with the reason: a page that it asks for is then rejected by name, not missing without a word.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

import numpy as np
import pyarrow as pa

from corpus.block_lists import REDDIT, find_domain
from corpus.hashing import key64
from corpus.readers.reddit import Submission
from corpus.urls import PAGELESS_SCHEMES, address


class Verdict(IntEnum):
    """What a post is, in the order in which the questions are asked."""

    COUNTS = 0
    DELETED = 1
    SELF_POST = 2
    NO_URL = 3
    NOT_A_URL = 4
    NO_PAGE_SCHEME = 5
    NOT_OUTBOUND = 6
    PROMOTED = 7
    OVER_18 = 8
    UNDATED = 9
    TOO_EARLY = 10
    TOO_LATE = 11
    NO_SCORE = 12
    SUPERSEDED = 13
    TOO_LITTLE_KARMA = 14

    @property
    def reason(self) -> str:
        """The reason as manifests and reports have it: `link.too_late`."""
        return f"link.{self.name.lower()}"


# Verdicts that refuse a link but leave it in the table, in the order in which they are named.
REFUSED = (Verdict.NOT_OUTBOUND, Verdict.DELETED)
# Posts with these verdicts take part in the reduction: a later record of the same post may overrule an earlier one.
REDUCED = frozenset({Verdict.COUNTS, Verdict.OVER_18, Verdict.NO_SCORE, *REFUSED})

POSTS_SCHEMA = pa.schema(
    [
        ("key", pa.int64()),
        ("post", pa.int64()),
        ("score", pa.int64()),
        ("created", pa.int64()),
        ("retrieved", pa.int64()),
        ("verdict", pa.int8()),
        ("url", pa.string()),
        ("canonical_url", pa.string()),
    ]
)
LINKS_SCHEMA = pa.schema(
    [
        ("key", pa.int64()),
        ("karma", pa.int64()),
        ("first_posted", pa.int64()),
        ("refused", pa.string()),
        ("post", pa.int64()),
    ]
)


@dataclass(frozen=True)
class LinkRules:
    """What makes a link count. Dates are days (`YYYY-MM-DD`, UTC), `created_before` is exclusive, "" = no limit."""

    min_karma: int = 3
    karma: str = "max"
    created_from: str = ""
    created_before: str = "2018-01-01"
    keep_over_18: bool = False
    keep_deleted: bool = False

    def __post_init__(self) -> None:
        if self.karma not in ("max", "sum"):
            raise ValueError(f"karma policy {self.karma!r}: it is max or sum")
        for day in (self.created_from, self.created_before):
            seconds(day, 0)


def seconds(day: str, otherwise: int) -> int:
    """Midnight UTC of a day in seconds since 1970; `otherwise` for "", `ValueError` for anything but a date."""
    try:
        return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) if day else otherwise
    except ValueError:
        raise ValueError(f"{day!r} is not a day; write it as 2017-12-31") from None


def judge(post: Submission, rules: LinkRules) -> Verdict:
    """The verdict on one post, before the posts of its link are looked at together."""
    if post.is_self:
        return Verdict.SELF_POST
    if not post.url:
        return Verdict.NO_URL
    try:
        target = address(post.url)
    except ValueError:
        return Verdict.NOT_A_URL
    if target.scheme in PAGELESS_SCHEMES:
        return Verdict.NO_PAGE_SCHEME
    verdict = _judge_state(post, rules)
    # A link back into Reddit is named as that, whether its post was deleted or not.
    inward = verdict in (Verdict.COUNTS, Verdict.DELETED) and find_domain(target.host, REDDIT)
    return Verdict.NOT_OUTBOUND if inward else verdict


def _judge_state(post: Submission, rules: LinkRules) -> Verdict:
    if post.promoted:
        return Verdict.PROMOTED
    if post.over_18 and not rules.keep_over_18:
        return Verdict.OVER_18
    if post.created is None:
        return Verdict.UNDATED
    if post.created < seconds(rules.created_from, post.created):
        return Verdict.TOO_EARLY
    if post.created >= seconds(rules.created_before, post.created + 1):
        return Verdict.TOO_LATE
    if post.score is None:
        return Verdict.NO_SCORE
    return Verdict.DELETED if post.deleted and not rules.keep_deleted else Verdict.COUNTS


def post_row(post: Submission, verdict: Verdict) -> dict[str, object]:
    """A post that takes part in the reduction, as a row of `POSTS_SCHEMA`."""
    target = address(post.url)
    return {
        "key": key64(target.surt),
        "post": key64(post.id or f"no id\x00{post.created}\x00{post.subreddit}\x00{post.title}"),
        # Within 32 bits: the sum of 2^31 such scores still fits into 64. Without an id the post is what it says.
        "score": max(min(post.score or 0, 2**31), -(2**31)),
        "created": post.created or 0,
        "retrieved": post.retrieved,
        "verdict": int(verdict),
        "url": post.url,
        "canonical_url": target.canonical,
    }


def sort_posts(posts: pa.Table) -> pa.Table:
    """Posts in their total order: by link, then by post, the record that counts (the latest retrieved) first."""
    order = [("key", "ascending"), ("post", "ascending"), ("retrieved", "descending"), ("verdict", "descending")]
    return posts.sort_by([*order, ("score", "descending"), ("created", "ascending"), ("url", "ascending")])


def reduce_posts(posts: pa.Table, rules: LinkRules) -> tuple[pa.Table, dict[str, int], int]:
    """All posts of some keys → (links with enough karma, posts rejected by reason, posts that count).

    `posts` needs no order and no URL columns. Every reduction takes the least of a total order, so the outcome does
    not depend on how the posts were spread over dumps.
    """
    names = ("key", "post", "score", "created", "verdict")
    key, post, score, created, verdict = (sort_posts(posts)[name].to_numpy() for name in names)
    latest = np.ones(len(key), bool)
    # The first row of each (key, post) is the record that counts: keys 5 5 7, posts 1 1 1 give [T, F, T].
    latest[1:] = (key[1:] != key[:-1]) | (post[1:] != post[:-1])
    reasons = {Verdict.SUPERSEDED.reason: int((~latest).sum())}
    for other in sorted(REDUCED - {Verdict.COUNTS, *REFUSED}):
        reasons[other.reason] = int((latest & (verdict == other)).sum())
    table = pa.table([[] for _ in LINKS_SCHEMA], LINKS_SCHEMA)
    kept = 0
    for judged in (Verdict.COUNTS, *REFUSED):
        chosen = latest & (verdict == judged)
        reason = "" if judged is Verdict.COUNTS else judged.reason
        links = _links(key[chosen], post[chosen], score[chosen], created[chosen], rules.karma, rules.min_karma)
        if judged is Verdict.COUNTS:
            # Posts of links that have enough karma together.
            kept = int(np.isin(key[chosen], links["key"].to_numpy()).sum())
            reasons[Verdict.TOO_LITTLE_KARMA.reason] = int(chosen.sum()) - kept
        else:
            reasons[reason] = int(chosen.sum())
        # A link that counts is not refused by its other posts.
        fresh = pa.array(~np.isin(links["key"].to_numpy(), table["key"].to_numpy()))
        links = links.append_column("refused", pa.array([reason] * links.num_rows, pa.string())).filter(fresh)
        table = pa.concat_tables([table, links.select(LINKS_SCHEMA.names)])
    return table.sort_by("key"), {reason: count for reason, count in reasons.items() if count}, kept


def _links(
    key: np.ndarray, post: np.ndarray, score: np.ndarray, created: np.ndarray, policy: str, least: int
) -> pa.Table:
    """One row for each key whose posts reach the karma; `post` is the earliest of them."""
    # By link, then the earliest post first, so that `starts` are the first posts.
    order = np.lexsort((post, created, key))
    key, post, score, created = key[order], post[order], score[order], created[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, int)
    gather = np.maximum if policy == "max" else np.add
    # Scores [1 3 2] of keys [5 5 7], starts [0 2]: `max` gives [3 2], `sum` [4 2].
    karma = gather.reduceat(score, starts) if len(key) else score
    enough = karma >= least
    chosen = starts[enough]
    columns = {"key": key[chosen], "karma": karma[enough], "first_posted": created[chosen], "post": post[chosen]}
    return pa.table({name: pa.array(column, pa.int64()) for name, column in columns.items()})
