"""The child process: hostile pages end it, and nothing else; what ends it from outside is no page's fault."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from itertools import permutations
from pathlib import Path

import pytest
from acting_pages import SECRETS, act, acting_page

from corpus.document import Document, Page, Quarantined, Rejected
from corpus.extraction import sandbox as sandbox_module
from corpus.extraction.html import extract, extract_by_trafilatura
from corpus.extraction.sandbox import MachineError, Sandbox, process_sandbox

ROOT = Path(__file__).parents[3]
WORDS = "<p>" + "The boat lies in the harbour, and the tide comes in. " * 20 + "</p>"


def page(body: str, url: str = "http://example.com/a", kind: str = "html") -> Page:
    return Page(url, "2020-01-01T00:00:00Z", 200, "text/html", body.encode(), "a.warc", 0, kind)


def slow(paragraphs: int) -> Page:
    """A page that takes trafilatura long."""
    return page("<p>Paragraph.</p>" * paragraphs + WORDS, "http://example.com/slow")


GOOD = page(f"<html><head><title>Tide</title></head><body>{WORDS}</body></html>")


def reason(result: object) -> tuple[str, float | None, str]:
    assert isinstance(result, Rejected)
    return result.reason, result.value, result.evidence


def pid_of(sandbox: Sandbox) -> int:
    assert sandbox.child
    return sandbox.child.pid


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
    pages = [GOOD, page(""), page("<html>"), page("<div>" * 100_000), page(WORDS * 200)] * 20
    with Sandbox() as sandbox:
        assert list(sandbox.extract_each(pages)) == [extract(given) for given in pages]
        first = pid_of(sandbox)
        assert sandbox.extract(GOOD) == extract(GOOD)
        assert pid_of(sandbox) == first
    assert sandbox.child is None
    assert gone(first)


def test_what_is_no_page_goes_through_and_what_needs_no_parser_needs_no_child():
    damage, text = Quarantined("a.warc", 5, "cut_off"), page(" Plain text.\n", kind="text")
    with Sandbox() as sandbox:
        assert list(sandbox.extract_each([damage, text])) == [damage, extract(text)]
        assert sandbox.child is None
        assert list(sandbox.extract_each([text, damage, GOOD, text])) == [
            *map(extract, [text]),
            damage,
            *map(extract, [GOOD, text]),
        ]


def test_a_page_that_takes_the_parser_too_long_is_rejected_and_the_next_is_read():
    with Sandbox(extract_by_trafilatura, cpu_seconds=0.5) as sandbox:
        before, rejected, after = sandbox.extract_each([GOOD, slow(100_000), GOOD])
        assert reason(rejected) == ("extract.timeout", 0.5, "")
        assert isinstance(rejected, Rejected) and rejected.document.url == "http://example.com/slow"
        assert before == after == extract_by_trafilatura(GOOD)


def test_each_page_of_a_batch_has_its_own_seconds():
    pages = [acting_page("spin 0.6")] * 3
    with Sandbox(act, cpu_seconds=1) as sandbox:
        assert list(sandbox.extract_each(pages)) == [act(given) for given in pages]


DEADLY = {
    "abort": ("extract.crashed", None, "SIGABRT"),
    "signal SIGSEGV": ("extract.crashed", None, "SIGSEGV"),
    "exit 0": ("extract.crashed", None, "exit code 0"),
    "exit 3": ("extract.crashed", None, "exit code 3"),
    "spin 9": ("extract.timeout", 0.2, ""),
    "sleep 999": ("extract.timeout", 0.2, "wall clock"),
    "forge XXXXXXXX": ("extract.crashed", None, "refused answer: longer than any text of the page"),
    "forge \x08\0\0\0\0\0\0\0{nothing": ("extract.crashed", None, "refused answer: no JSON"),
    "raise": ("extract.failed", None, "ZeroDivisionError"),
    "surrogate": ("extract.failed", None, "TypeError"),
    "reject why": ("extract.no_text", 3, "why"),
}


def test_a_deadly_page_in_the_middle_of_a_batch_is_the_only_one_rejected():
    good = [acting_page(f"good {number}") for number in range(len(DEADLY) + 1)]
    pages = [good[0]]
    for body, neighbour in zip(DEADLY, good[1:], strict=True):
        pages += [acting_page(body, f"http://example.com/{len(pages)}"), neighbour]
    with Sandbox(act, cpu_seconds=0.2) as sandbox:
        results = list(sandbox.extract_each(pages))
    assert [reason(result) for result in results[1::2]] == list(DEADLY.values())
    assert [result.document.url for result in results[1::2] if isinstance(result, Rejected)] == [
        given.url for given in pages[1::2]
    ]
    assert results[::2] == [act(given) for given in good]


def test_the_order_of_pages_decides_nothing():
    pages = [
        acting_page("abort", "http://a.example/"),
        acting_page("abort", "http://b.example/"),
        acting_page("at http://c.example/", "http://c.example/"),
        acting_page("at http://c.example/", "http://d.example/"),
    ]
    seen = set()
    for order in list(permutations(range(len(pages))))[::5]:
        with Sandbox(act) as sandbox:
            results = dict(zip(order, sandbox.extract_each([pages[number] for number in order]), strict=True))
        seen.add(tuple(results[number] for number in range(len(pages))))
    (only,) = seen
    assert [reason(result)[0] for result in only[:3]] == ["extract.crashed"] * 3
    assert isinstance(only[3], Document)


def test_a_deadly_page_costs_its_deadline_once():
    deadly = acting_page("spin 9", "http://a.example/")
    copies = [acting_page("spin 9", f"http://{number}.example/") for number in range(20)]
    with Sandbox(act, cpu_seconds=0.3) as sandbox:
        first, good = sandbox.extract_each([deadly, acting_page("good")])
        child = pid_of(sandbox)
        assert isinstance(good, Document)
        results = list(sandbox.extract_each([acting_page("good"), *copies, acting_page("good"), deadly]))
        assert pid_of(sandbox) == child
    assert {reason(result) for result in [first, *results[1:21], results[-1]]} == {("extract.timeout", 0.3, "")}
    assert results[0] == results[21] == good


def test_a_deadly_page_is_known_to_other_processes_that_share_a_folder(tmp_path):
    deadly, elsewhere = (
        acting_page("abort", "http://a.example/"),
        acting_page("at http://b.example/", "http://b.example/"),
    )
    with Sandbox(act) as first:
        first.share_deadly_pages(tmp_path / "deadly")
        found = list(first.extract_each([deadly, elsewhere]))
    files = sorted((tmp_path / "deadly").iterdir())
    assert len(files) == 2
    with Sandbox(act) as second:
        second.share_deadly_pages(tmp_path / "deadly")
        assert list(second.extract_each([deadly, elsewhere])) == found
        assert second.child is None
    with Sandbox(act, cpu_seconds=1) as other_limits:
        other_limits.share_deadly_pages(tmp_path / "deadly")
        assert other_limits.extract(deadly) == found[0]
    assert len(list((tmp_path / "deadly").iterdir())) == 3


def test_a_damaged_memory_of_deadly_pages_is_found_again(tmp_path):
    page = acting_page("abort")
    with Sandbox(act) as sandbox:
        sandbox.share_deadly_pages(tmp_path)
        found = sandbox.extract(page)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (
        b"",
        whole[:-9],
        b"[]",
        b"null",
        whole.replace(b"SIGABRT", b"SIGSEGV"),
        whole.replace(b"crash", b"trash"),
    ):
        path.write_bytes(damaged)
        with Sandbox(act) as sandbox:
            sandbox.share_deadly_pages(tmp_path)
            assert sandbox._deadly.find(page) is None
    with Sandbox(act) as sandbox:
        sandbox.share_deadly_pages(tmp_path)
        assert sandbox.extract(page) == found
    assert path.read_bytes() == whole


def test_a_page_that_needs_too_much_memory_is_rejected_and_the_next_is_read():
    with Sandbox(memory_bytes=150 << 20) as sandbox:
        before, rejected, after = sandbox.extract_each([GOOD, page("<p>" + "word and word. " * 4_000_000), GOOD])
        assert reason(rejected)[0] == "extract.crashed"
        assert before == after == extract(GOOD)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_child_killed_in_its_first_page_does_not_change_the_answers(number):
    pages = [acting_page("spin 0.4"), *(acting_page(f"good {each}") for each in range(5))]
    with Sandbox(act) as sandbox:
        sandbox.extract(acting_page("good"))
        victim = pid_of(sandbox)
        killer = threading.Timer(0.1, os.kill, (victim, number))
        killer.start()
        answers = list(sandbox.extract_each(pages))
        killer.join()
        assert pid_of(sandbox) != victim
    assert answers == [act(given) for given in pages]


def test_kills_at_any_moment_do_not_change_the_answers():
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    pages = [acting_page(f"spin 0.0{chance.randrange(9)}") for _ in range(40)] + [acting_page("abort")]
    expected = [act(given) for given in pages[:-1]]
    with Sandbox(act) as sandbox:

        def kill() -> None:
            for _ in range(6):  # fewer than would be the machine's fault
                time.sleep(chance.uniform(0.01, 0.8))
                if sandbox.child:
                    os.kill(sandbox.child.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        answers = list(sandbox.extract_each(pages))
        killer.join()
    assert answers[:-1] == expected
    assert reason(answers[-1]) == ("extract.crashed", None, "SIGABRT")


def test_a_machine_that_keeps_killing_is_an_error_of_the_machine(monkeypatch):
    monkeypatch.setattr(sandbox_module, "_FIRST_PAUSE", 0.001)
    with Sandbox(act) as sandbox:
        with pytest.raises(MachineError, match=r"SIGKILL.*memory.*http://example\.com/a \(a\.warc, offset 7\)"):
            list(sandbox.extract_each([acting_page("good"), acting_page("signal SIGKILL")]))
        assert isinstance(sandbox.extract(acting_page("good")), Document)


def test_a_child_that_somebody_stopped_is_no_verdict():
    with Sandbox(act, cpu_seconds=0.1) as sandbox:
        before = sandbox.extract(acting_page("good"))
        victim = pid_of(sandbox)
        os.kill(victim, signal.SIGSTOP)
        assert sandbox.extract(acting_page("good")) == before
        assert gone(victim)


def test_a_limit_of_the_shell_is_no_verdict():
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from acting_pages import act, acting_page\n"
        "from corpus.extraction.sandbox import MachineError, Sandbox\n"
        "with Sandbox(act) as sandbox:\n"
        "    assert sandbox.extract(acting_page('allocate 10')).text\n"
        "    try:\n"
        "        sandbox.extract(acting_page('allocate 2000'))\n"
        "    except MachineError as error:\n"
        "        print(error)\n"
    )
    assert "ulimit -v" in run_here(program).stdout


def test_a_worn_child_is_replaced(monkeypatch):
    monkeypatch.setattr(sandbox_module, "PAGES_PER_CHILD", 3)
    pages = [acting_page(f"good {number}") for number in range(4)]
    with Sandbox(act) as sandbox:
        assert list(sandbox.extract_each(pages)) == [act(given) for given in pages]
        assert sandbox.child is None
    monkeypatch.setattr(sandbox_module, "GROWTH_PER_CHILD", -(1 << 40))
    with Sandbox(act) as sandbox:
        sandbox.extract(pages[0])
        assert sandbox.child is None


def test_an_interrupted_page_leaves_no_answer_for_the_next():
    # A process in the background of a shell ignores SIGINT, and a command run here before may have its own way with it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with Sandbox(act) as sandbox:
        first = sandbox.extract(acting_page("good"))
        main = threading.main_thread().ident
        assert main
        timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            sandbox.extract(acting_page("spin 2", "http://example.com/interrupted"))
        assert sandbox.extract(acting_page("good")) == first
    signal.signal(signal.SIGINT, before)


def run_here(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(os.path.isabs, [str(ROOT), *sys.path]))
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_child_ends_when_its_parent_is_killed():
    ended = run_here(
        "import os, signal\n"
        "from corpus.extraction.sandbox import process_sandbox\n"
        "from acting_pages import acting_page\n"
        "process_sandbox().extract(acting_page('<p>word'))\n"
        "print(process_sandbox().child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert ended.returncode == -signal.SIGKILL
    assert gone(int(ended.stdout))


def test_a_process_has_one_sandbox_and_a_forked_one_another():
    assert process_sandbox() is process_sandbox()
    ended = run_here(
        "import os\n"
        "from corpus.extraction.sandbox import process_sandbox\n"
        "from acting_pages import acting_page\n"
        "process_sandbox().extract(acting_page('<p>word'))\n"
        "first = process_sandbox().child.pid\n"
        "forked = os.fork()\n"
        "process_sandbox().extract(acting_page('<p>word'))\n"
        "same = process_sandbox().child.pid == first\n"
        "if not forked: os._exit(same)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]), same)\n"
    )
    assert ended.stdout.split() == ["0", "True"], ended.stderr


def test_threads_take_turns():
    pages = [[acting_page(f"good {thread} {number}") for number in range(200)] for thread in range(4)]
    found: dict[int, list[object]] = {}
    with Sandbox(act) as sandbox:
        threads = [
            threading.Thread(target=lambda n=number: found.update({n: list(sandbox.extract_each(pages[n]))}))
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: [act(given) for given in pages[number]] for number in range(4)}


def test_nothing_of_the_child_reaches_the_terminal(capfd):
    with Sandbox(act, cpu_seconds=0.2) as sandbox:
        list(sandbox.extract_each([acting_page("say word"), acting_page("spin 9"), acting_page("abort")]))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def executable(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_start_that_fails_is_tried_again(monkeypatch, tmp_path):
    first = f'[ -e "{tmp_path}/tried" ] && exec {sys.executable} "$@"; touch "{tmp_path}/tried"; kill -9 $$'
    monkeypatch.setattr(sys, "executable", executable(tmp_path / "python", first))
    with Sandbox(act) as sandbox:
        assert sandbox.extract(acting_page("good")) == act(acting_page("good"))


def test_a_start_that_is_always_killed_is_an_error_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(sys, "executable", executable(tmp_path / "python", "kill -9 $$"))
    with pytest.raises(MachineError, match=r"cannot start.*SIGKILL"), Sandbox(act) as sandbox:
        sandbox.extract(acting_page("good"))


def test_a_child_that_cannot_start_says_why(monkeypatch, tmp_path):
    broken = executable(tmp_path / "python", "echo 'No module named corpus' >&2; exit 1")
    monkeypatch.setattr(sys, "executable", broken)
    with pytest.raises(RuntimeError, match=r"does not start: exit code 1: No module named corpus"):
        Sandbox(act).extract(acting_page("good"))


def test_secrets_of_the_worker_are_not_in_the_childs_environment(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with Sandbox(act) as sandbox:
        found = sandbox.extract(acting_page("environment"))
    assert isinstance(found, Document)
    assert "canary" not in found.text
    fixed = {"LC_ALL", "OMP_NUM_THREADS", "PYTHONHASHSEED", "PYTHONSAFEPATH", "TZ"}
    allowed = {"DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "LC_CTYPE", "PYTHONHOME", "PYTHONPATH"}
    assert set(json.loads(found.text)) - allowed == fixed


def test_the_child_holds_two_pipes_and_nothing_else_that_can_be_written():
    null = str(os.stat(os.devnull).st_rdev)
    with Sandbox(act) as sandbox, Path(__file__).open("rb") as inheritable:
        os.set_inheritable(inheritable.fileno(), True)
        found = sandbox.extract(acting_page("descriptors"))
    assert isinstance(found, Document)
    assert sorted(json.loads(found.text).values()) == [*[null] * 4, "pipe", "pipe"]


def test_the_child_reaches_neither_network_nor_files_nor_its_parent(tmp_path):
    (tmp_path / "secret").write_text("canary")
    with Sandbox(act) as sandbox:
        found = sandbox.extract(acting_page(f"refusals {tmp_path}/file"))
        confined = sandbox.child.confined if sandbox.child else ()
    assert isinstance(found, Document)
    errors = json.loads(found.text)
    if sys.platform == "linux" and os.uname().machine in ("x86_64", "aarch64"):
        assert "network" in confined
    signals = ["kill", "tkill", "tgkill", "sigqueue", "tgsigqueue", "owner", "limit"]
    closed = {"network": ["internet", "socket", "program", "fork", *signals], "files": ["write", "read", "parent"]}
    for door in confined:
        assert {name: errors[name] for name in closed[door]} == dict.fromkeys(closed[door], "PermissionError")
    assert "files" not in confined or not (tmp_path / "file").exists()


def test_the_child_may_signal_itself_and_start_threads():
    with Sandbox(act) as sandbox:
        found = sandbox.extract(acting_page("own-process"))
    assert isinstance(found, Document)
    assert set(json.loads(found.text).values()) == {""}
