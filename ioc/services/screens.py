"""Screens: what they are, who has them. Each call is one transaction; `publish` tells the gateway what holds then."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import redis
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ioc.domain.screen_board import Board, turns_json
from ioc.domain.screen_right import LASTS_MS, NAME, Claim, Right, Screen, Turn, newer
from ioc.domain.screen_view import View
from ioc.geo.region import shipped
from ioc.queries.screens import board, claim_of, screen_of
from ioc.queries.walls import walls
from ioc.services.audit import record
from ioc.services.refusals import ScreenRefused, UnknownScreen
from ioc.store.tables import ScreenClaimRow, ScreenRow
from ioc.store.unit import Store
from metrics import keys

MOST_SCREENS = 64
MOST_TURNS = 32
TURN_S = (10, 3600)  # shorter is a slide show, longer is a pinned scene
SIZE_MM = (300, 60_000)
LONGEST_NAME = 64
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def add_screen(store: Store, screen: Screen, now_ms: int) -> Screen:
    """Add a wall or a zone of a wall that there is. Raises ScreenRefused."""
    with store.write() as unit:
        if unit.get(ScreenRow, screen.name) is not None:
            raise ScreenRefused("name", f"屏 {screen.name} 已存在。", f"The screen {screen.name} exists.")
        if int(unit.scalar(select(func.count()).select_from(ScreenRow)) or 0) >= MOST_SCREENS:
            raise ScreenRefused("name", f"至多 {MOST_SCREENS} 块屏。", f"At most {MOST_SCREENS} screens.")
        _check(unit, screen)
        unit.add(_row(screen))
        record(unit, "screen.add", screen.name, now_ms, {"zh": screen.zh, "en": screen.en})
    return screen


def change_screen(store: Store, name: str, changes: Mapping[str, Any], now_ms: int) -> Screen:
    """Set some of the fields of a screen. Raises UnknownScreen, ScreenRefused."""
    with store.write() as unit:
        row = _screen(unit, name)
        changed = replace(screen_of(row), **changes, name=name)
        _check(unit, changed)
        unit.merge(_row(changed))
        record(unit, "screen.change", name, now_ms, {"fields": sorted(changes)})
    return changed


def remove_screen(store: Store, name: str, now_ms: int) -> None:
    """Take a screen away, with its zones and all claims on them. Raises UnknownScreen."""
    with store.write() as unit:
        _screen(unit, name)
        gone = [each for each in unit.scalars(select(ScreenRow.name)) if each == name or each.startswith(f"{name}.")]
        unit.execute(delete(ScreenRow).where(ScreenRow.name.in_(gone)))
        record(unit, "screen.remove", name, now_ms, {"zones": sorted(gone)})


def take(store: Store, name: str, right: Right, view: View, *, by: str, title: str, now_ms: int) -> Claim:
    """Claim a screen, or claim it anew. The caller has checked that the person may use this right.

    Of two claims of one person by one right the later counts, whichever is written first. Raises UnknownScreen,
    ScreenRefused.
    """
    _check_view(view)
    with store.write() as unit:
        return take_in(unit, name, right, view, by=by, title=title, now_ms=now_ms)


def take_in(unit: Session, name: str, right: Right, view: View, *, by: str, title: str, now_ms: int) -> Claim:
    """`take` within a unit, beside what else holds only with it."""
    _check_view(view)
    _screen(unit, name)
    _alone(unit, name)
    unit.execute(delete(ScreenClaimRow).where(ScreenClaimRow.until_ms <= now_ms))
    made = Claim(name, right, by, (title or by)[:LONGEST_NAME], view, now_ms, now_ms + LASTS_MS[right])
    held = unit.get(ScreenClaimRow, (name, int(right), by))
    counts = made if held is None else newer(made, claim_of(held))
    unit.merge(
        ScreenClaimRow(
            screen=name, right_=int(right), by_name=by, title=counts.title, view=counts.view.text,
            made_ms=counts.made_ms, until_ms=counts.until_ms,
        )
    )  # fmt: skip
    what = {"right": right.name.lower(), "view": counts.view.to_json(), "until_ms": counts.until_ms}
    record(unit, "screen.take", name, now_ms, what)
    return counts


def release(store: Store, name: str, *, by: str, now_ms: int, right: Right | None = None) -> int:
    """Give a screen back: a person's claim by one right, or all of them; gives how many there were."""
    with store.write() as unit:
        _alone(unit, name)
        where = [ScreenClaimRow.screen == name, ScreenClaimRow.by_name == by]
        if right is not None:
            where.append(ScreenClaimRow.right_ == int(right))
        gone = unit.execute(delete(ScreenClaimRow).where(*where).returning(ScreenClaimRow.right_)).all()
        if gone:
            record(unit, "screen.release", name, now_ms, {"claims": len(gone)})
    return len(gone)


def publish(store: Store, client: redis.Redis, now_ms: int, worlds: tuple[str, ...]) -> Board:
    """Write down for the gateway what holds now, and say so if it is something else than before.

    Raises redis.RedisError, SQLAlchemyError.
    """
    found = board(store, now_ms, worlds)
    text = found.to_json()
    before = client.set(keys.SCREENS, text, get=True)
    if before is None or before != text.encode():
        client.publish(keys.SCREENS_SAID, json.dumps({"v": 1, "changed": True}))
    return found


def _screen(unit: Session, name: str) -> ScreenRow:
    row = unit.get(ScreenRow, name)
    if row is None:
        raise UnknownScreen(name)
    return row


def _alone(unit: Session, name: str) -> None:
    """On SQLite a writing unit is alone anyway."""
    if unit.get_bind().dialect.name == "postgresql":
        unit.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"screen {name}"))))


def _row(screen: Screen) -> ScreenRow:
    return ScreenRow(
        name=screen.name, zh=screen.zh, en=screen.en, width_mm=screen.width_mm, distance_mm=screen.distance_mm,
        rotation=json.dumps(turns_json(screen.rotation)), pinned=screen.pinned, reload_at=screen.reload_at,
    )  # fmt: skip


def _check(unit: Session, screen: Screen) -> None:
    """Raises ScreenRefused, UnknownScreen for a zone of no wall."""
    if not NAME.fullmatch(screen.name):
        raise ScreenRefused(
            "name", "屏名须为小写字母开头的字母、数字、-，分区为 屏名.分区。",
            "A name is letters, digits and -, beginning with a letter; a zone is WALL.ZONE.",
        )  # fmt: skip
    if screen.wall != screen.name:
        _screen(unit, screen.wall)
    for field in ("zh", "en"):
        text = getattr(screen, field)
        if not 0 < len(text) <= LONGEST_NAME or text != text.strip() or not text.isprintable():
            raise ScreenRefused(field, f"名称 1 至 {LONGEST_NAME} 字。", f"A name of 1 to {LONGEST_NAME} characters.")
    for field in ("width_mm", "distance_mm"):
        if not SIZE_MM[0] <= getattr(screen, field) <= SIZE_MM[1]:
            raise ScreenRefused(
                field, f"{SIZE_MM[0]} 至 {SIZE_MM[1]} 毫米。", f"{SIZE_MM[0]} to {SIZE_MM[1]} millimetres."
            )
    if len(screen.rotation) > MOST_TURNS or any(not TURN_S[0] <= each.seconds <= TURN_S[1] for each in screen.rotation):
        raise ScreenRefused(
            "rotation", f"至多 {MOST_TURNS} 个场景，每个停留 {TURN_S[0]} 至 {TURN_S[1]} 秒。",
            f"At most {MOST_TURNS} scenes of {TURN_S[0]} to {TURN_S[1]} seconds each.",
        )  # fmt: skip
    _check_scenes("rotation", [each.scene for each in screen.rotation])
    _check_scenes("pinned", [screen.pinned or ""])
    if screen.reload_at and not _TIME.fullmatch(screen.reload_at):
        raise ScreenRefused("reload_at", "须为 HH:MM，或留空。", "HH:MM, or empty.")


def _check_view(view: View) -> None:
    _check_scenes("scene", [view.scene, view.beside])
    if view.region and shipped().get(view.region) is None:
        raise ScreenRefused("region", f"没有区域 {view.region}。", f"There is no region {view.region}.")


def _check_scenes(field: str, scenes: Iterable[str]) -> None:
    known = {each["id"] for each in walls()}
    for scene in scenes:
        if scene and scene not in known:
            raise ScreenRefused(
                field, f"没有场景 {scene}；可选 {'、'.join(sorted(known))}。",
                f"There is no wall of a scene {scene}; possible: {', '.join(sorted(known))}.",
            )  # fmt: skip


def rotation(text: str) -> tuple[Turn, ...]:
    """Turns as they are typed: `overview:60, traffic:30`; empty for none. Raises ScreenRefused."""
    made = []
    for part in (part.strip() for part in re.split(r"[,，\s]+", text) if part.strip()):
        scene, _, seconds = part.replace("：", ":").partition(":")
        if not seconds.isdecimal() or not scene:
            raise ScreenRefused("rotation", f"“{part[:40]}”须为 场景:秒数。", f"'{part[:40]}' must be SCENE:SECONDS.")
        made.append(Turn("" if scene == "overview" else scene, int(seconds[:6])))
    return tuple(made)
