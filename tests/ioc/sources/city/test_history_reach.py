"""What a history with thinned readings can answer, and when."""

from __future__ import annotations

from typing import Any

from ioc.sources.city.history_reach import instants, left_out
from metrics.definition import Bundle, load
from metrics.window import DAY_MS, HOUR_MS, MINUTE_MS
from tests.ioc.sources.city.whole import MONDAY

QUARTER = {"kind": "sliding", "size": "1h", "every": "15m"}


def definitions(*indicators: dict[str, Any]) -> Bundle:
    source = {"kind": "readings", "time": "time", "entity": "lot", "period": "5m", "disorder": "0s", "lateness": "1h"}
    fields = {"time": {"type": "time"}, "lot": {"type": "text"}, "used": {"type": "int"}, "bays": {"type": "int"}}
    case = {"kind": "records", "key": "id", "changed": "at", "disorder": "0s", "lateness": "1h",
            "fields": {"id": {"type": "text"}, "at": {"type": "time"}}}  # fmt: skip
    return load({"v": 1, "hash": "x", "sources": {"parking": source | {"fields": fields}, "case": case},
                 "indicators": list(indicators)})  # fmt: skip


def indicator(name: str, formula: str, window: dict[str, Any] | None = None, **measures: Any) -> dict[str, Any]:
    return {"id": name, "source": "parking", "window": window or QUARTER, "formula": formula, "measures": measures}


USED = {"agg": "sum", "field": "used"}
MOVED = {"agg": "delta", "field": "used", "per": ["lot"], "then": "max"}
BAYS = {"agg": "sum", "field": "bays"}


def lacking(*indicators: dict[str, Any], every_ms: int = 15 * MINUTE_MS) -> set[str]:
    return set(left_out(definitions(*indicators), {"parking", "case"}, {"parking": every_ms}))


def test_what_counts_or_adds_readings_is_left_out_but_not_the_ratio_of_two_such_numbers() -> None:
    count = {"agg": "count"}
    assert lacking(
        indicator("SUM", "used", used=USED),
        indicator("COUNT", "pct(n, 4 * lots)", n=count, lots={"agg": "distinct", "field": "lot"}),
        indicator("RATIO", "pct(used, bays)", used=USED, bays=BAYS),
        indicator("MEAN", "level", level={"agg": "mean", "field": "used"}),
        {**indicator("SAMPLED", "level", level={"agg": "max", "field": "used"}, n=count), "samples": "n"},
    ) == {"SUM", "COUNT"}


def test_a_window_or_an_age_shorter_than_the_distance_of_readings_is_left_out() -> None:
    def now(age: str) -> dict[str, Any]:
        return {"kind": "now", "every": "5m", "max_age": age}

    level = {"agg": "max", "field": "used"}
    assert lacking(
        indicator("YOUNG", "used", now("10m"), used=USED),
        indicator("OLD", "used", now("15m"), used=USED),
        indicator("SHORT", "level", {"kind": "tumbling", "size": "10m"}, level=level),
        indicator("LONG", "level", level=level),
        indicator("TWICE", "moved", {"kind": "tumbling", "size": "15m"}, moved=MOVED),
        indicator("HELD", "full / 60", full={"agg": "dwell", "where": "used >= 9"}),
    ) == {"YOUNG", "SHORT", "TWICE", "HELD"}
    assert (
        lacking(indicator("HELD", "full / 60", full={"agg": "dwell", "where": "used >= 9"}), every_ms=600_000) == set()
    )


def test_what_is_computed_from_one_that_is_left_out_is_left_out_and_a_source_that_nobody_feeds() -> None:
    found = left_out(
        definitions(
            indicator("SUM", "used", used=USED),
            indicator("SHARE", "indicator('SUM') / 2"),
            {**indicator("CASES", "n", n={"agg": "count", "at": "at"}), "source": "case"},
        ),
        {"parking"}, {"parking": 15 * MINUTE_MS},
    )  # fmt: skip
    assert {name: why.en for name, why in found.items()} == {
        "SUM": "readings of parking are thinned", "SHARE": "readings of parking are thinned",
        "CASES": "source case is live only",
    }  # fmt: skip


def test_instants_are_those_of_the_grid_at_most_one_an_hour_and_one_a_day_for_dimensions() -> None:
    def ends(window: dict[str, Any], split: bool = False, **more: Any) -> list[int]:
        one = {**indicator("X", "level", window, level={"agg": "max", "field": "used"}), **more}
        return instants(definitions(one).indicators[0], (MONDAY, MONDAY + 2 * DAY_MS), split=split)

    hours = [MONDAY + at * HOUR_MS for at in range(1, 49)]
    assert ends(QUARTER) == hours
    assert ends(QUARTER, split=True) == [MONDAY + DAY_MS, MONDAY + 2 * DAY_MS]
    assert ends({"kind": "tumbling", "size": "1d"}) == [MONDAY + DAY_MS, MONDAY + 2 * DAY_MS]
    assert ends({"kind": "tumbling", "size": "1w"}) == []
    z = {"on": "z", "yellow": 3}
    assert ends(QUARTER, split=True, direction="down", thresholds=z) == hours
