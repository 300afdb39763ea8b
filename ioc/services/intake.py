"""The intake (集中受理): whatever reports something, one way into a dossier: alarms, CAP, the hotline, cases, findings
on video, partners, a person.

A report that its sender names opens one dossier, however often it comes. Class and level are computed from what is
known, with the rule in words, unless a person has said them. What may be the same thing as another open dossier is
proposed for merging (ioc.queries.similar), never merged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.alarm import State
from ioc.domain.grading import LEVEL_NAMES, Grade, Rules, graded
from ioc.domain.life_cycle import LifeCycle
from ioc.domain.routing import Topic
from ioc.domain.triage import Triage
from ioc.packs.alarm_desk import DeskRules
from ioc.queries.alarm_desk import cause_name, region_name
from ioc.services import dossiers
from ioc.services.dossier_notes import note
from ioc.services.dossiers import Dossier, Received
from ioc.services.refusals import DossierRefused, UnknownAlarms
from ioc.services.routing import suggest, topic_of
from ioc.store.alarm_tables import AlarmCardRow, AlarmRow
from ioc.store.intake_table import DossierSourceRow
from ioc.store.unit import Store
from metrics.value import LEVELS

Source = Literal["alarm", "cap", "hotline", "case", "video", "partner", "hand"]
SOURCES: Final = ("alarm", "cap", "hotline", "case", "video", "partner", "hand")
BY_CITIZENS: Final = frozenset({"hotline", "case", "hand"})  # their words may be those of a citizen
MOST_REF: Final = 160


@dataclass(frozen=True, slots=True)
class Report:
    """Something that was reported. `ref`: the sender's own name of it, empty where it has none. `class_` and `level`
    (0: not said) are what a person said; `facts`: plain JSON, those that `grading.toml` names count for the level."""

    source: Source
    ref: str
    title: str
    at_ms: int
    world: str = "live"
    kind: str = "incident"
    class_: str = ""
    level: int = 0
    region: str = ""
    lon: float | None = None
    lat: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """The dossier of a report; `fresh`: it was opened now, else it was there."""

    dossier: Dossier
    fresh: bool


def open_report(
    store: Store, cycle: LifeCycle, rules: Rules, report: Report, *, by: str, now_ms: int, triage: Triage | None = None
) -> Opened:
    """Open a dossier for a report, or find the one that it has opened before. Raises DossierRefused with the field.

    `triage`: the model in use, for what citizens write.
    """
    topic = topic_of(triage if report.source in BY_CITIZENS else None, report.title, str(report.facts.get("text", "")))
    with store.write() as unit:
        return open_in(unit, cycle, rules, report, by, now_ms, topic)


def open_card(
    store: Store, cycle: LifeCycle, rules: Rules, desk: DeskRules, card_id: str, *, by: str, now_ms: int
) -> Opened:
    """Make an incident of a card of alarms, which it stays linked to; once. Raises UnknownAlarms."""
    with store.write() as unit:
        card = unit.get(AlarmCardRow, card_id, with_for_update=True, populate_existing=True)
        if card is None:
            raise UnknownAlarms(card_id)
        if card.dossier_id:
            return Opened(_found(unit, card.dossier_id), fresh=False)
        rows = unit.scalars(select(AlarmRow).where(AlarmRow.card_id == card_id, AlarmRow.state != State.NORM)).all()
        opened = open_in(unit, cycle, rules, _report_of(card, rows, desk, now_ms), by, now_ms)
        card.dossier_id = opened.dossier.id
        return opened


def join_card(store: Store, card_id: str, dossier_id: str, version: int, *, by: str, now_ms: int) -> Dossier:
    """Link a card of alarms to a dossier that is open. Raises UnknownAlarms, UnknownDossier, OutdatedDossier,
    DossierRefused where the card belongs to another one."""
    with store.write() as unit:
        card = unit.get(AlarmCardRow, card_id, with_for_update=True, populate_existing=True)
        if card is None:
            raise UnknownAlarms(card_id)
        if card.dossier_id and card.dossier_id != dossier_id:
            raise DossierRefused("card", "此告警卡已属另一事件。", "The card belongs to another incident.")
        row = note(unit, dossier_id, "link", {"card": card_id}, by, now_ms, version)
        card.dossier_id = row.id
        return dossiers.as_dossier(unit, row)


def grade_of(rules: Rules, report: Report) -> Grade:
    """The class and level that the rules give a report, with their grounds: what a form proposes."""
    return graded(rules, report.facts, f"{report.title} {report.facts.get('text', '')}", report.class_)


def open_in(  # noqa: PLR0917 - who opens what by which rules
    unit: Session, cycle: LifeCycle, rules: Rules, report: Report, by: str, now_ms: int, topic: Topic | None = None
) -> Opened:
    """`open_report` within a unit."""
    _check(report)
    if report.ref:
        there = unit.get(DossierSourceRow, (report.world, report.source, report.ref))
        if there is not None:
            return Opened(_found(unit, there.dossier_id), fresh=False)
    grade = grade_of(rules, report)
    said = {
        "source": report.source,
        "graded": {
            "level": LEVEL_NAMES[grade.level],
            "class": asdict(grade.class_ground),
            "grounds": [asdict(each) for each in grade.grounds[:5]],
        },
    }
    what = Received(
        report.kind, report.title, report.at_ms, report.world, report.class_ or grade.class_,
        report.level or (grade.level if report.kind == "incident" else 0), report.region, report.lon, report.lat,
        {**report.facts, **said},
    )  # fmt: skip
    opened = dossiers.receive_in(unit, cycle, what, by=by, now_ms=now_ms)
    suggest(unit, dossiers.row_of(unit, opened.id), now_ms, topic)
    if report.ref:
        unit.add(
            DossierSourceRow(
                world=report.world, source=report.source, ref=report.ref, dossier_id=opened.id, made_ms=now_ms
            )
        )
        unit.flush()
    return Opened(opened, fresh=True)


def _report_of(card: AlarmCardRow, rows: Sequence[AlarmRow], desk: DeskRules, now_ms: int) -> Report:
    (zh, _), family = cause_name(desk, card.cause)
    worst = max((row.level for row in rows if row.stands), default=0)
    indicators = sorted({row.indicator for row in rows})
    facts: dict[str, Any] = {"card": card.id, "alarms": len(rows), "indicators": indicators[:20]}
    if worst:
        facts["alarm"] = LEVELS[worst - 1]
    began = min((row.raised_ms for row in rows), default=card.opened_ms)
    return Report(
        "alarm", card.id, f"{region_name(desk, card.place)[0]} {zh}", min(began, now_ms), card.world, class_=family,
        region=card.place, facts=facts,
    )  # fmt: skip


def _found(unit: Session, dossier_id: str) -> Dossier:
    """The dossier that was opened before, or the one that it was merged into."""
    row = dossiers.row_of(unit, dossier_id)
    while row.merged_into:
        row = dossiers.row_of(unit, row.merged_into)
    return dossiers.as_dossier(unit, row)


def _check(report: Report) -> None:
    if report.source not in SOURCES:
        raise DossierRefused("source", f"须为 {'、'.join(SOURCES)}。", f"It is one of {', '.join(SOURCES)}.")
    if len(report.ref) > MOST_REF or not report.ref.isprintable():
        raise DossierRefused("ref", f"编号至多 {MOST_REF} 字。", f"A name of at most {MOST_REF} characters.")
