"""A small city, drawn from a seed: sources, indicators over them, and the bundle that declares it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation import derived
from tests.simulation.declared import REGIONS, SENSORS, Feed, Indicator, written
from tests.simulation.indicators import indicator, span
from tests.simulation.span import MINUTE, ms

# Where calendars are hard: leap day, ends of months and of a year, a Monday, and an hour like any other.
NIGHTS = (
    "2024-02-28T22:40", "2024-02-29T22:40", "2023-12-31T22:40", "2024-03-31T22:50", "2024-06-02T22:30",
    "2024-06-05T10:05", "2023-02-28T22:45",
)  # fmt: skip


@dataclass(frozen=True)
class City:
    """What a seed declares. `base` is where event time begins, `length` how long rows come, ms."""

    seed: int
    base: int
    length: int
    feeds: dict[str, Feed]
    indicators: list[Indicator]
    bundle: dict[str, Any] = field(repr=False, default_factory=dict)

    def feed(self, name: str) -> Feed:
        """A source, or an indicator as one."""
        found = self.feeds.get(name)
        return found or derived.feed(next(one for one in self.indicators if derived.SOURCE + one.id == name))

    def below(self, name: str) -> set[str]:
        """The sources that a source is made of; itself if it is no indicator."""
        of = self.feed(name).of
        return {name} if of is None else {one for measure in of.measures for one in self.below(measure.source)}

    @property
    def timeless(self) -> bool:
        """Whether no clock decides which rows count: then any run gives the same values."""
        return all(feed.idle is None and feed.future is None for feed in self.feeds.values())


def build(seed: int) -> City:
    """The city of a seed."""
    draw = Random(f"city {seed}")
    base = ms(draw.choice(NIGHTS))
    feeds = _feeds(draw)
    spans = [span(draw) for _ in range(draw.choice((1, 2, 2, 3)))]
    indicators = [indicator(draw, f"I{number}", one, feeds) for number, one in enumerate(spans)]
    own = Random(f"derived {seed}")
    above = derived.indicator(own, f"I{len(indicators)}", own.choice(indicators)) if own.random() < 0.5 else None
    indicators += [] if above is None else [above]
    bundle = {
        "v": 1, "hash": f"city {seed}", "sources": {name: feed.raw for name, feed in feeds.items()},
        "indicators": [one.raw for one in indicators], "registries": {"sensors": SENSORS}, "regions": REGIONS,
    }  # fmt: skip
    return City(seed, base, draw.choice((90, 120, 150)) * MINUTE, feeds, indicators, bundle)


# ---- sources ----


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
