"""Turns, back-off and Retry-After; the gaps are measured by the server, not by the client."""

import asyncio

import pytest
from fetching_runs import HASTY, ends, fetch, reach_of
from hypothesis import given
from hypothesis import strategies as st
from loopback import Reply, server

from corpus.fetching.asking import Manners
from corpus.fetching.politeness import Turns, back_off, retry_after

DELAY = 0.06


def pages_of(count: int, port: int, host: str = "loom.org") -> list[str]:
    return [f"http://{host}:{port}/{number}" for number in range(count)]


@pytest.mark.parametrize("at_once", [1, 4])
def test_the_gap_between_hits_on_a_host_is_never_under_its_delay(tmp_path, at_once):
    """Also where answers begin late, bodies stall, and several may be on their way at a time."""

    def answer(hit):
        number = 0 if hit.path == "/robots.txt" else int(hit.path[1:])
        return Reply(b"x" * 1000, wait=0.05 * (number % 3), stall=0.08 * (number % 2))

    with server(answer) as running:
        names = {"loom.org": ["127.0.0.1"], "silk.org": ["127.0.0.1"]}
        urls = [*pages_of(12, running.port), *pages_of(12, running.port, "silk.org")]
        manners = Manners(delay=DELAY, at_once=at_once)
        fetched = fetch(tmp_path, urls, reach_of([running.port], names), manners)
        assert {end.state for end in ends(fetched, urls).values()} == {"stored"}
        gaps = [*running.gaps("loom.org"), *running.gaps("silk.org")]
        assert len(gaps) == 24
        assert min(gaps) >= DELAY
        both = sorted(hit.at for hit in running.hits)
        assert both[-1] - both[0] < sum(gaps)  # hosts do not wait for one another


def test_a_crawl_delay_slows_its_host_and_a_long_one_leaves_it_out(tmp_path):
    def answer(hit):
        delay = {"loom.org": b"0.2", "silk.org": b"31"}[hit.host]
        return Reply(b"user-agent: *\ncrawl-delay: " + delay if hit.path == "/robots.txt" else b"page")

    with server(answer) as running:
        names = {"loom.org": ["127.0.0.1"], "silk.org": ["127.0.0.1"]}
        urls = [*pages_of(3, running.port), *pages_of(3, running.port, "silk.org")]
        found = ends(fetch(tmp_path, urls, reach_of([running.port], names)), urls)
        assert [found[url].state for url in urls] == ["stored"] * 3 + ["robots.crawl_delay"] * 3
        assert min(running.gaps("loom.org")[1:]) >= 0.2
        assert running.paths("silk.org") == ["/robots.txt"]


def test_a_busy_server_is_left_alone_as_long_as_it_asks(tmp_path):
    busy = {"/1": 2}

    def answer(hit):
        if busy.get(hit.path):
            busy[hit.path] -= 1
            return Reply(b"", 429, {"Retry-After": "1"})
        return Reply(b"page" if hit.path != "/robots.txt" else b"")

    with server(answer) as running:
        urls = pages_of(3, running.port)
        manners = Manners(0.0, attempts=3, first_pause=0.01, longest_pause=5.0)
        found = ends(fetch(tmp_path, urls, reach_of([running.port], {"loom.org": ["127.0.0.1"]}), manners), urls)
        assert [found[url].attempts for url in urls] == [1, 3, 1]
        after = [gap for gap, path in zip(running.gaps("loom.org"), running.paths()[1:], strict=True) if path == "/1"]
        assert after[0] < 1 <= min(after[1:])


@pytest.mark.parametrize("header", [{"Retry-After": "3600"}, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}])
def test_a_server_that_wants_an_hour_is_given_up_for_this_run(tmp_path, header):
    with server(lambda hit: Reply(b"", 404) if hit.path == "/robots.txt" else Reply(b"", 503, header)) as running:
        urls = pages_of(5, running.port)
        found = ends(fetch(tmp_path, urls, reach_of([running.port], {"loom.org": ["127.0.0.1"]})), urls)
        assert running.paths() == ["/robots.txt", "/0"]
        assert {end.state for end in found.values()} == {"failed.busy"}


def test_a_server_that_fails_three_links_in_a_row_is_given_up(tmp_path):
    with server(lambda hit: Reply(b"", 404) if hit.path == "/robots.txt" else Reply(raw=b"")) as running:
        urls = pages_of(6, running.port)
        found = ends(fetch(tmp_path, urls, reach_of([running.port], {"loom.org": ["127.0.0.1"]})), urls)
        assert len(running.hits) == 1 + 3 * HASTY.attempts
        assert [found[url].state for url in urls] == ["failed.disconnected"] * 3 + ["failed.busy"] * 3


def test_turns_of_one_key_do_not_overlap_before_the_answer_and_others_do_not_wait():
    async def run() -> list[str]:
        turns, seen = Turns(0.0), list[str]()

        async def use(key: str, name: str) -> None:
            async with turns.turn(key) as turn:
                seen.append(f"{name} begins")
                await asyncio.sleep(0.02)
                turn.answered()
                turn.answered()
                seen.append(f"{name} answered")

        await asyncio.gather(use("a", "a1"), use("a", "a2"), use("b", "b1"))
        return seen

    seen = asyncio.run(run())
    assert seen.index("a1 answered") < seen.index("a2 begins")
    assert seen.index("b1 begins") < seen.index("a1 answered")


def test_idle_servers_are_forgotten_and_slowed_ones_are_not():
    async def run() -> list[str]:
        turns = Turns(0.0)
        turns.slow_down("slow", 9.0)
        for number in range(2500):
            async with turns.turn(str(number)):
                pass
        return list(turns._servers)

    left = asyncio.run(run())
    assert "slow" in left and len(left) < 1200


@given(st.text(max_size=20), st.integers(0, 30), st.none() | st.floats(0, 1e6))
def test_the_back_off_doubles_has_jitter_and_is_never_shorter_than_asked(key, attempt, asked):
    pause = back_off(key, attempt, asked)
    assert pause == back_off(key, attempt, asked)
    assert pause >= max(min(2.0**attempt, 150.0), asked or 0.0)
    assert pause <= max(min(2.0 ** (attempt + 1), 300.0), asked or 0.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("Thu, 01 Jan 1970 00:02:00 GMT", 20), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
     ("Thursday, 01-Jan-70 00:02:00 GMT", 20), ("", None), ("soon", None), ("-1", None), ("1.5", None),
     ("９", None), ("9" * 40, 1e9)],
)  # fmt: skip
def test_retry_after(value, seconds):
    assert retry_after(value, now=100.0) == seconds


@given(st.text())
def test_any_text_is_a_retry_after(value):
    found = retry_after(value)
    assert found is None or found >= 0
