"""Indicators over the sources of a city, drawn from its seed: windows, measures in one step or two, and formulas."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.simulation import expressions as ex
from tests.simulation.declared import Feed, Indicator, Measure, written
from tests.simulation.span import MINUTE, Span


def span(draw: Random) -> Span:
    kind = draw.choice(("tumbling", "tumbling", "sliding", "sliding", "day_to_date", "to_date", "now", "all", "day"))
    every = draw.choice((10, 15, 30)) * MINUTE
    if kind == "tumbling":
        return Span(kind, draw.choice((10, 15, 30, 60)) * MINUTE)
    if kind == "sliding":
        return Span(kind, every * draw.choice((1, 2, 4)), every)
    if kind == "to_date":
        return Span(draw.choice(("week", "month", "year")) + "_to_date", 0, 30 * MINUTE)
    if kind == "day":
        return Span(draw.choice(("day", "week", "month", "year")))
    return Span(kind, 0, every, draw.choice((0, 0, 20 * MINUTE)) if kind == "now" else 0)


def window(span: Span) -> dict[str, Any]:
    """A window as declared."""
    if span.kind in ("day", "week", "month", "year"):
        return {"kind": "tumbling", "size": {"day": "1d", "week": "1w", "month": "1mo", "year": "1y"}[span.kind]}
    found: dict[str, Any] = {"kind": span.kind}
    for name, value in (("size", span.size), ("every", span.every), ("max_age", span.max_age)):
        if value:
            found[name] = written(value)
    return found


def indicator(draw: Random, name: str, span: Span, feeds: dict[str, Feed]) -> Indicator:
    main = draw.choice([feed for feed in feeds.values() if feed.id != "request"])
    if span.kind == "now" and span.max_age and main.kind == "records":
        span = Span("now", 0, span.every)
    measures = [_measure(draw, main, span)]
    if draw.random() < 0.5:
        others = [
            feed for feed in feeds.values() if feed.kind == main.kind and feed.id != "request" and draw.random() < 0.3
        ]
        measures.append(_measure(draw, others[0] if others else main, span))
    if len(measures) > 1 and draw.random() < 0.3:
        measures[1] = _stock(draw, measures[1], span, feeds)
    formula = draw.choice(ex.ONE if len(measures) == 1 else ex.TWO)
    sources = [feeds[one.source] for one in measures]
    dimension = draw.choice(("", "zone" if main.kind == "readings" else "org"))
    levels = draw.choice((("district", "subdistrict", "committee"),) * 3 + (("subdistrict",),))
    raw: dict[str, Any] = {
        "id": name, "source": main.id, "window": window(span), "formula": formula.text,
        "measures": {f"m{place}": one.raw for place, one in enumerate(measures)}, "levels": list(levels),
    }  # fmt: skip
    if dimension:
        raw["dimensions"] = [dimension]
    if draw.random() < 0.4:
        raw |= {"direction": "down", "thresholds": {"yellow": 2, "red": 6, "hysteresis": 1}}
    least = draw.choice((0, 0, 0, 2))
    if least:
        raw["min_samples"] = least
    exact = formula.text == "m0" and not measures[0].per and measures[0].agg not in ("mean", "percentile", "rate")
    return Indicator(
        name, raw, span, tuple(measures), formula, dimension, any(feed.region for feed in sources), levels, least, exact
    )


def _stock(draw: Random, measure: Measure, span: Span, feeds: dict[str, Feed]) -> Measure:
    """The measure with a window of its own."""
    own = Span(draw.choice(("now", "day_to_date", "all")), 0, span.every or span.size)
    if not span.every and not span.size:
        return measure
    found = _measure(draw, feeds[measure.source], own, {"source": measure.source})
    return Measure(**{**vars(found), "raw": found.raw | {"window": {"kind": own.kind}}})


def _measure(draw: Random, feed: Feed, span: Span, more: dict[str, Any] | None = None) -> Measure:
    raw: dict[str, Any] = {"source": feed.id, **(more or {})}
    if feed.kind == "records":
        return _of_records(draw, feed, span, raw)
    registered = feed.region == "registry"
    numbers = ex.REGISTERED_NUMBERS if registered else ex.READING_NUMBERS
    conditions = ex.REGISTERED_CONDITIONS if registered else ex.READING_CONDITIONS
    agg = draw.choice(
        ("count", "count", "sum", "sum", "mean", "min", "max", "percentile", "first", "last", "distinct", "dwell",
         "delta", "rate", "having", "worst")
    )  # fmt: skip
    if agg == "dwell" and span.kind in ("now", "all"):
        agg = "sum"
    raw["agg"] = {"having": "count", "worst": "sum"}.get(agg, agg)
    where = draw.choice((None, *conditions))
    if agg == "dwell":
        where, hold = draw.choice(ex.DWELL_CONDITIONS), draw.choice((5, 10, 20)) * MINUTE
        return Measure(feed.id, agg, raw | {"where": where.text, "hold": written(hold)}, span, where=where, hold=hold)
    if where is not None:
        raw["where"] = where.text
    if agg in ("delta", "rate", "having", "worst"):
        return _two_steps(draw, feed, span, raw, agg, draw.choice(numbers[:4]), where)
    return folded(draw, feed, span, raw, numbers, ex.READING_MARKS, where, None)


def folded(  # noqa: PLR0917
    draw: Random, feed: Feed, span: Span, raw: dict[str, Any], numbers: tuple[ex.Number, ...], marks: Any,
    where: ex.Condition | None, at: ex.Instant | None,
) -> Measure:  # fmt: skip
    """A measure in one step."""
    agg = raw["agg"]
    if agg == "distinct":
        texts, of = draw.choice(marks)
        field_ = list(texts) if len(texts) > 1 else texts[0]
        return Measure(feed.id, agg, raw | {"field": field_}, span, marks=of, where=where, at=at)
    number = None if agg == "count" and draw.random() < 0.6 else draw.choice(numbers)
    if number is not None:
        raw["field"] = number.text
    p = draw.choice((25.0, 50.0, 90.0))
    if agg == "percentile":
        raw["p"] = p
    return Measure(feed.id, agg, raw, span, number, None, where, at, p)


def _two_steps(  # noqa: PLR0917
    draw: Random, feed: Feed, span: Span, raw: dict[str, Any], agg: str, number: ex.Number, where: ex.Condition | None
) -> Measure:
    if agg == "having":
        least = draw.choice((1, 2, 3))
        raw |= {"per": ["entity"], "having": f"value >= {least}", "then": "count"}
        return Measure(
            feed.id,
            "count",
            raw,
            span,
            where=where,
            per=lambda f: f["entity"],
            having=lambda v: v >= least,
            then="count",
        )
    by_zone = agg == "worst" and draw.random() < 0.4
    then = draw.choice(("max", "min", "sum", "mean", "count", "percentile"))
    raw |= {"field": number.text, "per": ["zone"] if by_zone else ["entity"], "then": then}
    each = None
    if draw.random() < 0.3:
        raw["each"], each = "min(value, 20) * 2", lambda v: min(v, 20.0) * 2
    if then == "percentile":
        raw["p"] = 75
    per = (lambda f: f["zone"]) if by_zone else (lambda f: f["entity"])
    return Measure(feed.id, raw["agg"], raw, span, number, None, where, per=per, each=each, then=then, then_p=75.0)


def _of_records(draw: Random, feed: Feed, span: Span, raw: dict[str, Any]) -> Measure:
    aggs = ("count", "count", "sum", "mean", "min", "max", "percentile", "first", "last", "distinct", "dwell")
    agg = draw.choice(aggs)
    union = bool(feed.parts)
    if (agg == "dwell" and span.kind in ("now", "all")) or (union and agg in ("first", "last", "dwell")):
        agg = "sum"
    raw["agg"] = agg
    if agg == "dwell":
        where = draw.choice(ex.RECORD_CONDITIONS)
        return Measure(feed.id, agg, raw | {"where": where.text}, span, where=where)
    at = None
    if span.kind != "now" and (span.kind != "all" or draw.random() < 0.5 or agg in ("first", "last")):
        at = draw.choice(ex.RECORD_INSTANTS)
        raw["at"] = at.text
    if agg in ("first", "last") and at is None:
        agg = raw["agg"] = "max"
    where = draw.choice((None, *ex.STOCK_CONDITIONS))
    if where is not None:
        raw["where"] = where.text
    return folded(draw, feed, span, raw, ex.RECORD_NUMBERS, ex.RECORD_MARKS, where, at)
