"""Outward addresses: where this centre may connect to, and at which of a name's addresses. Nothing is opened here.

A name is resolved once and the address that was judged is the one connected to; what a later answer of the name
service says does not matter.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PORTS: Final = {"http": 80, "https": 443}
MAIL_PORTS: Final = {"smtp": 25, "smtps": 587}
BROKER_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
# Where clouds tell machines their secrets: nobody's system, whatever an allow-list says.
METADATA: Final = frozenset({"100.100.100.200", "168.63.129.16", "fd00:ec2::254"})

Origin = tuple[str, str, int]  # scheme, host, port
Resolve = Callable[[str, int], list[str]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Refused(Exception):
    """The address must not be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What connectors may reach: `origins`, and the private `networks` that names among them may lead into."""

    origins: frozenset[Origin] = frozenset()
    networks: tuple[Network, ...] = ()

    def address(self, text: str, resolve: Resolve | None = None) -> tuple[Origin, str]:
        """The origin of an address and the one IP address to connect to. Raises Refused, OSError (no such name)."""
        try:
            asked = origin(text, PORTS | BROKER_PORTS)
        except ValueError:
            raise Refused("no address of a known kind") from None
        if asked not in self.origins:
            raise Refused(f"{asked[0]}://{asked[1]}:{asked[2]} is not on the allow-list")
        return asked, permitted(asked[1], (resolve or addresses)(asked[1], asked[2]), self.networks)


def origin(text: str, ports: dict[str, int] = PORTS) -> Origin:
    """Scheme, host and port of an address. Raises ValueError for one of another scheme, or with a password in it."""
    parts = urlsplit(text)
    if parts.scheme not in ports or not parts.hostname or parts.username or parts.password:
        raise ValueError(f"not an address of {', '.join(ports)}: {text[:80]!r}")
    return parts.scheme, parts.hostname, parts.port or ports[parts.scheme]


def allow_list(text: str) -> frozenset[Origin]:
    """`https://a.example, http://10.1.2.3:8080` as origins. Raises ValueError."""
    return frozenset(origin(part) for part in _parts(text))


def allowed(text: str) -> Allowed:
    """`https://a.example, mqtts://broker.example, 10.1.0.0/16`: origins and networks. Raises ValueError."""
    networks = [part for part in _parts(text) if "://" not in part]
    origins = frozenset(origin(part, PORTS | BROKER_PORTS) for part in _parts(text) if "://" in part)
    return Allowed(origins, tuple(ipaddress.ip_network(part) for part in networks))


def notified(text: str) -> Allowed:
    """`https://oapi.example, smtps://mail.example, 10.1.0.0/16`: where messages may go out. Raises ValueError."""
    networks = [part for part in _parts(text) if "://" not in part]
    origins = frozenset(origin(part, PORTS | MAIL_PORTS) for part in _parts(text) if "://" in part)
    return Allowed(origins, tuple(ipaddress.ip_network(part) for part in networks))


def addresses(host: str, port: int) -> list[str]:
    """What the name service says. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def permitted(host: str, found: Sequence[str], networks: Collection[Network] | None = None) -> str:
    """The first address, if none of them is forbidden: a name that also leads inwards is no name to trust.

    This machine itself only for who writes its very address. With `networks`, private addresses too only for who
    writes the very address, or names a network that holds it. Raises Refused.
    """
    if not found:
        raise Refused("no address")
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_link_local or address.is_multicast or address.is_unspecified or str(address) in METADATA:
            raise Refused("forbidden address")
        inward = address.is_loopback or (networks is not None and not address.is_global)
        if inward and text != host and not any(address in network for network in networks or ()):
            raise Refused("forbidden address")
    return found[0]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
