"""Indicators over the complete values of another one, drawn from a seed, and those values as rows."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from random import Random
from typing import Any

from tests.simulation import expressions as ex
from tests.simulation.declared import Feed, Indicator, Measure, Row
from tests.simulation.indicators import folded, span, window
from tests.simulation.span import Span

SOURCE = "indicator:"
_SCALE = 10**9
_STARTED = ("tumbling", "sliding", "day_to_date", "week_to_date", "month_to_date", "year_to_date")

NUMBERS = (
    ex.Number("value", lambda f: f["value"], 9),
    ex.Number("samples", lambda f: f["samples"], 0),
    ex.Number("value - samples", lambda f: ex.minus(f["value"], f["samples"]), 9),
)
CONDITIONS = (
    ex.Condition("value > 2", lambda f, _: ex.above(f["value"], 2)),
    ex.Condition("value is not null", lambda f, _: f["value"] is not None),
    ex.Condition("samples >= 2", lambda f, _: f["samples"] >= 2),
)
MARKS = ((("value",), lambda f: f["value"]), (("region",), lambda f: f["region"]))


def feed(of: Indicator) -> Feed:
    """The source that an indicator is."""
    return Feed(SOURCE + of.id, {}, "readings", 0, 0, None, None, None, "field", named=True, of=of)


def indicator(draw: Random, name: str, of: Indicator) -> Indicator | None:
    """An indicator over the values of `of`; None where windows without a start have none that are rows."""
    if of.span.kind not in _STARTED:
        return None
    own, source = span(draw), feed(of)
    measures = [_measure(draw, source, own)]
    if draw.random() < 0.4:
        measures.append(_measure(draw, source, own))
    formula = draw.choice(ex.ONE if len(measures) == 1 else ex.TWO)
    dimension = of.dimension if draw.random() < 0.5 else ""
    levels = draw.choice((("district", "subdistrict", "committee"), ("district",)))
    raw: dict[str, Any] = {
        "id": name, "source": source.id, "window": window(own), "formula": formula.text, "levels": list(levels),
        "measures": {f"m{place}": one.raw for place, one in enumerate(measures)},
    }  # fmt: skip
    if dimension:
        raw["dimensions"] = [dimension]
    return Indicator(name, raw, own, tuple(measures), formula, dimension, True, levels, 0, False)


def _measure(draw: Random, source: Feed, own: Span) -> Measure:
    agg = draw.choice(
        ("count", "count", "sum", "mean", "min", "max", "percentile", "first", "last", "distinct", "worst")
    )
    raw: dict[str, Any] = {"source": source.id, "agg": "sum" if agg == "worst" else agg}
    where = draw.choice((None, None, *CONDITIONS))
    if where is not None:
        raw["where"] = where.text
    if agg != "worst":
        return folded(draw, source, own, raw, NUMBERS, MARKS, where, None)
    raw |= {"field": "value", "per": ["entity"], "then": "max"}
    return Measure(source.id, "sum", raw, own, NUMBERS[0], None, where, per=lambda f: f["entity"], then="max")


def rows(of: Indicator, said: Iterable[tuple[int, str, str | None, float | None, int]]) -> list[Row]:
    """The values of `of` as rows: (end, region as resolved, dimension, value, samples)."""
    found = []
    for end, region, split, value, samples in said:
        fields: dict[str, Any] = {
            "value": None if value is None else Fraction(round(Fraction(repr(value)) * _SCALE), _SCALE),
            "samples": Fraction(samples), "region": region or None, "entity": split or "",
            "ticket": f"{region}\x1f{split or ''}",
        }  # fmt: skip
        if of.dimension:
            fields[of.dimension] = split or None
        found.append(Row(end - 1, split or "", fields, region))
    return found
