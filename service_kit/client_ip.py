"""The caller's address, behind proxies that are trusted by configuration and no others."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def client_ip(
    scope: Scope, trusted_proxies: Sequence[Network], header: str = "X-Forwarded-For"
) -> str:
    """Return the address a request came from, in its shortest form, or "" if there is none.

    The socket's own address counts unless it is a trusted proxy; then the header is walked from the
    right to the first address that is not, since everything left of it is only claimed.
    IPv4-mapped IPv6 addresses are returned as IPv4.

    Args:
        scope: The request's.
        trusted_proxies: Whose word is taken.
        header: Where they give it: X-Forwarded-For, which proxies append to, or another that the
            outermost sets, as platforms have one.
    """
    peer = _parse((scope.get("client") or ("", 0))[0])
    if peer is None:
        return ""
    if not _trusted(peer, trusted_proxies):
        return str(peer)
    for entry in reversed(_forwarded(scope, header.lower().encode())):
        hop = _parse(entry)
        if hop is None:
            break
        peer = hop
        if not _trusted(hop, trusted_proxies):
            break
    return str(peer)


def rate_limit_key(address: str) -> str:
    """Return what one caller is counted under: an IPv4 address, or the /64 of an IPv6 one.

    A single IPv6 customer holds a whole /64, so counting addresses would count nothing.
    """
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network(f"{parsed}/64", strict=False))
    return address


def _forwarded(scope: Scope, header: bytes) -> list[str]:
    values = [value for name, value in scope["headers"] if name == header]
    return [part.strip() for part in b",".join(values).decode("latin-1").split(",")]


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))  # without its scope id
    return address


def _trusted(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
