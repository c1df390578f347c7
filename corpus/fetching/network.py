"""The one door to the network: names are looked up once, every address is checked, and only those are connected to.

Between a check and a connection that looks the name up again, whoever owns the name may change the answer (DNS
rebinding). Here the client never sees a name: it gets the addresses that were checked, and as it opens a socket the
address in its hand is checked again. A redirect is another request and starts again.

`Reach` says where connections may lead. The commands know one, the Internet; only code can make another, for its tests
on loopback or for an archive server that the user named. There is no flag, no setting and no variable for it.
"""

import asyncio
import socket
from collections.abc import Container, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from corpus.errors import CorpusloomError, ExitCode
from corpus.fetching.addresses import why_not_public
from corpus.fetching.targets import WEB_PORTS, RefusedTarget, Target, check_numeric, is_numeric, target_of

# What getaddrinfo returns: family, kind, protocol, canonical name, (address, port, …).
_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
# The addresses that the request of the running task has tried to connect to.
OPENED: ContextVar[list[str]] = ContextVar("opened")


class UnknownHost(Exception):
    """A name that has no address."""


@dataclass(frozen=True)
class Reach:
    """Where connections may lead.

    `ports` are those that a URL may name. `trusted` are pairs of address and port that are let through although they
    are not public. `names` answers in place of DNS; a name that it lacks has no address.
    """

    ports: frozenset[int] = WEB_PORTS
    trusted: frozenset[tuple[str, int]] = frozenset()
    names: Mapping[str, Sequence[str]] | None = field(default=None, hash=False)

    def target(self, url: str) -> Target:
        """The target of a URL; `RefusedTarget` where the URL alone says that it is out of reach."""
        target = target_of(url, self.ports, self.names or ())
        if (target.host, target.port) not in self.trusted:
            check_numeric(target.host)
        return target

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where a host is: all its addresses, each of them checked; `RefusedTarget` if a single one is out of reach."""
        # A number needs no look-up; the trusted ones are checked too, and pass.
        found = [host] if is_numeric(host) else await self._looked_up(host, port)
        for address in found:
            self.check(address, port)
        return found

    def check(self, address: str, port: int) -> None:
        """`RefusedTarget` for an address that is not to be connected to."""
        if (address, port) in self.trusted:
            return
        if block := why_not_public(address):
            raise RefusedTarget("target.address", f"{address} is {block}")

    async def _looked_up(self, host: str, port: int) -> list[str]:
        if self.names is not None:
            found = list(self.names.get(host, ()))
        else:
            # The dot keeps the resolver from trying the name inside domains of this machine's own.
            dotted = host if host.endswith(".") else f"{host}."
            loop = asyncio.get_running_loop()
            try:
                infos = await loop.getaddrinfo(dotted, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise UnknownHost(f"{host}: {error}") from error
            # `dict.fromkeys`: distinct, in the resolver's order
            found = list(dict.fromkeys(str(info[4][0]) for info in infos))
        if not found:
            raise UnknownHost(f"{host} has no address")
        return found

    def open_socket(self, info: _AddressInfo) -> socket.socket:
        """The socket for a connection to one address, which is checked once more, now that nothing can change it."""
        family, kind, protocol, _, where = info
        self.check(str(where[0]), int(where[1]))
        # `get([])`: outside of a request the list is thrown away.
        OPENED.get([]).append(str(where[0]))
        return socket.socket(family, kind, protocol)


def reach_of_server(address: str) -> Reach:
    """The reach of a reader that asks the one server that its user named: there, wherever it is, and nowhere else.

    Its addresses are looked up now, and kept. Raises `CorpusloomError`.
    """
    try:
        target = target_of(address, frozenset(range(1, 65536)), _Anything())
    except RefusedTarget as refusal:
        raise CorpusloomError(f"{address} is no address of a server; give https://…", ExitCode.FLAGS) from refusal
    try:
        infos = [] if is_numeric(target.host) else socket.getaddrinfo(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise CorpusloomError(f"{address}: {error}; check the name and the network", ExitCode.INPUT) from error
    # A number is its own address.
    found = list(dict.fromkeys(str(info[4][0]) for info in infos)) or [target.host]
    trusted = frozenset((each, target.port) for each in found)
    return Reach(frozenset((target.port,)), trusted, {target.host: found})


class _Anything(Container[str]):
    """Every name: the user gave it."""

    def __contains__(self, name: object) -> bool:
        return True


class CheckedResolver(AbstractResolver):
    """What the HTTP client asks for addresses: the checked ones and no others."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host, as numbers that nobody looks up again."""
        found = await self._reach.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,  # only IPv6 addresses have colons
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""
