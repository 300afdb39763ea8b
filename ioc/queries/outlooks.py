"""What comes: when the forecasts of indicators first reach their limits, as far as their outlooks say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, cast

import numpy as np
import redis
import structlog

from ioc.queries.wall import DISTRICT
from ioc.queries.walls import shipped
from metrics import keys
from metrics.calendar import Calendar
from metrics.definition import Bundle, load
from metrics.outlook_entry import OutlookEntry, UnknownOutlookVersion
from metrics.threshold import Thresholds, level_name

FRESH_MS: Final = 90 * 60_000  # forecasts are renewed each quarter of an hour, or each window of at most an hour
Forecast = Sequence[tuple[int, float, float, float]]  # end, value, low, high


@dataclass(frozen=True, slots=True)
class Coming:
    """The forecast of an indicator reaches a level (`limit`) with the window that ends at `at_ms`, at `value`. `dims`:
    of which of its groups it is, empty: of the whole."""

    indicator: str
    at_ms: int
    level: str
    value: float
    limit: float
    dims: tuple[tuple[str, str], ...] = ()


def coming(
    client: redis.Redis, world: str, published: bytes | None, names: Iterable[str], now_ms: int
) -> tuple[Coming, ...]:
    """What is expected of these indicators for the whole district, the soonest first. Raises redis.RedisError.

    Of an indicator the first window of each level that is worse than those before it: whether it is worse than what
    stands, who shows it knows. Nothing is told of what was forecast long ago, learnt from too little, or written by
    another version.
    """
    bundle = _definitions(published)
    judged = {each.id: each.thresholds for each in bundle.indicators if each.thresholds is not None}
    wanted = [name for name in names if name in judged and judged[name].on == "value"]
    series = [f"{name}|{region}|" for name in wanted for region in (DISTRICT, "")]
    told = cast(Any, client.hmget(keys.engine(world, "outlook"), series)) if series else []
    found = []
    for one, packed in zip(series, told, strict=True):
        name, entry = one.partition("|")[0], _entry(one, packed)
        if entry is not None and entry.forecast_at is not None and now_ms - entry.forecast_at <= FRESH_MS:
            cold = {end for end, *_, is_cold in entry.band if is_cold}  # learnt from too little to call anybody
            ahead = [each for each in entry.forecast if each[0] > now_ms and each[0] not in cold]
            stands = None if entry.value is None else (entry.at, entry.value)
            comes = crossings(name, ahead, judged[name], bundle.calendars, stands)
            found += [replace(each, dims=entry.member) for each in comes]
    return tuple(sorted(found, key=lambda each: (each.at_ms, each.indicator)))


def crossings(
    indicator: str, forecast: Forecast, thresholds: Thresholds, calendars: Mapping[str, Calendar],
    stands: tuple[int, float] | None = None,
) -> Iterator[Coming]:  # fmt: skip
    """The first window of each level that is worse than all before, by the limits in force in that window; than that
    of the value which `stands` (window end, value), if it is known."""

    def reached(end: int, value: float) -> tuple[int, list[bool]]:
        instant = np.array([end - 1], np.int64)
        opens = [bool(calendars[one.calendar].is_open(instant)[0]) for one in thresholds.variants]
        return int(thresholds.levels(np.array([value]), np.array([True]), opens)[0]), opens

    worst = 0 if stands is None else reached(*stands)[0]
    for end, value, _, _ in forecast:
        level, opens = reached(end, value)
        if level > worst:
            worst = level
            name_of = level_name(level)
            assert name_of is not None  # noqa: S101 - above none it has a name
            yield Coming(indicator, end, name_of, value, dict(thresholds.in_force(opens))[name_of])


def _entry(series: str, packed: bytes | None) -> OutlookEntry | None:
    if packed is None:
        return None
    try:
        return OutlookEntry.unpack(packed)
    except (UnknownOutlookVersion, ValueError, TypeError, KeyError) as problem:
        structlog.get_logger().warning("outlook_not_read", series=series, error=str(problem))
        return None


@lru_cache(maxsize=2)
def _definitions(published: bytes | None) -> Bundle:
    raw: Mapping[str, Any] = json.loads(published) if published else shipped()
    return load(raw)
