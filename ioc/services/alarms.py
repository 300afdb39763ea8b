"""What people do with alarms: acknowledge, take that back, lay aside for a while, suppress by design, out of service.

Each call is one transaction with its entry in the audit. Several alarms may be named at once: each is judged by itself,
and what was not done is told with the reason, so that of a hundred who acknowledge one alarm one has done it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.alarm import COVERED, COVERS, AlarmRefused, Signal, State
from ioc.domain.alarm_cover import MOST_LEVEL
from ioc.packs.alarm_desk import DeskRules
from ioc.security import identity
from ioc.services.alarm_cards import lift as end_cover
from ioc.services.alarm_change import as_cover, change, cover, seen, tell_desk
from ioc.services.audit import record
from ioc.services.refusals import AlarmActRefused, UnknownAlarms
from ioc.store.alarm_tables import AlarmCardRow, AlarmCoverRow, AlarmFloodRow, AlarmRow, AlarmStepRow
from ioc.store.unit import Store

MOST: Final = 20_000  # alarms that one call may name
TOLD: Final = 100  # ids that the audit names; of more it says how many
Why = Literal["state", "critical", "late", "outdated", "unknown"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was done with an alarm: its state (`by` and `at_ms` say who was faster), it is critical, the time to
    take it back is over, it changed since it was looked at, or there is none."""

    why: Why
    state: str = ""
    by: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of a call: the alarms with which it was done, the others, and the cover that was laid, if one was."""

    done: tuple[str, ...]
    refused: Mapping[str, Refused] = field(default_factory=dict)
    cover_id: str = ""


def of_card(store: Store, card_id: str) -> tuple[str, ...]:
    """The alarms of a card that are not over and known. Raises UnknownAlarms."""
    with store.read() as unit:
        if unit.get(AlarmCardRow, card_id) is None:
            raise UnknownAlarms(card_id)
        found = select(AlarmRow.id).where(AlarmRow.card_id == card_id, AlarmRow.state != State.NORM)
        return tuple(unit.scalars(found.order_by(AlarmRow.id)))


def acknowledge(
    store: Store, alarm_ids: Sequence[str], *, by: str, now_ms: int, looked_at: Mapping[str, int] | None = None
) -> Acted:
    """Say that alarms were seen. `looked_at`: versions that were; what has changed since is refused."""
    return _act(store, Signal.ACKNOWLEDGE, alarm_ids, by, now_ms, looked_at or {})


def take_back(store: Store, rules: DeskRules, alarm_ids: Sequence[str], *, by: str, now_ms: int) -> Acted:
    """Undo an acknowledgement, as long as that may be done; anybody may, and it is written down who did."""
    return _act(store, Signal.UNDO, alarm_ids, by, now_ms, {}, undo_ms=rules.undo_ms)


def lay_over(
    store: Store, rules: DeskRules, alarm_ids: Sequence[str], kind: State, *, reason: str, until_ms: int | None,
    by: str, now_ms: int,
) -> Acted:  # fmt: skip
    """Lay a cover over the points of these alarms: SHLVD until a time, DSUPR or OOSRV until then or until it is taken
    away; later alarms of the points lie under it too. Raises AlarmActRefused that names the field, UnknownAlarms."""
    reason = _checked(rules, kind, reason, until_ms, now_ms)
    done: list[str] = []
    refused: dict[str, Refused] = {}
    with store.write() as unit:
        rows = _rows(unit, alarm_ids)
        refused |= {name: Refused("unknown") for name in alarm_ids if name not in rows}
        if not rows:
            raise UnknownAlarms(", ".join(alarm_ids)[:64])
        laid: list[AlarmCoverRow] = []
        for row in {row.point: row for row in rows.values()}.values():
            over = AlarmCoverRow(
                id=identity.new_id(), world=row.world, kind=kind.value, indicator=row.indicator, region=row.region,
                dims=row.dims, condition=row.condition, most_level=MOST_LEVEL[kind], reason=reason, by_name=by,
                begun_ms=now_ms, until_ms=until_ms, ended_ms=None, ended_by="",
            )  # fmt: skip
            mine = [each for each in rows.values() if each.point == row.point]
            covered, why = _cover(unit, over, mine, by, now_ms)
            refused |= why
            if covered:
                laid.append(over)
                done += covered
        for over in laid:
            what = {"kind": over.kind, "indicator": over.indicator, "region": over.region, "dims": over.dims,
                    "reason": reason, "until_ms": until_ms, "alarms": len(done)}  # fmt: skip
            record(unit, f"alarm.{COVERS[kind].value}", over.id, now_ms, what, world=over.world)
    return Acted(tuple(done), refused, laid[0].id if laid else "")


def suppress(
    store: Store, rules: DeskRules, world: str, *, kind: State, indicator: str, region: str, reason: str,
    until_ms: int | None, by: str, now_ms: int,
) -> Acted:  # fmt: skip
    """Lay a cover over all alarms of an indicator, or of a region with all below it, or of both: by design, or for
    maintenance; those that stand and those to come. Raises AlarmActRefused that names the field."""
    reason = _checked(rules, kind, reason, until_ms, now_ms)
    if not indicator and not region:
        raise AlarmActRefused("indicator", "须指明指标或区域。", "Name an indicator or a region.")
    if indicator and indicator not in rules.indicators:
        raise AlarmActRefused("indicator", f"没有指标 {indicator[:64]}。", f"There is no indicator {indicator[:64]}.")
    if region and region not in rules.regions:
        raise AlarmActRefused("region", f"没有区域 {region[:16]}。", f"There is no region {region[:16]}.")
    with store.write() as unit:
        over = AlarmCoverRow(
            id=identity.new_id(), world=world, kind=kind.value, indicator=indicator, region=region, dims="",
            condition="", most_level=MOST_LEVEL[kind], reason=reason, by_name=by, begun_ms=now_ms, until_ms=until_ms,
            ended_ms=None, ended_by="",
        )  # fmt: skip
        unit.add(over)
        asked = select(AlarmRow).where(AlarmRow.world == world, AlarmRow.state != State.NORM)
        lies = as_cover(over)
        rows = [
            row
            for row in unit.scalars(asked.order_by(AlarmRow.id).with_for_update())
            if lies.lies_over(row.indicator, rules.chain(row.region), row.dims, row.condition)
        ]
        done, refused = _cover(unit, over, rows, by, now_ms)
        what = {"kind": over.kind, "indicator": indicator, "region": region, "reason": reason, "until_ms": until_ms,
                "alarms": len(done)}  # fmt: skip
        record(unit, f"alarm.{COVERS[kind].value}", over.id, now_ms, what, world=world)
    return Acted(tuple(done), refused, over.id)


def lift(store: Store, rules: DeskRules, cover_ids: Sequence[str], *, by: str, now_ms: int) -> Acted:
    """Take covers away: what lies below and stands calls again. Raises UnknownAlarms where there is no such cover."""
    done: list[str] = []
    with store.write() as unit:
        asked = select(AlarmCoverRow).where(AlarmCoverRow.id.in_(cover_ids), AlarmCoverRow.ended_ms.is_(None))
        rows = unit.scalars(asked.order_by(AlarmCoverRow.id).with_for_update()).all()
        if not rows:
            raise UnknownAlarms(", ".join(cover_ids)[:64])
        for row in rows:
            back = end_cover(unit, rules, row, by, now_ms, "")
            done += dict.fromkeys(step.alarm_id for step in back)
            record(
                unit, "alarm.uncover", row.id, now_ms, {"brought_back": len(back), "why": "by hand"}, world=row.world
            )
    return Acted(tuple(done))


def uncover(store: Store, rules: DeskRules, alarm_ids: Sequence[str], *, by: str, now_ms: int) -> Acted:
    """Take away what people laid over these alarms; what a flood lays aside comes back with its end. Raises
    UnknownAlarms where nothing lies over them."""
    with store.read() as unit:
        floods = select(AlarmFloodRow.cover_id)
        asked = select(AlarmRow.cover_id).where(
            AlarmRow.id.in_(alarm_ids), AlarmRow.cover_id != "", AlarmRow.cover_id.not_in(floods)
        )
        covers = list(dict.fromkeys(unit.scalars(asked)))
    return lift(store, rules, covers, by=by, now_ms=now_ms)


def _act(  # noqa: PLR0917 - who does what with which
    store: Store, signal: Signal, alarm_ids: Sequence[str], by: str, now_ms: int, looked_at: Mapping[str, int],
    undo_ms: int | None = None,
) -> Acted:  # fmt: skip
    done: list[str] = []
    refused: dict[str, Refused] = {}
    with store.write() as unit:
        rows = _rows(unit, alarm_ids)
        for name in dict.fromkeys(alarm_ids):
            row = rows.get(name)
            why = _hindered(row, looked_at.get(name), undo_ms, now_ms)
            if why is None and row is not None:
                try:
                    unit.add(change(row, signal, now_ms, by))
                except AlarmRefused as error:
                    why = Refused(error.why, row.state, row.acked_by, row.acked_ms or row.changed_ms)
            if why is None:
                done.append(name)
            else:
                refused[name] = why
        if done:
            tell_desk(unit, [rows[name] for name in done])
            said = {"alarms": len(done), "ids": done[:TOLD]}
            subject = done[0] if len(done) == 1 else rows[done[0]].card_id
            record(unit, f"alarm.{signal.value}", subject, now_ms, said, world=rows[done[0]].world)
    return Acted(tuple(done), refused)


def _hindered(row: AlarmRow | None, looked_at: int | None, undo_ms: int | None, now_ms: int) -> Refused | None:
    if row is None:
        return Refused("unknown")
    if looked_at is not None and looked_at != row.version:
        return Refused("outdated", row.state, row.acked_by, row.changed_ms)
    if undo_ms is not None and row.acked_ms is not None and now_ms > row.acked_ms + undo_ms:
        return Refused("late", row.state, row.acked_by, row.acked_ms)
    return None


def _cover(
    unit: Session, over: AlarmCoverRow, rows: Sequence[AlarmRow], by: str, now_ms: int
) -> tuple[list[str], dict[str, Refused]]:
    """Lay a cover over these alarms, as far as their states allow it; it is written where it covers any."""
    done: list[str] = []
    refused: dict[str, Refused] = {}
    steps: list[AlarmStepRow] = []
    for row in rows:
        if row.stands and row.level > over.most_level:
            refused[row.id] = Refused("critical", row.state)
            continue
        if row.state in {over.kind, State.NORM}:
            refused[row.id] = Refused("state", row.state)
            continue
        try:
            steps.append(cover(row, as_cover(over), now_ms, by, over.reason))
            done.append(row.id)
        except AlarmRefused as error:
            refused[row.id] = Refused(error.why, seen(row).state.value)
    if done:
        unit.add(over)
        tell_desk(unit, [row for row in rows if row.cover_id == over.id])
    unit.flush()
    unit.add_all(steps)
    return done, refused


def _rows(unit: Session, alarm_ids: Sequence[str]) -> dict[str, AlarmRow]:
    if len(alarm_ids) > MOST:
        raise AlarmActRefused("alarms", f"一次至多 {MOST} 条。", f"At most {MOST} at once.")
    distinct = sorted(set(alarm_ids))
    found: dict[str, AlarmRow] = {}
    for start in range(0, len(distinct), 500):
        asked = select(AlarmRow).where(AlarmRow.id.in_(distinct[start : start + 500]))
        found |= {row.id: row for row in unit.scalars(asked.order_by(AlarmRow.id).with_for_update())}
    return found


def _checked(rules: DeskRules, kind: State, reason: str, until_ms: int | None, now_ms: int) -> str:
    """The reason as it is kept. Raises AlarmActRefused."""
    if kind not in COVERED:
        raise AlarmActRefused("kind", "须为 SHLVD、DSUPR 或 OOSRV。", "It is SHLVD, DSUPR or OOSRV.")
    said = reason.strip()
    if not 0 < len(said) <= 200 or not said.isprintable():
        raise AlarmActRefused("reason", "须写明原因，至多 200 字。", "Say why, in at most 200 characters.")
    if until_ms is not None and until_ms <= now_ms:
        raise AlarmActRefused("until", "期限须在将来。", "The time must be in the future.")
    if kind is State.SHLVD and (until_ms is None or until_ms > now_ms + rules.shelf_ms):
        hours = rules.shelf_ms // 3_600_000
        raise AlarmActRefused(
            "until", f"搁置至多 {hours} 小时。", f"Nothing is laid aside for more than {hours} hours."
        )
    return said
