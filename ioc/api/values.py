"""Values: the history of an indicator from the archive, page by page, and its newest word from the bus."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import redis

from ioc.api.definitions import Definitions, away
from ioc.api.problem import Problem
from ioc.api.shapes import Latest, Point, Values
from ioc.queries.worlds import archived
from metrics import keys
from metrics.archive import Life
from metrics.archive_history import ArchiveHistory
from metrics.archive_period import SLOTS
from metrics.indicator import Indicator
from metrics.series import series_id
from metrics.value_form import unpack_values
from metrics.world import UnknownWorldVersion, World

DAY_MS = 86_400_000
MOST_SLOTS = 500_000  # slots x regions that one request may walk through
MOST_ROWS, ROWS = 10_000, 1_000  # of a page: at most, and unless asked otherwise
STEPS: Final = tuple(SLOTS)
COLUMNS: Final = (
    "region", "end", "window_end", "value", "mean", "least", "greatest", "count", "samples", "quality", "level",
    "version", "origin",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. `regions` empty: all; `step` empty: the fitting one; `after`: last row of the page before."""

    indicator: str
    world: str
    regions: tuple[str, ...]
    from_ms: int
    to_ms: int
    step: str
    dims: Mapping[str, str]
    limit: int
    after: str = ""


class ValueReader:
    """Thread-safe. Raises Problem."""

    def __init__(self, client: redis.Redis, archive: Path, definitions: Definitions) -> None:
        self._client, self._archive, self._definitions = client, archive, definitions
        self._mine = threading.local()

    def read(self, question: Question) -> Values:
        """One page. Rows are in order of region and end, so that a page follows another whatever came meanwhile."""
        indicator = self._definitions.indicator(question.indicator)
        world = self._definitions.world(question.world)
        dims = _dims(indicator, question.dims)
        regions = self._regions(question.regions)
        if question.from_ms >= question.to_ms:
            raise _wrong("from", "order", "须早于 to", "must be before `to`")
        of = archived(world, self._known(world))
        life = Life(of.id, of.started_ms)
        to_ms = min(question.to_ms, self._shown(world)) if world.kind == "playback" else question.to_ms
        history = self._history()
        slot = SLOTS[question.step] if question.step else history.fitting(life, question.from_ms, question.to_ms)
        count = len(question.regions) or len(regions)
        if (question.to_ms - question.from_ms) // slot.size_ms * count > MOST_SLOTS:
            raise _wrong("step", "span", "时段过长，请用更大的 step 或指定 region",
                         "the span is too long: a longer step, or regions")  # fmt: skip
        text = ",".join(f"{name}={value}" for name, value in dims.items())
        wanted: Any = {"regions": question.regions or None, "columns": COLUMNS, "slot": slot.name}
        if world.label.get("known") == "then":  # of what is split nothing is kept as it was told
            until_ms = question.from_ms if text else to_ms
            table = history.told(life, indicator.id, question.from_ms, until_ms, said_ms=to_ms, **wanted)
        else:
            table = history.series(life, indicator.id, question.from_ms, to_ms, dims=text, **wanted)
        table = _behind(table, question.after)
        page = table.slice(0, question.limit)
        points = [_point(row) for row in page.to_pylist()]
        more = table.num_rows > question.limit
        return Values(
            indicator.id, indicator.zh, indicator.en, indicator.unit, world.id, dict(dims), slot.name,
            instant(question.from_ms), instant(question.to_ms), points, self._latest(indicator, world, dims, regions),
            _next(question, slot.name, page) if more else None,
        )  # fmt: skip

    def groups(self, name: str, world_id: str, region: str, from_ms: int, to_ms: int) -> list[dict[str, Any]]:
        """The groups of an indicator in a region in the newest slot that ends in (from, to], as ArchiveHistory.groups
        tells them, in one read; without the whole. Of a playback that knows what was known then there are none: of what
        is split nothing is kept as it was told."""
        indicator, world = self._definitions.indicator(name), self._definitions.world(world_id)
        if world.label.get("known") == "then":
            return []
        of = archived(world, self._known(world))
        life = Life(of.id, of.started_ms)
        until_ms = min(to_ms, self._shown(world)) if world.kind == "playback" else to_ms
        history = self._history()
        slot = history.fitting(life, from_ms, until_ms).name
        table = history.groups(life, indicator.id, region, from_ms, until_ms, slot=slot)
        return [row for row in table.to_pylist() if row["dims"]]

    def _known(self, world: World) -> Mapping[str, World]:
        of = world.label.get("of", "")
        try:
            told: Any = self._client.hget(keys.WORLDS, of) if world.kind == "playback" else None
            return {of: World.from_json(told)} if told else {}
        except UnknownWorldVersion:
            return {}
        except redis.RedisError:
            raise away() from None

    def _shown(self, world: World) -> int:
        """Up to which moment a playback is shown."""
        try:
            told: Any = self._client.hget(keys.PLAYBACKS_SHOWN, world.id)
        except redis.RedisError:
            raise away() from None
        return int(told or 0)

    def _regions(self, asked: Sequence[str]) -> tuple[str, ...]:
        known = self._definitions.bundle().regions
        for code in asked:
            if code and code not in known:
                raise Problem(404, "unknown_region", f"没有区域 {code}。", f"There is no region {code}.",
                              field="region", rule="unknown-name")  # fmt: skip
        return tuple(asked) or ("", *known)

    def _latest(
        self, indicator: Indicator, world: World, dims: Mapping[str, str], regions: Sequence[str]
    ) -> list[Latest]:
        names = [series_id(indicator.id, region, tuple(dims.items())) for region in regions]
        try:
            told: Any = self._client.hmget(keys.engine(world.id, "latest"), names)
        except redis.RedisError:
            raise away() from None
        return [
            Latest(
                one.region, instant(one.window_start), instant(one.window_end), one.value, one.samples, one.quality,
                one.revision, one.level, one.version, one.origin,  # type: ignore[arg-type]
            )
            for payload in told
            if payload
            for one in unpack_values(payload)
        ]  # fmt: skip

    def _history(self) -> ArchiveHistory:
        found: ArchiveHistory | None = getattr(self._mine, "history", None)
        if found is None:
            found = self._mine.history = ArchiveHistory(self._archive)
        return found


def table_of(values: Values) -> str:
    """The rows as CSV. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    names = list(Point.__slots__)
    writer = csv.writer(out)
    writer.writerow(["indicator", "dims", *names])
    dims = ",".join(f"{name}={value}" for name, value in values.dims.items())
    for row in values.rows:
        cells = [values.indicator, dims, *(getattr(row, name) for name in names)]
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return out.getvalue()


def instant(at_ms: int) -> str:
    """A time as ISO 8601 in UTC; milliseconds only where there are some."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds").replace("+00:00", "Z")


def _dims(indicator: Indicator, asked: Mapping[str, str]) -> dict[str, str]:
    """The dimensions in declared order: all of them, or none for the total. Raises Problem 400."""
    there = ", ".join(indicator.dimensions) or "-"
    if asked and set(asked) != set(indicator.dimensions):
        raise _wrong("dim", "dimensions", f"{indicator.id} 的维度须全部给出或不给：{there}",
                     f"all dimensions of {indicator.id} or none: {there}")  # fmt: skip
    return {name: asked[name] for name in indicator.dimensions if asked}


def _behind(table: pa.Table, after: str) -> pa.Table:
    """The rows behind a place `REGION@END`. Raises Problem 400."""
    if not after:
        return table
    region, _, end = after.rpartition("@")
    if not end.isdigit():
        raise _wrong("after", "form", "须为上一页给出的值", "must come from the page before")
    regions = np.array(table.column("region").cast(pa.string()).to_pylist(), dtype=object)
    ends = table.column("end").to_numpy()
    return table.filter(pa.array((regions > region) | ((regions == region) & (ends > int(end))), pa.bool_()))


def _next(question: Question, step: str, page: pa.Table) -> str:
    last = page.slice(page.num_rows - 1).to_pylist()[0]
    query = [("indicator", question.indicator), ("world", question.world)]
    query += [("region", ",".join(question.regions))] if question.regions else []
    query += [("from", str(question.from_ms)), ("to", str(question.to_ms)), ("step", step)]
    query += [(f"dim[{name}]", value) for name, value in question.dims.items()]
    query += [("limit", str(question.limit)), ("after", f"{last['region']}@{last['end']}")]
    return f"/api/v1/values?{urlencode(query)}"


def _point(row: Mapping[str, Any]) -> Point:
    given = dict(row)
    given["end"] = instant(row["end"])
    given["window_end"] = None if row["window_end"] is None else instant(row["window_end"])
    return Point(**given)


def harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula, quoted."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _wrong(field: str, rule: str, zh: str, en: str) -> Problem:
    return Problem(400, "bad_parameter", f"{field}：{zh}。", f"{field}: {en}.", field=field, rule=rule)
