"""Alarms taken in: a keeper of the duty process that reads the alarm streams of all worlds.

How far a stream was read is stored in the transaction of what was taken, so that a kill at any point loses nothing and
takes nothing twice; events are known by alarm and number besides, for streams that an engine wrote anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.alarm import COVERED, Signal, State, heard
from ioc.domain.alarm_cover import strongest
from ioc.packs.alarm_desk import DeskRules
from ioc.services import alarm_cards
from ioc.services.alarm_change import SYSTEM, change, comes_out, cover, covers_of, over, seen, tell_desk, uncover
from ioc.store.alarm_tables import AlarmRow, AlarmStepRow
from ioc.store.audit_table import AuditRow
from ioc.store.position_table import StreamPositionRow
from ioc.store.unit import Store
from metrics import keys
from metrics.alarm_event import AlarmEvent
from metrics.stream import Facts, Place, judge, look
from metrics.value import LEVELS
from metrics.world import LIVE_WORLD, World

STREAM: Final = "alarms"  # its name among the positions
CHUNK: Final = 2_000  # events of one transaction: a second of work at most, for which other writers wait
ASKED: Final = 500  # rows that one statement asks for by their ids
NOT_TAKEN: Final = frozenset({"playback"})  # what was, shown again, calls nobody


class AlarmIntake:
    """Takes in the alarms of every world that stands in the register, and of `live`."""

    name = "alarms"

    def __init__(self, store: Store, client: redis.Redis, rules: DeskRules) -> None:
        self._store, self._client, self._rules = store, client, rules
        self._looked: dict[str, tuple[int, int]] = {}  # world -> its life, entries ever added when all were taken

    def turn(self, now_ms: int) -> int:
        """Raises RedisError, SQLAlchemyError, UnknownAlarmEventVersion."""
        found = worlds(self._client)
        facts = look(self._client, [keys.engine(world.id, "alarms") for world in found])
        return sum(
            self._take(world, facts[keys.engine(world.id, "alarms")], world.clock.now_ms(now_ms)) for world in found
        )

    def _take(self, world: World, facts: Facts | None, now_ms: int) -> int:
        if facts is not None and self._looked.get(world.id) == (world.started_ms, facts.added):
            return 0
        with self._store.read() as unit:
            row = unit.get(StreamPositionRow, (world.id, STREAM))
            known = row is not None and row.life == world.started_ms
            before = Place(row.entry, row.read, row.added) if row is not None and known else Place()
        if facts is None and before.id == "0-0":
            return 0
        judged = judge(before, facts)
        stream = keys.engine(world.id, "alarms")
        entries = cast(
            "list[tuple[bytes, Mapping[bytes, bytes]]]",
            self._client.xrange(stream, f"({judged.place.id}", "+", CHUNK) if facts is not None else [],
        )
        if not entries and judged.place == before and known:
            return 0
        events = [AlarmEvent.from_json(entry[b"e"]) for _, entry in entries]
        place = Place(
            entries[-1][0].decode() if entries else judged.place.id, judged.place.read + len(entries),
            judged.place.added,
        )  # fmt: skip
        with self._store.write() as unit:
            row = unit.get(StreamPositionRow, (world.id, STREAM), with_for_update=True, populate_existing=True)
            there = (
                Place(row.entry, row.read, row.added) if row is not None and row.life == world.started_ms else Place()
            )
            if there != before:
                return 0  # another duty process has taken them
            if row is None:
                row = StreamPositionRow(world=world.id, stream=STREAM, missing=0)
                unit.add(row)
            row.life, row.entry, row.read, row.added = world.started_ms, place.id, place.read, place.added
            row.missing, row.world_ms = (row.missing if known else 0) + judged.missing, now_ms
            take(unit, self._rules, world.id, world.started_ms, events, now_ms)
        if facts is not None and place.read >= facts.added:
            self._looked[world.id] = (world.started_ms, facts.added)
        return len(entries)


def worlds(client: redis.Redis) -> list[World]:
    """The worlds whose alarms are taken in, `live` the first. Raises RedisError."""
    told: Any = client.hgetall(keys.WORLDS)
    found = {world.id: world for world in map(World.from_json, told.values()) if world.kind not in NOT_TAKEN}
    found.setdefault(LIVE_WORLD.id, LIVE_WORLD)
    return sorted(found.values(), key=lambda world: (world.id != LIVE_WORLD.id, world.id))


def take(  # noqa: PLR0917 - what is taken, where and when
    unit: Session, rules: DeskRules, world: str, life: int, events: Sequence[AlarmEvent], now_ms: int
) -> int:
    """Take events in within a unit; returns how many changed something. What was taken before changes nothing."""
    began_ms = _began(unit) if world == LIVE_WORLD.id else None
    rows = _known(unit, [_id(event, life) for event in events])
    covers = covers_of(unit, world)
    fresh: list[AlarmRow] = []
    steps: list[AlarmStepRow] = []
    for event in events:
        level = 0 if event.level_after is None else 1 + LEVELS.index(event.level_after)
        row = rows.get(_id(event, life))
        if row is None:
            if level == 0:
                continue  # what was never heard of here is over
            row = rows[_id(event, life)] = _new(event, world, life)
            fresh.append(row)
            over_it = strongest(over(rules, covers, row), level)
            if over_it is not None:
                steps.append(cover(row, over_it, event.at, SYSTEM, "a cover lies over its point"))
            else:
                row.reached_ms = now_ms
        elif event.number <= row.number:
            continue
        row.number, row.value, row.limit, row.quality = event.number, event.value, event.limit, event.quality
        signal = heard(seen(row), level)
        if signal is None:
            continue
        steps.append(change(row, signal, event.at, level=level))
        if State(row.state) is State.RTNUN and began_ms is not None and event.at < began_ms:
            steps.append(change(row, Signal.ACKNOWLEDGE, event.at, SYSTEM, "it was over before this duty room began"))
        if signal in {Signal.RAISE, Signal.WORSEN} and State(row.state) in COVERED and comes_out(row, covers):
            others = [each for each in over(rules, covers, row) if each.id != row.cover_id]
            steps += uncover(row, others, event.at, SYSTEM, "worse than its cover may hold")
    steps += alarm_cards.sort_in(unit, rules, world, life, fresh, now_ms)
    unit.add_all(fresh)
    unit.flush()
    unit.add_all(steps)
    unit.flush()
    if steps:
        changed = {step.alarm_id for step in steps}
        tell_desk(unit, [row for row in rows.values() if row.id in changed])
    return len(steps)


def _began(unit: Session) -> int | None:
    """When this centre wrote the first entry of its audit, before which nobody could acknowledge anything; None: it has
    none."""
    return unit.scalar(select(AuditRow.at_ms).order_by(AuditRow.seq).limit(1))


def _known(unit: Session, ids: Sequence[str]) -> dict[str, AlarmRow]:
    distinct = list(dict.fromkeys(ids))
    found: dict[str, AlarmRow] = {}
    for start in range(0, len(distinct), ASKED):
        asked = select(AlarmRow).where(AlarmRow.id.in_(distinct[start : start + ASKED])).with_for_update()
        found |= {row.id: row for row in unit.scalars(asked)}
    return found


def _id(event: AlarmEvent, life: int) -> str:
    """The name of an alarm: an exercise that is begun anew may say the same alarm again, and means another one."""
    return f"{event.fingerprint}{life:x}"


def _new(event: AlarmEvent, world: str, life: int) -> AlarmRow:
    dims = json.dumps(event.dims, ensure_ascii=False, separators=(",", ":"))
    point = json.dumps([world, event.indicator, event.region, dims, event.condition], ensure_ascii=False)
    return AlarmRow(
        id=_id(event, life), world=world, life=life, fingerprint=event.fingerprint,
        point=hashlib.sha256(point.encode()).hexdigest()[:16], indicator=event.indicator, region=event.region,
        dims=dims, condition=event.condition, state=State.NORM, stands=False, acked=False, level=0, value=event.value,
        limit=event.limit, quality=event.quality, origin=event.origin, raised_ms=event.at, changed_ms=event.at,
        cleared_ms=None, reached_ms=None, number=-1, version=0, acked_by="", acked_ms=None, card_id="", cover_id="",
    )  # fmt: skip
