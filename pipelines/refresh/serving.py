"""Refresh by a schedule and show the state: one process for a machine without cron, systemd or a cluster.

Each refresh is a process of its own, the same command that a person would give, so nothing of one refresh stays for the
next, and an update of the package takes effect at the next one. The page is read-only and listens on loopback unless
told otherwise; it has no script and asks nothing of anybody.
"""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.numerals import whole_number
from corpus.report.write import REPORT
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.metrics import METRICS_TYPE, metrics
from pipelines.refresh.status import RefreshSchedule, page

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
_LONGEST_SLEEP = 60.0  # seconds: the longest that a clock which was set goes unnoticed


@dataclass
class Service:
    """The state of a service: its corpus, its schedule, the refresh that runs."""

    corpus: MaintainedCorpus
    definition: str
    cron: str = ""
    schedule: RefreshSchedule = field(default_factory=RefreshSchedule)
    running: subprocess.Popen[str] | None = None

    def keep(self) -> None:
        """Refresh whenever it is due, for ever; without a schedule only wait."""
        while True:
            self.schedule.due = next_due(self.cron, datetime.now(UTC)).timestamp() if self.cron else 0.0
            while not self.schedule.due or time.time() < self.schedule.due:  # a clock may be set meanwhile
                left = self.schedule.due - time.time() if self.schedule.due else _LONGEST_SLEEP
                time.sleep(max(min(left, _LONGEST_SLEEP), 0.01))
            self.refresh()

    def refresh(self) -> int:
        """Run one refresh to its end; its exit code."""
        self.schedule.began = time.time()
        # By the file's name: `corpus_at` has made its folder the current one.
        command = [sys.executable, "-m", "pipelines.refresh", "run", self.definition]
        pipe = subprocess.PIPE
        self.running = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, errors="replace")
        said, _ = self.running.communicate()
        code, self.running = self.running.returncode, None
        self.schedule.ended, self.schedule.code = time.time(), code
        self.schedule.said = said.strip().splitlines()[-1][:2000] if said.strip() else ""
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} exit code {code}: {self.schedule.said}", flush=True)
        return code

    def stop(self, *_: object) -> None:
        """End with the refresh that runs; it goes on where it was when the service starts again."""
        if self.running:
            self.running.terminate()
            self.running.wait()
        sys.exit(ExitCode.INTERRUPTED)


def next_due(cron: str, after: datetime) -> datetime:
    """The next time of a schedule of five fields, in UTC; `CorpusloomError` (2) for one that is none."""
    from cronsim import CronSim, CronSimError

    try:
        return next(CronSim(cron, after))
    except (CronSimError, StopIteration) as error:
        raise CorpusloomError(
            f"--cron {cron!r}: no schedule ({error}); give minute, hour, day, month and weekday, as in '0 3 * * 0'",
            ExitCode.FLAGS,
        ) from error


def serve(corpus: MaintainedCorpus, definition: str, cron: str, address: tuple[str, int]) -> int:
    """Serve the page and keep the schedule until a signal comes."""
    service = Service(corpus, definition, cron)
    if cron:
        next_due(cron, datetime.now(UTC))
    server = server_of(service, address)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, service.stop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, port = server.server_address[:2]
    print(
        f"http://{host!s}:{port} shows {corpus.root}; {f'refreshes at {cron} UTC' if cron else 'no --cron'}", flush=True
    )
    service.keep()
    return ExitCode.DONE


def server_of(service: Service, address: tuple[str, int]) -> ThreadingHTTPServer:
    """The server of the page, listening; `CorpusloomError` (2) for an address that it cannot have."""
    try:
        server = ThreadingHTTPServer(address, _handler(service))
    except OSError as error:
        raise CorpusloomError(
            f"--host {address[0]} --port {address[1]}: {error.strerror}; choose another", ExitCode.FLAGS
        ) from error
    server.daemon_threads = True
    return server


def answer(service: Service, path: str) -> tuple[HTTPStatus, str, bytes]:
    """Status, content type and body for a path; nothing outside the releases is ever read."""
    words = [word for word in path.partition("?")[0].split("/") if word]
    corpus = service.corpus
    if not words:
        return HTTPStatus.OK, _HTML, page(corpus, service.schedule, service.running is not None).encode()
    if words == ["metrics"]:
        return HTTPStatus.OK, METRICS_TYPE, metrics(corpus, service.schedule, service.running is not None)
    if words == ["healthz"]:
        return HTTPStatus.OK, _TEXT, b"ok\n"
    report = _report(corpus, words)
    if report is None:
        return HTTPStatus.NOT_FOUND, _TEXT, b"not found\n"
    return HTTPStatus.OK, _HTML, report.read_bytes()


def _report(corpus: MaintainedCorpus, words: list[str]) -> Path | None:
    """`release/N` and `release/N/SOURCE`: the page of a release, the report of one of its corpora."""
    if words[0] != "release" or len(words) not in (2, 3):
        return None
    number = whole_number(words[1])
    if number is None or number not in corpus.releases.numbers():
        return None
    folder = corpus.releases.folder(number)
    if len(words) == 2:
        return folder / REPORT
    # The name comes from outside: only one that the release lists becomes a path, so `..` leads nowhere.
    known = corpus.releases.read(number).sources
    return folder / "corpora" / words[2] / REPORT if words[2] in known else None


# The server makes a handler for each request and passes it nothing of ours: so a class that closes over the service.
def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "corpusloom", ""

        def do_GET(self) -> None:
            """Answer, with or without the body."""
            try:
                status, kind, body = answer(service, self.path)
            except (CorpusloomError, OSError) as error:  # a release removed while it was looked at
                status, kind, body = HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{error}\n".encode("utf-8", "replace")
            self.send_response(status)
            for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what asks is a browser or Prometheus, every few seconds."""

    return Handler
