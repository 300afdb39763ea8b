"""Units for an incident: proposed by the rules, sent by a person, in one transaction with their orders and the move.

What was proposed stays beside what was sent. Each unit that is sent is a row of the source `dispatch` of its world,
which says when it was sent and when it came. A form that is sent twice acts once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.audience import About, recipients
from ioc.packs.handling import Handling
from ioc.security import identity
from ioc.services import dispatch_records, dossiers, messages, routing
from ioc.services.dossiers import Dossier
from ioc.services.refusals import DossierRefused
from ioc.services.telling import order_of
from ioc.store.dossier_tables import DossierRow
from ioc.store.proposal_table import ProposalRow
from ioc.store.unit import Store

MOVE: Final = "dispatch"
AUDIENCE: Final = "units"
MOST: Final = 50
_NAME = re.compile(r"[^\s*]{1,64}")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a person sends, beside what was proposed. `kinds`: of each unit that the world knows. `said`: what else
    the move needs. `key`: of the sender's own, empty for none."""

    units: Sequence[str]
    proposed: Sequence[str]
    why: Mapping[str, Any]
    kinds: Mapping[str, str]
    said: Mapping[str, Any]
    key: str = ""


def send(
    store: Store, tables: Handling, dossier_id: str, what: Sent, *, version: int, permissions: Iterable[str], by: str,
    now_ms: int,
) -> Dossier:  # fmt: skip
    """Send units to an incident. Raises what `dossiers.act` raises, DossierRefused that names the field."""
    units = _checked(what)
    with store.write() as unit:
        row = dossiers.row_of(unit, dossier_id, lock=True)
        if what.key and _used(unit, what.key, dossier_id):
            return dossiers.as_dossier(unit, row)
        cycle = tables.cycles[row.kind]
        said = {**what.said, "units": units}
        found = dossiers.act_in(
            unit, cycle, dossier_id, MOVE, said, version=version, permissions=permissions, by=by, now_ms=now_ms
        )  # fmt: skip
        draft = order_of(unit, tables, row, row.version, MOVE, tables.audiences[AUDIENCE])
        messages.write(
            unit, draft, recipients(tables.audiences[AUDIENCE], About(units=units), tables.region_of), None, now_ms
        )
        _keep(unit, row, what, units, by, now_ms)
        for name in units:
            dispatch_records.tell(unit, row, name, what.kinds.get(name, ""), now_ms, None, now_ms)
        return found


def _checked(what: Sent) -> list[str]:
    units = list(dict.fromkeys(what.units))
    if not 0 < len(units) <= MOST:
        raise DossierRefused("units", f"须有 1 至 {MOST} 支力量。", f"1 to {MOST} units.")
    if wrong := next((name for name in units if not _NAME.fullmatch(name)), None):
        raise DossierRefused("units", f"力量名称不合规：{wrong[:40]!r}。", f"This is no unit: {wrong[:40]!r}.")
    if what.key and not _KEY.fullmatch(what.key):
        raise DossierRefused("key", "键须为 8 至 64 个字母或数字。", "A key of 8 to 64 letters and digits.")
    return units


def _used(unit: Session, key: str, dossier_id: str) -> bool:
    there = unit.scalar(select(ProposalRow.dossier_id).where(ProposalRow.key == key))
    if there is not None and there != dossier_id:
        raise DossierRefused("key", "此键已用于另一卷宗。", "The key was used for another incident.")
    return there is not None


def _keep(  # noqa: PLR0917 - what was proposed and what was sent
    unit: Session, row: DossierRow, what: Sent, units: Sequence[str], by: str, now_ms: int
) -> None:
    wanted, sent = set(what.proposed), set(units)
    state = "accepted" if wanted == sent else "changed" if wanted & sent else "refused"
    proposal = ProposalRow(
        id=identity.new_id(), world=row.world, dossier_id=row.id, kind="units", version=row.version, made_ms=now_ms,
        made_by="rules", confidence=None, proposed=json.dumps({"units": list(what.proposed)}, ensure_ascii=False),
        why=json.dumps(dict(what.why), ensure_ascii=False), state="open", decided="{}", decided_ms=None, decided_by="",
        key=what.key or None,
    )  # fmt: skip
    unit.add(proposal)
    unit.flush()
    kinds = {name: what.kinds[name] for name in units if name in what.kinds}
    routing.decide(unit, proposal, state, {"units": list(units), "kinds": kinds}, by, now_ms)
