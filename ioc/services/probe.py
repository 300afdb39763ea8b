"""A probe: whether the entry of a linked system answers, asked only where the allow-list permits and within a limit.

The name is resolved once and the address that was checked is the one connected to. Redirects are not followed, nothing
but the first line of the answer is read.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from ioc.services.outward import PORTS, Origin, Refused, Resolve, addresses, origin, permitted
from metrics.clock import monotonic_s

LIMIT_S: Final = 5.0  # for all of it but the name service, which has limits of its own
LINE_BYTES: Final = 1_024  # the first line of an answer; no server of ours has a longer one


@dataclass(frozen=True, slots=True)
class Answer:
    """`state`: `ok` (it answers), `dead`, `blocked` (not asked) or `unknown` (no address). `detail` says why."""

    state: str
    detail: str


def probe(entry: str, allowed: Iterable[Origin], resolve: Resolve = addresses, limit_s: float = LIMIT_S) -> Answer:
    """Ask an entry once. Any answer below 500 is a living system: what it shows to whom is its own affair."""
    if not entry:
        return Answer("unknown", "no address")
    try:
        asked = origin(entry)
    except ValueError:
        return Answer("blocked", "no http(s) address")
    if asked not in frozenset(allowed):
        return Answer("blocked", "not on the allow-list")
    try:
        address = permitted(asked[1], resolve(asked[1], asked[2]))
        status = _status(entry, asked, address, monotonic_s() + limit_s)
    except Refused as refused:
        return Answer("blocked", str(refused))
    except socket.gaierror:
        return Answer("dead", "no such name")
    except TimeoutError:
        return Answer("dead", "no answer in time")
    except ssl.SSLError:
        return Answer("dead", "no valid TLS")
    except (OSError, ValueError):
        return Answer("dead", "no connection")
    return Answer("ok" if status < 500 else "dead", f"HTTP {status}")


def _status(entry: str, asked: Origin, address: str, until_s: float) -> int:
    """Raises OSError (TimeoutError, ssl.SSLError) and ValueError for what is no HTTP."""
    scheme, host, port = asked

    def left() -> float:
        remaining = until_s - monotonic_s()
        if remaining <= 0:
            raise TimeoutError
        return remaining

    with socket.create_connection((address, port), timeout=left()) as plain:
        channel = plain
        if scheme == "https":
            channel = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        with channel:
            channel.settimeout(left())
            channel.sendall(_request(entry, asked))
            line = b""
            while b"\n" not in line and len(line) < LINE_BYTES:
                channel.settimeout(left())
                more = channel.recv(LINE_BYTES - len(line))
                if not more:
                    break
                line += more
    words = line.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/"):
        raise ValueError("no HTTP")
    return int(words[1][:3])


def _request(entry: str, asked: Origin) -> bytes:
    scheme, host, port = asked
    path = quote(urlsplit(entry).path or "/", safe="/%:@!$&'()*+,;=~-._")
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    told = name if port == PORTS[scheme] else f"{name}:{port}"
    return f"HEAD {path} HTTP/1.1\r\nHost: {told}\r\nUser-Agent: ioc-links\r\nConnection: close\r\n\r\n".encode()
