"""The alarms of the duty desk as a read model: cards with their alarms, what each may be done with, and the load.

Worst first: cards on which something stands before those that are over, by the worst alarm that waits for somebody,
then by level, then the newest. An alarm is on the desk
while it stands, waits to be acknowledged, or lies under a cover; critical ones are always told on their card.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.alarm import COVERED, CRITICAL, TAKEN_AWAY, Alarm, Signal, State, may
from ioc.domain.alarm_card import FEED, FEED_CONDITIONS, lies_over
from ioc.domain.alarm_flood import Load, load
from ioc.packs.alarm_desk import DeskRules, shipped_rules
from ioc.services.alarm_cards import SLOT_MS, begun_since
from ioc.store.alarm_tables import (
    AlarmCardRow,
    AlarmCoverRow,
    AlarmFloodRow,
    AlarmLoadRow,
    AlarmRow,
)
from ioc.store.position_table import StreamPositionRow
from ioc.store.unit import Store

STREAM: Final = "alarms"  # of a world, by its name among the positions
MOST_ALARMS: Final = 50  # of one card; critical ones all, however many
MOST_CARDS: Final = 200
DAY_MS: Final = 24 * 3_600_000
SHOWN_MS: Final = 2 * 3_600_000  # of the slots that are told one by one
Named = tuple[str, str]  # Chinese, English


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm. `level` 1 blue .. 4 red. `feed_lost`: nothing is heard of it any more, it is what was known last.

    `can`: what may be done with it now (ioc.domain.alarm.Signal). `hidden`: it lies under a cover and is not critical.
    `cover`: reason, by whom and until when (None: until it is taken away) of what lies over it.
    """

    id: str
    version: int
    indicator: str
    name: Named
    unit: str
    region: str
    place: Named
    dims: tuple[tuple[str, str], ...]
    condition: str
    state: State
    stands: bool
    level: int
    value: float | None
    limit: float | None
    raised_ms: int
    changed_ms: int
    age_ms: int
    acked_by: str
    acked_ms: int | None
    undo_until_ms: int | None
    feed_lost: bool
    hidden: bool
    cover: tuple[str, str, int | None] | None
    can: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class AlarmCard:
    """A card. `locked`: it takes no more alarms. `level`: the worst that stands. Counts are of all its alarms, `alarms`
    are the worst MOST_ALARMS of them and every critical one. `can`: what may be done with all of it at once."""

    id: str
    cause: str
    cause_name: Named
    family: str
    place: str
    place_name: Named
    wide: bool
    opened_ms: int
    until_ms: int
    locked: bool
    age_ms: int
    level: int
    count: int
    waiting: int
    critical: int
    standing: int
    hidden: int
    feed_lost: bool
    dossier_id: str
    alarms: tuple[AlarmLine, ...]
    can: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A condition of an indicator at a place over all its alarms: how many there were, and since when the last one."""

    point: str
    indicator: str
    name: Named
    region: str
    place: Named
    dims: tuple[tuple[str, str], ...]
    condition: str
    count: int
    share: float
    last_ms: int


@dataclass(frozen=True, slots=True)
class Flood:
    """The flood that goes on, with the figures by which it is one."""

    began_ms: int
    new: int
    operators: int
    laid_aside: int


@dataclass(frozen=True, slots=True)
class AlarmDesk:
    """The desk. `counts`: state -> alarms. `load`: of a day, by ten minutes and operator; `slots`: the newest of these,
    (begin, new for each operator); `now`: new for each operator in the last ten. `bad_actors`, `chattering`: the worst
    first; `stale`: what has stood for too long, the oldest first. `missing`: events that went by unread. `taken_ms`:
    when something was last taken in."""

    world: str
    now_ms: int
    taken_ms: int | None
    missing: int
    cards: tuple[AlarmCard, ...]
    more_cards: int
    counts: Mapping[State, int]
    flood: Flood | None
    load: Load
    slots: tuple[tuple[int, float], ...]
    now: float
    operators: int
    bad_actors: tuple[Point, ...]
    chattering: tuple[Point, ...]
    stale: tuple[AlarmLine, ...]


def desk(store: Store, world: str, now_ms: int, rules: DeskRules | None = None) -> AlarmDesk:
    """The desk of a world at its time `now_ms`."""
    rules = rules or shipped_rules()
    with store.read() as unit:
        position = unit.get(StreamPositionRow, (world, STREAM))
        life = position.life if position else 0
        rows = unit.scalars(
            select(AlarmRow).where(AlarmRow.world == world, AlarmRow.life == life, AlarmRow.state != State.NORM)
        ).all()
        cards = {card.id: card for card in _cards(unit, {row.card_id for row in rows})}
        covers = {cover.id: cover for cover in _covers(unit, {row.cover_id for row in rows if row.cover_id})}
        lost = {(row.indicator, row.region): row.id for row in rows if row.condition in FEED_CONDITIONS and row.stands}
        lines = [(row.card_id, _line(row, covers.get(row.cover_id), rules, lost, now_ms)) for row in rows]
        shown = _shown(lines, cards, rules, now_ms)
        spans = _spans(unit, world, life, now_ms)
        operators = max(1, spans[-1][2] if spans else rules.operators)
        return AlarmDesk(
            world=world,
            now_ms=now_ms,
            taken_ms=position.world_ms if position else None,
            missing=position.missing if position else 0,
            cards=tuple(shown[:MOST_CARDS]),
            more_cards=max(0, len(shown) - MOST_CARDS),
            counts=Counter(line.state for _, line in lines),
            flood=_flood(unit, world, life),
            load=load([new / max(1, operators) for _, new, operators in spans]),
            slots=tuple(
                (slot, new / max(1, count)) for slot, new, count in spans if slot > now_ms - SHOWN_MS - SLOT_MS
            ),
            now=begun_since(unit, world, life, now_ms - rules.flood.within_ms) / operators,
            operators=operators,
            bad_actors=_points(unit, world, life, rules, now_ms - DAY_MS, 1)[: rules.bad_actors],
            chattering=_points(unit, world, life, rules, now_ms - rules.chattering_ms, rules.chattering),
            stale=tuple(
                sorted(
                    (line for _, line in lines if line.stands and line.age_ms >= rules.stale_ms),
                    key=lambda line: line.raised_ms,
                )
            ),
        )


def _cards(unit: Session, ids: set[str]) -> Sequence[AlarmCardRow]:
    return unit.scalars(select(AlarmCardRow).where(AlarmCardRow.id.in_(ids))).all()


def _covers(unit: Session, ids: set[str]) -> Sequence[AlarmCoverRow]:
    return unit.scalars(select(AlarmCoverRow).where(AlarmCoverRow.id.in_(ids))).all()


def _line(
    row: AlarmRow,
    cover: AlarmCoverRow | None,
    rules: DeskRules,
    lost: Mapping[tuple[str, str], str],
    now_ms: int,
) -> AlarmLine:
    state = State(row.state)
    alarm = Alarm(state, row.stands, row.acked, row.level)
    zh, en, unit = rules.indicators.get(row.indicator, (row.indicator, row.indicator, ""))
    undo = row.acked_ms + rules.undo_ms if row.acked_ms is not None and row.acked else None
    can = [signal for signal in _OFFERED if may(alarm, signal)]
    if undo is None or undo < now_ms:
        can = [signal for signal in can if signal is not Signal.UNDO]
    return AlarmLine(
        id=row.id, version=row.version, indicator=row.indicator, name=(zh, en), unit=unit, region=row.region,
        place=region_name(rules, row.region), dims=dims(row.dims), condition=row.condition, state=state,
        stands=row.stands, level=row.level, value=row.value, limit=row.limit, raised_ms=row.raised_ms,
        changed_ms=row.changed_ms, age_ms=max(0, now_ms - row.raised_ms), acked_by=row.acked_by, acked_ms=row.acked_ms,
        undo_until_ms=undo if Signal.UNDO in can else None,
        feed_lost=row.condition not in FEED_CONDITIONS and lies_over(lost, row.indicator, rules.chain(row.region)),
        hidden=state in COVERED and row.level != CRITICAL,
        cover=(cover.reason, cover.by_name, cover.until_ms) if cover else None,
        can=tuple(can),
    )  # fmt: skip


_OFFERED: Final = (
    Signal.ACKNOWLEDGE, Signal.UNDO, Signal.SHELVE, Signal.SUPPRESS, Signal.RETIRE, *TAKEN_AWAY.values(),
)  # fmt: skip


def _shown(
    lines: Sequence[tuple[str, AlarmLine]], cards: Mapping[str, AlarmCardRow], rules: DeskRules, now_ms: int
) -> list[AlarmCard]:
    by_card: dict[str, list[AlarmLine]] = {}
    for card_id, line in lines:
        by_card.setdefault(card_id, []).append(line)
    found = [_card(cards[card_id], each, rules, now_ms) for card_id, each in by_card.items()]
    return sorted(found, key=_order)


def _order(card: AlarmCard) -> tuple[bool, int, int, int, str]:
    """What stands before what is over; then by what waits, by the level, the newest first."""
    return (not card.standing, -_urgency(card), -card.level, -card.opened_ms, card.id)


def _urgency(card: AlarmCard) -> int:
    """The level of the worst alarm that waits for somebody."""
    return max((line.level for line in card.alarms if waits(line)), default=0)


def waits(line: AlarmLine) -> bool:
    """Whether somebody has to see it: a critical alarm also under a cover, until it is acknowledged or over."""
    return line.state in {State.UNACK, State.RTNUN} or (line.state in COVERED and not line.hidden and line.stands)


def _card(row: AlarmCardRow, lines: Sequence[AlarmLine], rules: DeskRules, now_ms: int) -> AlarmCard:
    ordered = sorted(lines, key=lambda line: (not waits(line), -line.level, not line.stands, -line.changed_ms, line.id))
    critical = [line for line in ordered if line.level == CRITICAL and line.stands]
    kept = {line.id for line in (*critical, *ordered[:MOST_ALARMS])}
    standing = [line for line in lines if line.stands]
    name, family = cause_name(rules, row.cause)
    return AlarmCard(
        id=row.id, cause=row.cause, cause_name=name, family=family, place=row.place,
        place_name=region_name(rules, row.place), wide=row.wide, opened_ms=row.opened_ms, until_ms=row.until_ms,
        locked=row.locked_ms is not None, age_ms=max(0, now_ms - row.opened_ms),
        level=max((line.level for line in standing), default=0), count=len(lines),
        waiting=sum(map(waits, lines)), critical=len(critical), standing=len(standing),
        hidden=sum(line.hidden for line in lines), feed_lost=any(line.feed_lost for line in lines),
        dossier_id=row.dossier_id, alarms=tuple(line for line in ordered if line.id in kept),
        can=tuple(signal for signal in _OFFERED if any(signal in line.can for line in lines)),
    )  # fmt: skip


def cause_name(rules: DeskRules, cause: str) -> tuple[Named, str]:
    """What a cause is called, and its class of emergency."""
    if cause == FEED:
        return ("数据中断", "feed lost"), ""
    if cause in rules.scenes:
        return rules.scenes[cause], ""
    found = next((each for each in rules.causes.values() if each.id == cause), None)
    return ((found.zh, found.en), found.family) if found else (("其他", "other"), "")


def region_name(rules: DeskRules, region: str) -> Named:
    """What a region is called; the district where none is named."""
    _, zh, en = rules.regions.get(region or rules.district, ("", region, region))
    return zh, en


def dims(text: str) -> tuple[tuple[str, str], ...]:
    """The dimensions of an alarm as they lie in its row."""
    return tuple((name, value) for name, value in json.loads(text))


def _flood(unit: Session, world: str, life: int) -> Flood | None:
    row = unit.scalar(
        select(AlarmFloodRow).where(
            AlarmFloodRow.world == world, AlarmFloodRow.life == life, AlarmFloodRow.ended_ms.is_(None)
        )
    )
    if row is None:
        return None
    aside = unit.scalar(select(func.count()).select_from(AlarmRow).where(AlarmRow.cover_id == row.cover_id)) or 0
    return Flood(row.began_ms, row.new, row.operators, aside)


def _spans(unit: Session, world: str, life: int, now_ms: int) -> list[tuple[int, int, int]]:
    """(slot, new, operators) of each ten minutes of the last day in which anything was new, the oldest first."""
    rows = unit.scalars(
        select(AlarmLoadRow)
        .where(AlarmLoadRow.world == world, AlarmLoadRow.life == life, AlarmLoadRow.slot_ms > now_ms - DAY_MS)
        .order_by(AlarmLoadRow.slot_ms)
    )
    return [(row.slot_ms, row.new, row.operators) for row in rows]


def _points(  # noqa: PLR0917 - what is counted
    unit: Session, world: str, life: int, rules: DeskRules, since_ms: int, least: int
) -> tuple[Point, ...]:
    """Points by the alarms that were raised since, those with at least so many, the worst first."""
    here = (AlarmRow.world == world, AlarmRow.life == life, AlarmRow.raised_ms > since_ms)
    every = unit.scalar(select(func.count()).select_from(AlarmRow).where(*here)) or 0
    found = unit.execute(
        select(AlarmRow.point, func.count(), func.max(AlarmRow.raised_ms), func.max(AlarmRow.id))
        .where(*here)
        .group_by(AlarmRow.point)
        .having(func.count() >= least)
        .order_by(func.count().desc(), func.max(AlarmRow.raised_ms).desc())
        .limit(rules.bad_actors)
    ).all()
    samples = {row.id: row for row in unit.scalars(select(AlarmRow).where(AlarmRow.id.in_([one[3] for one in found])))}
    points = []
    for point, count, last_ms, sample in found:
        row = samples[sample]
        zh, en, _ = rules.indicators.get(row.indicator, (row.indicator, row.indicator, ""))
        points.append(
            Point(
                point, row.indicator, (zh, en), row.region, region_name(rules, row.region), dims(row.dims),
                row.condition, count, count / every, last_ms,
            )
        )  # fmt: skip
    return tuple(points)
