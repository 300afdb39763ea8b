"""The whole city for tests: every model of every scene, whatever the packs declare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from ioc.packs.bundle import build
from ioc.sources.city.city import SCENES, interval_ms
from ioc.sources.city.conditions import Conditions
from ioc.sources.city.ground import Ground
from ioc.sources.city.model import Model
from ioc.sources.city.script import Script, parse
from ioc.sources.city.town import Town
from ioc.sources.rows import Rows

HOUR = 3_600_000
MINUTE = 60_000
MONDAY = 1_780_243_200_000  # Monday 2026-06-01 00:00 in Shanghai
SEED = 7


@lru_cache(maxsize=1)
def bundle() -> dict[str, Any]:
    return build()


@lru_cache(maxsize=1)
def town() -> Town:
    return Town(bundle()["outlines"], bundle()["regions"], SEED)


def models(script: Script | None = None, seed: int = SEED, rate: float = 3_000) -> dict[str, Model]:
    """Every model by source."""
    place = town() if seed == SEED else Town(bundle()["outlines"], bundle()["regions"], seed)
    conditions = Conditions(place.codes, place.centres, seed, script)
    ground = Ground(place, conditions, seed, interval_ms(rate), bundle()["registries"]["roads"])
    return {model.source: model for scene in SCENES for model in scene(ground)}


def script(*forces: dict[str, Any], weather: str = "replace", hours: float = 24) -> Script:
    """A script that begins on Monday at noon."""
    head = {
        "id": "trial", "zh": "试验", "en": "trial", "begin": datetime.fromtimestamp((MONDAY + 12 * HOUR) / 1000, UTC),
        "hours": hours, "weather": weather,
    }  # fmt: skip
    return parse({"script": head, "force": list(forces)}, "trial.toml")


def table(rows: Rows | None) -> list[tuple[Any, ...]]:
    """Every row with every cell, texts as texts and nulls as None."""
    if rows is None:
        return []
    columns = [rows.time.tolist(), cells(rows, None), *(cells(rows, name) for name in sorted(rows.fields))]
    return list(zip(*columns, strict=True))


def cells(rows: Rows, name: str | None) -> list[Any]:
    """One column, None for the entities."""
    column = rows.entity if name is None else rows.fields[name]
    if column.kind == "coded":
        return [column.dictionary[code] if code >= 0 else None for code in column.values.tolist()]
    values = column.values.tolist()
    if column.valid is None:
        return values
    return [value if known else None for value, known in zip(values, column.valid.tolist(), strict=True)]


def mean(rows: Rows | None, name: str, where: Sequence[bool] | None = None) -> float:
    """The mean of a number, nulls left out."""
    assert rows is not None
    column = rows.fields[name]
    kept = np.ones(len(rows), np.bool_) if column.valid is None else column.valid.copy()
    if where is not None:
        kept &= np.asarray(where)
    return float(column.values[kept].mean()) / 10**column.scale
