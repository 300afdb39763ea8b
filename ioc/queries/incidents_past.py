"""The incidents that were on file in a time, to lay alarms beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select

from ioc.offline.rehearsal_sheet import Incident
from ioc.store.alarm_tables import AlarmCardRow, AlarmRow
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store


def incidents_of_scene(
    store: Store, world: str, indicators: Collection[str], from_ms: int, until_ms: int
) -> Sequence[Incident]:
    """Those that were made of cards with an alarm of one of these indicators and were open within (from, until], the
    oldest first; one that was merged into another counts with that one."""
    cards = (
        select(AlarmCardRow.dossier_id)
        .join(AlarmRow, AlarmRow.card_id == AlarmCardRow.id)
        .where(AlarmCardRow.world == world, AlarmCardRow.dossier_id != "", AlarmRow.indicator.in_(sorted(indicators)))
    )
    wanted = (
        select(DossierRow)
        .where(
            DossierRow.id.in_(cards), DossierRow.kind == "incident", DossierRow.merged_into == "",
            DossierRow.received_ms <= until_ms, or_(DossierRow.ended_ms.is_(None), DossierRow.ended_ms > from_ms),
        )
        .order_by(DossierRow.received_ms, DossierRow.id)
    )  # fmt: skip
    with store.read() as unit:
        return [Incident(row.id, row.title, row.region, row.received_ms, row.ended_ms) for row in unit.scalars(wanted)]
