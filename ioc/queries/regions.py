"""What the district says of its regions: the community of each committee, population and area, edition by edition.

Nothing of it is shipped but the district's own numbers: what nobody entered is unknown, and stays so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.geo.region import Regions, shipped
from ioc.store.tables import RegionEditionRow, RegionFactRow
from ioc.store.unit import Store

Book = Literal["communities", "numbers", "addresses"]
FactName = Literal["community", "population", "area_km2"]
Key: TypeAlias = tuple[str, str]  # code of a region, name of a fact
NUMBERS: tuple[FactName, ...] = ("population", "area_km2")
FACTS: Mapping[Book, tuple[FactName, ...]] = {"communities": ("community",), "numbers": NUMBERS}
YEAR_AND_SOURCE = {"population": ("population_year", "population_source"), "area_km2": ("area_year", "area_source")}


@dataclass(frozen=True, slots=True)
class Edition:
    """One change of a book; `restores`: the edition that an undo went back to. `facts`: how many it said."""

    book: str
    number: int
    by: str
    at_ms: int
    note: str
    restores: int | None
    facts: int


@dataclass(frozen=True, slots=True)
class Fact:
    """What is said of a region. `body` of a community: code, zh, en; of a number: value, year, source; None: nothing.

    `edition` 0 is as shipped.
    """

    code: str
    name: str
    body: Mapping[str, Any] | None
    edition: int = 0


def newest(unit: Session, book: Book) -> int:
    """The number of the edition in force, 0 while nothing was ever changed."""
    return unit.scalar(select(func.max(RegionEditionRow.number)).where(RegionEditionRow.book == book)) or 0


def facts(unit: Session, book: Book, edition: int | None = None, regions: Regions | None = None) -> dict[Key, Fact]:
    """Everything a book says, in an edition or in the one in force; what was removed has no body."""
    found = {} if book == "communities" else _seed(regions or shipped())
    wanted = select(RegionFactRow).where(RegionFactRow.book == book).order_by(RegionFactRow.number)
    if edition is not None:
        wanted = wanted.where(RegionFactRow.number <= edition)
    for row in unit.scalars(wanted):
        body = None if row.body is None else json.loads(row.body)
        found[row.code, row.fact] = Fact(row.code, row.fact, body, row.number)
    return found


def book_facts(store: Store, book: Book, edition: int | None = None) -> tuple[int, dict[Key, Fact]]:
    """The number of the edition in force, and what it (or the one asked for) says."""
    with store.read() as unit:
        return newest(unit, book), facts(unit, book, edition)


def editions(store: Store, book: Book, most: int | None = None) -> list[Edition]:
    """The changes of a book, the newest first."""
    counted = (
        select(RegionFactRow.number, func.count().label("facts"))
        .where(RegionFactRow.book == book)
        .group_by(RegionFactRow.number)
        .subquery()
    )
    wanted = (
        select(RegionEditionRow, func.coalesce(counted.c.facts, 0))
        .outerjoin(counted, counted.c.number == RegionEditionRow.number)
        .where(RegionEditionRow.book == book)
        .order_by(RegionEditionRow.number.desc())
        .limit(most)
    )
    with store.read() as unit:
        return [
            Edition(row.book, row.number, row.by_name, row.at_ms, row.note, row.restores, count)
            for row, count in unit.execute(wanted)
        ]


def region_history(store: Store, book: Book, code: str) -> list[tuple[Edition, str, Mapping[str, Any] | None]]:
    """(edition, fact, what it said) of a region, the newest first."""
    wanted = (
        select(RegionEditionRow, RegionFactRow)
        .join(
            RegionFactRow,
            (RegionFactRow.book == RegionEditionRow.book) & (RegionFactRow.number == RegionEditionRow.number),
        )
        .where(RegionFactRow.book == book, RegionFactRow.code == code)
        .order_by(RegionFactRow.number.desc(), RegionFactRow.fact)
    )
    with store.read() as unit:
        return [
            (
                Edition(row.book, row.number, row.by_name, row.at_ms, row.note, row.restores, 1),
                fact.fact,
                None if fact.body is None else json.loads(fact.body),
            )
            for row, fact in unit.execute(wanted)
        ]


def entered_numbers(store: Store) -> tuple[int, dict[str, dict[str, Any]]]:
    """The edition of the numbers, and code -> attributes of the region table as entered here; None: known no more."""
    edition, found = book_facts(store, "numbers")
    rows: dict[str, dict[str, Any]] = {}
    for fact in found.values():
        if fact.edition:
            year, source = YEAR_AND_SOURCE[fact.name]
            told = fact.body or {}
            rows.setdefault(fact.code, {}).update(
                {fact.name: told.get("value"), year: told.get("year"), source: told.get("source")}
            )
    return edition, rows


def _seed(regions: Regions) -> dict[Key, Fact]:
    found: dict[Key, Fact] = {}
    for region in regions:
        for name in NUMBERS:
            value = getattr(region, name)
            if value is not None:
                year, source = (getattr(region, key) for key in YEAR_AND_SOURCE[name])
                found[region.code, name] = Fact(
                    region.code, name, {"value": value, "year": year, "source": source or ""}
                )
    return found
