"""Injects: rows that a script puts between those of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ioc.sources.city.inject import Injected, InjectError, together
from ioc.sources.city.script import Script, parse
from ioc.sources.rows import Rows, rows_of, whole
from metrics.codec import RawColumn, coded
from tests.ioc.sources.city.whole import HOUR, MINUTE, MONDAY, script, table

NOON = MONDAY + 12 * HOUR
DECLARED: dict[str, Any] = {
    "fields": {
        "text": {"type": "text"}, "level": {"type": "int"}, "depth": {"type": "decimal", "scale": 1},
        "told_at": {"type": "time"}, "open": {"type": "bool"},
    }
}  # fmt: skip


class Minutely:
    """A row at each full minute, with a level alone."""

    source, per_s = "incident", 0.1

    def opening(self, at_ms: int) -> Rows | None:
        return None

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        times = np.arange(after_ms // MINUTE + 1, until_ms // MINUTE + 1, dtype=np.int64) * MINUTE
        if not len(times):
            return None
        column = RawColumn("int", np.ones(len(times), np.int64))
        return Rows(times, coded(["own"] * len(times)), {"level": column})


def injecting(**fields: object) -> Script:
    raw = script().model_dump(by_alias=True)
    return parse(raw | {"inject": [{"at": "0:30", "into": "incident", "key": "YL-1", "fields": fields}]}, "trial.toml")


def test_an_inject_comes_once_at_its_time_among_the_rows_of_its_source() -> None:
    model = Injected(Minutely(), injecting(level=3, text="水", told_at="0:25"), DECLARED)
    half = NOON + 30 * MINUTE
    assert table(model.rows(half - MINUTE, half)) == [
        (half, "own", 1, None, None), (half, "YL-1", 3, "水", half - 5 * MINUTE),
    ]  # fmt: skip
    assert [row[1] for row in table(model.rows(half, half + 2 * MINUTE))] == ["own", "own"]


def test_what_a_row_does_not_have_is_null_and_numbers_keep_their_decimals() -> None:
    whole_numbers = rows_of(1, ["a"], {"depth": whole([2])})
    tenths = rows_of(2, ["b"], {"depth": RawColumn("fixed", np.array([35]), scale=1), "text": coded(["x"])})
    joined = together([whole_numbers, tenths])
    assert joined.fields["depth"].scale == 1
    assert table(joined) == [(1, "a", 20, None), (2, "b", 35, "x")]


def test_a_field_that_the_source_lacks_or_that_is_of_another_type_is_named() -> None:
    with pytest.raises(InjectError, match="incident/YL-1: the source has no field colour"):
        Injected(Minutely(), injecting(colour="red"), DECLARED)
    with pytest.raises(InjectError, match="level = 'much' is no int"):
        Injected(Minutely(), injecting(level="much"), DECLARED)


def test_only_the_source_that_is_named_is_changed() -> None:
    other = Minutely()
    other.source = "unit"
    model = Injected(other, injecting(colour="red"), DECLARED)
    half = NOON + 30 * MINUTE
    assert table(model.rows(half - MINUTE, half)) == [(half, "own", 1)]
