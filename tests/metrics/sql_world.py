"""A small world for the SQL program: sources, rows as tuples, and what a measure answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from metrics.calendar import Calendar
from metrics.definition import Bundle
from metrics.formula import parse
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.region import Region, Regions
from metrics.registry import Registry
from metrics.source import Field, RegionRule, Source
from metrics.sql_measuring import SqlMeasuring
from metrics.window import HOUR_MS, Window

SPANS = pa.list_(pa.struct([("s", pa.int64()), ("e", pa.int64())]))
TYPES = {
    "int": pa.int64(), "decimal": pa.int64(), "time": pa.int64(), "bool": pa.bool_(), "text": pa.string(),
    "category": pa.string(), "intervals": SPANS,
}  # fmt: skip
REGIONS = Regions(
    [
        Region("D", "", "district"), Region("A", "D", "subdistrict"), Region("B", "D", "subdistrict"),
        Region("A1", "A", "community"), Region("A2", "A", "community"), Region("B1", "B", "community"),
    ]
)  # fmt: skip
OFFICE = Calendar.read({"week": {"mon": ["09:00-12:00", "14:00-18:00"]}}, "office")


def at(clock: str, day: str = "2024-06-03") -> int:
    """Local time of Shanghai as ms; 2024-06-03 is a Monday."""
    return int(datetime.fromisoformat(f"{day}T{clock}+08:00").timestamp() * 1000)


def fields(**types: str) -> dict[str, Field]:
    """`decimal2` is a decimal of two places."""
    found = {}
    for name, kind in types.items():
        scale = int(kind.removeprefix("decimal")) if kind.startswith("decimal") else 0
        found[name] = Field(name, "decimal" if kind.startswith("decimal") else kind, scale=scale)  # type: ignore[arg-type]
    return found


RAIN = Source(
    "rain", "time", "station",
    fields(time="time", station="text", basin="category", mm="decimal1", code="text"), {},
    period_ms=60_000, stale_after_ms=180_000, region=RegionRule("field", "code"),
)  # fmt: skip
GAUGED = Source(
    "gauged", "time", "station", fields(time="time", station="text", mm="decimal1"), {},
    registry="gauges", take=("basin", "weight"), region=RegionRule("registry", "code"),
)  # fmt: skip
HEARD = Source(
    "heard", "time", "device", fields(time="time", device="text", reading="decimal3"), {},
    period_ms=300_000, registry="device", registry_is_source=True, take=("kind",),
    region=RegionRule("registry", "code"),
)  # fmt: skip
DEVICE = Source(
    "device", "changed", "device",
    fields(changed="time", device="text", kind="category", code="text", active="bool"), {},
    kind="records", region=RegionRule("field", "code"),
)  # fmt: skip
CASE = Source(
    "case", "changed", "case", fields(
        changed="time", case="text", created="time", deadline="time", closed="time", org="category", score="int",
        caller="text", holds="intervals", void="bool", code="text",
    ), {}, kind="records", deleted="void", region=RegionRule("field", "code"),
)  # fmt: skip
REQUEST = Source(
    "request", "changed", "request",
    fields(changed="time", request="text", received="time", caller="text", code="text"), {},
    kind="records", region=RegionRule("field", "code"),
)  # fmt: skip
COMPLAINT = Source(
    "complaint", "changed", "case", CASE.fields | fields(request="text", origin="category"), {}, kind="records",
    union_of=("case", "request"), rename={"request": {"received": "created"}},
)  # fmt: skip
TICKET = Source(
    "ticket", "called", "hall", fields(called="time", hall="category", number="text", taken="time"), {},
    identity=("number",),
)  # fmt: skip
SCORED = Source(
    "indicator:S", "time", "entity",
    fields(time="time", entity="text", region="text", org="text", value="decimal9", samples="int"), {},
    region=RegionRule("field", "region"), indicator_of="S",
)  # fmt: skip
WATER = Source(
    "water", "time", "station", RAIN.fields, {}, region=RegionRule("field", "code"), union_of=("rain", "gauged"),
)  # fmt: skip
SOURCES = {
    source.id: source for source in (RAIN, GAUGED, HEARD, DEVICE, CASE, REQUEST, COMPLAINT, TICKET, SCORED, WATER)
}
GAUGES = Registry.of(
    "gauges",
    [
        {"id": "g1", "basin": "north", "weight": 1.5, "code": "A1"},
        {"id": "g2", "basin": "north", "weight": 2.0, "code": "B1"},
        {"id": "g3", "basin": "south", "weight": 0.25, "code": "Z9"},
    ],
)
BUNDLE = Bundle("h", SOURCES, (), {"gauges": GAUGES}, REGIONS, calendars={"office": OFFICE})


def table(source: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows in order of arrival; a missing cell is null."""
    declared = SOURCES[source].fields
    columns = {name: pa.array([row.get(name) for row in rows], TYPES[spec.type]) for name, spec in declared.items()}
    return pa.table({**columns, "_seq": pa.array(range(len(rows)), pa.int64())})


def measure(source: str, agg: str, **keys: Any) -> Measure:
    """A measure `m`; expressions as text."""
    for name in ("field", "where", "having", "each", "at"):
        if name in keys:
            keys[name] = parse(keys[name])
    if "fields" in keys:
        keys["fields"] = tuple(parse(one) for one in keys["fields"])
    return Measure("m", source, agg, records=SOURCES[source].kind == "records", **keys)


def indicator(of: Measure, window: Window | None = None, **keys: Any) -> Indicator:
    """An indicator of one measure, over tumbling hours unless told otherwise."""
    return Indicator("X", 1, parse("m"), window or Window.tumbling(HOUR_MS), (of,), **keys)


def measuring(**rows: Sequence[Mapping[str, Any]]) -> SqlMeasuring:
    """The program over these rows of each source."""
    return SqlMeasuring(BUNDLE, {name: table(name, some) for name, some in rows.items()})


def values(
    of: Measure, ends: Sequence[int], window: Window | None = None, **rows: Sequence[Mapping[str, Any]]
) -> list[float | None]:
    """The ungrouped total in each window; None is null."""
    program = measuring(**rows)
    found = program.measure(indicator(of, window), ends, "none").measures["m"]
    program.close()
    return [float(cell) if ok else None for cell, ok in zip(found.value[:, 0], found.known[:, 0], strict=True)]


def groups(
    of: Measure,
    end: int,
    window: Window | None = None,
    regions: Any = "none",
    *,
    dimensions: Sequence[str] = (),
    levels: Sequence[str] = ("district", "subdistrict"),
    **rows: Sequence[Mapping[str, Any]],
) -> dict[Any, tuple[float | None, int, bool]]:
    """Value, rows and presence of each group in one window."""
    program = measuring(**rows)
    asked = indicator(of, window, dimensions=tuple(dimensions), levels=tuple(levels))
    answer = program.measure(asked, [end], regions)
    program.close()
    found = answer.measures["m"]
    return {
        group: (
            float(found.value[0, place]) if found.known[0, place] else None, int(found.rows[0, place]),
            bool(answer.present[0, place]),
        )
        for group, place in answer.columns.items()
    }  # fmt: skip
