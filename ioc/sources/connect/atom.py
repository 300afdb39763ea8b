"""Feeds of messages: the entries of an Atom or RSS 2.0 document, each with a link or the message itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin
from xml.etree import ElementTree as Tree

from ioc.sources.connect.cap import NAMESPACE, CapError

ATOM: Final = "http://www.w3.org/2005/Atom"
CAP_TYPES: Final = ("application/cap+xml", "application/common-alerting-protocol+xml")
_XML_TYPES: Final = ("application/xml", "text/xml")


@dataclass(frozen=True, slots=True)
class Entry:
    """`id` and `updated` say whether it is known already; `alert` is the message where the feed carries it whole, else
    `link` says where it is, as an absolute address."""

    id: str
    updated: str
    link: str
    alert: Tree.Element | None


def entries(root: Tree.Element, address: str) -> list[Entry]:
    """The entries of a feed that was read from `address`, in its order. A bare `alert` is a feed of one.

    Raises CapError for a document of another kind. Entries with neither a message nor a link are left out.
    """
    if root.tag == f"{{{NAMESPACE}}}alert":
        return [Entry("", "", address, root)]
    if root.tag == f"{{{ATOM}}}feed":
        return list(_atom(root, address))
    if root.tag == "rss":
        return list(_rss(root, address))
    raise CapError(f"不是 Atom、RSS 或 CAP 1.2 neither Atom, RSS nor CAP 1.2: {root.tag[:120]}")


def _atom(root: Tree.Element, address: str) -> Iterator[Entry]:
    for one in root.iter(f"{{{ATOM}}}entry"):
        alert = one.find(f"{{{ATOM}}}content/{{{NAMESPACE}}}alert")
        link = _link(one, address)
        if alert is not None or link:
            told = one.findtext(f"{{{ATOM}}}id", "").strip()
            yield Entry(told or link, one.findtext(f"{{{ATOM}}}updated", "").strip(), link, alert)


def _link(entry: Tree.Element, address: str) -> str:
    """Of several links that of type CAP, then one of XML, then one without type; pages for people are no message."""
    ranked: list[tuple[int, str]] = []
    for link in entry.findall(f"{{{ATOM}}}link"):
        kind, rel = link.get("type", "").partition(";")[0].strip().lower(), link.get("rel", "alternate")
        rank = 0 if kind in CAP_TYPES else 1 if kind in _XML_TYPES else 2 if not kind else 3
        if rank < 3 and rel in ("alternate", "enclosure", "related", "self") and link.get("href"):
            ranked.append((rank, link.get("href", "")))
    return urljoin(address, min(ranked, key=lambda one: one[0])[1]) if ranked else ""


def _rss(root: Tree.Element, address: str) -> Iterator[Entry]:
    for one in root.iter("item"):
        alert = one.find(f".//{{{NAMESPACE}}}alert")
        link = one.findtext("link", "").strip()
        link = urljoin(address, link) if link else ""
        if alert is not None or link:
            told = one.findtext("guid", "").strip() or link
            yield Entry(told, one.findtext("pubDate", "").strip(), link, alert)
