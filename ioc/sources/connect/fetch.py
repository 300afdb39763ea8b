"""Fetching: one document over HTTP from an allowed address, within limits of time and size.

Each address, also one that a redirect or a feed names, must be on the allow-list; it is resolved once and the address
that was judged is the one connected to. Redirects are followed a few times; secrets go to their own origin only.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from ioc.services.outward import PORTS, Allowed, Origin, Refused, Resolve, addresses
from metrics.clock import monotonic_s

LIMIT_S = 20.0  # for all of it, redirects too
MOST_BYTES = 8 * 2**20
REDIRECTS = 3
_PIECE = 65_536
_MOVED = frozenset({301, 302, 303, 307, 308})


class FetchError(OSError):
    """The document was not got; the text says why. Worth another try later."""


@dataclass(frozen=True, slots=True)
class Document:
    """`address` is where it came from in the end. `changed` False: the server says that it is as before."""

    address: str
    body: bytes
    tag: str = ""  # ETag, to be sent with the next question
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Fetcher:
    """`secrets`: headers for the origin that is named in them and no other."""

    allowed: Allowed
    secrets: Mapping[Origin, Mapping[str, str]] = field(default_factory=dict)
    resolve: Resolve = addresses
    limit_s: float = LIMIT_S
    most_bytes: int = MOST_BYTES

    def get(self, address: str, accept: str, tag: str = "") -> Document:
        """Raises FetchError, also when an address is not allowed."""
        until_s = monotonic_s() + self.limit_s
        for _ in range(REDIRECTS + 1):
            try:
                found = self._once(address, accept, tag, until_s)
            except Refused as refused:
                raise FetchError(f"{_shown(address)}: {refused}") from None
            except socket.gaierror:
                raise FetchError(f"{_shown(address)}: no such name") from None
            except TimeoutError:
                raise FetchError(f"{_shown(address)}: no answer in time") from None
            except FetchError:
                raise
            except (OSError, http.client.HTTPException, ValueError) as error:
                if monotonic_s() >= until_s:
                    raise FetchError(f"{_shown(address)}: no answer in time") from None
                raise FetchError(f"{_shown(address)}: {type(error).__name__}: {error}"[:300]) from None
            if isinstance(found, Document):
                return found
            address = found
        raise FetchError(f"{_shown(address)}: redirected more than {REDIRECTS} times")

    def _once(self, address: str, accept: str, tag: str, until_s: float) -> Document | str:
        """The document, or where it has moved to."""
        asked, at = self.allowed.address(address, self.resolve)
        if asked[0] not in PORTS:
            raise Refused("no http(s) address")
        left = until_s - monotonic_s()
        if left <= 0:
            raise TimeoutError
        connection = _Pinned(asked, at, left)
        # a server that sends a byte now and then keeps every single wait short: the whole is ended from outside
        end = threading.Timer(left, connection.cut)
        end.daemon = True
        end.start()
        try:
            headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "ioc-source"}
            headers |= self.secrets.get(asked, {})
            if tag:
                headers["If-None-Match"] = tag
            parts = urlsplit(address)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", _quoted(path), headers=headers)
            answer = connection.getresponse()
            if answer.status in _MOVED and answer.headers["Location"]:
                return str(urljoin(address, answer.headers["Location"]))
            if answer.status == 304 and tag:
                return Document(address, b"", tag, changed=False)
            if answer.status != 200:
                raise FetchError(f"{_shown(address)}: HTTP {answer.status}")
            if (answer.headers["Content-Encoding"] or "identity").lower() != "identity":
                raise FetchError(f"{_shown(address)}: compressed, which was not asked for")
            try:
                body = self._body(answer, address)
            finally:
                if connection.over:
                    raise TimeoutError
            return Document(address, body, answer.headers["ETag"] or "")
        finally:
            end.cancel()
            connection.close()

    def _body(self, answer: http.client.HTTPResponse, address: str) -> bytes:
        parts, size = [], 0
        while piece := answer.read(_PIECE):
            size += len(piece)
            if size > self.most_bytes:
                raise FetchError(f"{_shown(address)}: more than {self.most_bytes} bytes")
            parts.append(piece)
        if answer.headers["Content-Length"] not in (None, str(size)):
            raise FetchError(f"{_shown(address)}: it broke off after {size} bytes")
        return b"".join(parts)


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was judged, by the name that was asked for."""

    def __init__(self, asked: Origin, at: str, timeout: float) -> None:
        super().__init__(asked[1], asked[2], timeout=timeout)
        self.default_port = PORTS[asked[0]]
        self._asked, self._at = asked, at
        self.over = False

    def connect(self) -> None:
        plain = socket.create_connection((self._at, self._asked[2]), timeout=self.timeout)
        self.sock = plain
        if self._asked[0] == "https":
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._asked[1])

    def cut(self) -> None:
        """End it from another thread: whoever waits gets an error."""
        self.over = True
        with suppress(OSError, AttributeError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _quoted(path: str) -> str:
    """A path that a server or a person wrote with marks that no request line may have."""
    return "".join(
        mark if 0x20 < ord(mark) < 0x7F else "".join(f"%{byte:02X}" for byte in mark.encode()) for mark in path
    )


def _shown(address: str) -> str:
    """Without the question: it may hold a key."""
    return address.partition("?")[0][:160]
