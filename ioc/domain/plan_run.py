"""A run of a plan: what follows from each thing that happens. Pure: the same events give the same run, anywhere.

A step waits until what it comes after has ended, then is open, then ends: done, skipped, failed, left out (`omitted`:
its condition fails, or nobody needs it any more), taken over by the step in reserve (`replaced`) or cancelled with the
run. Each effect is told once in the life of a run, whatever is taken back; a run that has ended stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from ioc.domain.deadline import Segment, deadline
from ioc.domain.plan import NOTHING, Plan, Step, Value
from ioc.domain.plan_values import checked, holds

Phase = Literal["waiting", "open", "done", "skipped", "failed", "omitted", "replaced", "cancelled"]
RunPhase = Literal["running", "done", "cancelled"]
EffectKind = Literal["act", "late", "refused"]
ENDED: Final[frozenset[Phase]] = frozenset({"done", "skipped", "failed", "omitted", "replaced", "cancelled"})
BY_PERSON: Final[frozenset[Phase]] = frozenset({"done", "skipped", "failed"})
UNDO_MS: Final = 5 * 60_000


class StepRefused(Exception):
    """It cannot be done now: `why` is unknown, state, over (the run has ended), receipt, undo, gone_on, reason."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step, self.why = step, why


@dataclass(frozen=True, slots=True)
class StepState:
    """`by` empty: nobody ended it, it ended by itself. `called`: a step in reserve that is needed."""

    phase: Phase = "waiting"
    opened_ms: int | None = None
    due_ms: int | None = None
    ended_ms: int | None = None
    by: str = ""
    why: str = ""
    late: bool = False
    called: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A run as it stands. `values`: what was entered, by name; `receipts`: steps whose messages all have their answers;
    `response`: the level of the plan's response; `fired`: the effects that were told."""

    phase: RunPhase = "running"
    level: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    response: int = 0
    values: Mapping[str, Value] = field(default_factory=dict)
    receipts: frozenset[str] = frozenset()
    steps: Mapping[str, StepState] = field(default_factory=dict)
    fired: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the incident now; the first of these begins the run."""

    level: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    response: int = 0
    receipts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Complete:
    step: str
    by: str
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skip:
    step: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It was refused, or cannot be done."""

    step: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """It was ended by mistake."""

    step: str
    by: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The run is ended before its steps are."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Over:
    """The incident has ended: what waits for a condition is needed no more."""


Event = Known | Complete | Skip | Fail | TakeBack | Tick | Cancel | Over


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be done for a step: its action, or what its fallback tells when it is late or refused."""

    kind: EffectKind
    step: str

    @property
    def key(self) -> str:
        return f"{self.step}:{self.kind}"


def begun(plan: Plan) -> State:
    """A run before anything happened."""
    return State(steps={name: StepState() for name in plan.steps})


def advance(plan: Plan, state: State, event: Event, now_ms: int) -> tuple[State, tuple[Effect, ...]]:
    """The run after an event, and what is to be done then. Raises StepRefused, EvidenceRefused."""
    if state.phase != "running":
        if isinstance(event, Known | Tick | Over):
            return state, ()
        raise StepRefused(getattr(event, "step", ""), "over")
    run = _Run(plan, state, now_ms)
    run.take(event)
    run.settle()
    return run.made(), tuple(run.effects)


def next_ms(state: State) -> int | None:
    """When a step comes to be late next; None where none does."""
    if state.phase != "running":
        return None
    open_ = (each for each in state.steps.values() if each.phase == "open" and not each.late)
    return min((each.due_ms for each in open_ if each.due_ms is not None), default=None)


class _Run:
    """The work of one `advance`."""

    def __init__(self, plan: Plan, state: State, now_ms: int) -> None:
        self.plan, self.state, self.now_ms = plan, state, now_ms
        self.steps = dict(state.steps)
        self.values = dict(state.values)
        self.fired = set(state.fired)
        self.effects: list[Effect] = []

    def made(self) -> State:
        return replace(self.state, steps=self.steps, values=self.values, fired=frozenset(self.fired))

    # --- what happened ---------------------------------------------------------------------------------------------
    def take(self, event: Event) -> None:
        match event:
            case Known(level, facts, response, receipts):
                self._known(level, facts, response, receipts)
            case Complete(step, by, said):
                self._complete(self._open(step), by, said)
            case Skip(step, by, why):
                self._end(self._open(step).id, "skipped", by, _said(step, why))
            case Fail(step, by, why):
                found = self._open(step)
                self._end(found.id, "failed", by, _said(step, why))
                self._fall("refused", found)
            case TakeBack(step, _):
                self._take_back(step)
            case Cancel(_, why):
                self._stop("cancelled", _said("", why))
            case Over():
                self._over()
            case Tick():
                pass

    def _known(self, level: int, facts: Mapping[str, Any], response: int, receipts: frozenset[str]) -> None:
        raised = level != self.state.level
        self.state = replace(
            self.state, level=level, facts=facts, response=response, receipts=self.state.receipts | receipts
        )
        for name, each in self.steps.items() if raised else ():
            if each.phase == "open" and each.opened_ms is not None and not each.late:
                self.steps[name] = replace(each, due_ms=self._due(self.plan.steps[name], each.opened_ms))

    def _complete(self, step: Step, by: str, said: Mapping[str, Any]) -> None:
        values = checked(step, said)
        if step.wants_receipts and step.id not in self.state.receipts and not step.by_itself:
            raise StepRefused(step.id, "receipt")
        self.values |= values
        self._end(step.id, "done", by)

    def _open(self, name: str) -> Step:
        if name not in self.plan.steps:
            raise StepRefused(name, "unknown")
        if self.steps[name].phase != "open":
            raise StepRefused(name, "state")
        return self.plan.steps[name]

    def _end(self, name: str, phase: Phase, by: str = "", why: str = "") -> None:
        each = self.steps[name]
        late = each.late or (each.phase == "open" and each.due_ms is not None and self.now_ms > each.due_ms)
        self.steps[name] = replace(each, phase=phase, ended_ms=self.now_ms, by=by, why=why, late=late)

    def _take_back(self, name: str) -> None:
        if name not in self.plan.steps:
            raise StepRefused(name, "unknown")
        each = self.steps[name]
        if each.phase not in BY_PERSON or not each.by:
            raise StepRefused(name, "state")
        if each.ended_ms is None or self.now_ms - each.ended_ms > UNDO_MS:
            raise StepRefused(name, "undo")
        later = [one for one in self.plan.steps if name in self.plan.before[one]]
        helper = self.plan.steps[name].refused.step if each.phase == "failed" else ""
        later += [helper] if helper and not self._late_called(name, helper) else []
        later = [one for one in later if not self._told(one)]
        if any(self.steps[one].phase not in {"waiting", "open", "omitted"} for one in later):
            raise StepRefused(name, "gone_on")
        for one in later:
            self.steps[one] = StepState()
        caller = self.plan.reserve.get(name)
        if caller is not None and self.steps[caller].phase == "replaced":
            self.steps[caller] = replace(self.steps[caller], phase="open", ended_ms=None)
        spare = self.plan.steps[name].late.step
        if spare and self.steps[spare].phase == "omitted" and self._late_called(name, spare):
            self.steps[spare] = StepState(called=True)
        for evidence in self.plan.steps[name].evidence:
            self.values.pop(evidence.name, None)
        if not each.late or f"{name}:late" not in self.fired:
            each = replace(each, late=False)
        self.steps[name] = replace(each, phase="open", ended_ms=None, by="", why="")

    def _told(self, name: str) -> bool:
        """Whether it only told or showed something, and has: that stays as it is."""
        step, each = self.plan.steps[name], self.steps[name]
        only = step.by_itself and not step.wants_receipts and step.action.kind != "response"
        return only and each.phase == "done" and not each.by

    def _late_called(self, name: str, helper: str) -> bool:
        return self.plan.steps[name].late.step == helper and f"{name}:late" in self.fired

    def _stop(self, phase: RunPhase, why: str = "") -> None:
        for name, each in self.steps.items():
            if each.phase not in ENDED:
                self._end(name, "cancelled" if each.phase == "open" else "omitted")
        self.state = replace(self.state, phase=phase, why=why)

    def _over(self) -> None:
        pending = any(
            each.phase == "open" or (each.phase == "waiting" and not self._awaits(self.plan.steps[name]))
            for name, each in self.steps.items()
            if name not in self.plan.reserve or each.called
        )
        self._stop("cancelled" if pending else "done", "over")

    def _awaits(self, step: Step) -> bool:
        """Whether it, or something before it, waits for a condition."""
        names = [step.id, *self.plan.before[step.id]]
        return any(self.plan.steps[name].waits and self.steps[name].phase == "waiting" for name in names)

    # --- what follows ----------------------------------------------------------------------------------------------
    def settle(self) -> None:
        """Go on until nothing follows any more."""
        while self.state.phase == "running" and any([*self._moves()]):
            pass
        if self.state.phase == "running" and all(each.phase in ENDED for each in self.steps.values()):
            self.state = replace(self.state, phase="done")

    def _moves(self) -> Iterator[bool]:
        for step in self.plan.steps.values():
            phase = self.steps[step.id].phase
            if phase == "waiting":
                yield self._begin(step)
            elif phase == "open":
                yield self._go_on(step)

    def _begin(self, step: Step) -> bool:
        caller = self.plan.reserve.get(step.id)
        if caller is not None and not self.steps[step.id].called:
            if self.steps[caller].phase not in ENDED:
                return False
            self._end(step.id, "omitted")
            return True
        if caller is not None and self.steps[caller].phase in ENDED - {"failed"}:  # it was done after all
            self._end(step.id, "omitted")
            return True
        if not all(self._left(name) for name in step.after):
            return False
        if not holds(step.when, self.state.level, self.state.facts, self.values):
            if not step.waits:
                self._end(step.id, "omitted", why="when")
            return not step.waits
        self.steps[step.id] = replace(
            self.steps[step.id], phase="open", opened_ms=self.now_ms, due_ms=self._due(step, self.now_ms)
        )
        if step.action.kind != "none":
            self._fire(Effect("act", step.id))
        return True

    def _left(self, name: str) -> bool:
        """Whether nothing waits for a step any more, nor for the one that does its work."""
        helpers = {self.plan.steps[name].late.step, self.plan.steps[name].refused.step} - {""}
        return self.steps[name].phase in ENDED and all(
            self.steps[one].phase in ENDED for one in helpers if self.steps[one].called
        )

    def _go_on(self, step: Step) -> bool:
        each = self.steps[step.id]
        if self._by_itself(step):
            self._end(step.id, "done")
            return True
        caller = self.plan.reserve.get(step.id)
        if caller is not None and self.steps[caller].phase in {"done", "skipped", "replaced"}:
            self._end(step.id, "omitted")
            return True
        helper = step.late.step
        if helper and self.steps[helper].phase == "done":
            self._end(step.id, "replaced")
            return True
        if each.due_ms is not None and each.due_ms <= self.now_ms and not each.late:
            self.steps[step.id] = replace(each, late=True)
            self._fall("late", step)
            return True
        return False

    def _by_itself(self, step: Step) -> bool:
        if not step.by_itself:
            return False
        if step.action.kind == "response":
            return self.state.response >= step.action.level
        return not step.wants_receipts or step.id in self.state.receipts

    def _fall(self, kind: Literal["late", "refused"], step: Step) -> None:
        fallback = step.late if kind == "late" else step.refused
        if fallback == NOTHING:
            return
        if fallback.step and not self.steps[fallback.step].called:
            self.steps[fallback.step] = replace(StepState(), called=True)
        self._fire(Effect(kind, step.id))

    def _fire(self, effect: Effect) -> None:
        if effect.key not in self.fired:
            self.fired.add(effect.key)
            self.effects.append(effect)

    def _due(self, step: Step, opened_ms: int) -> int | None:
        owed = step.owed_ms(self.state.level)
        if owed is None:
            return None
        run = (Segment(opened_ms, None, running=True),)
        return deadline(owed, run, self.plan.calendars[step.calendar], opened_ms).due_ms


def _said(step: str, why: str) -> str:
    if not why.strip():
        raise StepRefused(step, "reason")
    return why.strip()
