"""Warnings of other bodies (CAP 1.2) become incidents: a keeper that reads the source `warning` of every world.

A warning in force from a colour on (`grading.toml`) opens an incident, once. An update of it and its cancellation are
steps of that incident: what becomes of it is for a person to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.grading import Rules
from ioc.domain.life_cycle import LifeCycle
from ioc.services import intake
from ioc.services.alarm_intake import worlds
from ioc.services.dossier_notes import note
from ioc.services.intake import Report
from ioc.store.dossier_tables import DossierRow
from ioc.store.intake_table import DossierSourceRow
from ioc.store.position_table import StreamPositionRow
from ioc.store.unit import Store
from metrics import keys
from metrics.codec import decode
from metrics.field_type import text_of
from metrics.stream import Facts, Place, judge, look
from metrics.timestamp import parse_times
from metrics.value import LEVELS
from metrics.world import World

STREAM: Final = "warning"
CHUNK: Final = 200
BY: Final = "system"
FIELDS: Final = (
    "changed_at", "sender", "status", "message", "state", "event", "category", "colour", "level", "sent_at",
    "expires_at", "headline", "area", "community",
)  # fmt: skip
CLASSES: Final[Mapping[str, str]] = {
    "Geo": "natural", "Met": "natural", "Safety": "accident", "Rescue": "accident", "Fire": "accident",
    "Transport": "accident", "Infra": "accident", "CBRNE": "accident", "Env": "accident", "Health": "health",
    "Security": "security",
}  # fmt: skip
Row = Mapping[str, str]


class WarningIntake:
    """Takes in the warnings of every world whose alarms are taken in."""

    name = "warnings"

    def __init__(self, store: Store, client: redis.Redis, cycle: LifeCycle, rules: Rules) -> None:
        self._store, self._client, self._cycle, self._rules = store, client, cycle, rules
        self._looked: dict[str, tuple[int, int]] = {}

    def turn(self, now_ms: int) -> int:
        """Raises RedisError, SQLAlchemyError."""
        found = worlds(self._client)
        facts = look(self._client, [keys.observations(world.id, STREAM) for world in found])
        return sum(
            self._take(world, facts[keys.observations(world.id, STREAM)], world.clock.now_ms(now_ms)) for world in found
        )

    def _take(self, world: World, facts: Facts | None, now_ms: int) -> int:
        if facts is None or self._looked.get(world.id) == (world.started_ms, facts.added):
            return 0
        with self._store.read() as unit:
            before = _place(unit.get(StreamPositionRow, (world.id, STREAM)), world.started_ms)
        judged = judge(before, facts)
        entries = cast(
            "list[tuple[bytes, Mapping[bytes, bytes]]]",
            self._client.xrange(keys.observations(world.id, STREAM), f"({judged.place.id}", "+", CHUNK),
        )
        place = Place(
            entries[-1][0].decode() if entries else judged.place.id, judged.place.read + len(entries),
            judged.place.added,
        )  # fmt: skip
        rows = rows_of(entries)
        with self._store.write() as unit:
            key = (world.id, STREAM)
            row = unit.get(StreamPositionRow, key, with_for_update=True, populate_existing=True)
            if _place(row, world.started_ms) != before:
                return 0  # another duty process has taken them
            if row is None:
                row = StreamPositionRow(world=world.id, stream=STREAM, missing=0)
                unit.add(row)
            row.life, row.entry, row.read, row.added = world.started_ms, place.id, place.read, place.added
            row.missing, row.world_ms = (row.missing or 0) + judged.missing, now_ms
            for each in rows:
                self._hear(unit, world.id, each, now_ms)
        if place.read >= facts.added:
            self._looked[world.id] = (world.started_ms, facts.added)
        return len(rows)

    def _hear(self, unit: Session, world: str, row: Row, now_ms: int) -> None:
        if row["status"] != "Actual" or not row["k"]:
            return
        ref = row["k"][: intake.MOST_REF]
        known = unit.get(DossierSourceRow, (world, "cap", ref))
        if known is not None:
            if row["state"] == "cancelled":
                self._say(unit, known.dossier_id, "cancelled", row, now_ms)
            return
        level = int(row["level"] or 0)
        if row["state"] != "standing" or not _in_force(row, now_ms):
            return
        before = _earlier(unit, world, row) if row["message"] == "Update" else None
        if before is not None:
            self._say(unit, before, "updated", row, now_ms)
            unit.add(DossierSourceRow(world=world, source="cap", ref=ref, dossier_id=before, made_ms=now_ms))
            unit.flush()
        elif level >= self._rules.opens:
            intake.open_in(unit, self._cycle, self._rules, _report(world, row, now_ms), BY, now_ms)

    def _say(self, unit: Session, dossier_id: str, what: str, row: Row, now_ms: int) -> None:
        said = {"warning": row["k"], "headline": row["headline"], "colour": row["colour"]}
        note(unit, dossier_id, what, said, BY, now_ms)


def rows_of(entries: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> list[Row]:
    """The rows of entries as texts, in order: `t`, `k` and FIELDS. What is of no form the engine tells of."""
    listed: list[Any] = [[name, [part for pair in fields.items() for part in pair]] for name, fields in entries]
    found: list[Row] = []
    for run in decode(listed, ("t", "k", *FIELDS)).runs:
        for at in range(run.rows):
            found.append({name: text_of(run.columns.get(name), at) for name in ("t", "k", *FIELDS)})
    return found


def _place(row: StreamPositionRow | None, life: int) -> Place:
    return Place(row.entry, row.read, row.added) if row is not None and row.life == life else Place()


def _in_force(row: Row, now_ms: int) -> bool:
    """A warning that says no end is in force for a day, as elsewhere."""
    sent, ends = _ms(row["sent_at"] or row["t"]), _ms(row["expires_at"])
    return (ends or (sent or 0) + 86_400_000) > now_ms


def _ms(text: str) -> int | None:
    if not text:
        return None
    times, state = parse_times([text.encode()])
    return int(times[0]) if not state[0] else None


def _earlier(unit: Session, world: str, row: Row) -> str | None:
    """The open incident of an earlier warning of this sender about this event: what an update belongs to."""
    asked = (
        select(DossierRow)
        .join(DossierSourceRow, DossierSourceRow.dossier_id == DossierRow.id)
        .where(DossierSourceRow.world == world, DossierSourceRow.source == "cap", DossierRow.ended_ms.is_(None))
        .order_by(DossierRow.received_ms.desc())
    )
    for found in unit.scalars(asked):
        facts = json.loads(found.facts)
        if (facts.get("sender"), facts.get("event")) == (row["sender"], row["event"]):
            return found.id
    return None


def _report(world: str, row: Row, now_ms: int) -> Report:
    facts = {
        "sender": row["sender"], "event": row["event"], "area": row["area"], "warning": row["colour"] or None,
        "text": row["headline"],
    }  # fmt: skip
    title = row["headline"] or f"{row['event']}预警 {LEVELS[max(0, int(row['level'] or 1) - 1)]}"
    plain = "".join(sign for sign in title if sign.isprintable())[:200]
    sent = _ms(row["sent_at"] or row["t"]) or now_ms
    return Report(
        "cap", row["k"][: intake.MOST_REF], plain, min(sent, now_ms), world,
        class_=CLASSES.get(row["category"], ""), region=row["community"][:16],
        facts={name: value for name, value in facts.items() if value},
    )  # fmt: skip
