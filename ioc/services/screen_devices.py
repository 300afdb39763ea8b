"""Devices on walls: one shows a code, somebody approves it for a screen, it renews itself until it is revoked.

Each device is an account of its own with the role `wall` and no password, so it is read-only and ends like any account.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ioc.security import identity
from ioc.security.role import Role
from ioc.services.audit import record
from ioc.services.people import end_sessions, roles_of
from ioc.services.refusals import CodeRefused, TooManyDevices, UnknownDevice, UnknownScreen
from ioc.services.sign_in import SignedIn, open_session
from ioc.store.tables import PersonRow, RoleGrantRow, ScreenDeviceRow, ScreenRow, SessionRow
from ioc.store.unit import Store

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0 O 1 I: a code is read off a wall, metres away
CODE_LENGTH = 8  # 40 bits
CODE_MS = 10 * 60_000
RENEWED_MS = 24 * 3_600_000  # a session of a device is replaced when it is older
OVERLAP_MS = RENEWED_MS  # the one before lives so long beside it: the page that is open may still use it
MOST_WAITING = 200
State = Literal["waiting", "expired", "approved", "revoked"]


@dataclass(frozen=True, slots=True)
class Device:
    """A device as administrators see it; no secret in it."""

    id: str
    state: State
    code: str  # while it waits
    address: str
    screen: str
    asked_ms: int
    code_until_ms: int
    approved_ms: int | None
    approved_by: str
    revoked_ms: int | None
    seen_ms: int | None


def ask(store: Store, address: str, now_ms: int) -> tuple[Device, str]:
    """A new device with a code; returns it and the secret of its cookie, kept nowhere. Raises TooManyDevices."""
    token = identity.new_token()
    with store.write() as unit:
        unit.execute(
            delete(ScreenDeviceRow).where(
                ScreenDeviceRow.approved_ms.is_(None), ScreenDeviceRow.code_until_ms <= now_ms - CODE_MS
            )
        )
        waiting = select(func.count()).select_from(ScreenDeviceRow).where(ScreenDeviceRow.approved_ms.is_(None))
        if int(unit.scalar(waiting) or 0) >= MOST_WAITING:
            raise TooManyDevices
        row = ScreenDeviceRow(
            id=identity.new_id(), digest=identity.digest(token), code=_new_code(unit), address=address[:64],
            asked_ms=now_ms, code_until_ms=now_ms + CODE_MS,
        )  # fmt: skip
        unit.add(row)
        unit.flush()
        return _device(row, now_ms, None), token


def find(store: Store, token: str, now_ms: int) -> Device | None:
    """The device of this cookie, in whatever state it is; None for an unknown one."""
    with store.read() as unit:
        row = unit.scalar(select(ScreenDeviceRow).where(ScreenDeviceRow.digest == identity.digest(token)))
        return None if row is None else _device(row, now_ms, None)


def approve(store: Store, code: str, screen: str, *, by: str, now_ms: int) -> Device:
    """Let the device that shows this code show a screen from now on. Raises CodeRefused, UnknownScreen."""
    wanted = "".join(each for each in code.upper() if each.isalnum())
    with store.write() as unit:
        if unit.get(ScreenRow, screen) is None:
            raise UnknownScreen(screen)
        row = unit.scalar(select(ScreenDeviceRow).where(ScreenDeviceRow.code == wanted)) if wanted else None
        if row is None or row.approved_ms is not None or now_ms >= row.code_until_ms:
            raise CodeRefused
        person = PersonRow(
            id=identity.new_id(), name=f"screen.{screen}.{row.id[:8]}", title=f"大屏 {screen}", created_ms=now_ms
        )
        unit.add(person)
        unit.flush()
        unit.add(RoleGrantRow(person_id=person.id, role=Role.WALL.value, granted_ms=now_ms))
        row.screen, row.person_id, row.code = screen, person.id, None
        row.approved_ms, row.approved_by = now_ms, by
        record(unit, "device.approve", row.id, now_ms, {"screen": screen, "address": row.address})
        return _device(row, now_ms, None)


def enter(store: Store, token: str, address: str, now_ms: int) -> SignedIn | None:
    """A session for an approved device at its own address; None for every other one. Older sessions run out."""
    with store.write() as unit:
        row = unit.scalar(select(ScreenDeviceRow).where(ScreenDeviceRow.digest == identity.digest(token)))
        if row is None or _state(row, now_ms) != "approved" or row.screen is None or row.address != address[:64]:
            return None
        person = unit.scalar(select(PersonRow).where(PersonRow.id == row.person_id, PersonRow.disabled_ms.is_(None)))
        if person is None or roles_of(unit, person.id) != {Role.WALL}:
            return None
        old = (SessionRow.person_id == person.id) & SessionRow.ended_ms.is_(None)
        unit.execute(
            update(SessionRow)
            .where(old, SessionRow.created_ms <= now_ms - RENEWED_MS - OVERLAP_MS)
            .values(ended_ms=now_ms, ended_why="replaced")
        )
        return open_session(unit, person, address, now_ms, way="device")


def revoke(store: Store, device_id: str, *, by: str, now_ms: int) -> tuple[Device, list[str]]:
    """End a device, or refuse one that waits; returns it and the ids of its sessions, which ended.

    `device_id` may be the first 8 characters or more. Raises UnknownDevice.
    """
    with store.write() as unit:
        found = unit.scalars(select(ScreenDeviceRow).where(ScreenDeviceRow.id.startswith(device_id, autoescape=True)))
        rows = found.all() if len(device_id) >= 8 else []
        if len(rows) != 1:
            raise UnknownDevice(device_id)
        row = rows[0]
        if row.revoked_ms is None:
            row.revoked_ms, row.revoked_by, row.code = now_ms, by, None
            record(unit, "device.revoke", row.id, now_ms, {"screen": row.screen or ""})
        ended: list[str] = []
        if row.person_id is not None:
            unit.execute(
                update(PersonRow)
                .where(PersonRow.id == row.person_id, PersonRow.disabled_ms.is_(None))
                .values(disabled_ms=now_ms)
            )
            ended = end_sessions(unit, row.person_id, "revoked", now_ms)
        unit.flush()
        return _device(row, now_ms, None), ended


def devices(store: Store, now_ms: int) -> Sequence[Device]:
    """All devices, those that wait first, then by screen; what is over is not told of."""
    with store.read() as unit:
        newest = select(SessionRow.person_id, func.max(SessionRow.seen_ms)).group_by(SessionRow.person_id)
        seen: dict[str, int] = dict(unit.execute(newest).all())
        found = [_device(row, now_ms, seen.get(row.person_id or "")) for row in unit.scalars(select(ScreenDeviceRow))]
    shown = [each for each in found if each.state in {"waiting", "approved"}]
    return sorted(shown, key=lambda each: (each.state != "waiting", each.screen, each.asked_ms))


def _state(row: ScreenDeviceRow, now_ms: int) -> State:
    if row.revoked_ms is not None:
        return "revoked"
    if row.approved_ms is not None:
        return "approved"
    return "waiting" if now_ms < row.code_until_ms else "expired"


def _device(row: ScreenDeviceRow, now_ms: int, seen_ms: int | None) -> Device:
    state = _state(row, now_ms)
    return Device(
        row.id, state, (row.code or "") if state == "waiting" else "", row.address, row.screen or "", row.asked_ms,
        row.code_until_ms, row.approved_ms, row.approved_by or "", row.revoked_ms, seen_ms,
    )  # fmt: skip


def _new_code(unit: Session) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if unit.scalar(select(ScreenDeviceRow.id).where(ScreenDeviceRow.code == code)) is None:
            return code
