"""Addresses in CIDR notation. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network


def everywhere(cidrs: Iterable[str]) -> bool:
    """Whether CIDRs cover all of IPv4 or all of IPv6, in one piece or in several."""
    networks = [ip_network(each) for each in cidrs]
    v4 = (each for each in networks if isinstance(each, IPv4Network))
    v6 = (each for each in networks if isinstance(each, IPv6Network))
    return any(each.prefixlen == 0 for each in (*collapse_addresses(v4), *collapse_addresses(v6)))
