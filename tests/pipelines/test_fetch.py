"""The command `fetch`: from links to WARC files that a build reads, killed and gone on with, and its refusals."""

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from loopback import Reply, nothing, server

from corpus.document import Quarantined
from corpus.fetching.journal import FetchJournal
from corpus.fetching.links import LOST_LINKS, read_links
from corpus.fetching.network import Reach
from corpus.files.manifest import verify, write_parquet
from corpus.readers.warc.captures import scan
from corpus.sample.prose import english_article
from pipelines import build_webtext, fetch
from pipelines.work import lost_links

CONTACT = ("--contact", "https://loom.org/crawler")
QUICK = ("--delay", "0", "--max-seconds", "2")


@pytest.fixture
def run(capsys):
    """Run a command in this process; its exit code and its last words."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(command, *arguments, **more):
        try:
            code = command.main(list(map(str, arguments)), **more)
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.err if code else said.out

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def loopback(*ports, hosts=("loom.org", "silk.org")):
    names = {host: ["127.0.0.1"] for host in hosts}
    return Reach(frozenset(ports), frozenset(("127.0.0.1", port) for port in ports), names)


def article(number):
    paragraphs = "".join(f"<p>{line}</p>" for line in english_article(number).text.split("\n") if line)
    return (
        f"<html><head><title>Number {number}</title></head><body><article>{paragraphs}</article></body></html>".encode()
    )


def site(hit):
    """Ten articles, one behind a redirect, one that robots.txt forbids."""
    if hit.path == "/robots.txt":
        return Reply(b"user-agent: *\ndisallow: /9\n")
    if hit.path == "/old":
        return Reply(b"", 301, {"Location": "/5"})
    return Reply(article(int(hit.path[1:]))) if hit.path[1:].isdigit() else Reply(b"no", 404)


def list_of(path, urls):
    path.write_text("".join(f"{url}\n" for url in urls))
    return path


def test_fetched_pages_are_built_into_the_corpus(tmp_path, run):
    with server(site) as running:
        at = f"http://loom.org:{running.port}"
        urls = [
            f"{at}/1",
            f"{at}/2",
            f"{at}/old",
            f"{at}/9",
            f"{at}/gone",
            f"http://10.0.0.1:{running.port}/",
            "no url",
        ]
        links, output = list_of(tmp_path / "links.txt", urls), tmp_path / "fetched"
        flags = ("--links", links, *CONTACT, *QUICK, "--output", output)
        code, said = run(fetch, *flags, "--dry-run", reach=loopback(running.port))
        assert code == 0 and "links     7, of which 0 are done" in said and not output.exists() and not running.hits
        code, said = run(fetch, *flags, reach=loopback(running.port))
        assert code == 0, said
        assert "7 = 3 pages stored + 4 without" in said
        hits = len(running.hits)
        assert run(fetch, *flags, reach=loopback(running.port))[0] == 0
        assert len(running.hits) == hits
        assert {hit.headers["user-agent"] for hit in running.hits} == {"corpusloom (+https://loom.org/crawler)"}
    rows = {row["url"]: row for row in pq.read_table(output / "outcomes.parquet").to_pylist()}
    assert [rows[url]["reason"] for url in urls] == [
        "", "", "", "robots.disallowed", "http.404", "target.address", "target.not_a_url",
    ]  # fmt: skip
    assert rows[f"{at}/old"]["final_url"] == f"{at}/5"
    assert verify(output) == []

    posts = [{"url": url, "score": 9, "created_utc": 1480000000, "author": "a", "id": f"x{n}", "subreddit": "s"}
             for n, url in enumerate(urls)]  # fmt: skip
    (tmp_path / "RS.jsonl").write_text("\n".join(map(json.dumps, posts)))
    code, said = run(build_webtext, "--submissions", tmp_path / "RS.jsonl", "--pages", f"{output}/*.warc.gz",
                     "--output", tmp_path / "corpus", "--direct_num_workers=1")  # fmt: skip
    assert code == 0, said
    kept = [row for path in (tmp_path / "corpus/kept").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert sorted(row["url"] for row in kept) == [f"{at}/1", f"{at}/2", f"{at}/5"]
    assert {row["warc_offset"] for row in kept} == {rows[url]["warc_offset"] for url in urls[:3]}
    lost = [link.url for link in read_links(tmp_path / "corpus")]
    assert sorted(lost) == sorted([urls[3], urls[5]])
    assert all(not row["marks"] for row in kept)


def test_a_killed_run_never_fetches_again_what_it_stored(tmp_path):
    with server(lambda hit: Reply(b"" if hit.path == "/robots.txt" else b"x" * 500)) as running:
        urls = [f"http://{host}:{running.port}/{number}" for host in ("loom.org", "silk.org") for number in range(150)]
        links, output = list_of(tmp_path / "links.txt", urls), tmp_path / "fetched"
        command = [sys.executable, str(Path(__file__).with_name("loopback_fetch.py")), str(running.port),
                   "loom.org,silk.org", "--links", str(links), *CONTACT, *QUICK, "--output", str(output)]  # fmt: skip
        environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
        seen, kills = 0, []
        for _ in range(3):
            running.held_after = seen + 40
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
            while len(running.hits) <= running.held_after:
                assert process.poll() is None
                time.sleep(0.002)
            process.kill()
            process.wait()
            time.sleep(0.2)  # the server reads what was sent
            stored = {entry["url"] for entry in FetchJournal(output, "pages").entries() if "url" in entry}
            seen = len(running.hits)
            kills.append((seen, stored))
            assert len(stored) > 20 and not (output / "_MANIFEST.json").exists()
        running.held_after = math.inf
        last = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert last.returncode == 0, last.stderr
        for seen, stored in kills:
            assert not stored & {f"http://{hit.host}:{running.port}{hit.path}" for hit in running.hits[seen:]}
        # What was on its way when the process was killed was asked for twice, two at a time at most, and nothing else.
        assert len(running.hits) <= len(urls) + 2 + 3 * 2
    captures = [capture for path in sorted(output.glob("*.gz")) for capture in scan(path)]
    assert not [each for each in captures if isinstance(each, Quarantined)]
    assert sorted(
        each.url for each in captures if each.record_type == "response" and "robots" not in each.url
    ) == sorted(urls)


def test_the_command_knows_no_way_to_loopback(tmp_path, run, monkeypatch):
    """Whatever its flags and the environment say."""
    for name in ("TEST", "TESTING", "CORPUSLOOM_TEST", "CORPUSLOOM_LOOPBACK", "PYTEST_CURRENT_TEST"):
        monkeypatch.setenv(name, "1")
    with server(nothing, "::") as trap:
        urls = [f"http://127.0.0.1:{trap.port}/", f"http://[::1]:{trap.port}/", f"http://localhost:{trap.port}/"]
        links = list_of(tmp_path / "links.txt", urls)
        port = ("--also-port", trap.port)
        code, said = run(fetch, "--links", links, *CONTACT, *QUICK, *port, "--output", tmp_path / "out")
        assert (code, trap.connections) == (4, 0)
        assert "no page of 3 links could be fetched: target.address 2, target.local_name 1" in said
    flags = fetch.parser().flags()
    assert not [flag for flag in flags if any(word in flag for word in ("test", "loop", "private", "allow", "config"))]


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        ((), 2, "--contact"),
        (("--contact", "me"), 2, "no address"),
        (("--contact", "https://loom"), 2, "no address"),
        ((*CONTACT, "--agent", "two words"), 2, "letters"),
        ((*CONTACT, "--also-port", "25"), 2, "another service"),
        ((*CONTACT, "--delay", "-1"), 2, "out of range"),
        ((*CONTACT, "--contakt", "x"), 2, "--contakt"),
        ((*CONTACT, "--links", "absent.txt"), 3, "no such file"),
        ((*CONTACT, "--output", "taken"), 2, "choose an empty folder"),
        ((*CONTACT, "--links", "empty.txt"), 4, "holds no link"),
    ],
)
def test_mistakes_are_named(tmp_path, run, monkeypatch, flags, code, says):
    monkeypatch.chdir(tmp_path)
    list_of(tmp_path / "links.txt", ["http://10.0.0.1/"])
    (tmp_path / "empty.txt").write_text("# none\n")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("all of it")
    ended = run(fetch, "--links", "links.txt", "--output", "out", *flags)
    assert (ended[0], says in ended[1]) == (code, True), ended


def test_failures_are_tried_again_when_asked(tmp_path, run):
    up = []
    with server(lambda hit: Reply(b"page") if up or hit.path != "/2" else Reply(raw=b"nonsense\r\n\r\n")) as running:
        links = list_of(tmp_path / "links.txt", [f"http://loom.org:{running.port}/{number}" for number in (1, 2)])
        flags = ("--links", links, *CONTACT, *QUICK, "--output", tmp_path / "out")
        assert "failed.bad_answer" in run(fetch, *flags, reach=loopback(running.port))[1]
        up.append(True)
        assert "2 = 1 pages stored" in run(fetch, *flags, reach=loopback(running.port))[1]
        assert "2 = 2 pages stored" in run(fetch, *flags, "--retry-failed", reach=loopback(running.port))[1]
        assert running.paths().count("/1") == 1


def test_links_come_from_corpora_tables_and_lists(tmp_path):
    assert LOST_LINKS == lost_links.LOST_LINKS
    rows = [{"url": "HTTP://A.org/?utm_source=x", "canonical_url": "http://a.org/", "karma": 9, "first_posted": 5,
             "reason": "not_captured"}, {"url": "http://a.org/#b", "canonical_url": "http://a.org/", "karma": 3,
             "first_posted": 7, "reason": "not_captured"}]  # fmt: skip
    write_parquet(tmp_path / LOST_LINKS, tmp_path, lost_links.LOST_SCHEMA, rows)
    assert [(each.canonical_url, each.first_posted) for each in read_links(tmp_path)] == [("http://a.org/", 5)]
    path = tmp_path / "list.txt"
    path.write_bytes(b"# links\nhttp://b.org/\n\nhttp://b.org/#x\nnonsense\n")
    assert [(each.url, each.canonical_url) for each in read_links(path)] == [
        ("http://b.org/", "http://b.org/"), ("nonsense", ""),
    ]  # fmt: skip
