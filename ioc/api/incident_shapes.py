"""The shapes of what is told of incidents and cases, and how the read models become them. Times are ms UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from ioc.domain.deadline import Deadline
from ioc.queries.dossier_page import DossierView
from ioc.queries.dossiers import Clock, Line, Page, Wish
from ioc.queries.proposals import OfficeProposal
from ioc.security.masking import masked_text


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident or a case in a list. `level` 0 not graded, 1 is IV ... 4 is I; `due` null: no clock runs, or nobody
    knows how long it is held."""

    id: str
    kind: str
    stage: str
    version: int
    title: str
    class_: Annotated[str, Field(alias="class")]
    level: int
    region: str
    lon: float | None
    lat: float | None
    owner: str
    org: str
    held: bool
    received: int
    changed: int
    ended: int | None
    due: int | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class Incidents:
    """A page of a list: `total` fit; `stages` (by kind) and `levels` count what is open. `at`: the world's time."""

    world: str
    at: int
    me: str
    total: int
    start: int
    rows: list[IncidentRow]
    stages: dict[str, dict[str, int]]
    levels: dict[str, int]


@dataclass(frozen=True, slots=True)
class ClockPart:
    """A stretch of a clock: `open` ms of the calendar's open time in it, counted where it runs; `left` after it."""

    start: int
    end: int | None
    running: bool
    why: str
    open: int
    left: int


@dataclass(frozen=True, slots=True)
class IncidentClock:
    """What the stage may take, what of it is used, when it is due and why."""

    owed: int
    used: int
    due: int | None
    late: int
    state: str
    parts: list[ClockPart]


@dataclass(frozen=True, slots=True)
class IncidentMove:
    """A move that may be made now: what must be said with it, and the stage that it leads to."""

    id: str
    zh: str
    en: str
    to: str
    needs: list[str]


@dataclass(frozen=True, slots=True)
class IncidentStep:
    """What was done. `number`: the version that it made."""

    number: int
    move: str
    left: str
    entered: str
    by: str
    title: str
    at: int
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class IncidentRung:
    """A stage of the life cycle, in order."""

    id: str
    since: int | None
    owed: int
    now: bool


@dataclass(frozen=True, slots=True)
class IncidentMessage:
    """What somebody was told. `state`: answered, stopped, waits (for an answer), told; `reached` null: by nothing yet;
    `failed`: no channel took it, somebody must call."""

    id: str
    recipient: str
    audience: str
    title: str
    made: int
    state: str
    reached: int | None
    channels: list[str]
    answered: int | None
    answered_by: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class IncidentOffice:
    """An office; `id` and `zh` are both understood where a move asks for `org`."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class IncidentProposal:
    """The office that rules or a model propose, and what became of it. `by`: rules, model; `confidence` of the model,
    null for rules; `state`: open, accepted, changed, refused, dropped."""

    office: IncidentOffice
    why: list[Told]
    confidence: float | None
    by: str
    state: str


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """One incident or case. Personal data are masked."""

    world: str
    at: int
    me: str
    row: IncidentRow
    owner_title: str
    facts: dict[str, Any]
    ladder: list[IncidentRung]
    clock: IncidentClock | None
    moves: list[IncidentMove]
    may_claim: bool
    steps: list[IncidentStep]
    clock_zh: list[str]
    clock_en: list[str]
    messages: list[IncidentMessage]
    proposed: IncidentProposal | None


def row(of: Line) -> IncidentRow:
    return IncidentRow(
        of.id, of.kind, of.stage, of.version, of.title, of.class_, of.level, of.region, of.lon, of.lat, of.owner,
        of.org, of.held, of.received_ms, of.changed_ms, of.ended_ms, of.due_ms, of.clock,
    )  # fmt: skip


def incidents(found: Page, wish: Wish, *, me: str, now_ms: int) -> Incidents:
    stages: dict[str, dict[str, int]] = {kind: dict(counts) for kind, counts in found.stages.items()}
    levels = {str(level): count for level, count in found.levels.items()}
    return Incidents(
        wish.world, now_ms, me, found.total, wish.start, [row(each) for each in found.lines], stages, levels
    )


def incident(of: DossierView, world: str, *, me: str, now_ms: int) -> IncidentDetail:
    return IncidentDetail(
        world=world, at=now_ms, me=me, row=row(of.line), owner_title=of.owner_title, facts=_plain(of.facts),
        ladder=[IncidentRung(each.id, each.since_ms, each.owed_ms, each.now) for each in of.ladder],
        clock=None if of.clock is None else _clock(of.clock),
        moves=[IncidentMove(move.id, move.zh, move.en, to, list(move.needs)) for move, to in of.moves],
        may_claim=of.may_claim,
        steps=[
            IncidentStep(each.number, each.move, each.left, each.entered, each.by, each.title, each.at_ms,
                         _plain(each.said))
            for each in of.steps
        ],
        clock_zh=[each.zh for each in of.words], clock_en=[each.en for each in of.words],
        messages=[
            IncidentMessage(each.id, each.recipient, each.audience, masked_text(each.title), each.made_ms, each.state,
                            each.reached_ms, [way.channel for way in each.ways if way.state == "sent"],
                            each.answered_ms, each.answered_by, each.failed)
            for each in of.messages
        ],
        proposed=None if of.office is None else _proposal(of.office),
    )  # fmt: skip


def _proposal(of: OfficeProposal) -> IncidentProposal:
    why = [Told(zh, en) for zh, en in of.why]
    return IncidentProposal(IncidentOffice(of.id, of.zh, of.en), why, of.confidence, of.by, of.state)


def _clock(of: Deadline) -> IncidentClock:
    parts = [
        ClockPart(each.segment.start_ms, each.segment.end_ms, each.segment.running, each.segment.why, each.open_ms,
                  each.left_ms)
        for each in of.counted
    ]  # fmt: skip
    return IncidentClock(of.owed_ms, of.used_ms, of.due_ms, of.late_ms, of.state, parts)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(facts)
