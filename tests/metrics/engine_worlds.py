"""Small worlds for tests of the engine: bundles, batches and the final values that a run leaves."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from metrics.column import Column
from metrics.compiler import compile
from metrics.definition import load
from metrics.engine import Outputs, State, step
from metrics.observation import Batch
from metrics.plan import Plan
from metrics.value import Value

RAIN = {
    "kind": "readings", "time": "time", "entity": "station", "period": "1m", "disorder": "30s", "lateness": "10m",
    "idle": "2m", "stale_after": "5m",
    "fields": {
        "time": {"type": "time"}, "station": {"type": "text"}, "basin": {"type": "category"},
        "mm": {"type": "decimal", "scale": 1, "unit": "mm"},
    },
}  # fmt: skip
REGIONS = [
    {"code": "440303", "parent": "", "zh": "罗湖区", "en": "Luohu", "level": "district", "population": 1143801},
    {"code": "440303001", "parent": "440303", "zh": "桂园街道", "en": "Guiyuan", "level": "subdistrict"},
    {"code": "440303002", "parent": "440303", "zh": "黄贝街道", "en": "Huangbei", "level": "subdistrict"},
]
GAUGES = [
    {"id": "a", "code": "440303001", "weight": 1.5},
    {"id": "b", "code": "440303001", "weight": 2.0},
    {"id": "c", "code": "440303002", "weight": 0.5},
]

Row = tuple[int, str, str | None, int | None]  # time ms, station, basin, mm * 10


def at(clock: str, day: str = "2024-06-03") -> int:
    """Local time of Shanghai as ms; 2024-06-03 is a Monday."""
    return int(datetime.fromisoformat(f"{day}T{clock}+08:00").timestamp() * 1000)


def bundle(*indicators: Mapping[str, Any], source: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A bundle of the rain source (with changes; None removes a key) and these indicators."""
    rain = {key: value for key, value in (copy.deepcopy(RAIN) | dict(source or {})).items() if value is not None}
    return {"v": 1, "hash": "h", "sources": {"rain": rain}, "indicators": [dict(one) for one in indicators], **more}


def indicator(name: str, formula: str, measures: Mapping[str, Any], size: str = "5m", **more: Any) -> dict[str, Any]:
    """A tumbling indicator over rain, unless `more` says otherwise."""
    return {
        "id": name, "source": "rain", "window": {"kind": "tumbling", "size": size}, "formula": formula,
        "measures": dict(measures), **more,
    }  # fmt: skip


def plan_of(raw: Mapping[str, Any]) -> Plan:
    return compile(load(raw))


def batch(rows: Sequence[Row]) -> Batch:
    """Rows of rain as the contract would deliver them."""
    stations = list(dict.fromkeys(row[1] for row in rows))
    basins = list(dict.fromkeys(row[2] for row in rows if row[2] is not None))
    known = np.array([row[3] is not None for row in rows], np.bool_)
    named = np.array([row[2] is not None for row in rows], np.bool_)
    return Batch(
        "rain",
        np.array([row[0] for row in rows], np.int64),
        np.array([stations.index(row[1]) for row in rows], np.int32),
        stations,
        {
            "mm": Column(np.array([row[3] or 0 for row in rows], np.int64), None if known.all() else known, 1),
            "basin": Column(
                np.array([-1 if row[2] is None else basins.index(row[2]) for row in rows], np.int32),
                None if named.all() else named, None, basins,
            ),
        },
    )  # fmt: skip


def run(state: State, rows: Sequence[Row], now_ms: int, **more: Any) -> Outputs:
    """One step with the rows of one batch, or with none."""
    return step(state, [batch(rows)] if rows else [], now_ms, **more)


def said(outputs: Outputs) -> dict[tuple[str, str, tuple[str, ...], int], tuple[float | None, str, int]]:
    """(indicator, region, dimension values, end) -> (value, quality, revision)."""
    return {
        (value.indicator, value.region, tuple(text for _, text in value.dims), value.window_end): (
            value.value, value.quality, value.revision,
        )
        for value in outputs.values
    }  # fmt: skip


def final(outputs: Iterable[Outputs]) -> dict[tuple[str, int], Value]:
    """The last complete value of each series and window, without those that only say that nothing is left."""
    found: dict[tuple[str, int], Value] = {}
    for one in outputs:
        for value in one.complete_values():
            found[value.series, value.window_end] = value
    return found
