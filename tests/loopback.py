"""Servers on loopback for the tests: one that answers as it is told and notes every hit, one that only notes them."""

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise


@dataclass
class Reply:
    """What the server sends. `raw` is sent as it is; `wait` seconds pass before the head, `stall` in mid-body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    stall: float = 0.0
    raw: bytes | None = None

    def wire(self) -> bytes:
        if self.raw is not None:
            return self.raw
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(self.body)), **self.headers}
        head = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Hit:
    """One request: when it was read, and what it asked for."""

    at: float
    host: str
    path: str
    headers: dict[str, str]


class Server:
    """A web server of one thread a connection; `answer` says what a request gets.

    Hits after the first `held_after` are noted and wait for their answer until that number is raised.
    """

    def __init__(self, answer: Callable[[Hit], Reply], address: str = "127.0.0.1", port: int = 0) -> None:
        self.answer, self.hits, self._lock = answer, list[Hit](), threading.Lock()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            self._listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._listener.bind((address, port))
        self._listener.listen(512)
        self.port: int = self._listener.getsockname()[1]
        self.connections, self.held_after = 0, math.inf
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # else the thread in accept() would take one more connection
        self._listener.close()

    def paths(self, host: str = "") -> list[str]:
        return [hit.path for hit in self.hits if not host or hit.host == host]

    def gaps(self, host: str) -> list[float]:
        """The seconds between the hits on a host."""
        times = sorted(hit.at for hit in self.hits if hit.host == host)
        return [after - before for before, after in pairwise(times)]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            now = time.monotonic()
            first, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
            hit = Hit(now, headers.get("host", "").partition(":")[0], first.split(" ")[1], headers)
            with self._lock:
                self.hits.append(hit)
                number = len(self.hits)
            while number > self.held_after:
                time.sleep(0.005)
            reply = self.answer(hit)
            time.sleep(reply.wait)
            wire = reply.wire()
            if reply.stall:
                connection.sendall(wire[: len(wire) // 2])
                time.sleep(reply.stall)
                wire = wire[len(wire) // 2 :]
            connection.sendall(wire)


@contextmanager
def server(answer: Callable[[Hit], Reply], address: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """A server that runs as long as the block."""
    running = Server(answer, address, port)
    try:
        yield running
    finally:
        running.close()


def nothing(hit: Hit) -> Reply:
    """What a trap answers."""
    return Reply(b"trapped", 200)
