"""What is added to a dossier beside the moves of its life cycle: notes of what came to it, each a step of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.services import dossiers
from ioc.services.refusals import OutdatedDossier
from ioc.store.dossier_tables import DossierRow, DossierStepRow


def note(  # noqa: PLR0917 - what a note is
    unit: Session, dossier_id: str, what: str, said: Mapping[str, Any], by: str, now_ms: int, version: int | None = None
) -> DossierRow:
    """Add a note within a unit, to the dossier that a merged one went into. `version`: the one that was looked at, None
    for what comes by itself. Raises UnknownDossier, OutdatedDossier."""
    row = dossiers.row_of(unit, dossier_id, lock=True)
    while row.merged_into:
        row, version = dossiers.row_of(unit, row.merged_into, lock=True), None
    if version is not None and version != row.version:
        raise OutdatedDossier(row.id, row.version, dossiers.last_by(unit, row.id))
    step(unit, row, what, said, by, now_ms)
    return row


def step(  # noqa: PLR0917 - what a step is
    unit: Session, row: DossierRow, what: str, said: Mapping[str, Any], by: str, now_ms: int
) -> None:
    """Add a step that leads nowhere to a row that is locked: its version grows."""
    row.version, row.changed_ms = row.version + 1, now_ms
    dossiers.write_step(unit, row, what, row.stage, said, by, now_ms)


def last_said(unit: Session, dossier_id: str, what: str) -> Mapping[str, Any]:
    """What was said with the newest step of this name; nothing where there is none."""
    text = unit.scalar(
        select(DossierStepRow.said)
        .where(DossierStepRow.dossier_id == dossier_id, DossierStepRow.move == what)
        .order_by(DossierStepRow.number.desc())
        .limit(1)
    )
    said: Mapping[str, Any] = json.loads(text or "{}")
    return said
