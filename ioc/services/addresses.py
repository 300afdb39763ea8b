"""Taking over addresses: the rows of a file over what is there, whole or not at all, as an edition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import insert, select, update

from ioc.geo.address import Address
from ioc.queries.addresses import address_of
from ioc.queries.regions import Edition, newest
from ioc.services.audit import record
from ioc.store.tables import AddressRow, RegionEditionRow
from ioc.store.unit import Store

_AT_ONCE = 5_000  # rows of one statement


def take_over(
    store: Store, addresses: Iterable[Address], *, by: str, now_ms: int, note: str
) -> tuple[Edition | None, dict[str, int]]:
    """Add or change addresses by their code; what is not named stays. No edition where nothing is different.

    Also returns how many were `added`, `changed` and are the `same`.
    """
    with store.write() as unit:
        there = {row.code: address_of(row) for row in unit.scalars(select(AddressRow))}
        new, other, same = [], [], 0
        for one in addresses:
            before = there.get(one.code)
            same += before == one
            if before is None:
                new.append(one)
            elif before != one:
                other.append(one)
        counts = {"added": len(new), "changed": len(other), "same": same}
        if not new and not other:
            return None, counts
        number = newest(unit, "addresses") + 1
        unit.add(
            RegionEditionRow(book="addresses", number=number, restores=None, note=note[:200], by_name=by, at_ms=now_ms)
        )
        unit.flush()
        for statement, listed in ((insert(AddressRow), new), (update(AddressRow), other)):
            rows = [asdict(one) | {"edition": number} for one in listed]
            for start in range(0, len(rows), _AT_ONCE):
                unit.execute(statement, rows[start : start + _AT_ONCE])
        record(unit, "region.change", "addresses", now_ms, {"number": number, "note": note[:200], **counts})
        return Edition("addresses", number, by, now_ms, note[:200], None, len(new) + len(other)), counts
