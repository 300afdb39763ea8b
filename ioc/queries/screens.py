"""The screens as they are written down, and the claims on them that live: a read model for services and pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.screen_board import Board, turns
from ioc.domain.screen_right import Claim, Right, Screen
from ioc.domain.screen_view import View, ViewError, view
from ioc.security.permission import Permission, may
from ioc.services.people import roles_of
from ioc.store.plan_tables import PlanRunRow
from ioc.store.tables import PersonRow, ScreenClaimRow, ScreenRow
from ioc.store.unit import Store

PLAN: Final = "plan:"  # a claim by a run of a plan, which lives as long as the run goes on
# What somebody must be allowed as long as a claim by this right lives.
NEEDS: Final[Mapping[Right, Permission]] = {
    Right.LEADER: Permission.SCREEN_CONTROL,
    Right.DUTY: Permission.SCREEN_HOLD,
    Right.EMERGENCY: Permission.SCREEN_HOLD,
}


def board(store: Store, now_ms: int, worlds: tuple[str, ...] = ("live",)) -> Board:
    """All screens and what lives of the claims on them. Whoever lost the right has lost the claim."""
    with store.read() as unit:
        return read_board(unit, now_ms, worlds)


def read_board(unit: Session, now_ms: int, worlds: tuple[str, ...] = ("live",)) -> Board:
    screens = [screen_of(row) for row in unit.scalars(select(ScreenRow).order_by(ScreenRow.name))]
    rows = unit.scalars(select(ScreenClaimRow).where(ScreenClaimRow.until_ms > now_ms))
    claims = sorted((claim_of(row) for row in rows), key=lambda claim: claim.key)
    people = {claim.by for claim in claims}
    open_ = {
        person.name: roles_of(unit, person.id)
        for person in unit.scalars(select(PersonRow).where(PersonRow.name.in_(people), PersonRow.disabled_ms.is_(None)))
    }
    runs = [name.removeprefix(PLAN) for name in people if name.startswith(PLAN)]
    asked = select(PlanRunRow.id).where(PlanRunRow.id.in_(runs), PlanRunRow.phase == "running")
    running = {PLAN + name for name in unit.scalars(asked)} if runs else set()
    living = tuple(each for each in claims if each.by in running or may(open_.get(each.by, ()), NEEDS[each.right]))
    return Board({each.name: each for each in screens}, living, worlds)


def screen_of(row: ScreenRow) -> Screen:
    return Screen(
        row.name, row.zh, row.en, row.width_mm, row.distance_mm, turns(json.loads(row.rotation)), row.pinned,
        row.reload_at,
    )  # fmt: skip


def claim_of(row: ScreenClaimRow) -> Claim:
    try:
        wanted = view(json.loads(row.view))
    except ViewError:  # of another version of this program: the person stays, what they wanted is the overview
        wanted = View()
    return Claim(row.screen, Right(row.right_), row.by_name, row.title, wanted, row.made_ms, row.until_ms)
