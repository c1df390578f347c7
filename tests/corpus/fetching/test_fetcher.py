"""What becomes of a URL: redirects, robots, odd answers, caps; what is stored, and that it is stored once."""

import gzip
import json
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from fastwarc.warc import ArchiveIterator
from fetching_runs import AGENT, HASTY, ends, fetch, reach_of
from loopback import Reply, server

from corpus.document import Page
from corpus.fetching.client import Bounds
from corpus.fetching.journal import FetchJournal
from corpus.readers.warc.captures import scan
from corpus.readers.warc.pages import read_pages

PAGE = b"<html><body><p>Warp and weft.</p></body></html>"


def site(pages: dict[str, Reply], robots: Reply | None = None):
    """Answers of one site; what is not there is a 404."""

    def answer(hit):
        if hit.path == "/robots.txt":
            return robots or Reply(b"", 404)
        return pages.get(hit.path, Reply(b"no such page", 404))

    return answer


def one(folder, reply: Reply, bounds: Bounds = Bounds(10**5, 0.5, 1.0)):  # noqa: B008
    """How the one page of a site ended, and its page as the archive has it."""
    with server(site({"/a": reply})) as running:
        url = f"http://127.0.0.1:{running.port}/a"
        found = ends(fetch(folder, [url], reach_of([running.port]), bounds=bounds), [url])[url]
    if not found.length:
        return found, None
    return found, next(read_pages(folder / "pages-00000.warc.gz", [found.offset]))


def test_what_is_stored_is_what_was_sent_and_carries_its_digests(tmp_path):
    found, page = one(tmp_path, Reply(PAGE))
    assert (found.state, found.status, page.body, page.status, page.marks) == ("stored", 200, PAGE, 200, "")
    with (tmp_path / "pages-00000.warc.gz").open("rb") as file:
        records = [
            (
                record.headers.get("WARC-Type"),
                record.verify_block_digest(),
                record.headers.asdict(),
                record.reader.read(),
            )
            for record in ArchiveIterator(file, parse_http=False)
        ]
    assert [kind for kind, *_ in records] == ["response", "request", "response", "request"]
    assert all(good for _, good, *_ in records)
    _, _, request, sent = records[3]
    assert request["WARC-Concurrent-To"] == records[2][2]["WARC-Record-ID"]
    assert f"User-Agent: {AGENT}\r\n".encode() in sent and sent.startswith(b"GET /a HTTP/1.1\r\n")
    assert records[2][2]["WARC-IP-Address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("reply", "body", "truncated"),
    [
        (Reply(gzip.compress(PAGE, mtime=0), headers={"Content-Encoding": "gzip"}), PAGE, ""),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWarp\r\n0\r\n\r\n"), b"Warp", ""),
        (Reply(raw=b"HTTP/1.1 200 OK\r\n\r\nWarp"), b"Warp", ""),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nWarp"), b"Warp", "disconnect"),
        (Reply(b"x" * 200_000), b"x" * 100_000, "length"),
        (Reply(b"x" * 1000, stall=1.5), None, "time"),
        (Reply(b"\x89PNG", headers={"Content-Type": "image/png"}), b"", "unspecified"),
    ],
)
def test_bodies_whole_and_cut(tmp_path, reply, body, truncated):
    found, page = one(tmp_path, reply)
    assert (found.state, found.truncated, isinstance(page, Page)) == ("stored", truncated, True)
    assert page.body == body if body is not None else 0 < len(page.body) < 1000
    assert ("incomplete" in page.marks) == bool(truncated)
    assert "digest" not in page.marks


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(raw=b"nonsense\r\n\r\n"), "failed.bad_answer"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n"), "failed.bad_answer"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 3000 + b"\r\n"), "failed.bad_answer"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "failed.bad_answer"),
        (Reply(raw=b""), "failed.disconnected"),
        (Reply(PAGE, wait=1.5), "failed.timeout"),
    ],
)
def test_answers_that_are_none(tmp_path, reply, state):
    assert one(tmp_path, reply)[0].state == state


def test_redirects_are_followed_to_other_hosts_and_stored_hop_by_hop(tmp_path):
    pages = {"/a": Reply(b"", 301, {"Location": "b?c#d"}), "/b?c": Reply(b"", 302, {"Location": "//silk.org:{}/e"})}
    with server(lambda hit: site(pages)(hit)) as running:
        pages["/b?c"].headers["Location"] = f"//user:secret@silk.org:{running.port}/e"
        pages["/e"] = Reply(PAGE)
        names = {"loom.org": ["127.0.0.1"], "silk.org": ["127.0.0.1"]}
        url = f"http://loom.org:{running.port}/a"
        fetcher = fetch(tmp_path, [url], reach_of([running.port], names))
        assert [(step.status, step.url.partition("/")[2]) for step in fetcher.way(url)] == [
            (301, f"/loom.org:{running.port}/a"),
            (302, f"/loom.org:{running.port}/b?c"),
            (200, f"/silk.org:{running.port}/e"),
        ]
        assert running.paths("silk.org") == ["/robots.txt", "/e"]
        assert not any("authorization" in hit.headers for hit in running.hits)
    captures = list(scan(tmp_path / "pages-00000.warc.gz"))
    assert {(c.url, c.location) for c in captures if c.status in (301, 302)} == {
        (f"http://loom.org:{running.port}/a", f"http://loom.org:{running.port}/b?c#d"),
        (f"http://loom.org:{running.port}/b?c", f"http://user:secret@silk.org:{running.port}/e"),
    }


@pytest.mark.parametrize("leads", ["/a", "/more"])
def test_circles_and_long_ways_end(tmp_path, leads):
    def answer(hit):
        if hit.path == "/robots.txt":
            return Reply(b"", 404)
        return Reply(b"", 302, {"Location": leads if leads == "/a" else hit.path + "x"})

    with server(answer) as running:
        url = f"http://127.0.0.1:{running.port}/a"
        fetcher = fetch(tmp_path, [url], reach_of([running.port]))
        assert len(list(fetcher.way(url))) == 6 and fetcher.is_finished(url)
        assert len(running.hits) == (2 if leads == "/a" else 7)


def test_a_page_that_many_links_lead_to_is_fetched_once(tmp_path):
    def answer(hit):
        return Reply(PAGE) if hit.path == "/e" else Reply(b"", 404 if "robots" in hit.path else 302, {"Location": "/e"})

    with server(answer) as running:
        urls = [f"http://{host}:{running.port}/{number}" for host in ("loom.org", "silk.org") for number in range(20)]
        names = {"loom.org": ["127.0.0.1"], "silk.org": ["127.0.0.1"]}
        found = ends(fetch(tmp_path, urls, reach_of([running.port], names)), urls)
        assert {end.status for end in found.values()} == {200}
        assert running.paths().count("/e") == 2  # one on each host


@pytest.mark.parametrize(
    ("robots", "state"),
    [
        (Reply(b"user-agent: weaver\ndisallow: /a\n"), "robots.disallowed"),
        (Reply(b"user-agent: *\ndisallow: /a\nuser-agent: weaver\ndisallow: /b"), "stored"),
        (
            Reply(gzip.compress(b"user-agent: *\ndisallow: /", mtime=0), headers={"Content-Encoding": "gzip"}),
            "robots.disallowed",
        ),
        (Reply(b"user-agent: *\ndisallow: /", headers={"Content-Type": "image/png"}), "robots.disallowed"),
        (Reply(b"user-agent: *\ndisallow: /", 404), "stored"),
        (Reply(b"", 403), "stored"),
        (Reply(b"", 500), "robots.unreachable"),
        (Reply(b"", 503), "robots.unreachable"),
        (Reply(b"", 429), "robots.unreachable"),
        (Reply(raw=b""), "robots.unreachable"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nuser-agent: *\n"), "robots.unreachable"),
        (Reply(b"", 301, {"Location": "/rules"}), "robots.disallowed"),
        (Reply(b"", 301, {"Location": "/robots.txt"}), "stored"),
        (Reply(b"", 301, {"Location": "http://gone.org/robots.txt"}), "robots.unreachable"),
    ],
)
def test_robots(tmp_path, robots, state):
    with server(site({"/a": Reply(PAGE), "/rules": Reply(b"user-agent: *\ndisallow: /")}, robots)) as running:
        url = f"http://127.0.0.1:{running.port}/a"
        assert ends(fetch(tmp_path, [url], reach_of([running.port])), [url])[url].state == state
        assert ("/a" in running.paths()) == (state == "stored")


def test_a_second_run_asks_for_nothing_and_a_longer_list_for_the_rest(tmp_path):
    robots = Reply(b"user-agent: *\ndisallow: /3")
    with server(site({f"/{number}": Reply(PAGE) for number in range(9)}, robots)) as running:
        urls = [f"http://127.0.0.1:{running.port}/{number}" for number in range(12)]
        fetch(tmp_path, urls[:6], reach_of([running.port]))
        assert len(running.hits) == 6
        before = (tmp_path / "pages-00000.warc.gz").read_bytes()
        fetch(tmp_path, urls[:6], reach_of([running.port]))
        assert len(running.hits) == 6
        found = ends(fetch(tmp_path, urls, reach_of([running.port])), urls)
        assert running.paths().count("/robots.txt") == 1
        assert len(running.hits) == 12
    assert [found[url].state for url in urls].count("stored") == 11
    assert (tmp_path / "pages-00000.warc.gz").read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["pages-00000.warc.gz", "pages-00001.warc.gz"]
    again = [fetched["url"] for fetched in FetchJournal(tmp_path, "pages").entries() if "url" in fetched]
    assert sorted(again) == sorted(urls)


def test_a_dead_name_and_a_dead_port_cost_no_more_than_their_robots_txt(tmp_path):
    with server(site({})) as running:
        port = running.port
    urls = [*(f"http://gone.org:{port}/{n}" for n in range(5)), *(f"http://127.0.0.1:{port}/{n}" for n in range(5))]
    fetcher = fetch(tmp_path, urls, reach_of([port]))
    states = [end.state for end in ends(fetcher, urls).values()]
    assert states == ["failed.unknown_host"] * 5 + ["failed.no_connection"] * 5
    assert fetcher.asking.requests == 1 + HASTY.attempts


def test_a_torn_journal_and_a_torn_archive_go_on_from_their_last_whole_entry(tmp_path):
    journal = FetchJournal(tmp_path, "pages", opening=lambda name: b"opening")
    placed = [journal.append({"url": name}, name.encode() * 9) for name in ("a", "b")]
    assert [entry["offset"] for entry in placed] == [7, 16]
    home = tmp_path / ".journal"
    with (home / "00000.jsonl").open("ab") as file:
        file.write(b'{"url":"c","archi')
    with (home / "00000.warc.gz").open("ab") as file:
        file.write(b"ccc")
    later = FetchJournal(tmp_path, "pages", opening=lambda name: b"opening")
    assert list(later.entries()) == placed
    later.append({"url": "d"}, b"d")
    later.publish()
    assert (tmp_path / "pages-00000.warc.gz").read_bytes() == b"opening" + b"a" * 9 + b"b" * 9 + b"d"
    assert [json.loads(line)["url"] for line in (home / "00000.jsonl").read_bytes().splitlines()] == ["a", "b", "d"]
    (tmp_path / "pages-00000.warc.gz").write_bytes(b"shorter")
    with pytest.raises(Exception, match="restore it"):
        list(FetchJournal(tmp_path, "pages").entries())


def test_a_full_archive_is_published_and_the_next_one_begins(tmp_path):
    journal = FetchJournal(tmp_path, "pages", archive_bytes=10)
    for name in "abc":
        journal.append({"url": name}, name.encode() * 6)
    journal.append({"url": "d"})
    journal.publish()
    assert [path.read_bytes() for path in sorted(tmp_path.glob("*.gz"))] == [b"a" * 6 + b"b" * 6, b"c" * 6]
    assert [entry["archive"] for entry in FetchJournal(tmp_path, "pages").entries()] == [0, 0, 1, 1]


def test_a_certificate_of_nobody_is_refused_and_the_server_was_asked_for_by_its_name(tmp_path):
    """The connection goes to the address that was checked, the name goes into the handshake."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    signed = certificate.add_extension(x509.SubjectAlternativeName([x509.DNSName("loom.org")]), False)
    pem = signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "pem").write_bytes(pem + private)
    context, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[str]()
    context.load_cert_chain(tmp_path / "pem")
    context.sni_callback = lambda _, name, __: asked.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        with suppress(OSError):
            while True:
                with suppress(ssl.SSLError), context.wrap_socket(listener.accept()[0], server_side=True):
                    pass

    threading.Thread(target=serve, daemon=True).start()
    url = f"https://loom.org:{port}/a"
    found = ends(fetch(tmp_path / "out", [url], reach_of([port], {"loom.org": ["127.0.0.1"]})), [url])[url]
    listener.close()
    assert (found.state, asked) == ("failed.tls", ["loom.org"])
