"""What the page of administration shows: accounts, what each role may, devices and tokens, approvals, the audit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from ioc.domain.approval import Approval
from ioc.domain.audit_chain import Entry
from ioc.security.permission import GRANTED, Permission
from ioc.security.role import TITLES, Role
from ioc.services import api_tokens, approvals, people, screen_devices, second_factor
from ioc.services.privileged import OPERATIONS
from ioc.store.tables import PersonRow, SessionRow
from ioc.store.unit import Store

COLUMNS: Final = ("seq", "at", "actor", "roles", "address", "action", "subject", "world", "detail")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def accounts(store: Store) -> list[dict[str, Any]]:
    """Everybody, by name: roles, regions, how they come in, open sessions and when they were last here."""
    factors = second_factor.enrolled(store)
    with store.read() as unit:
        open_ = (
            select(SessionRow.person_id, func.count(), func.max(SessionRow.seen_ms))
            .where(SessionRow.ended_ms.is_(None))
            .group_by(SessionRow.person_id)
        )
        seen = {person: (count, at) for person, count, at in unit.execute(open_)}
        kept = {
            row.id: (row.password_set_ms, row.must_change)
            for row in unit.execute(select(PersonRow.id, PersonRow.password_set_ms, PersonRow.must_change))
        }
    told = []
    for each in people.everyone(store):
        count, at = seen.get(each.id, (0, None))
        set_ms, must_change = kept[each.id]
        told.append(
            {
                "name": each.name, "title": each.title, "roles": sorted(each.roles), "regions": list(each.regions),
                "password": each.has_password, "password_ms": set_ms, "must_change": must_change,
                "factor": each.id in factors, "disabled": each.disabled, "sessions": count, "seen_ms": at,
            }
        )  # fmt: skip
    return told


def matrix() -> dict[str, Any]:
    """Roles and permissions, and which role has which."""
    return {
        "roles": [{"id": role.value, "zh": zh, "en": en} for role, (zh, en) in TITLES.items()],
        "permissions": [
            {"id": each.value, "roles": [role.value for role in Role if each in GRANTED[role]]} for each in Permission
        ],
    }


def devices(store: Store, now_ms: int) -> dict[str, Any]:
    """Devices on walls and tokens of programs."""
    return {
        "screens": [
            {
                "id": each.id, "screen": each.screen, "state": each.state, "address": each.address,
                "asked_ms": each.asked_ms, "seen_ms": each.seen_ms,
            }
            for each in screen_devices.devices(store, now_ms)
        ],
        "tokens": [
            {
                "id": each.id, "name": each.name, "state": each.state(now_ms), "feeds": sorted(each.feeds),
                "reads": sorted(each.reads), "worlds": sorted(each.worlds), "expires_ms": each.expires_ms,
                "used_ms": each.used_ms,
            }
            for each in api_tokens.all_tokens(store)
        ],
    }  # fmt: skip


def waiting(store: Store, name: str, roles: frozenset[Role], now_ms: int) -> list[dict[str, Any]]:
    """Approvals that somebody asked for or may decide, the newest first, in words."""
    told = []
    for each in approvals.newest(store):
        second = approvals.may_decide(each.kind, roles)
        if second or each.asked_by == name:
            told.append(_approval(each, now_ms) | {"mine": each.asked_by == name, "second": second})
    return told


def _approval(each: Approval, now_ms: int) -> dict[str, Any]:
    zh, en = approvals.words(each)
    title_zh, title_en = OPERATIONS[each.kind].title
    state = each.verdict or ("waiting" if each.waits(now_ms) else "expired")
    return {
        "id": each.id, "kind": each.kind, "title": {"zh": title_zh, "en": title_en}, "words": {"zh": zh, "en": en},
        "reason": each.reason, "asked_by": each.asked_by, "asked_ms": each.asked_ms, "expires_ms": each.expires_ms,
        "state": state, "decided_by": each.decided_by, "decided_ms": each.decided_ms, "digest": each.digest,
    }  # fmt: skip


def entries(found: Iterable[Entry]) -> list[dict[str, Any]]:
    """Entries of the audit as they are shown."""
    return [
        {
            "seq": each.seq, "at_ms": each.at_ms, "actor": each.actor, "roles": each.roles, "address": each.address,
            "action": each.action, "subject": each.subject, "world": each.world, "detail": json.loads(each.detail),
        }
        for each in found
    ]  # fmt: skip


def audit_csv(found: Sequence[Entry]) -> str:
    """Entries as CSV with a byte order mark; a cell that a table program would take for a formula is quoted."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for each in found:
        at = f"{datetime.fromtimestamp(each.at_ms / 1000, UTC) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"
        row = (each.seq, at, each.actor, each.roles, each.address, each.action, each.subject, each.world, each.detail)
        writer.writerow([plain(str(cell)) for cell in row])
    return out.getvalue()


def plain(cell: str) -> str:
    """A cell that is read as text whatever it begins with."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def wanted(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The filter of an export as `ioc.queries.audit.newest` takes it."""
    return {
        "actor": payload["actor"], "action": payload["action"], "subject": payload["subject"],
        "since_ms": payload["since"], "until_ms": payload["until"], "before": payload["upto"] + 1,
    }  # fmt: skip
