"""What becomes of alarms by time alone: a keeper that locks cards, ends covers and floods, and counts ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import redis
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ioc.packs.alarm_desk import DeskRules
from ioc.services.alarm_cards import SLOT_MS, count_slot, end_flood, lift
from ioc.services.alarm_change import SYSTEM
from ioc.services.alarm_intake import STREAM, worlds
from ioc.services.audit import record
from ioc.services.desk_news import Change, note
from ioc.store.alarm_tables import AlarmCardRow, AlarmCoverRow, AlarmFloodRow, AlarmLoadRow
from ioc.store.position_table import StreamPositionRow
from ioc.store.unit import Store

EVERY_MS: Final = 1_000
FLOOD_MS: Final = 15_000  # how often it is asked whether a flood is over


@dataclass(frozen=True, slots=True)
class _Due:
    """What a look found to be due in a world."""

    cards: bool
    covers: bool
    flood: bool
    slot: bool

    def __bool__(self) -> bool:
        return self.cards or self.covers or self.flood or self.slot


class AlarmTimes:
    """Each world by its own clock; one that stands (an exercise that is over) stays as it is."""

    name = "alarm_times"

    def __init__(self, store: Store, client: redis.Redis, rules: DeskRules) -> None:
        self._store, self._client, self._rules = store, client, rules
        self._next_ms = 0
        self._flood_ms: dict[str, int] = {}

    def turn(self, now_ms: int) -> int:
        """Raises RedisError, SQLAlchemyError."""
        if self._next_ms - EVERY_MS <= now_ms < self._next_ms:
            return 0
        self._next_ms = now_ms + EVERY_MS
        return sum(
            self._look(world.id, world.started_ms, world.clock.now_ms(now_ms), now_ms)
            for world in worlds(self._client)
            if world.clock.speed
        )

    def _look(self, world: str, life: int, now_ms: int, real_ms: int) -> int:
        with self._store.read() as unit:
            due = self._due(unit, world, life, now_ms, real_ms)
        if not due:
            return 0
        with self._store.write() as unit:
            return _act(unit, self._rules, world, life, now_ms, due)

    def _due(self, unit: Session, world: str, life: int, now_ms: int, real_ms: int) -> _Due:
        position = unit.get(StreamPositionRow, (world, STREAM))
        if position is None or position.life != life:
            return _Due(cards=False, covers=False, flood=False, slot=False)
        flood = unit.scalar(
            select(AlarmFloodRow.id).where(
                AlarmFloodRow.world == world, AlarmFloodRow.life == life, AlarmFloodRow.ended_ms.is_(None)
            )
        )
        asked = flood is not None and not 0 <= real_ms - self._flood_ms.get(world, -FLOOD_MS) < FLOOD_MS
        if asked:
            self._flood_ms[world] = real_ms
        return _Due(
            cards=unit.scalar(_over(world, life, now_ms).limit(1)) is not None,
            covers=unit.scalar(_expired(world, now_ms).limit(1)) is not None,
            flood=asked,
            slot=unit.get(AlarmLoadRow, (world, life, now_ms - now_ms % SLOT_MS)) is None,
        )


def _over(world: str, life: int, now_ms: int) -> Select[AlarmCardRow]:
    return select(AlarmCardRow).where(
        AlarmCardRow.world == world, AlarmCardRow.life == life, AlarmCardRow.locked_ms.is_(None),
        AlarmCardRow.until_ms <= now_ms,
    )  # fmt: skip


def _expired(world: str, now_ms: int) -> Select[AlarmCoverRow]:
    return select(AlarmCoverRow).where(
        AlarmCoverRow.world == world, AlarmCoverRow.ended_ms.is_(None), AlarmCoverRow.until_ms <= now_ms
    )


def _act(unit: Session, rules: DeskRules, world: str, life: int, now_ms: int, due: _Due) -> int:  # noqa: PLR0917
    done = 0
    if due.slot:
        done += count_slot(unit, rules, world, life, now_ms)
    for card in unit.scalars(_over(world, life, now_ms)) if due.cards else ():
        card.locked_ms = now_ms
        note(unit, Change(world, "alarm", card.id, 0, card.place))
        done += 1
    for cover in unit.scalars(_expired(world, now_ms).with_for_update()).all() if due.covers else ():
        back = lift(unit, rules, cover, SYSTEM, now_ms, "期满 its time is over")
        record(unit, "alarm.uncover", cover.id, now_ms, {"brought_back": len(back), "why": "expired"}, world=world)
        done += 1
    if due.flood:
        done += len(end_flood(unit, rules, world, life, now_ms))
    return done
