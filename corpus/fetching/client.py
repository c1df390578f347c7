"""One HTTP request, as it is sent and as it is answered: bytes as they were, bounds on size and time, errors by name.

Nothing is done behind the caller's back: no redirect is followed, no cookie kept, no proxy of the environment asked, no
body inflated. Connections are not kept, so each request goes through the checks of `corpus.fetching.network`. Of the
transfer coding the client library leaves no trace, so a chunked answer is stored whole under another name of the
header, as Common Crawl does.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from corpus.fetching.network import OPENED, CheckedResolver, Reach, UnknownHost
from corpus.fetching.targets import RefusedTarget, Target
from corpus.readers.warc.media_type import parse_media_type

_PIECE = 1 << 16  # bytes of a body read at once
_LONGEST_LINE, _LONGEST_FIELD = 1 << 14, 1 << 16  # of a header; aiohttp's own 8 kB refuses pages with long cookies
# What may hold a text for the corpus, as servers name it; without a type the content decides.
_READABLE = ("text/", "application/xhtml+xml", "application/xml", "application/json", "application/octet-stream")
# Stored as `X-Crawler-Transfer-Encoding`: the body is stored without its coding, and its length is another one.
_REWRITTEN = {b"transfer-encoding", b"content-length"}


Reads = Callable[[int, str], bool]


def holds_text(status: int, content_type: str) -> bool:
    """Whether the type of an answer is one that may hold a text."""
    media = parse_media_type(content_type)
    return media is None or media.essence.startswith(_READABLE)


def always(status: int, content_type: str) -> bool:
    """Every body is read."""
    return True


class FailedRequest(Exception):
    """A request without an answer; `reason` is `failed.…`, `passing` says that another attempt may go well."""

    def __init__(self, reason: str, detail: str, passing: bool) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.passing = reason, detail, passing


@dataclass(frozen=True)
class Bounds:
    """The most that one answer may cost: `body` bytes as sent, seconds to connect and in all."""

    body: int = 10 * 2**20
    connect: float = 15.0
    total: float = 60.0


@dataclass(frozen=True)
class Answer:
    """An answer, `headers` in their order; `request` is what was sent.

    `truncated` is "" for a whole body, else what cut it (`length`, `time`, `disconnect`), or `unspecified` where it was
    left unread because of its type: the words of WARC-Truncated. `date` is when the request was sent, `address` the
    server's, "" where several were tried at once.
    """

    target: Target
    status: int
    reason: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    request: bytes
    address: str
    date: datetime
    seconds: float
    truncated: str = ""

    def header(self, name: str) -> str:
        """The first value of a header field, or ""."""
        # Names of headers are ASCII in any case; values may be anything, mostly UTF-8, else Latin-1.
        wanted = name.lower().encode()
        value = next((value for key, value in self.headers if key.lower() == wanted), b"")
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")

    def block(self) -> bytes:
        """The answer as a WARC record holds it: the head, with lengths that are true of what follows, and the body."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}".rstrip().encode("latin-1", "replace")]
        for name, value in self.headers:
            prefix = b"X-Crawler-" if name.lower() in _REWRITTEN else b""
            lines.append(prefix + name + b": " + value)
        lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass
class Client:
    """The HTTP client; `async with` it. `agent` is the User-Agent of every request."""

    agent: str
    reach: Reach
    bounds: Bounds = field(default_factory=Bounds)
    at_once: int = 64
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Client":
        # Names of dead hosts take the resolver long; a few of them must not hold up all the others.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self.at_once))
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self.reach),
            socket_factory=self.reach.open_socket,
            use_dns_cache=False,  # `CheckedResolver` asks once for each request
            force_close=True,  # a new connection is a new check of the address
            limit=self.at_once,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # the stored body is as it was sent
            trust_env=False,  # HTTP_PROXY would pass the checks by
            # The URL is escaped already; another escaping would ask for another page.
            requote_redirect_url=False,
            middlewares=(_once,),
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_FIELD,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def ask(
        self,
        target: Target,
        answered: Callable[[], None],
        headers: Mapping[str, str] | None = None,
        reads: Reads = holds_text,
    ) -> Answer:
        """Send a GET; `answered` is called when the answer begins.

        `reads` says of a status and a Content-Type whether the body is worth reading. Raises `FailedRequest`, and
        `RefusedTarget` where an address is out of reach.
        """
        began, date = time.monotonic(), datetime.now(UTC)
        opened = list[str]()
        # `open_socket` adds to it, in the context of this task.
        OPENED.set(opened)
        async with self._open(target, headers or {}) as response:
            answered()
            body, truncated = b"", "unspecified"
            if reads(response.status, response.headers.get("Content-Type", "")):
                body, truncated = await self._body(response, began + self.bounds.total)
            return Answer(
                target,
                response.status,
                response.reason or "",
                tuple(response.raw_headers),
                body,
                _sent(target, response.request_info.headers),
                opened[0] if len(opened) == 1 else "",  # several were tried: nobody knows which one answered
                date,
                time.monotonic() - began,
                truncated,
            )

    @asynccontextmanager
    async def _open(self, target: Target, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session, "use it in `async with`"
        url = URL(target.url, encoded=True)
        if url.raw_host != target.host or url.port != target.port:  # two parsers that disagree: an old trick
            raise RefusedTarget("target.not_a_url", f"{target.url[:200]} is read in two ways")
        timeout = aiohttp.ClientTimeout(total=self.bounds.total, sock_connect=self.bounds.connect)
        named = {"User-Agent": self.agent, "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5",
                 "Accept-Encoding": "gzip", **headers}  # fmt: skip
        try:
            request = self._session.get(url, headers=named, allow_redirects=False, timeout=timeout)
            async with request as response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, UnknownHost, ValueError) as error:
            raise _translate_error(error) from error

    async def _body(self, response: aiohttp.ClientResponse, deadline: float) -> tuple[bytes, str]:
        """The body as far as the bounds let it come, and what cut it."""
        pieces, size = list[bytes](), 0
        try:
            # The total timeout of the session would lose what has come so far; this one keeps it.
            async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                while piece := await response.content.read(_PIECE):
                    pieces.append(piece[: self.bounds.body - size])  # not beyond the bound; `size` has the whole piece
                    size += len(piece)
                    if size > self.bounds.body:
                        response.close()
                        return b"".join(pieces), "length"
        except TimeoutError:
            return b"".join(pieces), "time"
        except (aiohttp.ClientError, OSError):
            return b"".join(pieces), "disconnect"
        return b"".join(pieces), ""


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: after a lost connection the library would send it again at once, out of turn.

    It does so where it sees an error of its own, so it is shown one of ours.
    """
    try:
        return await send(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _translate_error(error) from error


def _sent(target: Target, headers: Mapping[str, str]) -> bytes:
    lines = [f"GET {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n"


def _translate_error(error: BaseException) -> Exception:
    """An error of the library under our name; a refusal that it wraps is the refusal."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, RefusedTarget):
            return seen
        # No address: another attempt will not find one.
        if isinstance(seen, UnknownHost):
            return FailedRequest("failed.unknown_host", str(seen), False)
        # aiohttp wraps what the resolver raises, mostly by `from`.
        seen = seen.__cause__ or seen.__context__
    detail = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, TimeoutError):
        return FailedRequest("failed.timeout", detail, True)
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return FailedRequest("failed.tls", detail, False)
    if isinstance(error, aiohttp.ClientConnectorError):
        return FailedRequest("failed.no_connection", detail, True)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientOSError):
        return FailedRequest("failed.disconnected", detail, True)
    return FailedRequest("failed.bad_answer", detail, False)
