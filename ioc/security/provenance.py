"""Where a request comes from: this machine, our own page, and where a sign-in may lead. All pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_NOWHERE = ("/sign-in", "/sign-out", "/enter", "/enrol", "/api/", "/_", "/assets/", "/healthz", "/readyz", "/metrics")


def from_this_machine(peer: str | None, host: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser on this very machine asks: loopback peer, loopback name, and no proxy in between.

    A proxy on this machine makes every visitor look local; its headers give it away. The name in `host` keeps out a
    foreign page whose domain was pointed at 127.0.0.1.
    """
    try:
        loopback = ip_address(peer or "").is_loopback
    except ValueError:
        return False
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    proxied = {header.lower() for header in headers} & FORWARDED
    return loopback and name.lower() in LOOPBACK_NAMES and not proxied


def own_page(origin: str | None, fetch_site: str | None, own: Collection[str]) -> bool:
    """Whether a request that changes something was sent by one of our own pages.

    Browsers send Origin or Sec-Fetch-Site with every POST and no page can forge them; a request with neither is
    refused. `own` holds origins such as `https://ioc.example`.
    """
    return origin in own if origin is not None else fetch_site == "same-origin"


def safe_return(path: str | None) -> str | None:
    """The path if it is a page of ours to return to after signing in, else None: never another host."""
    if not path or len(path) > 2000 or not _PATH.fullmatch(path):
        return None
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or any(parts.path.startswith(prefix) for prefix in _NOWHERE):
        return None
    return path
