"""Whether a host lies outside of this machine and its network: by its spelling, and by the addresses of its name."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host and port. Raises OSError if there are none."""
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_INSIDE: Final = (
    ipaddress.ip_network("192.0.0.0/24"),  # of protocols; Oracle's metadata
    ipaddress.ip_network("168.63.129.16/32"),  # the host of a machine at Azure
    ipaddress.ip_network("64:ff9b:1::/48"),  # translated to addresses of one network
)
"""Networks that `ipaddress` takes for public and that lead inside."""
_TRANSLATED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address."""
_LOCAL_NAMES: Final = (".localhost", ".localdomain", ".internal", ".intranet", ".local", ".lan", ".home.arpa")


def may_be_public(host: str) -> bool:
    """Whether the spelling of a host allows that it lies outside: a public address, or a name with several parts."""
    address = _literal(host.strip("[]"))
    if address is not None:
        return is_public(address)
    name = host.rstrip(".").lower()
    return "." in name.strip(".") and not name.endswith(_LOCAL_NAMES)


def is_public(address: _Address) -> bool:
    """Whether an address, and the IPv4 address that an IPv6 address holds, lie outside of every private network."""
    return all(
        item.is_global
        and not (item.is_private or item.is_multicast or item.is_reserved or item.is_link_local or item.is_loopback)
        and not getattr(item, "is_site_local", False)
        and not any(item in network for network in _INSIDE)
        for item in _reached(address)
    )


async def public_addresses(host: str, port: int, resolve: Resolve) -> list[str]:
    """The addresses of a host, in the order to try them; none if one of them lies inside. Raises OSError."""
    addresses = await resolve(host, port)
    return addresses if all(is_public(ipaddress.ip_address(address)) for address in addresses) else []


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses that the system has for a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def _literal(host: str) -> _Address | None:
    """The address that a host spells: as usual, or with decimal, octal, hexadecimal or missing parts."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return None


def _reached(address: _Address) -> Iterator[_Address]:
    """The addresses that an address may reach: the IPv4 address in one that is mapped, translated or tunnelled, too."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    last = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif any(address in network for network in _TRANSLATED):
        yield last
        if int(address) >> 32 == 0:  # `::1` and the like: no tunnel leads there
            yield address
    elif address.sixtofour is not None:
        yield from (address, address.sixtofour)
    elif address.teredo is not None:
        yield from (address, *address.teredo)
    else:
        yield address
