"""A page function for tests: it does what the first word of the body says, in the child."""

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from corpus.document import Document, Page, Rejected

SECRETS = {"AWS_SECRET_ACCESS_KEY": "canary-1", "HF_TOKEN": "canary-2", "MY_OWN_PASSWORD": "canary-3"}


def acting_page(body: str, url: str = "http://example.com/a") -> Page:
    """A page whose body says what to do."""
    return Page(url, "2020-01-01T00:00:00Z", 200, "text/html", body.encode(), "a.warc", 7)


def act(page: Page) -> Document | Rejected:
    """Do what the body says; the text is what was found, or the body."""
    word, _, rest = page.body.decode().partition(" ")
    if word == "reject":
        return page.reject("extract.no_text", 3, rest)
    if word == "at":  # deadly at one address only
        if page.url == rest:
            os.abort()
        return page.document(rest)
    action = ACTIONS.get(word)
    return page.document(str(action(rest)) if action else page.body.decode(), page.url)


def spin(seconds: str) -> str:
    """Use so much processor time."""
    end = time.process_time() + float(seconds)
    while time.process_time() < end:
        pass
    return seconds


def allocate(megabytes: str) -> str:
    """Hold so much memory for a moment."""
    return str(len(bytes(int(megabytes) << 20)))


def forge(text: str) -> str:
    """Write to every pipe that is open."""
    for number in range(3, 20):
        try:
            os.write(number, text.encode())
        except OSError:
            continue
    time.sleep(1000)
    return text


def refusals(path: str) -> str:
    """The doors that are closed: each attempt by the class of its error."""
    parent, libc = os.getppid(), ctypes.CDLL(None, use_errno=True)

    def signal_by(name: str, *receiver: int) -> int:
        """Signal 0, which only asks whether a signal would be let through."""
        return _call(libc, _NUMBERS[name][os.uname().machine], *receiver, 0, _queued())

    attempts = {
        "internet": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "socket": lambda: socket.socket(socket.AF_UNIX),
        "program": lambda: subprocess.run(["/bin/true"], check=True),
        "fork": lambda: os.fork() or os._exit(0),
        "kill": lambda: os.kill(parent, 0),
        "tkill": lambda: signal_by("tkill", parent),
        "tgkill": lambda: signal_by("tgkill", parent, parent),
        "sigqueue": lambda: signal_by("rt_sigqueueinfo", parent),
        "tgsigqueue": lambda: signal_by("rt_tgsigqueueinfo", parent, parent),
        "owner": lambda: fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, parent),
        "limit": lambda: resource.prlimit(parent, resource.RLIMIT_CORE),
        "write": lambda: Path(path).write_text("written"),
        "read": lambda: Path(path).with_name("secret").read_text(),
        "parent": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
    }
    return json.dumps({name: _error(attempt) for name, attempt in attempts.items()})


# On x86-64 and on aarch64.
_NUMBERS = {
    "tkill": {"x86_64": 200, "aarch64": 130},
    "tgkill": {"x86_64": 234, "aarch64": 131},
    "rt_sigqueueinfo": {"x86_64": 129, "aarch64": 138},
    "rt_tgsigqueueinfo": {"x86_64": 297, "aarch64": 240},
}


def _queued() -> ctypes.Array:
    """A `siginfo_t` of 128 bytes, as `sigqueue` fills it in: number, error, and code -1."""
    return ctypes.create_string_buffer(struct.pack("=iii", 0, 0, -1), 128)


def _call(libc: ctypes.CDLL, number: int, *arguments) -> int:
    """The system call; OSError where it fails."""
    answer = libc.syscall(number, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), "")
    return answer


def own_process(_: str) -> str:
    """What a process may do to itself, and threads: each attempt by the class of its error."""
    attempts = {
        "kill": lambda: os.kill(os.getpid(), 0),
        "thread": lambda: threading.Thread(target=print).start(),
        "limit": lambda: resource.prlimit(os.getpid(), resource.RLIMIT_CORE),
    }
    return json.dumps({name: _error(attempt) for name, attempt in attempts.items()})


def _error(attempt) -> str:
    try:
        attempt()
    except (OSError, RuntimeError) as error:
        return type(error).__name__
    return ""


def descriptors(_: str) -> str:
    """What every open descriptor leads to."""
    found = {}
    for number in range(64):
        try:
            status = os.fstat(number)
        except OSError:
            continue
        found[number] = "pipe" if status.st_mode & 0o170000 == 0o010000 else str(status.st_rdev)
    return json.dumps(found)


ACTIONS = {
    "abort": lambda _: os.abort(),
    "allocate": allocate,
    "descriptors": descriptors,
    "environment": lambda _: json.dumps(dict(os.environ)),
    "exit": lambda code: os._exit(int(code)),
    "forge": forge,
    "own-process": own_process,
    "raise": lambda _: 1 / 0,
    "refusals": refusals,
    "say": lambda text: print(text, text, file=sys.stderr),
    "signal": lambda name: signal.raise_signal(getattr(signal, name)),
    "sleep": lambda seconds: time.sleep(float(seconds)),
    "spin": spin,
    "surrogate": lambda _: "\ud800",
}
