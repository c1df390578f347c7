"""The status page: read-only, hostile names inert, nothing asked of anybody, readable on a phone; and the schedule."""

import http.client
import re
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime

import pytest
from browser import CHROMIUM, a_tab
from months import define

pytest.importorskip("apache_beam")
pytest.importorskip("cronsim")

from prometheus_client.parser import text_string_to_metric_families

from corpus.errors import CorpusloomError
from corpus.releases.difference import ReleaseDifference, SourceDifference
from corpus.releases.manifest import InputState, Release, SourceEntry, write_release
from corpus.releases.page import write_page
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.definition import read_definition
from pipelines.refresh.serving import Service, next_due, server_of

EVIL = '<script>alert(1)</script><img src="https://evil.example/x" onerror="alert(2)">\u202e"\'>'


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A corpus of two releases with hostile names everywhere, served."""
    monkeypatch.chdir(tmp_path)
    corpus = MaintainedCorpus(read_definition(define(tmp_path)))
    inputs = tuple(
        InputState("webtext", "pages", EVIL, f"{EVIL}{number}", 10**9, str(number), state, EVIL)
        for number, state in enumerate(("taken", "broken", "duplicate"))
    )
    figures = {"webtext": {"documents": 9000, "kept_documents": 8000, "kept_rate": 0.8, "duplicate_rate": 0.1,
               "tokens": 10**7, "languages": {"en": 8000, EVIL: 1}}}  # fmt: skip
    for number in (1, 2):
        folder = corpus.releases.begin(number)
        (folder / "a.parquet").write_bytes(b"x" * 1000)
        entry = SourceEntry(EVIL, "s", 8000 + number)
        release = Release(number, "refresh", {"webtext": entry}, inputs, (), "c", figures=figures)
        moved = SourceDifference(1, 2, 1, 1, 0, {EVIL: 3}, (f"https://a.example/{EVIL}", f"javascript:{EVIL}"), (EVIL,))
        difference = ReleaseDifference(1, 2, {"webtext": moved}, (EVIL,), (EVIL,), (EVIL,), 3, 4, True, 5, 6)
        write_page(folder, EVIL, release, difference)
        write_release(folder, release)
        corpus.releases.commit(folder, number)
        corpus.releases.point_to(number)
        corpus.state.note_event(number, "refresh", 12.5)
    corpus.state.note_seen(inputs)
    found = Service(corpus, "corpus.toml", "0 3 * * 0")
    found.schedule.code, found.schedule.said, found.schedule.ended = 4, f"error: {EVIL}", time.time()
    server = server_of(found, ("127.0.0.1", 0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found, server.server_address[1]
    server.shutdown()
    server.server_close()


def get(port, path, method="GET"):
    """Status, headers and body; the path goes out as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


@pytest.mark.parametrize("path", ["/", "/release/2", "/release/1"])
def test_hostile_names_are_text_and_nothing_may_be_loaded(service, path):
    status, headers, body = get(service[1], path)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    assert "&lt;script&gt;" in body and "\u202e" not in body
    assert not re.search(r"<(script|img|iframe|link|object)\b", body)
    assert all(url.startswith("/") for url in re.findall(r'(?:href|src)="([^"#]*)"', body))


@pytest.mark.parametrize(
    "path",
    ["/release/3", "/release/2/books", "/release/2/../../../etc/passwd", "/release/2/%2e%2e", "/release/²", "/index",
     f"/release/{'9' * 5000}", "/release/2/webtext/x", "/releases/2/_MANIFEST.json"],
)  # fmt: skip
def test_nothing_else_is_there(service, path):
    assert get(service[1], path.encode("ascii", "backslashreplace").decode())[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_read_only(service, method):
    assert get(service[1], "/", method)[0] == 501


def test_head_is_get_without_its_body(service):
    status, headers, body = get(service[1], "/", "HEAD")
    assert status == 200 and int(headers["Content-Length"]) > 1000 and body == ""


def test_metrics_are_what_prometheus_reads(service):
    _, headers, body = get(service[1], "/metrics")
    assert headers["Content-Type"].startswith("text/plain")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert found["corpusloom_release",] == found["corpusloom_releases",] == 2
    assert found["corpusloom_kept_documents", "webtext"] == 8000
    assert found["corpusloom_inputs", "webtext", "broken"] == 1
    assert found["corpusloom_refresh_exit_code",] == 4
    assert time.time() - found["corpusloom_last_success_timestamp_seconds",] < 60


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        ("0 3 * * 0", (2026, 12, 1), (2026, 12, 6, 3)),
        ("*/15 * * * *", (2026, 12, 1, 10, 1), (2026, 12, 1, 10, 15)),
        ("0 0 29 2 *", (2026, 12, 1), (2028, 2, 29)),
    ],
)
def test_a_schedule_is_croned_as_cron_does(cron, after, due):
    assert next_due(cron, datetime(*after, tzinfo=UTC)) == datetime(*due, tzinfo=UTC)


@pytest.mark.parametrize("cron", ["", "every week", "61 * * * *", "0 3 * *"])
def test_what_is_no_schedule_is_refused(cron):
    with pytest.raises(CorpusloomError, match="as in '0 3") as refused:
        next_due(cron, datetime(2026, 12, 1, tzinfo=UTC))
    assert refused.value.code == 2


def test_a_refresh_of_the_service_is_the_command_and_its_end_is_shown(service, capsys):
    found, port = service
    found.definition = "absent.toml"
    assert found.refresh() == 2
    assert "absent.toml: No such file" in found.schedule.said
    assert "exit code 2" in get(port, "/")[2]


def test_a_service_serves_until_a_signal_comes(tmp_path):
    definition = define(tmp_path)
    command = [
        sys.executable,
        "-m",
        "pipelines.refresh",
        "serve",
        str(definition),
        "--cron",
        "0 3 1 1 *",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        assert urllib.request.urlopen(f"{address}/healthz", timeout=10).read() == b"ok\n"
        assert "There is no release yet" in urllib.request.urlopen(address, timeout=10).read().decode()
        process.terminate()
        assert process.wait(20) == 130


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("path", ["/", "/release/2"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_in_a_browser_it_fits_asks_nobody_and_runs_nothing(service, tmp_path, path, width, height):
    with a_tab(tmp_path) as tab:
        seen = tab.visit(f"http://127.0.0.1:{service[1]}{path}", width, height)
        assert seen.width() <= width and seen.least_letters() >= 12
        assert "alert(1)" in seen.value("document.body.innerText")
    assert seen.requests == [f"http://127.0.0.1:{service[1]}{path}"]
    assert seen.alarms == []
