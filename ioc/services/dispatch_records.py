"""Dispatches as records: each unit that was sent to an incident is a row of the source `dispatch` of its world, when it
was sent and when it came, so that indicators count the time between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.services import outbox
from ioc.store.dossier_tables import DossierRow
from ioc.store.proposal_table import ProposalRow

SOURCE: Final = "dispatch"


def tell(  # noqa: PLR0917 - what a row is
    unit: Session, row: DossierRow, name: str, kind: str, sent_ms: int, came_ms: int | None, now_ms: int
) -> None:
    """Put the row of one unit at one incident into the outbox. `kind` empty: the world does not know the unit."""
    entity = f"{row.id}-{name}"
    fields = {
        "dispatch_id": entity, "changed_at": now_ms, "incident": row.id, "unit_kind": kind or None,
        "dispatched_at": sent_ms, "arrived_at": came_ms, "priority": False, "community": row.region or None,
    }  # fmt: skip
    outbox.put(unit, row.world, SOURCE, entity, now_ms, fields, now_ms)


def arrived(unit: Session, row: DossierRow, said: Mapping[str, Any], now_ms: int) -> None:
    """A unit that was sent has come: its row says so. Of one that nobody sent from here nothing is told."""
    name = str(said.get("unit", ""))
    sent = unit.scalars(
        select(ProposalRow)
        .where(ProposalRow.dossier_id == row.id, ProposalRow.kind == "units")
        .order_by(ProposalRow.made_ms.desc())
    )
    for proposal in sent:
        decided = json.loads(proposal.decided)
        if name in decided.get("units", []):
            tell(unit, row, name, decided["kinds"].get(name, ""), proposal.made_ms, now_ms, now_ms)
            return
