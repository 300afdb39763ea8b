"""What surrounds a dossier: those that may be the same thing, those merged with it, its alarms, what its ladders do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.likeness import Likeness
from ioc.packs.alarm_desk import DeskRules
from ioc.packs.handling import Handling
from ioc.queries.alarm_desk import Named, dims, region_name
from ioc.queries.dossiers import may_see
from ioc.queries.ladder import Coming, Told, coming, told
from ioc.queries.similar import similar
from ioc.services.refusals import UnknownDossier
from ioc.store.alarm_tables import AlarmCardRow, AlarmRow
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store

MOST_ALARMS: Final = 30  # that are told one by one, the worst that stand first
MOST_COMING: Final = 6


@dataclass(frozen=True, slots=True)
class Other:
    """Another dossier, as far as it is told here. `likeness` None: it is merged with this one."""

    id: str
    version: int
    title: str
    stage: str
    level: int
    owner: str
    received_ms: int
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class LinkedAlarm:
    """An alarm of a card of which this dossier was made, or that joined it."""

    id: str
    name: Named
    unit: str
    place: Named
    dims: tuple[tuple[str, str], ...]
    condition: str
    state: str
    stands: bool
    level: int
    value: float | None
    limit: float | None
    raised_ms: int


@dataclass(frozen=True, slots=True)
class Relations:
    """`into`: what it was merged into; `merged`: what was merged into it; `more_alarms`: those not told."""

    version: int
    alike: tuple[Other, ...]
    into: Other | None
    merged: tuple[Other, ...]
    alarms: tuple[LinkedAlarm, ...]
    more_alarms: int
    told: tuple[Told, ...]
    coming: tuple[Coming, ...]


def relations(
    store: Store, tables: Handling, rules: DeskRules, dossier_id: str, *, within: frozenset[str] | None, now_ms: int
) -> Relations:
    """Of a dossier that is open or not; nothing is proposed for one that has ended. Raises UnknownDossier."""
    with store.read() as unit:
        row = unit.get(DossierRow, dossier_id)
        if row is None or not may_see(row.region, within):
            raise UnknownDossier(dossier_id)
        version, ended = row.version, row.ended_ms is not None
        into = _others(unit, [row.merged_into], within) if row.merged_into else []
        names = unit.scalars(select(DossierRow.id).where(DossierRow.merged_into == row.id)).all()
        merged = _others(unit, names, within)
        alarms = _alarms(unit, rules, row.id)
    likely = () if ended else similar(store, dossier_id)
    with store.read() as unit:
        alike = _others(unit, [each.id for each in likely], within, {each.id: each for each in likely})
    alike.sort(key=lambda other: -other.likeness.score if other.likeness else 0.0)
    comes = () if ended else coming(store, tables, dossier_id, now_ms)
    return Relations(
        version, tuple(alike), into[0] if into else None, tuple(merged), tuple(alarms[:MOST_ALARMS]),
        max(0, len(alarms) - MOST_ALARMS), told(store, tables, dossier_id), comes[:MOST_COMING],
    )  # fmt: skip


def _others(
    unit: Session, ids: Iterable[str], within: frozenset[str] | None, likely: dict[str, Likeness] | None = None
) -> list[Other]:
    rows = unit.scalars(select(DossierRow).where(DossierRow.id.in_(list(ids))).order_by(DossierRow.received_ms))
    return [
        Other(row.id, row.version, row.title, row.stage, row.level, row.owner, row.received_ms,
              (likely or {}).get(row.id))
        for row in rows if may_see(row.region, within)
    ]  # fmt: skip


def _alarms(unit: Session, rules: DeskRules, dossier_id: str) -> list[LinkedAlarm]:
    asked = (
        select(AlarmRow)
        .join(AlarmCardRow, AlarmCardRow.id == AlarmRow.card_id)
        .where(AlarmCardRow.dossier_id == dossier_id)
        .order_by(AlarmRow.stands.desc(), AlarmRow.level.desc(), AlarmRow.raised_ms.desc(), AlarmRow.id)
    )
    found = []
    for row in unit.scalars(asked):
        zh, en, unit_name = rules.indicators.get(row.indicator, (row.indicator, row.indicator, ""))
        found.append(
            LinkedAlarm(
                row.id, (zh, en), unit_name, region_name(rules, row.region), dims(row.dims), row.condition, row.state,
                row.stands, row.level, row.value, row.limit, row.raised_ms,
            )
        )  # fmt: skip
    return found
