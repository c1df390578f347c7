"""Public network addresses: the only ones that a fetcher may connect to.

Anybody may write a link in a crawl. Followed blindly it asks the router, a database on the next machine or a
cloud's metadata service, which hands out credentials. So an address counts as public only if nothing speaks against it.
Of IPv4 the blocks of IANA's special-purpose registry (RFC 6890) are left out, and the addresses at which clouds answer
their own machines. Of IPv6 only 2000::/3 is routed on the Internet; what lies outside is refused unseen, and within
it the blocks that carry an IPv4 address inside (6to4, Teredo, ISATAP), which a router may unwrap to anything. An
address of NAT64 (64:ff9b::/96), which networks without IPv4 need, counts as the IPv4 address in it.

`ipaddress.is_global` is not asked: its tables differ between versions of Python, and it takes multicast for global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_IPV4 = {
    IPv4Network(network): name
    for network, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),  # Azure's, amid public addresses
        ("169.254.0.0/16", "link-local, cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments, cloud metadata"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved, broadcast"),
    )
}
_ROUTED_IPV6 = IPv6Network("2000::/3")
_IPV6 = {
    IPv6Network(network): name
    for network, name in (
        ("2001::/23", "protocol assignments, Teredo"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
    )
}
_NAT64 = IPv6Network("64:ff9b::/96")
# Bits 32 to 63 of an ISATAP address, with the "universal" bit off or on; the IPv4 address follows in the lowest 32.
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_LOW_32_BITS = 2**32 - 1


def why_not_public(address: str) -> str:
    """The name of the block that keeps an address from being public; "" for a public one.

    `address` is as `getaddrinfo` gives it. One with a zone (`fe80::1%eth0`), or that is none, is not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    return _why_not_ipv4(parsed) if isinstance(parsed, IPv4Address) else _why_not_ipv6(parsed)


def _why_not_ipv4(address: IPv4Address) -> str:
    return next((name for network, name in _IPV4.items() if address in network), "")


def _why_not_ipv6(address: IPv6Address) -> str:
    if address.scope_id is not None:
        return "address with a zone"
    if address in _NAT64:
        # 64:ff9b::7f00:1 has 7f00:0001 in its low bits: 127.0.0.1.
        inner = _why_not_ipv4(IPv4Address(int(address) & _LOW_32_BITS))
        return f"NAT64 of {inner}" if inner else ""
    if address not in _ROUTED_IPV6:
        return "not routed on the Internet"
    # 2a00::5efe:7f00:1, shifted by 32, ends with 0000:5efe.
    if (int(address) >> 32) & _LOW_32_BITS in _ISATAP:
        return "ISATAP"
    return next((name for network, name in _IPV6.items() if address in network), "")
