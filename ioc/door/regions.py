"""What pages read and change of regions, at the desk of the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import current_app

from ioc.door.desk import Desk
from ioc.door.visitor import current_person, require
from ioc.geo.region import shipped
from ioc.queries import region_page
from ioc.queries.region_page import RegionForm, RegionsView
from ioc.queries.regions import NUMBERS, Book, Edition, Key, book_facts
from ioc.security.permission import Permission
from ioc.services import region_book, region_csv


def _desk() -> Desk:
    desk: Desk = current_app.extensions["ioc"]
    return desk


def regions_view() -> RegionsView:
    """Everything that is said of regions, and what is not said yet."""
    return region_page.regions_view(_desk().store)


def region_form(code: str) -> RegionForm | None:
    """What is said of one region and was said before; None for an unknown code."""
    return region_page.region_form(_desk().store, code)


def change_region(code: str, book: Book, typed: Mapping[str, str], seen: int) -> Edition | None:
    """Say something else of a region, as the visitor; `typed`: the fields of the form. None: nothing is different.

    Raises Forbidden, Refusal, SQLAlchemyError.
    """
    require(Permission.REGION_EDIT)
    bodies: dict[Key, dict[str, Any] | None] = {}
    if book == "communities":
        said = {name: typed.get(name, "").strip() for name in ("code", "zh", "en")}
        bodies[code, "community"] = said if any(said.values()) else None
    else:
        for name in NUMBERS:
            cells = (typed.get(f"{name}_{part}", "") for part in ("value", "year", "source"))
            bodies[code, name] = region_book.number_body(*cells)
    desk, by = _desk(), _by()
    return _told(region_book.change(desk.store, book, bodies, seen, by=by, now_ms=desk.clock()))


def region_table(book: Book) -> tuple[int, str]:
    """The edition in force of a book and all it says, as the text of a CSV file."""
    edition, found = book_facts(_desk().store, book)
    return edition, region_csv.write(book, shipped(), found).removeprefix("\ufeff").replace("\r\n", "\n")


def change_regions(book: Book, text: str, seen: int, *, check: bool) -> tuple[dict[str, int], Edition | None]:
    """Take over what a whole table says, as the visitor; `check`: only look whether it could be.

    Returns how many facts would be `added`, `changed`, `removed` and stay the `same`, and the edition that was made.
    Raises Forbidden, Refusal, SQLAlchemyError.
    """
    require(Permission.REGION_EDIT)
    desk, by = _desk(), _by()
    bodies = region_csv.read(book, text.encode())
    counts = region_book.compare(book_facts(desk.store, book)[1], bodies)
    if check:
        region_book.check(desk.store, book, bodies)
        return counts, None
    return counts, _told(region_book.change(desk.store, book, bodies, seen, by=by, now_ms=desk.clock()))


def undo_regions(book: Book, seen: int) -> Edition:
    """Go back to the edition before, as the visitor. Raises Forbidden, Refusal, SQLAlchemyError."""
    require(Permission.REGION_EDIT)
    desk, by = _desk(), _by()
    made = region_book.undo(desk.store, book, seen, by=by, now_ms=desk.clock())
    _told(made)
    return made


def _by() -> str:
    person = current_person()
    return person.name if person else ""


def _told(made: Edition | None) -> Edition | None:
    if made is not None:
        structlog.get_logger().info(
            "region_book_changed", book=made.book, edition=made.number, facts=made.facts, restores=made.restores,
            by=made.by,
        )  # fmt: skip
    return made
