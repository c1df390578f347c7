"""A command that read nothing, or kept nothing, ends with the cause and publishes nothing."""

import json
import signal

import pytest

pytest.importorskip("apache_beam")

from corpus.sample.prose import english_article
from pipelines import build_books, build_webtext

SUBMISSION = {"url": "http://a.example/page", "score": 9, "created_utc": 1480000000, "author": "a", "id": "x1"}


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command in this process on inputs in `tmp_path`; its exit code and its last words."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(command, *arguments, output="out"):
        code = command.main([*map(str, arguments), "--output", str(tmp_path / output), "--direct_num_workers=1"])
        said = capsys.readouterr()
        assert code == 0 or not (tmp_path / output / "_MANIFEST.json").exists()
        return code, said.err if code else said.out

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def book(number):
    return json.dumps({"id": str(number), "title": "A book", "text": english_article(number).text})


def warc(*urls):
    """An archive of one page for each address."""
    records = []
    for url in urls:
        page = f"<html><body><p>{english_article(1).text}</p></body></html>"
        http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{page}".encode()
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2016-12-01T00:00:00Z\r\n"
            f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        records.append(head.encode() + http + b"\r\n\r\n")
    return b"".join(records)


def test_the_share_of_damage_counts_from_the_first_record(tmp_path, run):
    (tmp_path / "b.jsonl").write_text("\n".join([book(1), book(2), "{broken"]))
    code, said = run(build_books, "--books", tmp_path / "b.jsonl")
    assert code == 3
    assert "1 of 3 records could not be read, more than 5%" in said
    assert run(build_books, "--books", tmp_path / "b.jsonl", "--max-quarantined", "0.5")[0] == 0


def test_one_file_that_is_a_failed_download_stops_the_build(tmp_path, run):
    (tmp_path / "good.jsonl").write_text("\n".join(book(number) for number in range(1, 60)))
    (tmp_path / "month.jsonl").write_text('{"error": "404')
    files = ("--books", tmp_path / "good.jsonl", tmp_path / "month.jsonl")
    code, said = run(build_books, *files)
    assert code == 3
    assert "--books: nothing of" in said
    assert "month.jsonl could be read: it has 1 unreadable pieces and no whole record" in said
    assert run(build_books, *files, "--max-quarantined", "1")[0] == 0


def test_an_empty_file_is_named_before_anything_is_written(tmp_path, run):
    (tmp_path / "b.jsonl").write_text("")
    code, said = run(build_books, "--books", tmp_path / "b.jsonl")
    assert code == 3
    assert "b.jsonl is empty; fetch it again, or leave it out" in said
    assert not (tmp_path / "out").exists()


def test_nothing_kept_is_no_corpus(tmp_path, run):
    (tmp_path / "b.jsonl").write_text(json.dumps({"id": "1", "title": "Leaflet", "text": "Short."}))
    code, said = run(build_books, "--books", tmp_path / "b.jsonl")
    assert code == 4
    assert "none of 1 documents was kept" in said
    assert "text.too_few_words (1)" in said


def test_swapped_inputs_are_no_corpus(tmp_path, run):
    (tmp_path / "RS").write_text(json.dumps(SUBMISSION))
    (tmp_path / "a.warc").write_bytes(warc("http://a.example/page"))
    code, said = run(build_webtext, "--submissions", tmp_path / "a.warc", "--pages", tmp_path / "RS")
    assert code == 3
    assert "--submissions" in said
    assert "swapped" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"score": 1}, "no post of --submissions gives a link: most were rejected by link.too_little_karma (1)"),
        ({"url": "http://b.example/"}, "no page of --pages is one of the 1 that --submissions link to"),
    ],
)
def test_links_and_pages_that_never_meet_are_no_corpus(tmp_path, run, change, says):
    (tmp_path / "RS").write_text(json.dumps({**SUBMISSION, **change}))
    (tmp_path / "a.warc").write_bytes(warc("http://a.example/page"))
    code, said = run(build_webtext, "--submissions", tmp_path / "RS", "--pages", tmp_path / "a.warc")
    assert code == 4
    assert says in said


def test_another_recipe_over_a_finished_corpus_is_refused(tmp_path, run):
    (tmp_path / "b.jsonl").write_text("\n".join(book(number) for number in (1, 2, 3)))
    given = ("--books", tmp_path / "b.jsonl")
    assert run(build_books, *given)[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")}
    assert run(build_books, *given)[0] == 0
    code = build_books.main([*map(str, given), "--recipe", "gpt1-books", "--output", str(tmp_path / "out")])
    assert code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")} == before
    assert run(build_books, *given, "--recipe", "gpt1-books", "--replace")[0] == 0
