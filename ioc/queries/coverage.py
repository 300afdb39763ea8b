"""Which roads of a registry an indicator counts, and in which places it has none of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics.world import World


@dataclass(frozen=True, slots=True)
class Coverage:
    """The roads that an indicator counts (id -> code of the subdistrict, empty if it lies in none).

    `least` is the share of them, 0 to 1, that must have reported in a window before its value is judged; None: any.
    """

    roads: Mapping[str, str]
    least: float | None = None


_CLASS = re.compile(r"\bclass = '([^']+)'")


def roads_of(bundle: Mapping[str, Any], world: World, sources: Iterable[str]) -> Sequence[Mapping[str, Any]]:
    """The rows of the first registry that one of the sources has in this world; empty if none has one."""
    for source in sources:
        table = bundle["sources"][source]
        variant = table.get("variants", {}).get(world.variants.get(source, ""), {})
        rows: Sequence[Mapping[str, Any]] = bundle["registries"].get(variant.get("registry", table.get("registry")), ())
        if rows:
            return rows
    return ()


def kinds(table: Mapping[str, Any]) -> frozenset[str]:
    """The road classes that the measures of an indicator are limited to; empty when one of them takes every class."""
    named = [_CLASS.findall(measure.get("where", "")) for measure in table.get("measures", {}).values()]
    return frozenset(kind for each in named for kind in each) if named and all(named) else frozenset()


def counted(table: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The rows of the registry that the indicator counts, in their order."""
    wanted = kinds(table)
    return tuple(row for row in rows if not wanted or row.get("class") in wanted)


def covered(table: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], least: float | None) -> Coverage:
    """What the wall must know to say how many roads are behind a value of the indicator."""
    return Coverage({row["id"]: row.get("code", "") for row in counted(table, rows)}, least)


def lacking(table: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], codes: Iterable[str]) -> dict[str, str]:
    """Place code -> what it lacks for the indicator to have a value there: `road`, or the one class that is counted."""
    having = {row.get("code") for row in counted(table, rows)}
    wanted = kinds(table)
    lack = next(iter(wanted)) if len(wanted) == 1 else "road"
    roaded = {row.get("code") for row in rows}
    return {code: lack if code in roaded else "road" for code in codes if code not in having}
