"""New alarms sorted onto cards, and floods: when one begins, narrow cards are taken up by wide ones and lesser alarms
are laid aside, all of it on the record; critical ones never are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.alarm import State
from ioc.domain.alarm_card import Key, key
from ioc.domain.alarm_flood import floods, laid_aside
from ioc.packs.alarm_desk import DeskRules
from ioc.security import identity
from ioc.security.role import Role
from ioc.services.alarm_change import SYSTEM, as_cover, cover, covers_of, over, tell_desk, uncover
from ioc.services.audit import record
from ioc.store.alarm_tables import AlarmCardRow, AlarmCoverRow, AlarmFloodRow, AlarmLoadRow, AlarmRow, AlarmStepRow
from ioc.store.tables import RoleGrantRow, SessionRow

SLOT_MS: Final = 600_000  # the load is counted in ten minutes
DAY_MS: Final = 24 * 3_600_000
PRESENT_MS: Final = 15 * 60_000  # an operator whose session was seen within is there
WHY: Final = "告警洪水规则 flood rule"


def sort_in(  # noqa: PLR0917 - what is sorted, where and when
    unit: Session, rules: DeskRules, world: str, life: int, fresh: Sequence[AlarmRow], now_ms: int
) -> list[AlarmStepRow]:
    """Give each new alarm its card, which is written; in a flood lesser ones are laid aside. The steps of that."""
    reached = [row for row in fresh if row.reached_ms is not None]
    _count_new(unit, rules, world, life, reached, now_ms)
    steps: list[AlarmStepRow] = []
    flood = _going_on(unit, world, life)
    since_ms = now_ms - rules.flood.within_ms
    newest = sum(row.raised_ms > since_ms for row in reached)
    if flood is None and newest:
        new = newest + begun_since(unit, world, life, since_ms)
        operators = operators_there(unit, rules)
        if floods(rules.flood, new, operators, going_on=False):
            flood, steps = _begin(unit, rules, world, life, new, operators, now_ms)
    cards = _Cards(unit, rules, world, life, wide=flood is not None)
    for row in fresh:
        row.card_id = cards.of(row).id
    unit.flush()
    if flood is not None:
        aside = as_cover(_cover_row(unit, flood.cover_id))
        steps += [
            cover(row, aside, row.raised_ms, SYSTEM, WHY)
            for row in reached
            if State(row.state) is State.UNACK and laid_aside(rules.flood, row.level)
        ]
    return steps


class _Cards:
    """The cards of a world that take alarms."""

    def __init__(self, unit: Session, rules: DeskRules, world: str, life: int, *, wide: bool) -> None:
        self._unit, self._rules, self._world, self._life, self._wide = unit, rules, world, life, wide
        self._open: dict[Key, list[AlarmCardRow]] = {}
        for card in open_cards(unit, world, life):
            self._open.setdefault(Key(card.place, card.cause, card.wide), []).append(card)

    def of(self, row: AlarmRow) -> AlarmCardRow:
        """The card of an alarm: the open one that ends first of those whose time it falls into, or a new one."""
        belongs = key(self._rules.cause(row.indicator), self._rules.place(row.region), row.condition, flood=self._wide)
        cards = self._open.setdefault(belongs, [])
        found = min(
            (card for card in cards if row.raised_ms < card.until_ms), key=lambda card: card.until_ms, default=None
        )
        if found is None:
            lasts = self._rules.wide_ms if self._wide else self._rules.window_ms
            found = AlarmCardRow(
                id=identity.new_id(), world=self._world, life=self._life, place=belongs.place, cause=belongs.cause,
                wide=belongs.wide, opened_ms=row.raised_ms, until_ms=row.raised_ms + lasts, locked_ms=None, into="",
                dossier_id="",
            )  # fmt: skip
            cards.append(found)
            self._unit.add(found)
        return found


def open_cards(unit: Session, world: str, life: int) -> Sequence[AlarmCardRow]:
    """The cards whose windows have not ended."""
    return unit.scalars(
        select(AlarmCardRow).where(
            AlarmCardRow.world == world, AlarmCardRow.life == life, AlarmCardRow.locked_ms.is_(None)
        )
    ).all()


def _begin(  # noqa: PLR0917 - what a flood is
    unit: Session, rules: DeskRules, world: str, life: int, new: int, operators: int, now_ms: int
) -> tuple[AlarmFloodRow, list[AlarmStepRow]]:
    aside = AlarmCoverRow(
        id=identity.new_id(), world=world, kind=State.SHLVD, indicator="", region="", dims="flood", condition="",
        most_level=rules.flood.most_level, reason=WHY, by_name=SYSTEM, begun_ms=now_ms, until_ms=None, ended_ms=None,
        ended_by="",
    )  # fmt: skip
    unit.add(aside)
    unit.flush()
    flood = AlarmFloodRow(
        id=identity.new_id(), world=world, life=life, began_ms=now_ms, ended_ms=None, new=new, operators=operators,
        cover_id=aside.id,
    )  # fmt: skip
    unit.add(flood)
    narrow = {card.id: card for card in open_cards(unit, world, life) if not card.wide}
    wide = _Cards(unit, rules, world, life, wide=True)
    rows = unit.scalars(select(AlarmRow).where(AlarmRow.card_id.in_(narrow)).with_for_update()).all()
    taken_up = {row.id: wide.of(row) for row in rows}
    unit.flush()
    steps = []
    for row in rows:
        card = narrow[row.card_id]
        card.into, card.locked_ms = taken_up[row.id].id, now_ms
        row.card_id = taken_up[row.id].id
        if State(row.state) is State.UNACK and laid_aside(rules.flood, row.level):
            steps.append(cover(row, as_cover(aside), now_ms, SYSTEM, WHY))
    said = {"new": new, "operators": operators, "over": rules.flood.over, "lays_aside_up_to": rules.flood.most_level}
    record(unit, "alarm.flood", flood.id, now_ms, said | {"cards": len(narrow), "laid_aside": len(steps)}, world=world)
    return flood, steps


def end_flood(unit: Session, rules: DeskRules, world: str, life: int, now_ms: int) -> list[AlarmStepRow]:
    """End the flood when few enough new alarms come; what it laid aside comes back. The steps, added to the unit."""
    flood = _going_on(unit, world, life)
    if flood is None:
        return []
    new = begun_since(unit, world, life, now_ms - rules.flood.within_ms)
    if floods(rules.flood, new, operators_there(unit, rules), going_on=True):
        return []
    flood.ended_ms = now_ms
    for card in open_cards(unit, world, life):
        if card.wide:
            card.locked_ms = now_ms
    steps = lift(unit, rules, _cover_row(unit, flood.cover_id), SYSTEM, now_ms, "洪水结束 the flood is over")
    record(unit, "alarm.flood_end", flood.id, now_ms, {"new": new, "brought_back": len(steps)}, world=world)
    return steps


def lift(  # noqa: PLR0917 - what is lifted, by whom, when and why
    unit: Session, rules: DeskRules, row: AlarmCoverRow, by: str, now_ms: int, why: str
) -> list[AlarmStepRow]:
    """End a cover: the alarms below come out, or lie under another one. The steps, added to the unit."""
    row.ended_ms, row.ended_by = now_ms, by
    unit.flush()
    covers = covers_of(unit, row.world)
    steps: list[AlarmStepRow] = []
    below = unit.scalars(select(AlarmRow).where(AlarmRow.cover_id == row.id).with_for_update()).all()
    for alarm in below:
        steps += uncover(alarm, over(rules, covers, alarm), now_ms, by, why)
    unit.add_all(steps)
    unit.flush()
    tell_desk(unit, below)
    return steps


def operators_there(unit: Session, rules: DeskRules) -> int:
    """How many people of the duty room are signed in and were seen of late; at least as many as the rules say."""
    newest = unit.scalar(select(func.max(SessionRow.seen_ms))) or 0
    there = unit.scalar(
        select(func.count(func.distinct(SessionRow.person_id)))
        .join(RoleGrantRow, RoleGrantRow.person_id == SessionRow.person_id)
        .where(
            RoleGrantRow.role == Role.DUTY.value, SessionRow.ended_ms.is_(None), SessionRow.device.is_(False),
            SessionRow.seen_ms > newest - PRESENT_MS,
        )
    )  # fmt: skip
    return max(rules.operators, there or 0)


def count_slot(unit: Session, rules: DeskRules, world: str, life: int, now_ms: int) -> bool:
    """See that these ten minutes are counted, also when nothing comes; whether that was new."""
    if unit.get(AlarmLoadRow, (world, life, now_ms - now_ms % SLOT_MS)) is not None:
        return False
    _count(unit, rules, world, life, 0, now_ms)
    return True


def _count_new(  # noqa: PLR0917 - what is counted, where and when
    unit: Session, rules: DeskRules, world: str, life: int, reached: Sequence[AlarmRow], now_ms: int
) -> None:
    """Count new alarms in the ten minutes in which each began, as far as a day back."""
    _count(unit, rules, world, life, 0, now_ms)
    slots = Counter(row.raised_ms - row.raised_ms % SLOT_MS for row in reached if row.raised_ms > now_ms - DAY_MS)
    for slot, new in sorted(slots.items()):
        _count(unit, rules, world, life, new, min(slot, now_ms))


def _count(unit: Session, rules: DeskRules, world: str, life: int, new: int, at_ms: int) -> None:  # noqa: PLR0917
    slot = at_ms - at_ms % SLOT_MS
    row = unit.get(AlarmLoadRow, (world, life, slot), with_for_update=True)
    if row is None:
        row = AlarmLoadRow(world=world, life=life, slot_ms=slot, new=0, operators=operators_there(unit, rules))
        unit.add(row)
    row.new += new


def _going_on(unit: Session, world: str, life: int) -> AlarmFloodRow | None:
    return unit.scalar(
        select(AlarmFloodRow).where(
            AlarmFloodRow.world == world, AlarmFloodRow.life == life, AlarmFloodRow.ended_ms.is_(None)
        )
    )


def begun_since(unit: Session, world: str, life: int, since_ms: int) -> int:
    """How many alarms that reached the operators began after a time. What is read late did not begin late: the alarms
    of a history that a centre tells at its start are no flood."""
    asked = select(func.count()).select_from(AlarmRow).where(
        AlarmRow.world == world, AlarmRow.life == life,
        AlarmRow.reached_ms > since_ms,  # nothing is read before it began; this one has an index
        AlarmRow.raised_ms > since_ms,
    )  # fmt: skip
    return unit.scalar(asked) or 0


def _cover_row(unit: Session, cover_id: str) -> AlarmCoverRow:
    return unit.scalars(select(AlarmCoverRow).where(AlarmCoverRow.id == cover_id)).one()
