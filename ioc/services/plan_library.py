"""Plans as they are in force: what is shipped, over it what was published here. A draft is worked on by whoever may
edit; a version is published by whoever may, once it is sound; a former one comes back as a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ioc.domain.plan import Plan
from ioc.packs.files import PackErrors
from ioc.packs.plan_library import checked_plan, kept_plan, shipped_plans
from ioc.services.audit import record
from ioc.services.refusals import PlanRefused, UnknownPlan
from ioc.store.plan_tables import PlanDraftRow, PlanVersionRow
from ioc.store.unit import Store

MOST_NOTE: Final = 200
MOST_TEXT: Final = 64_000


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan by its version; 0 is the shipped one."""

    plan: Plan
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a plan; `at_ms` None for the shipped one."""

    version: int
    text: str
    note: str = ""
    by: str = ""
    at_ms: int | None = None
    restores: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody works on. `revision` 0: nobody has begun one, the text is the one in force."""

    text: str
    revision: int
    base: int
    by: str = ""
    at_ms: int | None = None


def in_force(unit: Session) -> Mapping[str, InForce]:
    """Every plan by its id, the shipped order first."""
    found = {name: InForce(each.plan, 0, each.text) for name, each in shipped_plans().items()}
    for row in unit.scalars(select(PlanVersionRow).order_by(PlanVersionRow.version)):
        found[row.plan_id] = InForce(kept_plan(row.text), row.version, row.text)
    return found


def versions(store: Store, plan_id: str) -> Sequence[Version]:
    """All of a plan, the newest first. Raises UnknownPlan."""
    with store.read() as unit:
        rows = unit.scalars(
            select(PlanVersionRow).where(PlanVersionRow.plan_id == plan_id).order_by(PlanVersionRow.version.desc())
        ).all()
    found = [Version(row.version, row.text, row.note, row.by_name, row.at_ms, row.restores) for row in rows]
    if plan_id in shipped_plans():
        found.append(Version(0, shipped_plans()[plan_id].text))
    if not found:
        raise UnknownPlan(plan_id)
    return found


def draft(store: Store, plan_id: str) -> Draft:
    """The draft of a plan, or what one would begin from. Raises UnknownPlan."""
    with store.read() as unit:
        row = unit.get(PlanDraftRow, plan_id)
        if row is not None:
            return Draft(row.text, row.revision, row.base, row.by_name, row.at_ms)
        found = in_force(unit).get(plan_id)
    if found is None:
        raise UnknownPlan(plan_id)
    return Draft(found.text, 0, found.version)


def faults(plan_id: str, text: str) -> tuple[str, ...]:
    """What is wrong with a text as a version of a plan: `FILE:STEP.KEY:0: RULE: message`."""
    try:
        plan = checked_plan(text[: MOST_TEXT + 1], f"{plan_id}.toml")
    except PackErrors as error:
        return error.lines
    if plan.id != plan_id:
        return (f"{plan_id}.toml:plan.id:0: conflict: 预案编号须为 {plan_id} the id must be {plan_id}",)
    return ()


def save(store: Store, plan_id: str, text: str, revision: int, *, by: str, now_ms: int) -> Draft:
    """Keep a draft, sound or not; `revision` is the one that was looked at. Raises UnknownPlan, PlanRefused."""
    if len(text) > MOST_TEXT:
        raise PlanRefused("text", f"至多 {MOST_TEXT} 字。", f"At most {MOST_TEXT} characters.")
    with store.write() as unit:
        there = in_force(unit)
        if plan_id not in there:
            raise UnknownPlan(plan_id)
        row = unit.get(PlanDraftRow, plan_id, with_for_update=True, populate_existing=True)
        if (row.revision if row else 0) != revision:
            raise _outdated(row.by_name if row else "")
        if row is None:
            row = PlanDraftRow(plan_id=plan_id, base=there[plan_id].version, revision=0)
            unit.add(row)
        row.text, row.revision, row.by_name, row.at_ms = text, revision + 1, by, now_ms
        record(unit, "plan.draft", plan_id, now_ms, {"revision": row.revision, "base": row.base})
        try:
            unit.flush()
        except IntegrityError:  # two at one instant: the key of the table decides
            raise _outdated("") from None
        return Draft(row.text, row.revision, row.base, by, now_ms)


def discard(store: Store, plan_id: str, revision: int, *, by: str, now_ms: int) -> None:
    """Drop a draft. Raises PlanRefused."""
    with store.write() as unit:
        row = unit.get(PlanDraftRow, plan_id, with_for_update=True, populate_existing=True)
        if row is None or row.revision != revision:
            raise _outdated(row.by_name if row else by)
        unit.delete(row)
        record(unit, "plan.discard", plan_id, now_ms, {"revision": revision})


def publish(store: Store, plan_id: str, revision: int, *, note: str, by: str, now_ms: int) -> int:
    """Make the draft the version in force; runs under way keep theirs. Raises PlanRefused with every fault of the
    text, or where the version that it was begun from is not the newest any more."""
    note = note.strip()
    if not 0 < len(note) <= MOST_NOTE or not note.isprintable():
        raise PlanRefused("note", f"说明 1 至 {MOST_NOTE} 字。", f"A note of 1 to {MOST_NOTE} characters.")
    with store.write() as unit:
        row = unit.get(PlanDraftRow, plan_id, with_for_update=True, populate_existing=True)
        if row is None or row.revision != revision:
            raise _outdated(row.by_name if row else "")
        newest = in_force(unit)[plan_id].version
        if newest != row.base:
            raise PlanRefused("base", "此草稿所依据的版本已被更新。", "A newer version was published meanwhile.")
        if wrong := faults(plan_id, row.text):
            raise PlanRefused("text", "草稿有误，未发布。", "The draft is not sound; it was not published.", wrong)
        text = row.text
        unit.delete(row)
        return _add(unit, plan_id, newest + 1, text, None, note, by, now_ms)


def restore(store: Store, plan_id: str, version: int, newest: int, *, by: str, now_ms: int) -> int:
    """Bring a former version back as a new one; `newest` is the one that was looked at. Raises PlanRefused."""
    former = next((each for each in versions(store, plan_id) if each.version == version), None)
    if former is None:
        raise PlanRefused("version", "没有这个版本。", "There is no such version.")
    with store.write() as unit:
        now = in_force(unit)[plan_id]
        if now.version != newest:
            raise _outdated("")
        if now.version == version:
            raise PlanRefused("version", "它就是现行版本。", "It is the version in force.")
        if wrong := faults(plan_id, former.text):
            raise PlanRefused("text", "该版本已不适用。", "It is not sound any more.", wrong)
        return _add(unit, plan_id, newest + 1, former.text, version, f"恢复第 {version} 版 restored", by, now_ms)


def _add(  # noqa: PLR0917 - what a version is
    unit: Session, plan_id: str, version: int, text: str, restores: int | None, note: str, by: str, now_ms: int
) -> int:
    unit.add(
        PlanVersionRow(
            plan_id=plan_id, version=version, text=text, restores=restores, note=note, by_name=by, at_ms=now_ms
        )
    )
    try:
        unit.flush()
    except IntegrityError:
        raise _outdated("") from None
    record(unit, "plan.publish", plan_id, now_ms, {"version": version, "restores": restores, "note": note})
    return version


def _outdated(by: str) -> PlanRefused:
    who = f"（{by}）" if by else ""
    return PlanRefused("revision", f"已被他人更改{who}，请先看过。", f"Somebody changed it meanwhile {by}.".strip())
