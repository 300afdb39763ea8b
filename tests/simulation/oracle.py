"""The oracle: what the language page says each value is, computed row by row in plain Python from the accepted rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tests.simulation import derived
from tests.simulation.admission import Admission
from tests.simulation.city import City
from tests.simulation.declared import LEVEL, PATHS, Indicator, Measure, Row
from tests.simulation.span import HOUR

Group = tuple[str, str | None]  # region, value of the dimension; None: not split
NEVER = 1 << 62


@dataclass(frozen=True)
class Expected:
    """A value as it must stand in the end."""

    value: float | None
    quality: str
    samples: int


@dataclass(frozen=True)
class Result:
    """A measure of one group and window."""

    value: float | None
    rows: int


class Oracle:
    """Answers for the rows that were accepted when it was made."""

    def __init__(self, city: City, admission: Admission) -> None:
        self._city = city
        self._rows = {name: admission.rows(name) for name in city.feeds}
        self._marks = {name: admission.mark(name) for name in city.feeds}
        self._until = {name: _until(rows) for name, rows in self._rows.items() if city.feeds[name].kind == "records"}
        self._next = {name: _next(rows) for name, rows in self._rows.items() if city.feeds[name].kind == "readings"}
        for indicator in city.indicators:
            self._rows[derived.SOURCE + indicator.id] = []
        for above in city.indicators:
            of = city.feed(above.measures[0].source).of
            if of is not None:
                self._rows[derived.SOURCE + of.id] = self._as_rows(of)

    def complete_until(self, indicator: Indicator) -> int:
        """Windows that end here or before are complete."""
        return min(self._marks[name] for name in self._below(indicator))

    def _below(self, indicator: Indicator) -> set[str]:
        return {name for measure in indicator.measures for name in self._city.below(measure.source)}

    def _as_rows(self, of: Indicator) -> list[Row]:
        """The complete values of an indicator, by region as resolved."""
        said = []
        for end in self.ends(of):
            for (region, split), rows in self._groups(of, end, leaf=True)[1].items():
                if rows and (split is not None) == bool(of.dimension):
                    value = self.value(of, (region, split), end, leaf=True)
                    said.append((end, region, split, value.value, value.samples))
        return derived.rows(of, said)

    def ends(self, indicator: Indicator) -> list[int]:
        """The complete windows that must have been said: those with a row in them, and all after its first row."""
        below = self._below(indicator)
        first = [self._rows[name][0].time for name in below if self._rows[name]]
        if not first:
            return []
        begun, until = max(first), self.complete_until(indicator)
        oldest = min(row.time for name in below for row in self._rows[name])
        return [
            end
            for end in indicator.span.ends(oldest, until)
            if end > begun or any(rows for rows in self._groups(indicator, end)[1].values())
        ]

    def groups(self, indicator: Indicator, end: int) -> set[Group]:
        """The groups that must be said at an instant."""
        always = (
            {(code, None) for code in PATHS if LEVEL[code] in indicator.levels} if indicator.regions else {("", None)}
        )
        return always | {group for group, rows in self._groups(indicator, end)[1].items() if rows}

    def value(self, indicator: Indicator, group: Group, end: int, *, leaf: bool = False) -> Expected:
        """What the page says of a group and instant. `leaf`: regions as resolved, not rolled up."""
        results = []
        for measure in indicator.measures:
            regions, dimensions = self._tells(indicator, measure)
            own = (group[0] if regions else "", group[1] if dimensions else None)
            results.append(
                self._measure(indicator, measure, end, leaf)[1].get(own)
                or _folded(measure, [], end, self._kind(measure))
            )
        samples = max(result.rows for result in results)
        value = indicator.formula.of([result.value for result in results])
        if value is None or samples < indicator.min_samples or not math.isfinite(value):
            return Expected(None, "no_data", samples)
        stale = any(self._stale(measure.source, end) for measure in indicator.measures)
        return Expected(float(f"{value:.11e}") + 0.0, "stale" if stale else "complete", samples)

    # ---- measures ----

    def _kind(self, measure: Measure) -> str:
        return self._city.feed(measure.source).kind

    def _tells(self, indicator: Indicator, measure: Measure) -> tuple[bool, bool]:
        """Whether the source of a measure has regions, and the dimension."""
        feed = self._city.feed(measure.source)
        own = feed.of.dimension if feed.of is not None else "zone" if feed.kind == "readings" else "org"
        return bool(feed.region), bool(own) and indicator.dimension == own

    def _groups(self, indicator: Indicator, end: int, *, leaf: bool = False) -> tuple[int, dict[Group, int]]:
        """Rows folded into measures that can tell the groups apart."""
        found: dict[Group, int] = {}
        for measure in indicator.measures:
            if self._tells(indicator, measure) == (indicator.regions, bool(indicator.dimension)):
                for group, result in self._measure(indicator, measure, end, leaf)[1].items():
                    found[group] = found.get(group, 0) + result.rows
        return end, found

    @lru_cache(maxsize=4_096)  # noqa: B019  # lives as long as one seed
    def _measure(self, indicator: Indicator, measure: Measure, end: int, leaf: bool) -> tuple[int, dict[Group, Result]]:
        regions, dimensions = self._tells(indicator, measure)
        sorted_out: dict[Group, list[tuple[Row, int]]] = {}
        for row, length in self._seen(measure, end):
            for code in _regions(row.region, indicator.levels, leaf=leaf) if regions else ("",):
                sorted_out.setdefault((code, None), []).append((row, length))
                if dimensions:
                    split = row.fields[indicator.dimension] or ""
                    sorted_out.setdefault((code, split), []).append((row, length))
        kind = self._kind(measure)
        return end, {group: _folded(measure, rows, end, kind) for group, rows in sorted_out.items()}

    def _seen(self, measure: Measure, end: int) -> Iterable[tuple[Row, int]]:
        """The rows that a measure sees, each with the ms of its part that lies in the window (of dwell)."""
        start, where = measure.span.start(end), measure.where
        if measure.agg == "dwell":
            for row, begin, until in self._parts(measure, end):
                inside = min(until, end) - max(begin, start)
                if inside > 0 and where is not None and where.of(row.fields, end):
                    yield row, inside
            return
        for row in (
            self._snapshot(measure, start, end)
            if self._kind(measure) == "records"
            else self._readings(measure, start, end)
        ):
            if where is None or where.of(row.fields, end) is True:
                yield row, 0

    def _readings(self, measure: Measure, start: int, end: int) -> list[Row]:
        rows = [row for row in self._rows[measure.source] if start <= row.time < end]
        if measure.span.kind == "now":
            rows.sort(key=_order)
            rows = list({row.entity: row for row in rows}.values())
        return rows

    def _snapshot(self, measure: Measure, start: int, end: int) -> list[Row]:
        until = self._until[measure.source]
        rows = [
            row for row, to in zip(self._rows[measure.source], until, strict=True)
            if row.time < end <= to and not row.deleted
        ]  # fmt: skip
        if measure.at is None or measure.span.kind == "now":
            return rows
        placed = [(row, measure.at.of(row.fields)) for row in rows]
        return [row for row, at in placed if at is not None and start <= at < end]

    def _parts(self, measure: Measure, end: int) -> Iterable[tuple[Row, int, int]]:
        rows = self._rows[measure.source]
        if self._kind(measure) == "records":
            for row, to in zip(rows, self._until[measure.source], strict=True):
                if not row.deleted and row.time < end:
                    yield row, row.time, to
            return
        for row, following in zip(rows, self._next[measure.source], strict=True):
            if row.time < end:
                yield row, row.time, min(following, row.time + measure.hold)

    def _stale(self, source: str, end: int) -> bool:
        after = self._city.feed(source).stale_after
        return after is not None and not any(end - after <= row.time < end for row in self._rows[source])


def _regions(code: str, levels: Sequence[str], *, leaf: bool) -> tuple[str, ...]:
    path = PATHS.get(code)
    if leaf:
        return (code if path else "",)
    return ("",) if path is None else tuple(one for one in path if LEVEL[one] in levels)


def _order(row: Row) -> tuple[int, str, str]:
    return row.time, row.entity, row.fields.get("ticket") or ""


def _until(rows: Sequence[Row]) -> list[int]:
    """When the next version of the same key came, in order of (change time, arrival)."""
    found = [NEVER] * len(rows)
    last: dict[str, int] = {}
    for at in sorted(range(len(rows)), key=lambda at: (rows[at].time, at)):
        if rows[at].entity in last:
            found[last[rows[at].entity]] = rows[at].time
        last[rows[at].entity] = at
    return found


def _next(rows: Sequence[Row]) -> list[int]:
    """The time of the next reading of the same entity."""
    found = [NEVER] * len(rows)
    last: dict[str, int] = {}
    for at in sorted(range(len(rows)), key=lambda at: _order(rows[at])):
        if rows[at].entity in last:
            found[last[rows[at].entity]] = rows[at].time
        last[rows[at].entity] = at
    return found


# ---- folds ----


def _folded(measure: Measure, rows: Sequence[tuple[Row, int]], end: int, kind: str) -> Result:
    if measure.per is None:
        return _fold(measure, rows, kind)
    parts: dict[object, list[tuple[Row, int]]] = {}
    for row, length in rows:
        parts.setdefault(measure.per(row.fields), []).append((row, length))
    inner = [result for result in (_fold(measure, part, kind) for part in parts.values()) if result.rows]
    values = [result.value for result in inner if result.value is not None]
    if measure.having is not None:
        values = [value for value in values if measure.having(value)]
    if measure.each is not None:
        values = [measure.each(value) for value in values]
    return Result(_then(measure, values), sum(result.rows for result in inner))


def _then(measure: Measure, values: list[float]) -> float | None:
    if measure.then == "count":
        return float(len(values))
    if not values:
        return None
    if measure.then == "percentile":
        return _percentile(values, measure.then_p)
    if measure.then == "mean":
        return math.fsum(values) / len(values)
    return {"sum": math.fsum, "max": max, "min": min}[measure.then](values)


def _fold(measure: Measure, rows: Sequence[tuple[Row, int]], kind: str) -> Result:
    agg = measure.agg
    if agg == "dwell":
        return Result(sum(length for _, length in rows) / 1000, len(rows))
    if agg == "distinct":
        assert measure.marks is not None
        marks = [mark for row, _ in rows if (mark := measure.marks(row.fields)) is not None]
        return Result(float(len(set(marks))), len(marks))
    if measure.number is None:
        return Result(float(len(rows)), len(rows))
    known = [(row, value) for row, _ in rows if (value := _fixed(measure, row)) is not None]
    values, count = [value for _, value in known], len(known)
    if agg == "count":
        return Result(float(count), count)
    if agg == "sum" and not values and kind == "records":
        return Result(0.0, 0)
    if not values:
        return Result(None, 0)
    if agg in ("sum", "mean", "min", "max", "percentile"):
        fold = {"sum": sum, "mean": lambda v: sum(v) / Fraction(len(v)), "min": min, "max": max}.get(agg)
        return Result(float(fold(values)) if fold else _percentile([float(v) for v in values], measure.p), count)
    known.sort(key=lambda one: _place(measure, one[0], kind))
    first, last = known[0], known[-1]
    if agg in ("first", "last"):
        return Result(float((first if agg == "first" else last)[1]), count)
    apart = last[0].time - first[0].time
    if count < 2 or (agg == "rate" and not apart):
        return Result(None, count)
    difference = last[1] - first[1]
    return Result(float(difference if agg == "delta" else difference * HOUR / apart), count)


def _place(measure: Measure, row: Row, kind: str) -> tuple[int, str, str]:
    if kind == "readings":
        return _order(row)
    assert measure.at is not None
    return measure.at.of(row.fields) or 0, row.entity, ""


def _fixed(measure: Measure, row: Row) -> Fraction | None:
    """The field in fixed point: rounded half to even at its scale."""
    assert measure.number is not None
    value = measure.number.of(row.fields)
    if value is None:
        return None
    unit = 10**measure.number.scale
    return Fraction(round(value * unit), unit)


def _percentile(values: Sequence[float], p: float) -> float:
    ordered = sorted(values)
    h = (len(ordered) - 1) * p / 100
    low = math.floor(h)
    return ordered[low] + (h - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])
