"""The one way in which an alarm changes: by the table of its life, with its step; and covers laid over it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.alarm import COVERS, TAKEN_AWAY, Alarm, Signal, State, after, breaks_out
from ioc.domain.alarm_cover import Cover, strongest
from ioc.packs.alarm_desk import DeskRules
from ioc.services.desk_news import Change, note
from ioc.store.alarm_tables import AlarmCoverRow, AlarmRow, AlarmStepRow

SYSTEM = "system"


def seen(row: AlarmRow) -> Alarm:
    """The alarm that a row holds."""
    return Alarm(State(row.state), row.stands, row.acked, row.level)


def change(  # noqa: PLR0917 - what a step is
    row: AlarmRow, signal: Signal, at_ms: int, by: str = SYSTEM, why: str = "", level: int = 0
) -> AlarmStepRow:
    """Let a signal happen to an alarm. The step is for the caller to add, after its row. Raises AlarmRefused."""
    alarm = after(seen(row), signal, level)
    left, row.state, row.stands, row.acked, row.level = row.state, alarm.state, alarm.stands, alarm.acked, alarm.level
    row.version, row.changed_ms = row.version + 1, max(at_ms, row.changed_ms)
    if signal is Signal.CLEAR:
        row.cleared_ms = at_ms
    elif signal is Signal.ACKNOWLEDGE:
        row.acked_by, row.acked_ms = by, at_ms
    elif not row.acked:
        row.acked_by, row.acked_ms = "", None
    return AlarmStepRow(
        alarm_id=row.id, number=row.version, signal=signal.value, left=left, entered=alarm.state.value,
        level=alarm.level, by_name=by, at_ms=at_ms, why=why[:200],
    )  # fmt: skip


def cover(row: AlarmRow, what: Cover, at_ms: int, by: str, why: str) -> AlarmStepRow:
    """Lay a cover over an alarm. Raises AlarmRefused."""
    step = change(row, COVERS[what.kind], at_ms, by, why)
    row.cover_id = what.id
    return step


def uncover(row: AlarmRow, others: Iterable[Cover], at_ms: int, by: str, why: str) -> list[AlarmStepRow]:
    """Take away what lies over an alarm; the strongest of `others` that lie over it too takes its place."""
    steps = [change(row, TAKEN_AWAY[State(row.state)], at_ms, by, why)]
    row.cover_id = ""
    below = strongest(others, row.level)
    if below is not None and row.stands:
        steps.append(cover(row, below, at_ms, SYSTEM, "another cover lies over it"))
    elif row.stands and row.reached_ms is None:
        row.reached_ms = at_ms
    return steps


def comes_out(row: AlarmRow, covers: Sequence[Cover]) -> bool:
    """Whether an alarm has become worse than what lies over it may hold."""
    over = next((each for each in covers if each.id == row.cover_id), None)
    return bool(row.cover_id) and (breaks_out(seen(row)) or (over is not None and row.level > over.most_level))


def tell_desk(unit: Session, rows: Iterable[AlarmRow]) -> None:
    """Note that the cards of these alarms are others than before: open desks hear of it once the unit holds."""
    for (world, card), region in {(row.world, row.card_id): row.region for row in rows}.items():
        note(unit, Change(world, "alarm", card, 0, region))


def covers_of(unit: Session, world: str) -> list[Cover]:
    """What lies over alarms of a world now."""
    rows = unit.scalars(select(AlarmCoverRow).where(AlarmCoverRow.world == world, AlarmCoverRow.ended_ms.is_(None)))
    return [as_cover(row) for row in rows]


def as_cover(row: AlarmCoverRow) -> Cover:
    return Cover(row.id, State(row.kind), row.indicator, row.region, row.dims, row.condition, row.most_level)


def over(rules: DeskRules, covers: Iterable[Cover], row: AlarmRow) -> list[Cover]:
    """Those that lie over an alarm."""
    chain = rules.chain(row.region)
    return [each for each in covers if each.lies_over(row.indicator, chain, row.dims, row.condition)]
