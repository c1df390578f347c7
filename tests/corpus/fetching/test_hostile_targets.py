"""Links of strangers that lead inside: none of them opens a connection, asked for directly, by name or by redirect.

A trap listens on every address of this machine, over IPv4 and IPv6, and counts connections.
"""

import ipaddress
import socket
from collections.abc import Iterator, Mapping

import pytest
from fetching_runs import ends, fetch, reach_of
from hypothesis import given
from hypothesis import strategies as st
from loopback import Reply, nothing, server

from corpus.fetching.addresses import why_not_public
from corpus.fetching.network import Reach
from corpus.fetching.targets import RefusedTarget

# Spellings of 127.0.0.1 and of other addresses at which this machine, or a cloud's services, answer.
HOSTS = """127.0.0.1 127.0.0.1. 127.1 127.0.1 127.00.00.01 0177.0.0.1 0x7f.0.0.1 0x7f.1 0x7F000001 0x7f000001.
2130706433 017700000001 127.0.0.2 127.255.255.254 127.0x0.0.1 0177.1 0 0.0.0.0 0x0 00 0.0 ①②⑦.⓪.⓪.① １２７.０.０.１
127。0。0。1 127%2e0%2e0%2e1 %31%32%37.0.0.1 0x7f。1 localhost LOCALHOST localhost. local%68ost ｌｏｃａｌｈｏｓｔ
a.localhost localhost.localdomain.localhost router.local metadata.google.internal printer.lan box.home.arpa intranet
[::1] [0:0:0:0:0:0:0:1] [::] [0000::1] [::127.0.0.1] [::7f00:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:7F00:0001]
[0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::127.0.0.1]
[64:ff9b::a9fe:a9fe] [64:ff9b::10.0.0.1] [2002:7f00:1::] [2002:7f00:0001::1] [2002:a9fe:a9fe::] [2001:0:7f00:1::]
[2001::1] [2a00::5efe:127.0.0.1] [2a00::200:5efe:7f00:1] [fe80::1] [fe80::1%25lo] [fe80::1%lo] [::1%25lo] [fec0::1]
[fc00::1] [fd00:ec2::254] [ff02::1] [100::1] [2001:db8::1] [3fff::1] [5f00::1] [::ffff:169.254.169.254]
10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 168.63.129.16 169.254.169.254 169.254.170.2 169.254.1.1 0xa9fea9fe
2852039166 0251.0376.0251.0376 169.254.43518 172.16.0.1 172.31.255.254 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.1 3232235777 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
0xffffffff""".split()
# What parsers disagree about; {} is a host and port of the trap.
TRICKS = """http://good.example@{}/ http://good.example:80@{}/ http://good.example%40{}/ http://a:b@c@{}/
http://{}#@good.example/ http://{}?@good.example/ http://{}\\@good.example/ http:\\\\{}/ http:/{}/ http:{}/ http:///{}/
http:////{}/ hTTp://{}/ http://{}%23@good.example/ http://{}%2f@good.example/ http://{}%00.good.example/ http://{}\t/
http://good.example\\@{}/ http://good.example\t@{}/ ftp://{}/ gopher://{}/_a file:///etc/passwd file://{}/etc/passwd
dict://{}/ ldap://{}/ tftp://{}/ jar:http://{}!/ javascript:fetch('http://{}/') data:text/html,a ws://{}/ wss://{}/
view-source:http://{}/ about:blank unix:///var/run/docker.sock http+unix://%2Fvar%2Frun/ //{}/ {} http://[{}]/ http://]/
http:// http://./ http://../ http://.../ http://.0../ http://.127.0.0.1./
https://{}/ http://{}:22/ http://127.0.0.1:22/ http://127.0.0.1:6379/
http://127.0.0.1:2375/containers/json http://good.example:25/ http://good.example:99999/ http://good.example:-1/
http://good.example:/@{}/ http://xn--/ http://a..b/ http://good.example:22/ http://good.example:11211/""".split(" ")
TRICKS = [trick.strip("\n") for tricks in TRICKS for trick in tricks.split("\n")]
# Addresses that a hostile name server answers with.
ANSWERS = """127.0.0.1 127.0.0.2 0.0.0.0 10.0.0.1 100.100.100.200 168.63.129.16 169.254.169.254 172.16.0.1 192.0.0.192
192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 ::1 :: ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254
64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2001:0:7f00:1:: 2a00::5efe:7f00:1 fe80::1%lo fe80::1 fd00:ec2::254 fc00::1
ff02::1""".split()


def hostile_urls(port: int) -> list[str]:
    hosts = [f"http://{host}:{port}/{scheme}" for host in HOSTS for scheme in ("", "latest/meta-data/")]
    return list(dict.fromkeys([*hosts, *(trick.replace("{}", f"127.0.0.1:{port}") for trick in TRICKS)]))


@pytest.fixture
def trap() -> Iterator:
    with server(nothing, "::") as running:
        yield running


def test_the_trap_is_live(tmp_path, trap):
    url = f"http://127.0.0.1:{trap.port}/"
    assert ends(fetch(tmp_path, [url], reach_of([trap.port])), [url])[url].state == "stored"
    assert trap.connections == 2  # its robots.txt and the page


def test_no_hostile_target_is_connected_to(tmp_path, trap):
    urls = hostile_urls(trap.port)
    reach = Reach(frozenset((80, 443, trap.port)), names={})
    found = ends(fetch(tmp_path, urls, reach), urls)
    assert trap.connections == 0
    assert {fetched.state.partition(".")[0] for fetched in found.values()} <= {"target", "failed"}
    assert {url for url, fetched in found.items() if fetched.state == "failed.unknown_host"} <= {
        url for url in urls if "good.example" in url or "localdomain" in url or "a..b" in url
    }
    assert len(urls) >= 230


def test_no_name_that_leads_inside_is_connected_to(tmp_path, trap):
    names = {f"a{number}.example.org": [address] for number, address in enumerate(ANSWERS)}
    mixed = {f"b{number}.example.org": ["93.184.216.34", address] for number, address in enumerate(ANSWERS)}
    urls = [f"http://{name}:{trap.port}/" for name in [*names, *mixed]]
    found = ends(fetch(tmp_path, urls, Reach(frozenset((trap.port,)), names={**names, **mixed})), urls)
    assert trap.connections == 0
    assert {fetched.state for fetched in found.values()} == {"target.address"}
    assert len(urls) == 56


def test_no_redirect_leads_inside(tmp_path, trap):
    targets = [url for url in hostile_urls(trap.port) if url.isprintable() and url.isascii()]

    def answer(hit):
        if not hit.path[
            1:
        ].isdigit():  # robots.txt, and what a redirect that begins with one slash asks of the good host
            return Reply(b"", 404)
        return Reply(b"", 302, {"Location": targets[int(hit.path[1:])]})

    with server(answer) as good:
        urls = [f"http://127.0.0.1:{good.port}/{number}" for number in range(len(targets))]
        found = ends(fetch(tmp_path, urls, reach_of([good.port, trap.port], trusted=[good.port])), urls)
        assert len(good.hits) >= len(urls)
    assert trap.connections == 0
    assert not [url for url, fetched in found.items() if fetched.url != url and fetched.state == "stored"
                and f":{good.port}/" not in fetched.url]  # fmt: skip
    assert len(urls) >= 200


def test_a_robots_txt_that_leads_inside_closes_its_site(tmp_path, trap):
    with server(lambda hit: Reply(b"", 301, {"Location": f"http://[::1]:{trap.port}/robots.txt"})) as good:
        url = f"http://127.0.0.1:{good.port}/a"
        found = ends(fetch(tmp_path, [url], reach_of([good.port, trap.port], trusted=[good.port])), [url])
        assert (found[url].state, good.paths()) == ("robots.unreachable", ["/robots.txt"])
    assert trap.connections == 0


class Rebinding(Mapping):
    """A name server that answers each question differently: the good address first."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __getitem__(self, name: str) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


def test_a_name_that_changes_its_address_is_checked_each_time(tmp_path):
    with server(lambda hit: Reply(b"", 404)) as good, server(nothing, "127.0.0.2", good.port) as inside:
        names = Rebinding(["127.0.0.1"], ["127.0.0.2"])
        reach = Reach(frozenset((good.port,)), frozenset((("127.0.0.1", good.port),)), names)
        url = f"http://turncoat.example.org:{good.port}/a"
        assert ends(fetch(tmp_path, [url], reach), [url])[url].state == "target.address"
        assert (good.connections, inside.connections, names.asked) == (1, 0, 2)


def test_each_connection_asks_for_the_address_once(tmp_path):
    with server(lambda hit: Reply(b"", 404)) as good:
        names = Rebinding(["127.0.0.1"])
        reach = Reach(frozenset((good.port,)), frozenset((("127.0.0.1", good.port),)), names)
        fetch(tmp_path, [f"http://steady.example.org:{good.port}/a"], reach)
        assert names.asked == good.connections == 2


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_the_socket_is_the_last_to_refuse(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(RefusedTarget):
        Reach().open_socket((family, socket.SOCK_STREAM, 6, "", (address, 80)))


def test_trust_is_in_an_address_and_port_and_in_nothing_beside_them():
    reach = reach_of([8000])
    reach.check("127.0.0.1", 8000)
    for address, port in (("127.0.0.1", 80), ("127.0.0.1", 8001), ("127.0.0.2", 8000), ("::1", 8000)):
        with pytest.raises(RefusedTarget):
            reach.check(address, port)


def test_no_proxy_of_the_environment_is_asked(tmp_path, trap, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    with server(lambda hit: Reply(b"page")) as good:
        url = f"http://127.0.0.1:{good.port}/"
        assert ends(fetch(tmp_path, [url], reach_of([good.port])), [url])[url].status == 200
    assert trap.connections == 0


DISGUISES = (
    str,
    lambda text: text + ".",
    lambda text: text.replace(".", "。"),
    lambda text: text.replace(".", "%2E"),
    lambda text: "".join(f"%{ord(character):02x}" for character in text),
    lambda text: text.translate({number: number + 0xFEE0 for number in range(33, 127)}),
)


@st.composite
def spelt(draw) -> tuple[str, ipaddress.IPv4Address]:
    """An IPv4 address in one of the ways in which C libraries and browsers read it."""
    address = draw(st.ip_addresses(v=4))
    octets = list(address.packed)
    parts = draw(st.integers(1, 4))
    numbers = [*octets[: parts - 1], int.from_bytes(bytes(octets[parts - 1 :]), "big")]
    forms = (str, hex, lambda n: f"0{n:o}", lambda n: f"0X{n:X}", lambda n: f"0x{n:09x}", lambda n: f"00{n:o}")
    text = ".".join(draw(st.sampled_from(forms))(number) for number in numbers)
    return draw(st.sampled_from(DISGUISES))(text), address


@given(
    spelt(), st.sampled_from(("http://{}/", "https://{}", "http://good.org@{}/a", "http:\\\\{}\\a", "HTTP://{}:80/#@b"))
)
def test_however_an_address_is_spelt_it_is_that_address(spelling, form):
    text, address = spelling
    try:
        target = Reach().target(form.replace("{}", text))
    except RefusedTarget as refusal:
        assert refusal.reason in ("target.address", "target.not_a_url")
        assert refusal.reason == "target.not_a_url" or why_not_public(str(address))
    else:
        assert (target.host, why_not_public(str(address))) == (str(address), "")


@given(st.text(st.sampled_from("0123456789abcdefxX.:[]@/\\%?#-_ \t①１。゚"), max_size=24))
def test_no_text_is_a_target_that_another_parser_takes_inside(text):
    """Whatever is let through is, for the C library too, a public address or no address at all."""
    try:
        target = Reach().target(f"http://{text}")
    except RefusedTarget:
        return
    try:
        read = ipaddress.IPv4Address(socket.inet_aton(target.host))
    except OSError:
        assert "." in target.host or ":" in target.host
        return
    assert why_not_public(str(read)) == ""
    assert str(read) == target.host
