"""What the sources of a city send, drawn from its seed: rows with the moment at which each arrives, and as entries.

Rows come late, out of order, twice, malformed or from the future; a source falls silent for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np

from metrics.codec import RawColumn, coded, pack
from tests.simulation.city import City
from tests.simulation.declared import ENTITIES, Feed
from tests.simulation.span import DAY, HOUR, MINUTE

CODES = ("C1", "C1", "C2", "S1", "X9", None)
NEW_YEARS_DAY = 366 * DAY


@dataclass(frozen=True)
class Sent:
    """A row on its way. `fields` has texts as the producer writes them (None: absent); `fault`: the rule it breaks."""

    arrives: int
    source: str
    time: int
    entity: str
    fields: dict[str, str | None]
    fault: str = ""


def deliveries(city: City) -> list[Sent]:
    """All rows in order of arrival, with a last one of each source that completes every window before it."""
    draw = Random(f"rows {city.seed}")
    sent: list[Sent] = []
    for feed in city.feeds.values():
        if not feed.parts:
            sent += _of(feed, city, draw)
    sent.sort(key=lambda one: one.arrives)
    return sent


def closing(city: City, at: int) -> list[Sent]:
    """One row of each source at `at`."""
    rows = []
    for feed in city.feeds.values():
        if feed.kind == "readings":
            rows.append(Sent(at, feed.id, at, "a", {"ticket": f"{feed.id}-last", "speed": "1.0"}))
        elif not feed.parts:
            rows.append(Sent(at, feed.id, at, f"{feed.id}-last", {"void": "true", "place": "C1"}))
    return rows


def _of(feed: Feed, city: City, draw: Random) -> list[Sent]:
    made = _readings(feed, city, draw) if feed.kind == "readings" else _versions(feed, city, draw)
    silent_from = city.base + draw.randrange(city.length)
    silent_for = draw.choice((0, 0, 20, 40)) * MINUTE
    sent: list[Sent] = []
    for time, entity, fields, fault in made:
        if silent_from <= time < silent_from + silent_for:
            continue
        delay = draw.randrange(feed.disorder + 1_000)
        if draw.random() < 0.25:
            delay = feed.disorder + draw.randrange(feed.lateness)
        elif draw.random() < 0.07:
            delay = feed.lateness + feed.disorder + draw.randrange(HOUR)
        one = Sent(time + delay, feed.id, time, entity, fields, fault)
        sent.append(one)
        if draw.random() < 0.1:  # its answer was lost, and it is sent again
            sent.append(Sent(one.arrives + draw.randrange(feed.lateness), *tuple(vars(one).values())[1:]))
    if draw.random() < 0.3 and feed.future is not None:
        entity = "a" if feed.kind == "readings" else f"{feed.id}-1"
        sent.append(Sent(city.base + city.length // 2, feed.id, city.base + NEW_YEARS_DAY, entity, {"ticket": "ahead"}))
    return sent


def _moment(city: City, draw: Random, at: int) -> int:
    """Near `at`; often on the second, sometimes on a border of windows or a millisecond before it."""
    chance = draw.random()
    if chance < 0.1:
        return at // (10 * MINUTE) * 10 * MINUTE
    if chance < 0.15:
        return at // (10 * MINUTE) * 10 * MINUTE - 1
    return at // 1000 * 1000 if chance < 0.8 else at


def _readings(feed: Feed, city: City, draw: Random) -> list[tuple[int, str, dict[str, str | None], str]]:
    rows: list[tuple[int, str, dict[str, str | None], str]] = []
    entities = ENTITIES[: draw.choice((2, 3, 5))]
    pace = draw.choice((5, 8, 12)) * MINUTE
    for entity in entities:
        at = city.base + draw.randrange(pace)
        taken = set[int]()
        home = draw.choice(CODES)
        while at < city.base + city.length:
            time = _moment(city, draw, at)
            at += draw.randrange(pace // 4, 2 * pace)
            if time in taken and not feed.named:
                continue
            taken.add(time)
            fields = {
                "ticket": f"{feed.id}-{entity}-{len(rows)}",
                "zone": draw.choice(("north", "north", "south", None)),
                "code": home if draw.random() < 0.8 else draw.choice(CODES),
                "speed": draw.choice((None, "-9", *(f"{draw.randrange(-20, 120) / 10:.1f}" for _ in range(6)))),
                "level": draw.choice((None, "0", "1", "2", "3", "4")),
            }
            fault = ""
            if draw.random() < 0.04:
                name, text, fault = draw.choice(
                    (("speed", "fast", "type"), ("speed", "99.5", "range"), ("zone", "west", "category"))
                )
                fields[name] = text
            rows.append((time, entity, fields, fault))
    return rows


def _versions(feed: Feed, city: City, draw: Random) -> list[tuple[int, str, dict[str, str | None], str]]:
    rows: list[tuple[int, str, dict[str, str | None], str]] = []
    begun = "created" if feed.id == "case" else "received"
    for number in range(draw.choice((6, 10, 15))):
        key = f"{feed.id}-{number}"
        at = city.base + draw.randrange(city.length)
        created = _moment(city, draw, at - draw.randrange(40 * MINUTE))
        deadline = _moment(city, draw, created + draw.randrange(10, 90) * MINUTE)
        fields: dict[str, str | None] = {
            begun: str(created), "deadline": str(deadline) if draw.random() < 0.9 else None, "closed": None,
            "org": draw.choice(("water", "roads", None)), "status": "filed",
            "place": draw.choice(CODES), "void": None,
            "amount": draw.choice((None, *(f"{draw.randrange(900) / 100:.2f}" for _ in range(3)))),
        }  # fmt: skip
        for _ in range(draw.choice((1, 2, 3, 4))):
            rows.append((_moment(city, draw, at), key, dict(fields), ""))
            at += draw.randrange(50 * MINUTE)
            change = draw.random()
            if change < 0.35:
                fields |= {"closed": str(_moment(city, draw, at)), "status": "closed"}
            elif change < 0.5:
                fields |= {"org": draw.choice(("water", "roads")), "place": draw.choice(CODES)}
            elif change < 0.65:
                fields["void"] = draw.choice(("true", "false"))
            elif change < 0.8:
                fields |= {"status": "dispatched", "amount": f"{draw.randrange(900) / 100:.2f}"}
            if draw.random() < 0.03:
                rows.append((at, key, fields | {"status": "lost"}, "category"))
    return [row for row in rows if row[0] < city.base + city.length]


# ---- on the wire ----


def plain(row: Sent, draw: Random) -> list[str | bytes | int]:
    """An entry of one row: names and texts."""
    cells: list[str | bytes | int] = ["t", row.time, "k", row.entity]
    for name, text in row.fields.items():
        if text is not None or draw.random() < 0.5:
            cells += [name, text or ""]
    return cells


def packed(rows: list[Sent]) -> list[str | bytes | int]:
    """An entry of several rows of one source."""
    names = list(dict.fromkeys(name for row in rows for name in row.fields))
    columns = {"t": RawColumn("int", np.array([row.time for row in rows])), "k": coded([row.entity for row in rows])}
    columns |= {name: coded([row.fields.get(name) for row in rows]) for name in names}
    return ["p", pack(columns, len(rows))]


# ---- as the contract must read them ----


def read(feed: Feed, row: Sent) -> dict[str, Any]:
    """The fields of an accepted row, by the page: numbers as Fractions, times as ms, null as None."""
    texts = {name: text or None for name, text in row.fields.items()}
    found: dict[str, Any] = {"time": row.time, "entity": row.entity}
    if feed.kind == "readings":
        speed = texts.get("speed")
        return found | {
            "ticket": texts.get("ticket"), "zone": texts.get("zone"), "code": texts.get("code"),
            "speed": None if speed in (None, "-9") else Fraction(speed), "level": _number(texts.get("level")),
        }  # fmt: skip
    times = {name: None if texts.get(name) is None else int(texts[name] or 0) for name in ("deadline", "closed")}
    begun = texts.get("created") or texts.get("received")
    return found | times | {
        "created": None if begun is None else int(begun), "org": texts.get("org"), "status": texts.get("status"),
        "place": texts.get("place"), "amount": _number(texts.get("amount")), "void": texts.get("void") == "true",
    }  # fmt: skip


def _number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
