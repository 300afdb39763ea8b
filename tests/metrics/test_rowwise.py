"""Measures folded from kept rows equal what the language page says, computed row by row in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.column import Column
from metrics.definition import Bundle
from metrics.formula import parse
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.observation import Batch
from metrics.region import Region, Regions
from metrics.source import Field, RegionRule, Source
from metrics.stream_measuring import StreamMeasuring
from metrics.window import HOUR_MS, MINUTE_MS, Window

DAY = 1_764_000_000_000 // 86_400_000 * 86_400_000 - 8 * HOUR_MS  # a midnight in Shanghai
ENTITIES = ("A", "B", "C")
CODES = ("R1", "R2", None)
REGIONS = Regions([Region("D", "", "district"), Region("R1", "D", "subdistrict"), Region("R2", "D", "subdistrict")])
FIELDS = {
    "time": Field("time", "time"),
    "entity_id": Field("entity_id", "text"),
    "speed": Field("speed", "decimal", scale=2),
    "area": Field("area", "text"),
    "ticket": Field("ticket", "text"),
    "due": Field("due", "time"),
}

Row = tuple[int, str, int | None, str | None]  # time, entity, speed in hundredths, region code


def readings(**more: Any) -> Source:
    return Source(
        "traffic", "time", "entity_id", FIELDS, {}, period_ms=5 * MINUTE_MS, region=RegionRule("field", "area"), **more
    )


def records() -> Source:
    return Source("case", "time", "entity_id", FIELDS, {}, kind="records", region=RegionRule("field", "area"))


def batch(source: str, rows: Sequence[Row], due: Sequence[int | None] | None = None) -> Batch:
    areas = ("R1", "R2")
    fields = {
        "speed": Column(
            np.array([row[2] or 0 for row in rows], np.int64), np.array([row[2] is not None for row in rows]), 2
        ),
        "area": Column(
            np.array([-1 if row[3] is None else areas.index(row[3]) for row in rows], np.int32),
            np.array([row[3] is not None for row in rows]), None, areas,
        ),
    }  # fmt: skip
    if due is not None:
        fields["due"] = Column(
            np.array([at or 0 for at in due], np.int64), np.array([at is not None for at in due], np.bool_)
        )
    entity = np.array([ENTITIES.index(row[1]) for row in rows], np.int32)
    return Batch(source, np.array([row[0] for row in rows], np.int64), entity, ENTITIES, fields)


def measured(
    source: Source, rows: Sequence[Row], measure: Measure, window: Window, ends: Sequence[int],
    *, due: Sequence[int | None] | None = None, form: Any = "tree",
) -> dict[tuple[int, str], tuple[float | None, int]]:  # fmt: skip
    """(end, region) -> (value, rows folded)."""
    program = StreamMeasuring(Bundle("", {source.id: source}, (), {}, REGIONS))
    if rows:
        program.feed(source.id, [batch(source.id, rows, due)])
    indicator = Indicator("X", 1, parse("m"), window, (measure,), levels=("district", "subdistrict"))
    answer = program.measure(indicator, ends, form)
    found = answer.measures["m"]
    return {
        (end, region): (float(found.value[at, group]) if found.known[at, group] else None, int(found.rows[at, group]))
        for at, end in enumerate(ends)
        for group, (region, _) in enumerate(answer.groups)
    }


def ancestors(code: str | None) -> tuple[str, ...]:
    return ("",) if code is None else (code, "D")


def deduped(rows: Sequence[Row]) -> list[Row]:
    seen = set[tuple[int, str]]()
    kept = []
    for row in rows:
        if (row[0], row[1]) not in seen:
            seen.add((row[0], row[1]))
            kept.append(row)
    return kept


def percentile(values: Sequence[float], p: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    rank = (len(ordered) - 1) * p / 100
    low = math.floor(rank)
    return ordered[low] + (rank - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def known(rows: Sequence[Row]) -> list[Row]:
    return sorted(row for row in rows if row[2] is not None)


AGGREGATES: dict[str, Callable[[list[Row]], float | None]] = {
    "percentile": lambda rows: percentile([row[2] / 100 for row in rows if row[2] is not None], 90),
    "first": lambda rows: known(rows)[0][2] / 100 if known(rows) else None,  # type: ignore[operator]
    "last": lambda rows: known(rows)[-1][2] / 100 if known(rows) else None,  # type: ignore[operator]
    "distinct": lambda rows: float(len({row[2] for row in known(rows)})),
}
rows_of_readings = st.lists(
    st.tuples(
        st.integers(0, 90).map(lambda minute: DAY + minute * MINUTE_MS),
        st.sampled_from(ENTITIES), st.one_of(st.none(), st.integers(0, 40).map(lambda tens: 10 * tens)),
        st.sampled_from(CODES),
    ),
    max_size=30,
)  # fmt: skip
WINDOWS = {
    "tumbling": (Window.tumbling(30 * MINUTE_MS), lambda end: (end - 30 * MINUTE_MS, end)),
    "sliding": (Window.sliding(HOUR_MS, 15 * MINUTE_MS), lambda end: (end - HOUR_MS, end)),
    "day_to_date": (Window.to_date("day", 30 * MINUTE_MS), lambda end: (DAY, end)),
    "all": (Window.all(30 * MINUTE_MS), lambda end: (-(2**62), end)),
}


@pytest.mark.parametrize("agg", list(AGGREGATES))
@pytest.mark.parametrize("kind", list(WINDOWS))
@given(rows=rows_of_readings)
@settings(max_examples=25, deadline=None)
def test_an_aggregate_of_readings_in_a_window_is_what_its_rows_say(agg: str, kind: str, rows: list[Row]) -> None:
    window, bounds = WINDOWS[kind]
    field = parse("speed")
    measure = Measure("m", "traffic", agg, field=field, scale=2, p=90)
    if agg == "distinct":
        measure = Measure("m", "traffic", agg, fields=(field,))
    ends = [DAY + 30 * MINUTE_MS, DAY + HOUR_MS, DAY + 90 * MINUTE_MS]
    found = measured(readings(), rows, measure, window, ends)
    counted = deduped(rows)
    for end in ends:
        start, until = bounds(end)
        for region in ("D", "R1", "R2", ""):
            mine = [row for row in counted if start <= row[0] < until and region in ancestors(row[3])]
            if region == "" and not any(region in ancestors(row[3]) for row in counted):
                continue
            value, count = found[end, region]
            expected = AGGREGATES[agg](mine)
            assert value == (None if expected is None else pytest.approx(expected, rel=1e-12)), (end, region)
            assert count == len(known(mine))


@given(rows=rows_of_readings, max_age=st.one_of(st.none(), st.just(20 * MINUTE_MS)))
@settings(max_examples=40, deadline=None)
def test_the_current_rows_are_the_last_of_each_entity(rows: list[Row], max_age: int | None) -> None:
    measure = Measure("m", "traffic", "sum", field=parse("speed"), scale=2, where=parse("speed >= 1"))
    end = DAY + HOUR_MS
    found = measured(readings(), rows, measure, Window.now(5 * MINUTE_MS, max_age), [end], form="none")
    current: dict[str, Row] = {}
    for row in sorted(deduped(rows), key=lambda row: (row[0], row[1])):
        if row[0] < end and (max_age is None or row[0] >= end - max_age):
            current[row[1]] = row
    kept = [row[2] for row in current.values() if row[2] is not None and row[2] >= 100]
    assert found[end, ""] == ((sum(kept) / 100 if kept else None), len(kept))


@given(rows=rows_of_readings)
@settings(max_examples=40, deadline=None)
def test_time_in_a_state_runs_to_the_next_reading_of_any_content_or_to_the_hold(rows: list[Row]) -> None:
    measure = Measure("m", "traffic", "dwell", where=parse("speed < 2"), hold_ms=10 * MINUTE_MS)
    ends = [DAY + 30 * MINUTE_MS, DAY + HOUR_MS]
    found = measured(readings(), rows, measure, Window.tumbling(30 * MINUTE_MS), ends)
    counted = sorted(deduped(rows))
    for end in ends:
        total, parts = Fraction(0), 0
        for row in counted:
            later = [other[0] for other in counted if other[1] == row[1] and other[0] > row[0]]
            begin = max(row[0], end - 30 * MINUTE_MS)
            until = min([row[0] + 10 * MINUTE_MS, end, *later[:1]])
            if row[2] is not None and row[2] < 200 and until > begin and row[3] is not None:
                total, parts = total + Fraction(until - begin, 1000), parts + 1
        assert found[end, "D"] == (float(total), parts)


@given(
    versions=st.lists(
        st.tuples(
            st.integers(0, 12).map(lambda step: DAY + step * 5 * MINUTE_MS), st.sampled_from(ENTITIES),
            st.one_of(st.none(), st.integers(0, 9)), st.sampled_from(CODES),
        ),
        max_size=20,
    ),
    data=st.data(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_records_are_counted_as_they_were_known_at_the_end(versions: list[Row], data: st.DataObject) -> None:
    times = st.one_of(st.none(), st.integers(0, 60).map(lambda minute: DAY + minute * MINUTE_MS))
    due = [data.draw(times) for _ in versions]
    measure = Measure(
        "m",
        "case",
        "sum",
        field=parse("speed"),
        scale=2,
        at=parse("due"),
        where=parse("due < now() - 5m"),
        records=True,
    )
    ends = [DAY + 20 * MINUTE_MS, DAY + 40 * MINUTE_MS, DAY + 65 * MINUTE_MS]
    found = measured(records(), versions, measure, Window.sliding(30 * MINUTE_MS, 5 * MINUTE_MS), ends, due=due)
    for end in ends:
        snapshot: dict[str, tuple[Row, int | None]] = {}
        for row, at in sorted(zip(versions, due, strict=True), key=lambda pair: pair[0][0]):
            if row[0] < end:
                snapshot[row[1]] = (row, at)
        inside = [
            row for row, at in snapshot.values()
            if at is not None and end - 30 * MINUTE_MS <= at < end and at < end - 5 * MINUTE_MS and row[2] is not None
        ]  # fmt: skip
        for region in ("D", "R1", "R2"):
            mine = [row[2] or 0 for row in inside if region in ancestors(row[3])]
            assert found[end, region] == (sum(mine) / 100, len(mine))
