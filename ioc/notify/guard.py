"""The guard of channels: while a message goes out, its thread connects to the addresses that were judged and no other.

It listens to the interpreter's own events, so that what a library does inside (a redirect, a second look at the name
service, a proxy from the environment) is judged too.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

Address = tuple[str, int]  # IP address, port

_HERE = threading.local()
_LISTENING = threading.Lock()
_listens = False


class Forbidden(PermissionError):
    """A connection to an address that nobody judged was about to be made."""


@contextmanager
def reaching(addresses: Collection[Address]) -> Iterator[None]:
    """Within, this thread connects to these addresses only; anything else raises Forbidden there."""
    _listen()
    _HERE.permitted = frozenset(addresses)
    try:
        yield
    finally:
        del _HERE.permitted


def _listen() -> None:
    global _listens  # noqa: PLW0603 - a listener of the interpreter is there once and for good
    with _LISTENING:
        if not _listens:
            sys.addaudithook(_judge)
            _listens = True


def _judge(event: str, given: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    permitted = getattr(_HERE, "permitted", None)
    if permitted is None:
        return
    address = given[1]
    if not isinstance(address, tuple) or (str(address[0]).partition("%")[0], address[1]) not in permitted:
        raise Forbidden("this address was not judged")
