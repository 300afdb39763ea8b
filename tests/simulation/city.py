"""A small city, drawn from a seed: sources, indicators over them, and the bundle that declares it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation import expressions as ex
from tests.simulation.span import DAY, HOUR, MINUTE, Span, ms

# Where calendars are hard: leap day, ends of months and of a year, a Monday, and an hour like any other.
NIGHTS = (
    "2024-02-28T22:40", "2024-02-29T22:40", "2023-12-31T22:40", "2024-03-31T22:50", "2024-06-02T22:30",
    "2024-06-05T10:05", "2023-02-28T22:45",
)  # fmt: skip
REGIONS = [
    {"code": "D", "parent": "", "zh": "罗湖", "en": "Luohu", "level": "district"},
    {"code": "S1", "parent": "D", "zh": "桂园", "en": "Guiyuan", "level": "subdistrict"},
    {"code": "S2", "parent": "D", "zh": "黄贝", "en": "Huangbei", "level": "subdistrict"},
    {"code": "C1", "parent": "S1", "zh": "人民桥", "en": "Renminqiao", "level": "committee"},
    {"code": "C2", "parent": "S2", "zh": "文华", "en": "Wenhua", "level": "committee"},
]
PATHS = {"D": ("D",), "S1": ("S1", "D"), "S2": ("S2", "D"), "C1": ("C1", "S1", "D"), "C2": ("C2", "S2", "D")}
LEVEL = {row["code"]: row["level"] for row in REGIONS}
SENSORS = [
    {"id": "a", "code": "C1", "weight": 1.5, "kind": "loop"},
    {"id": "b", "code": "S2", "weight": 2.0, "kind": "radar"},
    {"id": "c", "code": "C2", "weight": 0.5, "kind": "loop"},
    {"id": "d", "code": "nowhere", "weight": 1.0, "kind": "radar"},
]
ENTITIES = ("a", "b", "c", "d", "stranger")


@dataclass(frozen=True)
class Feed:
    """A source as declared, and what of it the oracle needs. `region`: none, field or registry."""

    id: str
    raw: dict[str, Any]
    kind: str
    disorder: int
    lateness: int
    idle: int | None
    future: int | None
    stale_after: int | None
    region: str = ""
    named: bool = False  # rows carry an identity of their own
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Measure:
    """A measure as declared, and what it means."""

    source: str
    agg: str
    raw: dict[str, Any]
    span: Span
    number: ex.Number | None = None
    marks: Callable[[ex.Fields], Any] | None = None
    where: ex.Condition | None = None
    at: ex.Instant | None = None
    p: float = 50.0
    hold: int = 0
    per: Callable[[ex.Fields], Any] | None = None
    having: Callable[[float], bool] | None = None
    each: Callable[[float], float] | None = None
    then: str = ""
    then_p: float = 50.0


@dataclass(frozen=True, eq=False)
class Indicator:
    """An indicator as declared, and what it means."""

    id: str
    raw: dict[str, Any]
    span: Span
    measures: tuple[Measure, ...]
    formula: ex.Formula
    dimension: str
    regions: bool
    levels: tuple[str, ...]
    min_samples: int
    exact: bool  # the value is one count, sum or the like: equal to the last digit


@dataclass(frozen=True)
class City:
    """What a seed declares. `base` is where event time begins, `length` how long rows come, ms."""

    seed: int
    base: int
    length: int
    feeds: dict[str, Feed]
    indicators: list[Indicator]
    bundle: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def timeless(self) -> bool:
        """Whether no clock decides which rows count: then any run gives the same values."""
        return all(feed.idle is None and feed.future is None for feed in self.feeds.values())


def build(seed: int) -> City:
    """The city of a seed."""
    draw = Random(f"city {seed}")
    base = ms(draw.choice(NIGHTS))
    feeds = _feeds(draw)
    spans = [_span(draw) for _ in range(draw.choice((1, 2, 2, 3)))]
    indicators = [_indicator(draw, f"I{number}", span, feeds) for number, span in enumerate(spans)]
    bundle = {
        "v": 1, "hash": f"city {seed}", "sources": {name: feed.raw for name, feed in feeds.items()},
        "indicators": [one.raw for one in indicators], "registries": {"sensors": SENSORS}, "regions": REGIONS,
    }  # fmt: skip
    return City(seed, base, draw.choice((90, 120, 150)) * MINUTE, feeds, indicators, bundle)


# ---- sources ----

_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1_000, "s"))


def written(duration: int) -> str:
    """A duration as declared."""
    return next((f"{duration // size}{unit}" for size, unit in _UNITS if duration and not duration % size), "0s")


def _pace(draw: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    known: dict[str, Any] = {
        "disorder": draw.choice((0, 30_000, 2 * MINUTE)),
        "lateness": draw.choice((5, 15, 60)) * MINUTE,
        "idle": draw.choice((None, None, 3 * MINUTE, 10 * MINUTE)),
        "future": draw.choice((None, None, 10 * MINUTE)),
        "stale_after": draw.choice((None, None, 10 * MINUTE, 15 * MINUTE)),
    }
    return known, {name: written(value) for name, value in known.items() if value is not None}


def _feeds(draw: Random) -> dict[str, Feed]:
    chosen = draw.choice(
        (("flow",), ("flow",), ("case",), ("flow", "case"), ("case", "request", "matter"), ("flow", "hum"))
    )
    feeds: dict[str, Feed] = {}
    for name in chosen:
        if name in ("flow", "hum"):
            feeds[name] = _readings(draw, name)
        elif name in ("case", "request"):
            feeds[name] = _records(draw, name)
        else:
            case, request = feeds["case"], feeds["request"]
            raw = {"kind": "union", "of": ["case", "request"], "rename": {"request": {"received": "created"}}}
            region = "field" if case.region or request.region else ""
            feeds[name] = Feed(
                name, raw, "records", case.disorder, 0, None, None, None, region, parts=("case", "request")
            )
    return feeds


def _readings(draw: Random, name: str) -> Feed:
    known, pace = _pace(draw)
    region = draw.choice(("", "field", "registry"))
    named = draw.random() < 0.3
    raw: dict[str, Any] = {
        "kind": "readings", "time": "time", "entity": "sensor", **pace,
        "fields": {
            "time": {"type": "time"}, "sensor": {"type": "text"}, "ticket": {"type": "text"},
            "zone": {"type": "category", "values": ["north", "south"]}, "code": {"type": "category"},
            "speed": {"type": "decimal", "scale": 1, "range": [-50, 50], "missing": ["-9"]}, "level": {"type": "int"},
        },
    }  # fmt: skip
    if named:
        raw["id"] = ["ticket"]
    if region == "registry":
        raw |= {"registry": "sensors", "take": ["weight", "kind"], "region": {"registry": "code"}}
    elif region:
        raw["region"] = {"field": "code"}
    return Feed(name, raw, "readings", **known, region=region, named=named)


def _records(draw: Random, name: str) -> Feed:
    known, pace = _pace(draw)
    region = draw.choice(("", "field"))
    created = "created" if name == "case" else "received"
    raw: dict[str, Any] = {
        "kind": "records", "key": f"{name}_id", "changed": "changed", **pace,
        "fields": {
            f"{name}_id": {"type": "text"}, "changed": {"type": "time"}, created: {"type": "time"},
            "deadline": {"type": "time"}, "closed": {"type": "time"}, "org": {"type": "category"},
            "status": {"type": "category", "values": ["filed", "dispatched", "closed"]},
            "place": {"type": "category"}, "amount": {"type": "decimal", "scale": 2}, "void": {"type": "bool"},
        },
    }  # fmt: skip
    if draw.random() < 0.7:
        raw["deleted"] = "void"
    if region:
        raw["region"] = {"field": "place"}
    return Feed(name, raw, "records", **known, region=region)


# ---- indicators ----


def _span(draw: Random) -> Span:
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


def _window(span: Span) -> dict[str, Any]:
    if span.kind in ("day", "week", "month", "year"):
        return {"kind": "tumbling", "size": {"day": "1d", "week": "1w", "month": "1mo", "year": "1y"}[span.kind]}
    found: dict[str, Any] = {"kind": span.kind}
    for name, value in (("size", span.size), ("every", span.every), ("max_age", span.max_age)):
        if value:
            found[name] = written(value)
    return found


def _indicator(draw: Random, name: str, span: Span, feeds: dict[str, Feed]) -> Indicator:
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
        "id": name, "source": main.id, "window": _window(span), "formula": formula.text,
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
    window = {"kind": own.kind}
    return Measure(**{**vars(found), "raw": found.raw | {"window": window}})


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
    return _folded(draw, feed, span, raw, numbers, ex.READING_MARKS, where, None)


def _folded(  # noqa: PLR0917
    draw: Random, feed: Feed, span: Span, raw: dict[str, Any], numbers: tuple[ex.Number, ...], marks: Any,
    where: ex.Condition | None, at: ex.Instant | None,
) -> Measure:  # fmt: skip
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
    return _folded(draw, feed, span, raw, ex.RECORD_NUMBERS, ex.RECORD_MARKS, where, at)
