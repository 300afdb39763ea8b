"""Merging: two dossiers that are about one thing become one, and can be parted again.

The merged one keeps its steps, points to the one that was kept, and rests; parted, it goes on where it was. Both are
version-checked: who looked at an older state of either is told who was faster.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.services import clocks, dossiers
from ioc.services.dossier_notes import last_said, step
from ioc.services.dossiers import Dossier
from ioc.services.refusals import DossierRefused, OutdatedDossier
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store


def merge(
    store: Store, kept_id: str, kept_version: int, merged_id: str, merged_version: int, *, by: str, now_ms: int
) -> tuple[Dossier, Dossier]:
    """Merge one dossier into another: (kept, merged). Raises UnknownDossier, OutdatedDossier, DossierRefused."""
    if kept_id == merged_id:
        raise DossierRefused("merged", "不能与自身合并。", "Nothing is merged with itself.")
    with store.write() as unit:
        kept, merged = _both(unit, kept_id, merged_id)
        for row, version, field in ((kept, kept_version, "kept"), (merged, merged_version, "merged")):
            if row.version != version:
                raise OutdatedDossier(row.id, row.version, dossiers.last_by(unit, row.id))
            if row.merged_into:
                raise DossierRefused(field, "已并入另一卷宗。", "It was merged into another one already.")
            if row.ended_ms is not None:
                raise DossierRefused(field, "已办结的卷宗不能合并。", "What has ended is not merged.")
        if (kept.kind, kept.world) != (merged.kind, merged.world):
            raise DossierRefused("merged", "类型或世界不同。", "They are of different kinds or worlds.")
        was_held = merged.held
        if not was_held:
            dossiers.turn_clock(
                unit, merged, clocks.newest(unit, merged.id), "hold", {"reason": "已合并 merged"}, now_ms
            )
        merged.merged_into, merged.ended_ms = kept.id, now_ms
        step(unit, merged, "merged", {"into": kept.id, "was_held": was_held}, by, now_ms)
        step(unit, kept, "merge", {"merged": merged.id, "title": merged.title}, by, now_ms)
        return dossiers.as_dossier(unit, kept), dossiers.as_dossier(unit, merged)


def split(store: Store, merged_id: str, version: int, *, by: str, now_ms: int) -> tuple[Dossier, Dossier]:
    """Part a merged dossier from the one that it was merged into: (kept, parted). Raises UnknownDossier,
    OutdatedDossier, DossierRefused where it is not merged."""
    with store.read() as unit:
        kept_id = dossiers.row_of(unit, merged_id).merged_into
    if not kept_id:
        raise DossierRefused("merged", "它没有并入任何卷宗。", "It is not merged into any.")
    with store.write() as unit:
        kept, parted = _both(unit, kept_id, merged_id)
        if parted.version != version:
            raise OutdatedDossier(parted.id, parted.version, dossiers.last_by(unit, parted.id))
        if parted.merged_into != kept.id:
            raise DossierRefused("merged", "它没有并入任何卷宗。", "It is not merged into any.")
        was_held = bool(last_said(unit, parted.id, "merged").get("was_held"))
        parted.merged_into, parted.ended_ms = "", None
        if not was_held:
            dossiers.turn_clock(unit, parted, clocks.newest(unit, parted.id), "resume", {}, now_ms)
        step(unit, parted, "split", {"from": kept.id}, by, now_ms)
        step(unit, kept, "split", {"parted": parted.id, "title": parted.title}, by, now_ms)
        return dossiers.as_dossier(unit, kept), dossiers.as_dossier(unit, parted)


def _both(unit: Session, one: str, other: str) -> tuple[DossierRow, DossierRow]:
    """Both rows, locked in the order of their ids, so that two who merge them both ways do not wait for each other."""
    asked = select(DossierRow).where(DossierRow.id.in_([one, other])).order_by(DossierRow.id).with_for_update()
    found = {row.id: row for row in unit.scalars(asked.execution_options(populate_existing=True))}
    for name in (one, other):
        if name not in found:
            dossiers.row_of(unit, name)
    return found[one], found[other]
