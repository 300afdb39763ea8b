"""Dossiers as records: each change of an incident or a case is a row of the source `incident` or `case` of its world,
written with the change and brought to the stream by the duty process, so that indicators count it like any other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from ioc.services import routing
from ioc.services.case_deadlines import deadlines
from ioc.store.dossier_tables import DossierRow, DossierSegmentRow, DossierStepRow
from ioc.store.ready import Ready

CLASSES: Final = frozenset({"natural", "accident", "health", "security"})
CHANNELS: Final = frozenset({"warden", "hotline", "video", "iot", "public"})
KINDS: Final = frozenset({"part", "event", "site", "safety", "lift", "other"})
OVER: Final = frozenset({"closed", "reviewed", "evaluated", "void"})
_ROWS = DossierStepRow.__table__.c
_STEPS = (
    select(_ROWS.move, _ROWS["from"], _ROWS.to, _ROWS.at_ms, _ROWS.said)
    .where(_ROWS.dossier_id == bindparam("dossier"))
    .order_by(_ROWS.number)
)
_ALL = Ready(_STEPS)
# Of an incident only what led elsewhere and what was said of the dead: it may be extended and noted a hundred times.
_TOLD = Ready(_STEPS.where(or_(_ROWS["from"] != _ROWS.to, _ROWS.said.contains('"deaths"', autoescape=True))))


class Step(NamedTuple):
    """A step of a dossier, as far as its record tells of it."""

    move: str
    left: str
    entered: str
    at_ms: int
    said: str


def fields_of(unit: Session, row: DossierRow, made: Step, now_ms: int) -> dict[str, Any]:
    """The record of a dossier as it stands after the step that is being made and is not written yet."""
    asked = _TOLD if row.kind == "incident" else _ALL
    steps = [*(Step(*each) for each in asked.rows(unit, {"dossier": row.id})), made]
    said: dict[str, Any] = json.loads(row.facts)
    for step in steps:
        said |= json.loads(step.said)
    fields = _incident(row, steps, said) if row.kind == "incident" else _case(unit, row, steps, said, now_ms)
    point = None if row.lon is None or row.lat is None else f"{row.lon:.7f} {row.lat:.7f}"
    return fields | {"community": row.region or None, "point": point}


def _incident(row: DossierRow, steps: Sequence[Step], said: Mapping[str, Any]) -> dict[str, Any]:
    deaths = said.get("deaths")
    return {
        "class": row.class_ if row.class_ in CLASSES else None,
        "level": row.level,
        "received_at": row.received_ms,
        "dispatched_at": _first(steps, "dispatched"),
        "on_scene_at": _first(steps, "responding"),
        "closed_at": _over(row, steps),
        "deaths": deaths
        if isinstance(deaths, int) and not isinstance(deaths, bool) and 0 <= deaths <= 10_000
        else None,
    }


def _case(
    unit: Session, row: DossierRow, steps: Sequence[Step], said: Mapping[str, Any], now_ms: int
) -> dict[str, Any]:
    moves = [step.move for step in steps]
    filed, routed = _first(steps, "filed"), _first(steps, "dispatched")
    moved = "transfer" in moves or any(step.move == "return" and step.left == "dispatched" for step in steps)
    proposed = routing.last_office(unit, row.id)
    auto = proposed is not None and proposed.state in {"accepted", "changed", "refused"}
    due = deadlines(unit, row, filed, now_ms)
    return {
        "created_at": row.received_ms,
        "reported_at": row.received_ms,
        "channel": said.get("channel") if said.get("channel") in CHANNELS else None,
        "kind": said.get("kind") if said.get("kind") in KINDS else None,
        "valid": False if row.stage == "void" else True if filed is not None else None,
        "filed_at": filed,
        "file_by": due.file_by,
        "routed_at": routed,
        # an office that was proposed and what became of it: who named another one did not keep it
        "auto_routed": auto if routed is not None else None,
        "reassigned": moved or (auto and proposed is not None and proposed.state != "accepted"),
        "should_dispatch": filed is not None,
        "dispatch_ok": not moved if routed is not None else None,
        "org": row.org or None,
        "deadline": due.handle_by,
        "close_by": due.close_by,
        "handled_at": _first(reversed(steps), "handled"),
        "closed_at": _over(row, steps),
        "rework": moves.count("rework"),
        "extended": "extend" in moves,
        "holds": _holds(unit, row.id),
        "place": str(said["place"])[:64] if said.get("place") else None,
        "status": "void" if row.merged_into else "closed" if row.stage == "evaluated" else row.stage,
    }


def _first(steps: Iterable[Step], stage: str) -> int | None:
    return next((step.at_ms for step in steps if step.entered == stage and step.left != stage), None)


def _over(row: DossierRow, steps: Sequence[Step]) -> int | None:
    """When it came to where nothing is owed to anybody outside any more, if it is there now."""
    if row.merged_into:
        return row.ended_ms
    if row.stage not in OVER:
        return None
    at = None
    for step in steps:
        if step.entered not in OVER:
            at = None
        elif at is None:
            at = step.at_ms
    return at


def _holds(unit: Session, dossier_id: str) -> str | None:
    held = unit.execute(
        select(DossierSegmentRow.start_ms, DossierSegmentRow.end_ms)
        .where(
            DossierSegmentRow.dossier_id == dossier_id, DossierSegmentRow.running.is_(False),
            DossierSegmentRow.end_ms.is_not(None),
        )
        .order_by(DossierSegmentRow.start_ms)
    )  # fmt: skip
    spans = [f"{_iso(start_ms)}/{_iso(end_ms or 0)}" for start_ms, end_ms in held]
    return ";".join(spans[-100:]) or None


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
