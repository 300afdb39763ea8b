"""Offices for dossiers: proposed at intake and on the way to their dispatch, and what people make of each proposal.

A proposal is a row beside the dossier, written in the unit of its change. Naming an office with a move decides the one
that is open: as proposed it was accepted, else changed. What is decided is never decided again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.routing import Matter, Named, Proposal, Topic, located, propose
from ioc.domain.triage import Triage
from ioc.geo.region import shipped
from ioc.packs.dispatch import shipped_routing
from ioc.packs.handling import handling
from ioc.security import identity
from ioc.services.audit import record
from ioc.services.desk_news import Change
from ioc.services.desk_news import note as tell_desks
from ioc.services.refusals import DossierRefused, UnknownDossier
from ioc.store.dossier_tables import DossierRow, DossierStepRow
from ioc.store.proposal_table import ProposalRow
from ioc.store.unit import Store

MOST_ORG: Final = 32  # characters
MOST_WHY: Final = 400


def topic_of(triage: Triage | None, title: str, text: str) -> Topic | None:
    """What the model in use says of a message; None without one."""
    if triage is None:
        return None
    verdict = triage.verdict(title, text)
    words = tuple(reason.words for reason in verdict.reasons)
    return Topic(verdict.best, verdict.confidence, words, verdict.decided)


def region_named(code: str, level: str) -> Named | None:
    """The region of a level in which a region lies, with its names."""
    found = shipped().get(handling().region_of(code, level)) if code else None
    return None if found is None else (found.code, found.zh, found.en)


def org_name(said: Any) -> str:
    """An office by its id or name becomes its Chinese name, by which it is written everywhere; others stay."""
    text = str(said).strip()
    offices = shipped_routing().offices
    name, _, code = text.partition(":")
    found = offices.get(name) or next((each for each in offices.values() if text in {each.zh, each.en}), None)
    if found is None or bool(found.level) != bool(code):
        return text[:MOST_ORG]
    of = located(found, code, region_named)
    return (text if of is None else of.zh)[:MOST_ORG]


def open_office(unit: Session, dossier_id: str) -> ProposalRow | None:
    """The proposal that waits for a person."""
    return unit.scalar(
        select(ProposalRow).where(
            ProposalRow.dossier_id == dossier_id, ProposalRow.kind == "office", ProposalRow.state == "open"
        )
    )


def last_office(unit: Session, dossier_id: str) -> ProposalRow | None:
    """The newest proposal of an office, whatever became of it."""
    asked = select(ProposalRow).where(ProposalRow.dossier_id == dossier_id, ProposalRow.kind == "office")
    return unit.scalar(asked.order_by(ProposalRow.made_ms.desc(), ProposalRow.version.desc()).limit(1))


def suggest(
    unit: Session, row: DossierRow, now_ms: int, topic: Topic | None = None, said: Mapping[str, Any] | None = None
) -> None:
    """Propose an office as the rules say now; the open proposal stays where they say the same. `said`: with the move
    that is being made, whose step is not written yet."""
    kind = str((said or {}).get("kind") or "")
    found = propose(shipped_routing(), _matter(unit, row, topic, kind), region_named)
    standing = open_office(unit, row.id)
    if standing is not None:
        if found is not None and json.loads(standing.proposed)["id"] == found.office.id:
            return
        if standing.made_by == "model":  # rules alone know less than the model did at intake
            return
        _drop(standing, now_ms)
    if found is not None:
        unit.add(_row(row, found, now_ms))
        unit.flush()


def follow(unit: Session, row: DossierRow, said: Mapping[str, Any], *, moved: bool, by: str, now_ms: int) -> None:
    """After a move: an office that was named decides the open proposal, an end drops it, a new stage or class asks the
    rules again while no office has it."""
    if "org" in said and row.org:
        if (standing := open_office(unit, row.id)) is not None:
            same = json.loads(standing.proposed)["zh"][:MOST_ORG] == row.org
            decide(unit, standing, "accepted" if same else "changed", {"org": row.org}, by, now_ms)
    elif row.ended_ms is not None:
        if (standing := open_office(unit, row.id)) is not None:
            _drop(standing, now_ms)
    elif not row.org and (moved or "class" in said or "kind" in said):
        suggest(unit, row, now_ms, said=said)


def refuse(store: Store, dossier_id: str, why: str, *, by: str, now_ms: int) -> None:
    """A person says that the proposed office is wrong; another is named when it is dispatched. Raises UnknownDossier,
    DossierRefused where none is open."""
    why = why.strip()
    if not 0 < len(why) <= MOST_WHY or not why.isprintable():
        raise DossierRefused("why", f"理由 1 至 {MOST_WHY} 字。", f"A reason of 1 to {MOST_WHY} characters.")
    with store.write() as unit:
        row = unit.get(DossierRow, dossier_id, with_for_update=True)
        if row is None:
            raise UnknownDossier(dossier_id)
        standing = open_office(unit, dossier_id)
        if standing is None:
            raise DossierRefused("proposal", "没有待定的建议。", "No proposal is open.")
        decide(unit, standing, "refused", {"why": why}, by, now_ms)
        tell_desks(unit, Change(row.world, row.kind, row.id, row.version, row.region))


def decide(  # noqa: PLR0917 - what a decision is
    unit: Session, proposal: ProposalRow, state: str, what: Mapping[str, Any], by: str, now_ms: int
) -> None:
    """Keep what people made of a proposal, beside what was proposed, with its entry in the audit."""
    proposal.state, proposal.decided_ms, proposal.decided_by = state, now_ms, by
    proposal.decided = json.dumps(dict(what), ensure_ascii=False, sort_keys=True)
    detail = {"kind": proposal.kind, "proposed": json.loads(proposal.proposed), "by": proposal.made_by, **what}
    record(unit, f"proposal.{state}", proposal.dossier_id, now_ms, detail, world=proposal.world)
    unit.flush()


def _drop(proposal: ProposalRow, now_ms: int) -> None:
    proposal.state, proposal.decided_ms = "dropped", now_ms


def _row(row: DossierRow, found: Proposal, now_ms: int) -> ProposalRow:
    office = {"id": found.office.id, "zh": found.office.zh, "en": found.office.en, "rule": found.rule}
    why = [asdict(each) for each in found.why]
    return ProposalRow(
        id=identity.new_id(), world=row.world, dossier_id=row.id, kind="office", version=row.version, made_ms=now_ms,
        made_by=found.by, confidence=found.confidence, proposed=json.dumps(office, ensure_ascii=False),
        why=json.dumps(why, ensure_ascii=False), state="open", decided="{}", decided_ms=None, decided_by="", key=None,
    )  # fmt: skip


def _matter(unit: Session, row: DossierRow, topic: Topic | None, kind: str) -> Matter:
    facts: Mapping[str, Any] = json.loads(row.facts)
    class_ = row.class_
    if row.kind == "case":
        class_ = kind or _said(unit, row.id, "kind") or str(facts.get("kind", ""))
    channel = str(facts.get("channel") or facts.get("source") or "")
    text = " ".join([row.title, *(str(facts[name]) for name in ("text", "address", "place") if facts.get(name))])
    return Matter(row.kind, class_, row.region, channel, text, topic)


def _said(unit: Session, dossier_id: str, field: str) -> str:
    """The newest word about a field with the moves that file a case."""
    said = unit.scalar(
        select(DossierStepRow.said)
        .where(DossierStepRow.dossier_id == dossier_id, DossierStepRow.move == "file")
        .order_by(DossierStepRow.number.desc())
        .limit(1)
    )
    return str(json.loads(said).get(field, "")) if said else ""
