"""Dossiers: incidents and cases, received, claimed and moved along their life cycle.

Each call is one transaction with its step, clocks, notices and entry in the audit: all of it holds or nothing does.
Of two who change one dossier at once the first counts, the second is told who it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import bindparam, insert, inspect, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from ioc.domain.deadline import Segment
from ioc.domain.life_cycle import BACK, LifeCycle, MoveRefused
from ioc.security import identity
from ioc.services import clocks, dispatch_records, messages, outbox, routing
from ioc.services.audit import record
from ioc.services.clocks import Clock
from ioc.services.desk_news import Change, note
from ioc.services.dossier_records import Step, fields_of
from ioc.services.refusals import DossierRefused, DossierTaken, OutdatedDossier, UnknownDossier
from ioc.store.dossier_tables import DossierRow, DossierStepRow, NoticeRow
from ioc.store.ready import Ready, together
from ioc.store.unit import Store

MOST_SAID: Final = 8_000  # characters of what is said with a move
MOST_MINUTES: Final = 30 * 24 * 60  # of one extension
LEVELS: Final = range(5)
# Of the tables and not of their classes: every change of a dossier passes here.
_ROW = DossierRow.__table__
_NAMES: Final = tuple(inspect(DossierRow).get_property_by_column(column).key for column in _ROW.c)
_LOCKED = Ready(select(*_ROW.c).where(_ROW.c.id == bindparam("dossier")).with_for_update())
_NEW_ROW: Final = inspect(DossierRow).class_manager.new_instance
_KEY: Final = dict(zip(_ROW.c.keys(), _NAMES, strict=True))
_CHANGING: Final = ("stage", "before", "version", "level", "class", "org", "held", "changed_ms", "ended_ms")
_CHANGE = Ready(
    update(_ROW)  # type: ignore[arg-type]
    .where(_ROW.c.id == bindparam("dossier"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_ADD_NOTICE = Ready(insert(NoticeRow.__table__), *NoticeRow.__table__.c.keys())  # type: ignore[arg-type]
_ADD_STEP = Ready(insert(DossierStepRow.__table__), *DossierStepRow.__table__.c.keys())  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Received:
    """What a dossier begins with. `level` 0: not graded yet; `facts`: plain JSON."""

    kind: str
    title: str
    received_ms: int
    world: str = "live"
    class_: str = ""
    level: int = 0
    region: str = ""
    lon: float | None = None
    lat: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier as it stands. `clock`: the segments of its stage, `owed_ms` what the stage may take."""

    id: str
    kind: str
    world: str
    stage: str
    version: int
    title: str
    class_: str
    level: int
    region: str
    owner: str
    org: str
    held: bool
    received_ms: int
    changed_ms: int
    ended_ms: int | None
    facts: Mapping[str, Any]
    clock: tuple[Segment, ...]
    owed_ms: int
    lon: float | None
    lat: float | None


def receive(store: Store, cycle: LifeCycle, what: Received, *, by: str, now_ms: int) -> Dossier:
    """Open a dossier at the first stage of its life cycle. Raises DossierRefused that names the field."""
    with store.write() as unit:
        return receive_in(unit, cycle, what, by=by, now_ms=now_ms)


def receive_in(unit: Session, cycle: LifeCycle, what: Received, *, by: str, now_ms: int) -> Dossier:
    """`receive` within a unit, beside what else holds only with it."""
    if what.kind != cycle.id:
        raise DossierRefused("kind", f"它不按 {cycle.id} 的流程办理。", f"It is no {cycle.id}.")
    facts = _checked(what, now_ms)
    row = DossierRow(
        id=identity.new_id(), kind=what.kind, world=what.world, stage=cycle.first.id, before="", version=1,
        title=what.title.strip(), class_=what.class_, level=what.level, region=what.region, lon=what.lon,
        lat=what.lat, owner="", org="", held=False, received_ms=what.received_ms, changed_ms=now_ms,
        ended_ms=None, facts=facts,
    )  # fmt: skip
    unit.add(row)
    unit.flush()
    clocks.begin(unit, row.id, cycle.first, row.level, now_ms, None)
    write_step(unit, row, "receive", "", {"title": row.title, "level": row.level, "class": row.class_}, by, now_ms)
    return as_dossier(unit, row)


def claim(store: Store, dossier_id: str, *, by: str, now_ms: int) -> Dossier:
    """Take a dossier that nobody handles; one's own stays as it is. Raises UnknownDossier, DossierTaken."""
    with store.write() as unit:
        taken = unit.execute(
            update(DossierRow)
            .where(DossierRow.id == dossier_id, DossierRow.owner == "", DossierRow.ended_ms.is_(None))
            .values(owner=by, version=DossierRow.version + 1, changed_ms=now_ms)
            .returning(DossierRow.id)
        ).all()
        row = row_of(unit, dossier_id)
        if not taken:
            if row.merged_into:
                raise DossierRefused("merged", "已并入另一卷宗。", "It was merged into another one.")
            if row.owner != by:
                raise DossierTaken(dossier_id, row.owner)
            return as_dossier(unit, row)
        messages.stop(unit, row.id, "claimed", now_ms, claimed=True)
        write_step(unit, row, "claim", row.stage, {}, by, now_ms)
        return as_dossier(unit, row)


def act(
    store: Store, cycle: LifeCycle, dossier_id: str, move_id: str, said: Mapping[str, Any], *, version: int,
    permissions: Iterable[str], by: str, now_ms: int,
) -> Dossier:  # fmt: skip
    """Make a move of the life cycle; `version` is the one that was looked at.

    `said` may set `class`, `level`, `org`, and with `extend` the `minutes`. Raises UnknownDossier, OutdatedDossier (who
    was faster), MoveRefused, DossierRefused.
    """
    with store.write() as unit:
        return act_in(
            unit, cycle, dossier_id, move_id, said, version=version, permissions=permissions, by=by, now_ms=now_ms
        )  # fmt: skip


def act_in(
    unit: Session, cycle: LifeCycle, dossier_id: str, move_id: str, said: Mapping[str, Any], *, version: int,
    permissions: Iterable[str], by: str, now_ms: int,
) -> Dossier:  # fmt: skip
    """`act` within a unit, beside what else holds only with it."""
    text = _text(said)
    row = _locked(unit, dossier_id)
    if row.version != version:
        raise OutdatedDossier(dossier_id, row.version, last_by(unit, dossier_id))
    if row.merged_into:
        raise DossierRefused("merged", "已并入另一卷宗。", "It was merged into another one.")
    if row.kind != cycle.id:
        raise DossierRefused("kind", f"不是{cycle.id}。", f"It is no {cycle.id}.")
    left, level = row.stage, row.level
    stage = cycle.move(left, move_id, said, permissions, before=row.before, held=row.held)
    move = cycle.moves[move_id]
    if move_id == "resume" and not row.held:
        raise MoveRefused(move_id, left, "stage")
    _grade(row, move_id, said)
    _set(row, said)
    row.version, row.changed_ms = row.version + 1, now_ms
    clock = clocks.newest(unit, row.id)
    if stage.id != left:
        row.before = left if move.to != BACK else _entered_from(unit, row.id, stage.id)
        row.held, row.stage = False, stage.id
        row.ended_ms = now_ms if stage.final else None
        clock = clocks.begin(unit, row.id, stage, row.level, now_ms, clocks.end(unit, clock, now_ms))
        messages.stop(unit, row.id, "left", now_ms)
    else:
        clock = clocks.grant(unit, clock, stage.owed_ms(row.level) - stage.owed_ms(level))
        clock = turn_clock(unit, row, clock, move_id, said, now_ms)
    routing.follow(unit, row, said, moved=stage.id != left, by=by, now_ms=now_ms)
    write_step(unit, row, move_id, left, json.loads(text), by, now_ms, tells=move.tells)
    if (known := unit.identity_map.get(identity_key(DossierRow, row.id))) is not None:
        unit.refresh(known)
    if move_id == "arrive":
        dispatch_records.arrived(unit, row, said, now_ms)
    return _as_dossier(row, clock)


def find(store: Store, dossier_id: str) -> Dossier:
    """Raises UnknownDossier."""
    with store.read() as unit:
        return as_dossier(unit, row_of(unit, dossier_id))


def steps(store: Store, dossier_id: str) -> Sequence[tuple[str, str, str, str, int]]:
    """What was done with it, in order: move, stage left, stage entered, by whom, when. Raises UnknownDossier."""
    with store.read() as unit:
        row_of(unit, dossier_id)
        rows = unit.scalars(
            select(DossierStepRow).where(DossierStepRow.dossier_id == dossier_id).order_by(DossierStepRow.number)
        )
        return [(row.move, row.left, row.entered, row.by_name, row.at_ms) for row in rows]


def row_of(unit: Session, dossier_id: str, *, lock: bool = False) -> DossierRow:
    """The row of a dossier within a unit. Raises UnknownDossier."""
    asked = select(DossierRow).where(DossierRow.id == dossier_id).execution_options(populate_existing=True)
    row = unit.scalar(asked.with_for_update() if lock else asked)
    if row is None:
        raise UnknownDossier(dossier_id)
    return row


def _locked(unit: Session, dossier_id: str) -> DossierRow:
    """The row of a dossier that waits for nobody else, beside the unit's own: `write_step` writes what became of it.
    Raises UnknownDossier."""
    found = _LOCKED.rows(unit, {"dossier": dossier_id})
    if not found:
        raise UnknownDossier(dossier_id)
    row = _NEW_ROW()
    row.__dict__.update(zip(_NAMES, found[0], strict=True))
    return row


def write_step(  # noqa: PLR0917 - what a step is
    unit: Session, row: DossierRow, move: str, left: str, said: Mapping[str, Any], by: str, now_ms: int,
    tells: Iterable[str] = (),
) -> None:  # fmt: skip
    """Add the step that brought a dossier to its version, with its audit, its record and a notice to each audience."""
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    unit.flush()
    fields = fields_of(unit, row, Step(move, left, row.stage, now_ms, text), now_ms)
    step = {
        "dossier_id": row.id, "number": row.version, "move": move, "from": left, "to": row.stage, "by_name": by,
        "at_ms": now_ms, "said": text,
    }  # fmt: skip
    what = {"from": left, "to": row.stage, "version": row.version, "said": dict(said)}
    notices = [
        {
            "id": identity.new_id(), "dossier_id": row.id, "step": row.version, "audience": audience,
            "made_ms": now_ms, "sent_ms": None,
        }
        for audience in tells
    ]  # fmt: skip
    with together(unit):
        if row not in unit:
            _CHANGE.run(unit, {name: row.__dict__[_KEY[name]] for name in _CHANGING} | {"dossier": row.id})
        _ADD_STEP.run(unit, step)
        outbox.put(unit, row.world, row.kind, row.id, now_ms, fields, now_ms)
        if notices:
            _ADD_NOTICE.run(unit, *notices)
        record(unit, f"{row.kind}.{move}", row.id, now_ms, what, world=row.world)
    note(unit, Change(row.world, row.kind, row.id, row.version, row.region))


def turn_clock(  # noqa: PLR0917 - what turns it
    unit: Session, row: DossierRow, clock: Clock | None, move: str, said: Mapping[str, Any], now_ms: int
) -> Clock | None:
    """Hold, resume or extend the clock of the stage that the dossier is at, and how it stands then."""
    if move == "extend":
        return clocks.grant(unit, clock, int(said["minutes"]) * 60_000)
    if move in {"hold", "resume"}:
        row.held = move == "hold"
        return clocks.turn(unit, clock, held=row.held, why=str(said.get("reason", "")), now_ms=now_ms)
    return clock


def _grade(row: DossierRow, move: str, said: Mapping[str, Any]) -> None:
    """What raises a level names a higher one than now, what lowers it a lower one."""
    level = said.get("level")
    if move == "raise" and (not isinstance(level, int) or level <= row.level):
        raise DossierRefused("level", "升级须高于现级别。", "It is raised to a higher level than now.")
    if move == "lower" and (not isinstance(level, int) or level >= row.level):
        raise DossierRefused("level", "降级须低于现级别。", "It is lowered to a lower level than now.")


def _set(row: DossierRow, said: Mapping[str, Any]) -> None:
    if "level" in said:
        level = said["level"]
        if isinstance(level, bool) or level not in LEVELS:
            raise DossierRefused("level", "级别须为 0 至 4。", "The level is 0 to 4.")
        row.level = level
    if "class" in said:
        row.class_ = str(said["class"])[:32]
    if "org" in said:
        row.org = routing.org_name(said["org"])
    minutes = said.get("minutes", 1)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 < minutes <= MOST_MINUTES:
        raise DossierRefused("minutes", f"须为 1 至 {MOST_MINUTES} 分钟。", f"1 to {MOST_MINUTES} minutes.")


def _checked(what: Received, now_ms: int) -> str:
    """The facts as text. Raises DossierRefused."""
    if not 0 < len(what.title.strip()) <= 200 or not what.title.isprintable():
        raise DossierRefused("title", "标题 1 至 200 字。", "A title of 1 to 200 characters.")
    if what.level not in LEVELS:
        raise DossierRefused("level", "级别须为 0 至 4。", "The level is 0 to 4.")
    if what.received_ms > now_ms:
        raise DossierRefused("received_ms", "接报时间在将来。", "It was received in the future.")
    for name, most in (("lon", 180.0), ("lat", 90.0)):
        value = getattr(what, name)
        if value is not None and not (math.isfinite(value) and abs(value) <= most):
            raise DossierRefused(name, "坐标不合规。", "This is no position.")
    return _text(what.facts)


def _text(said: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(dict(said), ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise DossierRefused("said", "须为 JSON。", "It must be JSON.") from None
    if len(text) > MOST_SAID:
        raise DossierRefused("said", f"至多 {MOST_SAID} 字。", f"At most {MOST_SAID} characters.")
    return text


def _entered_from(unit: Session, dossier_id: str, stage: str) -> str:
    """The stage from which a stage was entered going forward: who goes back twice does not come forward again."""
    forward = select(DossierStepRow.left).where(
        DossierStepRow.dossier_id == dossier_id, DossierStepRow.entered == stage, DossierStepRow.move != "return",
        DossierStepRow.left != stage,
    )  # fmt: skip
    return str(unit.scalar(forward.order_by(DossierStepRow.number.desc()).limit(1)) or "")


def last_by(unit: Session, dossier_id: str) -> str:
    """Who changed a dossier last."""
    newest = select(DossierStepRow.by_name).where(DossierStepRow.dossier_id == dossier_id)
    return str(unit.scalar(newest.order_by(DossierStepRow.number.desc()).limit(1)) or "")


def as_dossier(unit: Session, row: DossierRow) -> Dossier:
    """A dossier as it stands within a unit."""
    return _as_dossier(row, clocks.newest(unit, row.id))


def _as_dossier(row: DossierRow, newest: Clock | None) -> Dossier:
    at = newest if newest and newest.stage == row.stage else None
    return Dossier(
        row.id, row.kind, row.world, row.stage, row.version, row.title, row.class_, row.level, row.region, row.owner,
        row.org, row.held, row.received_ms, row.changed_ms, row.ended_ms, json.loads(row.facts),
        at.segments if at else (), at.owed_ms if at else 0, row.lon, row.lat,
    )  # fmt: skip
