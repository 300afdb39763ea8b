"""Soundness: what only the loaded definitions show - units that do not fit, levels that nothing reaches, event types
whose condition has no meaning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ioc.packs.bounds import of_indicator
from ioc.packs.content import Content, Row
from ioc.packs.files import line
from ioc.packs.schema import SourceTable
from metrics.definition import Bundle
from metrics.formula import FormulaError, parse, problems
from metrics.indicator import Indicator
from metrics.layer import FILE as LAYERS_FILE
from metrics.region import LEVELS
from metrics.source import Source

FILE = "indicators.toml"  # the name that the language gives to every file of indicators
FAULTY = ("unit", "literal")  # warnings of the language that a pack may not have


def faults(content: Content, bundle: Bundle) -> list[str]:
    """One line per fault of packs that were loaded into `bundle`."""
    doubts = [one for one in bundle.warnings if one.split(": ")[1] in FAULTY]
    return placed(
        content, [*doubts, *_alarm_levels(bundle), *_region_levels(content, bundle), *_conditions(content, bundle)]
    )


def placed(content: Content, lines: list[str]) -> list[str]:
    """Lines of the language with the pack's own file before the name of an indicator or source."""
    homes: dict[tuple[str, str], str] = {}
    for pack in content.packs:
        for table in pack.indicators.model.indicator if pack.indicators else ():
            homes[FILE, table.id] = pack.indicators.name if pack.indicators else FILE
        for name in (*pack.sources.model.source, *pack.sources.model.calendar) if pack.sources else ():
            homes["sources.toml", name] = pack.sources.name if pack.sources else ""
        for layer in pack.pack.model.layer:
            homes[LAYERS_FILE, layer.id] = pack.pack.name
    found = []
    for one in lines:
        file, _, rest = one.partition(":")
        found.append(f"{homes.get((file, rest.partition(':')[0].partition('.')[0]), file)}:{rest}")
    return found


# ---- alarm levels ----


def _alarm_levels(bundle: Bundle) -> Iterator[str]:
    for indicator in bundle.indicators:
        thresholds = indicator.thresholds
        if thresholds is None or thresholds.direction == "context":
            continue
        low, high = (0.0, math.inf) if thresholds.on == "z" else of_indicator(indicator, bundle.sources)
        sets = [
            ("", thresholds.limits),
            *((f"variants.{at}.", one.limits) for at, one in enumerate(thresholds.variants)),
        ]
        for place, limits in sets:
            for at, (level, limit) in enumerate(limits):
                key = f"{indicator.id}.thresholds.{place}{level}"
                if at + 1 < len(limits) and limits[at + 1][1] == limit:
                    yield line(FILE, key, "literal", f"it is never shown: {limits[at + 1][0]} has the same limit")
                elif thresholds.on == "value" and _beyond(thresholds.direction == "up", limit, low, high):
                    yield line(FILE, key, "literal", f"it is never reached: values are {_from_to(low, high)}")


def _beyond(up: bool, limit: float, low: float, high: float) -> bool:
    return limit <= low if up else limit > high


def _from_to(low: float, high: float) -> str:
    least = "" if low == -math.inf else f"from {low:g}"
    most = "" if high == math.inf else f"up to {high:g}"
    return " ".join(part for part in (least, most) if part)


# ---- region levels ----


def _region_levels(content: Content, bundle: Bundle) -> Iterator[str]:
    """Levels that are declared for publication and that no row can be given."""
    tables = {
        name: table for pack in content.packs if pack.sources for name, table in pack.sources.model.source.items()
    }
    levels = {str(row["code"]): str(row["level"]) for row in content.region_rows()}
    registries = content.registry_rows()
    declared = {
        row.id: row.levels for pack in content.packs if pack.indicators for row in pack.indicators.model.indicator
    }
    for indicator in bundle.indicators:
        if not declared.get(indicator.id) or not indicator.measures:
            continue
        deepest = max(_deepest(indicator, tables, registries, levels))
        for level in indicator.levels:
            if LEVELS.index(level) > deepest:
                yield line(FILE, f"{indicator.id}.levels", "literal", f"no row of its sources belongs to a {level}")


def _deepest(
    indicator: Indicator,
    tables: Mapping[str, SourceTable],
    registries: Mapping[str, list[Row]],
    levels: Mapping[str, str],
) -> Iterator[int]:
    """The place in LEVELS of the deepest region that rows of each source can have; 0 is the whole district."""
    for name in indicator.sources:
        table = tables.get(name)
        if table is None or table.kind == "union":
            yield len(LEVELS)
        elif table.region is None:
            yield 0
        elif table.region.registry and table.registry in registries:
            rows = registries[table.registry or ""]
            codes = [str(row.get(table.region.registry, "")) for row in rows]
            yield max((LEVELS.index(levels[code]) for code in codes if code in levels), default=0)
        else:
            yield len(LEVELS)


# ---- event types ----


def _conditions(content: Content, bundle: Bundle) -> Iterator[str]:
    for pack in content.packs:
        for event in pack.pack.model.event:
            source = bundle.sources.get(event.source or "")
            if event.where is None or source is None:
                continue
            for error in _errors(event.where, source):
                yield f"{pack.pack.name}:{event.id}.where:{error.column}: {error.rule}: {error.message_en}"


def _errors(where: str, source: Source) -> list[FormulaError]:
    try:
        node = parse(where)
    except FormulaError as error:
        return [error]
    return problems(node, source.scope(), "row", want="bool", owner=source.id)[1]
