"""The incidents that were made of alarms of an indicator, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from ioc.queries.dossiers import may_see
from ioc.store.alarm_tables import AlarmCardRow, AlarmRow
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store

MOST: Final = 6
LOOKED_AT: Final = 60  # of these the reader may see some


@dataclass(frozen=True, slots=True)
class RelatedIncident:
    """A dossier by its id; `ended_ms` None: it is open."""

    id: str
    title: str
    level: int
    received_ms: int
    ended_ms: int | None


def incidents_of(
    store: Store, indicator: str, world: str, within: frozenset[str] | None
) -> tuple[RelatedIncident, ...]:
    """Those of a world that somebody who may see these regions (None: all) may see, MOST at most."""
    asked = (
        select(DossierRow)
        .where(DossierRow.world == world)
        .where(
            DossierRow.id.in_(
                select(AlarmCardRow.dossier_id)
                .join(AlarmRow, AlarmRow.card_id == AlarmCardRow.id)
                .where(AlarmRow.indicator == indicator, AlarmRow.world == world, AlarmCardRow.dossier_id != "")
            )
        )
        .order_by(DossierRow.received_ms.desc(), DossierRow.id)
        .limit(LOOKED_AT)
    )
    with store.read() as unit:
        rows = [row for row in unit.scalars(asked) if may_see(row.region, within)][:MOST]
        return tuple(RelatedIncident(row.id, row.title, row.level, row.received_ms, row.ended_ms) for row in rows)
