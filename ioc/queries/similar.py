"""Open dossiers that may be about the same thing as one, with a score and its reasons: proposals for merging."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import select

from ioc.domain.likeness import LONG_MS, Likeness, Matter, alike
from ioc.services.refusals import UnknownDossier
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store

MOST: Final = 2_000  # dossiers that one is compared with, the newest


def similar(store: Store, dossier_id: str, most: int = 5) -> tuple[Likeness, ...]:
    """Those like a dossier, the likest first. Raises UnknownDossier."""
    with store.read() as unit:
        row = unit.get(DossierRow, dossier_id)
    if row is None:
        raise UnknownDossier(dossier_id)
    return like(store, row.world, row.kind, matter(row), most)


def like(store: Store, world: str, kind: str, one: Matter, most: int = 5) -> tuple[Likeness, ...]:
    """Open dossiers like something that is not one yet: asked before a person opens another."""
    with store.read() as unit:
        rows = unit.scalars(
            select(DossierRow)
            .where(
                DossierRow.world == world, DossierRow.kind == kind, DossierRow.ended_ms.is_(None),
                DossierRow.received_ms.between(one.at_ms - LONG_MS, one.at_ms + LONG_MS),
            )
            .order_by(DossierRow.received_ms.desc())
            .limit(MOST)
        ).all()  # fmt: skip
    return alike(one, map(matter, rows), most)


def matter(row: DossierRow) -> Matter:
    """What is compared of a dossier."""
    text = json.loads(row.facts).get("text", "")
    return Matter(row.id, f"{row.title} {text}", row.received_ms, row.class_, row.region, row.lon, row.lat)
