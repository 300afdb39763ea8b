"""The calendars that the packs declare, by name, with the one that is always open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metrics.calendar import ALWAYS, Calendar

if TYPE_CHECKING:
    from ioc.packs.content import Content


def calendars(content: Content) -> Mapping[str, Calendar]:
    """Every calendar by its name. Raises ValueError for one that is not as it must be."""
    tables = {
        name: table
        for pack in content.packs
        if pack.sources is not None
        for name, table in pack.sources.raw.get("calendar", {}).items()
    }
    return {ALWAYS: Calendar.always()} | {name: Calendar.read(table, name) for name, table in tables.items()}
