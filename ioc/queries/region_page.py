"""The page of regions as a read model: what is said of each region, what is not said yet, and the editions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ioc.geo.region import Region, shipped
from ioc.queries.regions import NUMBERS, Book, Edition, book_facts, editions, region_history
from ioc.store.unit import Store

BOOKS: tuple[Book, ...] = ("communities", "numbers")
SHOWN = 12  # editions of a book on the page; `ioc geo ... list` tells more


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A region with what is said of it: fact -> body as in `ioc.queries.regions.Fact`; `depth` 0 is the district."""

    code: str
    level: str
    zh: str
    en: str
    depth: int
    facts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class BookView:
    """A book: how many of `all` facts are said, how many were `entered` here, and its editions, the newest first."""

    name: Book
    edition: int
    said: int
    entered: int
    all: int
    editions: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class RegionsView:
    """All regions, each below the one that it lies in, and the books."""

    lines: tuple[RegionLine, ...]
    books: Mapping[str, BookView]


@dataclass(frozen=True, slots=True)
class Said:
    """What an edition said of a region; `body` None: taken away."""

    edition: Edition
    fact: str
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class RegionForm:
    """A region, the editions that were looked at, and all that was ever entered of it, the newest first."""

    line: RegionLine
    seen: Mapping[str, int]
    history: tuple[Said, ...]


def regions_view(store: Store) -> RegionsView:
    """Everything that is said of regions."""
    said: dict[str, dict[str, Mapping[str, Any]]] = {}
    books: dict[str, BookView] = {}
    regions = shipped()
    sizes: Mapping[Book, int] = {"communities": len(regions.at("committee")), "numbers": len(NUMBERS) * len(regions)}
    for book in BOOKS:
        edition, facts = book_facts(store, book)
        there = [fact for fact in facts.values() if fact.body is not None]
        for fact in there:
            said.setdefault(fact.code, {})[fact.name] = fact.body or {}
        entered = sum(fact.edition > 0 for fact in there)
        changes = tuple(editions(store, book, SHOWN))
        books[book] = BookView(book, edition, len(there), entered, sizes[book], changes)
    lines = tuple(_line(region, depth, said.get(region.code, {})) for region, depth in _in_order())
    return RegionsView(lines, books)


def region_form(store: Store, code: str) -> RegionForm | None:
    """What is said of one region and was said before; None for a code that the region table lacks."""
    region = shipped().get(code)
    if region is None:
        return None
    said: dict[str, Mapping[str, Any]] = {}
    seen: dict[str, int] = {}
    past: list[Said] = []
    for book in BOOKS:
        seen[book], facts = book_facts(store, book)
        said |= {fact.name: fact.body for fact in facts.values() if fact.code == code and fact.body is not None}
        past += [Said(*each) for each in region_history(store, book, code)]
    past.sort(key=lambda one: (-one.edition.at_ms, -one.edition.number))
    return RegionForm(_line(region, len(shipped().line(code)) - 1, said), seen, tuple(past))


def _line(region: Region, depth: int, facts: Mapping[str, Mapping[str, Any]]) -> RegionLine:
    return RegionLine(region.code, region.level, region.zh, region.en, depth, facts)


def _in_order() -> list[tuple[Region, int]]:
    regions = shipped()
    found: list[tuple[Region, int]] = []

    def descend(code: str, depth: int) -> None:
        found.append((regions[code], depth))
        for child in regions.children(code):
            descend(child.code, depth + 1)

    descend(regions.root.code, 0)
    return found
