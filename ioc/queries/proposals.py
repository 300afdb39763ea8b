"""Proposals for the desk: the office that smart dispatch names for a dossier, with its reasons."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ioc.services.routing import last_office


@dataclass(frozen=True, slots=True)
class OfficeProposal:
    """`why`: sentences, (Chinese, English). `by`: rules or model; `confidence`: of the model, None for rules."""

    id: str
    zh: str
    en: str
    why: tuple[tuple[str, str], ...]
    by: str
    confidence: float | None
    state: str


def office(unit: Session, dossier_id: str) -> OfficeProposal | None:
    """The newest proposal of an office, whatever became of it; None where the rules know none."""
    row = last_office(unit, dossier_id)
    if row is None:
        return None
    of = json.loads(row.proposed)
    why = tuple((each["zh"], each["en"]) for each in json.loads(row.why))
    return OfficeProposal(of["id"], of["zh"], of["en"], why, row.made_by, row.confidence, row.state)
