"""The addresses there are, and the gazetteer of a day over them, kept until an edition says otherwise."""

from __future__ import annotations

import threading
from datetime import date
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.geo.address import Address, Kind
from ioc.geo.gazetteer import Community, Gazetteer
from ioc.geo.region import shipped
from ioc.queries.regions import facts, newest
from ioc.store.tables import AddressRow
from ioc.store.unit import Store


def address_of(row: AddressRow) -> Address:
    """The address that a row keeps."""
    return Address(
        row.code, cast(Kind, row.kind), row.name, row.parent, row.region, row.lon, row.lat, row.valid_from, row.valid_to
    )


def addresses(store: Store) -> dict[str, Address]:
    """All addresses by code, those of other days too."""
    with store.read() as unit:
        return {row.code: address_of(row) for row in unit.scalars(select(AddressRow).order_by(AddressRow.code))}


def communities(unit: Session) -> dict[str, Community]:
    """Committee -> community, as the district says now."""
    return {
        code: Community(fact.body["code"], fact.body["zh"], fact.body["en"])
        for (code, _), fact in facts(unit, "communities").items()
        if fact.body is not None
    }


class Gazetteers:
    """Thread-safe; makes the gazetteer of a day when it is first asked for, and anew after a change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._made: tuple[tuple[int, int, date], Gazetteer] | None = None

    def on(self, day: date) -> Gazetteer:
        """The gazetteer in force. Raises SQLAlchemyError."""
        with self._lock, self._store.read() as unit:
            stamp = newest(unit, "communities"), newest(unit, "addresses"), day
            if self._made is None or self._made[0] != stamp:
                valid = [one for row in unit.scalars(select(AddressRow)) if (one := address_of(row)).valid_on(day)]
                self._made = stamp, Gazetteer(shipped(), communities(unit), valid)
            return self._made[1]
