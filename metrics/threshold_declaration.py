"""Reading `[indicator.thresholds]`: limits by level, how long they must hold, and limits of calendars."""

from __future__ import annotations

from typing import Any

from metrics.declaration import Table
from metrics.formula_signatures import ALWAYS
from metrics.known import Known
from metrics.threshold import Direction, Flapping, Limits, Thresholds, Variant
from metrics.value import LEVELS
from metrics.vocabulary import keys


def read_thresholds(owner: Table, direction: Direction, known: Known) -> Thresholds | None:
    """None if there are none."""
    table = owner.table("thresholds", keys("thresholds"))
    if table is None:
        return None
    on: Any = table.choice("on", ("value", "z"), "value")
    limits = _limits(table)
    hysteresis = table.number("hysteresis")
    if hysteresis is not None and hysteresis < 0:
        table.fault("hysteresis", "literal", "a hysteresis is not below 0", zh="hysteresis 不能小于 0")
    silence: Any = table.choice("silence", LEVELS, "yellow")
    variants = []
    for at, variant in enumerate(_variants(table)):
        calendar = variant.text("calendar", required=True)
        if calendar and calendar != ALWAYS and calendar not in known.calendars:
            variant.unknown("calendar", calendar, "a calendar", "日历", {ALWAYS, *known.calendars})
        variants.append((f"variants.{at}", Variant(calendar, _limits(variant))))
    found = Thresholds(
        limits, direction, table.flag("strict"), float(hysteresis or 0.0), table.duration("on_delay") or 0,
        table.duration("off_delay") or 0, on, tuple(variant for _, variant in variants),
        table.duration("no_data_delay"), table.duration("stale_delay"), silence, _flapping(table),
    )  # fmt: skip
    if direction == "context" and on == "value":
        if limits:
            en = "direction context reaches levels on z only: these limits are never reached"
            owner.faults.warn(table.place(""), "literal", en, zh="direction 为 context 时只按 z 判级：这些界限不会达到")
        return found
    for place, one in (("", limits), *((place, variant.limits) for place, variant in variants)):
        if not found.in_order(one):
            en = "a worse level must not be easier to reach than a lesser one"
            table.fault(place, "literal", en, zh="较重的级别不得比较轻的更容易达到")
    return found


def _limits(table: Table) -> Limits:
    found = []
    for level in LEVELS:
        limit = table.number(level)
        if limit is not None:
            found.append((level, float(limit)))
    return tuple(found)


def _variants(table: Table) -> list[Table]:
    raw = table.raw.get("variants")
    if raw is None:
        return []
    if not isinstance(raw, list | tuple):
        table.fault("variants", "type", "a list of tables is needed", zh="此处需要由表组成的列表")
        return []
    known = keys("limits_variant")
    return [Table(table.faults, table.file, f"{table.name}.variants.{at}", one, known) for at, one in enumerate(raw)]


def _flapping(owner: Table) -> Flapping:
    table = owner.table("flapping", keys("flapping"))
    if table is None:
        return Flapping()
    return Flapping(table.integer("changes", 5, 2), table.duration("within"))
