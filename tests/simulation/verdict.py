"""The verdict on a play: what was said, held against the oracle, and against the rules of saying things once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from metrics.value import Value
from tests.simulation.declared import Indicator
from tests.simulation.oracle import Expected, Group, Oracle
from tests.simulation.play import Played
from tests.simulation.span import local

Place = tuple[str, Group, int]  # indicator, group, end


def faults(played: Played) -> list[str]:
    """Everything that is wrong, in words; empty if nothing is."""
    return [*_of_counts(played), *_of_order(played), *_of_alarms(played), *_of_values(played)]


def final(played: Played) -> dict[Place, Expected]:
    """The last word on each complete window of each group."""
    return {_place(value): Expected(value.value, value.quality, value.samples) for _, value in played.completed}


def _of_values(played: Played) -> Iterator[str]:
    oracle, said = Oracle(played.city, played.admission), final(played)
    for indicator in played.city.indicators:
        until = oracle.complete_until(indicator)
        wanted = {
            (indicator.id, group, end) for end in oracle.ends(indicator) for group in oracle.groups(indicator, end)
        }
        mine = {place for place in said if place[0] == indicator.id}
        for place in sorted(wanted - mine, key=str):
            yield f"{_named(place)}: never said, {oracle.value(indicator, *place[1:])} is true"
        for place in sorted(mine, key=str):
            if place[2] > until:
                yield f"{_named(place)}: said to be complete before the watermark, which is at {local(until)}"
                continue
            expected = oracle.value(indicator, *place[1:])
            if not _equal(indicator, said[place], expected):
                yield f"{_named(place)}: {said[place]} was said, {expected} is true"


def _equal(indicator: Indicator, said: Expected, true: Expected) -> bool:
    if (said.quality, said.samples, said.value is None) != (true.quality, true.samples, true.value is None):
        return False
    if said.value is None or true.value is None:
        return True
    if indicator.exact:
        return said.value == true.value
    return math.isclose(said.value, true.value, rel_tol=1e-9, abs_tol=1e-9)


def _of_order(played: Played) -> Iterator[str]:
    """Revisions only rise; a window is said to be complete once, and again only where a correction changes it."""
    newest: dict[Place, Value] = {}
    for _, value in played.completed:
        place, before = _place(value), newest.get(_place(value))
        newest[place] = value
        if before is None:
            continue
        if value.revision <= before.revision:
            yield f"{_named(place)}: revision {value.revision} of a complete window follows {before.revision}"
        if _content(value) == _content(before) and value.revision == before.revision + 1:
            yield f"{_named(place)}: said to be complete twice with {_content(value)}"
    done = set[Place]()
    complete = {(at, _place(value)) for at, value in played.completed}
    for at, value in played.published:
        place = _place(value)
        if value.quality == "provisional" and place in done:
            yield f"{_named(place)}: provisional after it was complete"
        if (at, place) in complete:
            done.add(place)
    mark: dict[str, int] = {}
    for marks in played.watermarks:
        for source, at_ms in marks.items():
            if at_ms < mark.get(source, at_ms):
                yield f"the watermark of {source} went back from {local(mark[source])} to {local(at_ms)}"
            mark[source] = at_ms


def _of_alarms(played: Played) -> Iterator[str]:
    """The events of an alarm are numbered from 0 without a gap, and each goes on from the level of the one before."""
    known: dict[str, dict[str, Any]] = {}
    for event in played.alarms:
        before = known.get(event["fingerprint"])
        number, level = (0, None) if before is None else (before["number"] + 1, before["level_after"])
        if event["number"] != number or (before is not None and event["level_before"] != level):
            yield f"alarm {event['id']} of {event['indicator']} {event['region']!r} follows {before and before['id']}"
        known[event["fingerprint"]] = event


def _of_counts(played: Played) -> Iterator[str]:
    letters: dict[str, Counter[str]] = {}
    for letter in played.dead:
        letters.setdefault(letter["source"], Counter())[letter["rule"]] += 1
    for name, source in played.admission.sources.items():
        feed = played.feeds[name]
        for count in ("late", "duplicate", "unregistered"):
            if feed[count] != source.counts[count]:
                yield f"{name}: {feed[count]} rows were counted {count}, {source.counts[count]} are"
        if feed["rejected"] != dict(source.rejected):
            yield f"{name}: {feed['rejected']} rows were counted rejected, {dict(source.rejected)} are"
        if letters.get(name, Counter()) != source.rejected:
            yield f"{name}: {dict(letters.get(name, {}))} dead letters, {dict(source.rejected)} rows were rejected"
        rows = source.counts["rows"] + sum(source.rejected.values())
        if feed["rows"] != rows or feed["missing"]:
            yield f"{name}: {feed['rows']} rows and {feed['missing']} missing entries were counted, {rows} came"
        if feed["watermark_ms"] != source.mark:
            yield f"{name}: the watermark is at {local(feed['watermark_ms'])}, {local(source.mark)} is true"


def _place(value: Value) -> Place:
    return value.indicator, (value.region, value.dims[0][1] if value.dims else None), value.window_end


def _content(value: Value) -> tuple[object, ...]:
    return value.value, value.quality, value.samples, value.level


def _named(place: Place) -> str:
    indicator, (region, split), end = place
    return f"{indicator} region {region!r} dimension {split!r} at {local(end):%Y-%m-%d %H:%M}"
