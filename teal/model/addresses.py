"""Decides which addresses mean everywhere, and which may be sent a secret. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from urllib.parse import urlsplit


def everywhere(cidrs: Iterable[str]) -> bool:
    """Return whether CIDRs cover all of IPv4 or all of IPv6, in one piece or in several."""
    networks = [ip_network(each) for each in cidrs]
    v4 = (each for each in networks if isinstance(each, IPv4Network))
    v6 = (each for each in networks if isinstance(each, IPv6Network))
    return any(each.prefixlen == 0 for each in (*collapse_addresses(v4), *collapse_addresses(v6)))


def keeps_a_secret(url: str) -> bool:
    """Return whether nobody on the way can read what is sent to a URL: it goes over TLS, or to this machine."""
    return urlsplit(url).scheme == "https" or is_here(url)


def is_here(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
