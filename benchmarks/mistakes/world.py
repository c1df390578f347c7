"""A small world to make mistakes in: posts, pages, books, and everything that the commands make of them."""

import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.sample.prose import english_article

REPOSITORY = Path(__file__).parents[2]
SECONDS = 600


@dataclass(frozen=True)
class CommandEnd:
    """How a command ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


def run(command: Sequence[str], more: Mapping[str, str] | None = None, folder: Path = REPOSITORY) -> CommandEnd:
    """Run a module of ours, `["pipelines.build_books", …]`, to its end in a process of its own.

    A first word with a slash is a program that takes the rest, as `/bin/sh -c`; `more` is added to the environment. A
    module that needs neither is run in a fork, which has Beam and torch loaded already.
    """
    if "/" not in command[0] and not more and folder == REPOSITORY:
        return _forked(command)
    whole = [*command] if "/" in command[0] else [sys.executable, "-m", *command]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **(more or {})}
    ended = subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
    return CommandEnd(ended.returncode, ended.stdout, ended.stderr)


def _forked(command: Sequence[str]) -> CommandEnd:
    """The module as `python -m` runs it, in a fork of this process."""
    import apache_beam  # noqa: F401 (once, for all forks)
    import torch  # noqa: F401 (as above)

    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        sys.stdout.flush()
        child = os.fork()
        if not child:
            code = 1
            try:
                for number, path in ((1, out), (2, err)):
                    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
                code = _run_module(command)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return CommandEnd(code, out.read_text(errors="replace"), err.read_text(errors="replace"))


def _run_module(command: Sequence[str]) -> int:
    sys.argv = [command[0], *command[1:]]
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return ended.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


@dataclass(frozen=True)
class MistakesWorld:
    """The folder with everything; `make` fills it, `copy` gives a copy of a part of it to spoil."""

    root: Path

    def __truediv__(self, name: str) -> str:
        return str(self.root / name)

    def copy(self, name: str, other: str) -> Path:
        """A copy of a file or folder under another name, in place of an older copy."""
        target = self.root / other
        if target.is_dir():
            shutil.rmtree(target)
        source = self.root / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
        return target

    def file(self, name: str, content: str | bytes = "") -> str:
        """A file with this content; its path."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def make_inputs(self) -> None:
        """Books, posts, and an archive with the pages that the posts link to."""
        books = [
            {"id": str(number), "title": f"Book {number}", "text": english_article(number).text} for number in range(80)
        ]
        self.file("books.jsonl", "\n".join(map(json.dumps, books)))
        self.file("more.jsonl", "\n".join(map(json.dumps, books[:40])))
        self.file("leaflets.jsonl", json.dumps({"id": "1", "title": "Leaflet", "text": "Short."}))
        post = {"score": 9, "created_utc": 1480000000, "author": "a", "id": "x"}
        urls = [f"http://a.example/page{number}" for number in range(12)]
        posts = [{**post, "id": f"x{number}", "url": urls[number % len(urls)]} for number in range(66)]
        self.file("RS.jsonl", "\n".join(map(json.dumps, posts)))
        self.file("pages.warc", archive(urls))

    def make(self) -> None:
        """Inputs, a corpus, a tokenizer, shards, and a run that was trained for a few steps."""
        self.make_inputs()
        corpus, tokenizer = self / "corpus", self / "tokenizer"
        self._must(["pipelines.build_books", "--books", self / "books.jsonl", "--output", corpus])
        train = ["pipelines.train_tokenizer", "--corpus", corpus, "--output", tokenizer, "--vocab-size", "400"]
        self._must(train)
        self._must([*train[:-3], self / "tokenizer-other", "--vocab-size", "390"])
        self._must(self.shards("shards"))
        train = ["trainer.train", "--data", self / "shards", "--preset", "tiny", "--output", self / "run"]
        self._must([*train, "steps=2", "batch_tokens=512"])

    def shards(self, output: str, *more: str) -> list[str]:
        """The command that makes the shards."""
        source = ["pipelines.build_shards", "--source", f"books={self / 'corpus'}:1", "--tokenizer", self / "tokenizer"]
        return [*source, "--output", self / output, "--validation-share", "0.1", "--direct_num_workers=1", *more]

    def _must(self, command: list[str]) -> None:
        workers = ["--direct_num_workers=1"] if command[0].startswith("pipelines") else []
        ended = run([*command, *(word for word in workers if word not in command)])
        if ended.code:
            raise RuntimeError(f"{' '.join(command)} ended with {ended.code}: {ended.err}")


def archive(urls: Sequence[str]) -> bytes:
    """A web archive of one English page for each address."""
    records = []
    for number, url in enumerate(urls):
        page = f"<html><body><article><p>{english_article(900 + number).text}</p></article></body></html>"
        http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}".encode()
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2016-12-01T00:00:00Z\r\n"
            f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        records.append(head.encode() + http + b"\r\n\r\n")
    return b"".join(records)
