"""Which addresses are public: every block by its first and last address, and never more than Python's own table."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.fetching.addresses import _IPV4, _IPV6, why_not_public

PUBLIC = """1.1.1.1 8.8.8.8 93.184.216.34 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 172.15.255.255
172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 2606:4700::1111
2001:4860:4860::8888 2a00:1450:4001::200e 64:ff9b::808:808""".split()
NOT_PUBLIC = """0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254
169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.168.1.1 198.18.0.1 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::7f00:1 100::1 2001::1 2001:0:7f00:1:: 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 3fff::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 5f00::1 2a00::5efe:7f00:1 2a00::200:5efe:10.0.0.1 4000::1""".split()


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert why_not_public(address) == ""


@pytest.mark.parametrize(
    "address", [*NOT_PUBLIC, "", "localhost", "127.1", "0x7f000001", "010.0.0.1", "1.1.1.1.", "1.1"]
)
def test_not_public(address):
    assert why_not_public(address)


@pytest.mark.parametrize("network", [*_IPV4, *_IPV6], ids=str)
def test_blocks_are_refused_from_their_first_to_their_last_address(network):
    assert why_not_public(str(network[0])) and why_not_public(str(network[-1]))


@given(st.ip_addresses())
def test_nothing_that_python_takes_for_private_is_public(address):
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_link_local:
        inner = address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96")
        assert inner or why_not_public(str(address))


@given(st.ip_addresses(v=4))
def test_an_address_inside_an_address_is_no_way_around(address):
    number = int(address)
    if why_not_public(str(address)):
        for outer in (number, 0xFFFF << 32 | number, 0x0064_FF9B << 96 | number, 0x2002 << 112 | number << 80,
                      0x2001 << 112 | number, 0x2A00 << 112 | 0x5EFE << 32 | number):  # fmt: skip
            assert why_not_public(str(ipaddress.IPv6Address(outer)))
