"""The child process: hostile pages end it, and nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from corpus.document import Document, Page, Rejected
from corpus.extraction.html import complexity, extract
from corpus.extraction.sandbox import Sandbox

ROOT = Path(__file__).parents[3]
WORDS = "<p>" + "The boat lies in the harbour, and the tide comes in. " * 20 + "</p>"


def page(body: str, url: str = "http://example.com/a") -> Page:
    return Page(url, "2020-01-01T00:00:00Z", 200, "text/html", body.encode(), "a.warc", 0)


def slow(attributes: int) -> Page:
    """A page that takes the parser time quadratic in `attributes`, and that the look before parsing does not see."""
    html = "<div " + " ".join(f'a{i}="<"' for i in range(attributes)) + ">" + WORDS
    assert complexity(html) is None
    return page(html, "http://example.com/slow")


GOOD = page(f"<html><head><title>Tide</title></head><body>{WORDS}</body></html>")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def test_the_same_answers_as_without_a_sandbox():
    pages = [GOOD, page(""), page("<html>"), page("<div>" * 100_000), page(WORDS * 200)]
    with Sandbox() as sandbox:
        assert [sandbox.extract(given) for given in pages] == [extract(given) for given in pages]
        first = sandbox.pid
        sandbox.extract(GOOD)
        assert sandbox.pid == first
    assert sandbox.pid is None
    assert first is not None and gone(first)


def test_a_page_that_takes_too_long_is_rejected_and_the_next_is_read():
    with Sandbox(cpu_seconds=0.5) as sandbox:
        before = sandbox.extract(GOOD)
        rejected = sandbox.extract(slow(100_000))
        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.value, rejected.evidence) == ("extract.timeout", 0.5, "")
        assert rejected.document.url == "http://example.com/slow"
        assert sandbox.extract(GOOD) == before == extract(GOOD)


def test_each_page_has_its_own_seconds():
    with Sandbox(cpu_seconds=1) as sandbox:
        given = slow(8_000)
        start = time.process_time()
        expected = extract(given)
        pages = int(1.5 / (time.process_time() - start)) + 1
        assert [sandbox.extract(given) for _ in range(pages)] == [expected] * pages


def test_a_child_that_does_not_move_is_given_up_by_the_wall_clock():
    with Sandbox(cpu_seconds=0.1) as sandbox:
        sandbox.extract(GOOD)
        assert sandbox.pid is not None
        os.kill(sandbox.pid, signal.SIGSTOP)
        rejected = sandbox.extract(GOOD)
        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.evidence) == ("extract.timeout", "wall clock")
        assert isinstance(sandbox.extract(GOOD), Document)


def test_a_page_that_needs_too_much_memory_is_rejected_and_the_next_is_read():
    with Sandbox(memory_bytes=150 << 20) as sandbox:
        before = sandbox.extract(GOOD)
        rejected = sandbox.extract(page("<p>" + "word and word. " * 4_000_000))
        assert isinstance(rejected, Rejected)
        assert rejected.reason == "extract.crashed"
        assert rejected.evidence
        assert sandbox.extract(GOOD) == before


def test_a_child_killed_in_the_middle_of_a_page_does_not_change_the_answer():
    given = slow(20_000)
    with Sandbox() as sandbox:
        sandbox.extract(GOOD)
        victim = sandbox.pid
        assert victim is not None
        killer = threading.Timer(0.2, os.kill, (victim, signal.SIGKILL))
        killer.start()
        answer = sandbox.extract(given)
        killer.join()
        assert sandbox.pid != victim
        assert answer == extract(given)
        assert isinstance(sandbox.extract(GOOD), Document)


def test_an_interrupted_page_leaves_no_answer_for_the_next(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with Sandbox() as sandbox:
        first = sandbox.extract(GOOD)
        with monkeypatch.context() as patch:
            patch.setattr("corpus.extraction.sandbox._receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                sandbox.extract(page("<p>Another page, which is interrupted.</p>"))
        assert sandbox.extract(GOOD) == first


def test_the_child_ends_when_its_parent_is_killed():
    program = (
        "import os, signal\n"
        "from corpus.extraction.sandbox import Sandbox\n"
        "from corpus.document import Page\n"
        "sandbox = Sandbox()\n"
        "sandbox.extract(Page('http://a.b/', '', 200, 'text/html', b'<p>word', '', 0))\n"
        "print(sandbox.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert gone(int(ended.stdout))


def test_nothing_of_the_child_reaches_the_terminal(capfd):
    with Sandbox(cpu_seconds=0.2) as sandbox:
        sandbox.extract(page("<html><p>"))
        sandbox.extract(slow(60_000))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_child_that_cannot_start_says_how_to_find_out(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"exit code 1.*corpus\.extraction\.sandbox"), Sandbox() as sandbox:
        sandbox.extract(GOOD)
