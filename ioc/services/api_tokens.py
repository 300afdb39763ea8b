"""API tokens: what programs come in by. A token is shown once; stored is its digest, what it may, and until when.

The text of a token is `ioc_<id>_<secret>`: the id finds the row, the secret is compared in constant time.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ioc.security import identity
from ioc.services.audit import record
from ioc.services.refusals import TokenRefused, UnknownToken
from ioc.store.tables import ApiScopeRow, ApiTokenRow
from ioc.store.unit import Store
from metrics.world import LIVE_WORLD, Origin

ALL = "*"
DAY_MS = 86_400_000
LONGEST_DAYS = 366
PER_MINUTE = 600  # requests, unless the token says otherwise
MOST_PER_MINUTE = 60_000
State = Literal["open", "expired", "revoked"]
_TEXT = re.compile(r"ioc_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_SUBJECT = re.compile(r"\*|[\w.:-]{1,64}")
_NOBODY = identity.digest(identity.new_token())  # compared for unknown ids, so that they take as long as known ones


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as administrators see it; no secret in it. `origin` is None for one that feeds nothing."""

    id: str
    name: str
    origin: Origin | None
    feeds: frozenset[str]
    reads: frozenset[str]
    worlds: frozenset[str]
    per_minute: int
    created_ms: int
    expires_ms: int
    used_ms: int | None
    revoked_ms: int | None

    def may_feed(self, source: str) -> bool:
        return bool({source, ALL} & self.feeds)

    def may_read(self, scene: str) -> bool:
        return bool({scene, ALL} & self.reads)

    def may_enter(self, world: str) -> bool:
        """Whether it may feed or read a world; without a word about worlds, the live one."""
        return bool({world, ALL} & (self.worlds or {LIVE_WORLD.id}))

    def state(self, now_ms: int) -> State:
        if self.revoked_ms is not None:
            return "revoked"
        return "expired" if now_ms >= self.expires_ms else "open"


def add_token(
    store: Store,
    name: str,
    now_ms: int,
    *,
    feeds: Iterable[str] = (),
    reads: Iterable[str] = (),
    worlds: Iterable[str] = (),
    origin: Origin | None = None,
    days: int = 180,
    per_minute: int = PER_MINUTE,
) -> tuple[ApiToken, str]:
    """Make a token; returns it and its text, which is kept nowhere. Raises TokenRefused."""
    scopes = {("feed", one) for one in feeds} | {("read", one) for one in reads} | {("world", one) for one in worlds}
    _check(name.strip(), scopes, origin, days, per_minute)
    token_id, secret = identity.new_id()[:16], identity.new_token()
    row = ApiTokenRow(
        id=token_id,
        digest=identity.digest(secret),
        name=name.strip(),
        origin=origin or "",
        per_minute=per_minute,
        created_ms=now_ms,
        expires_ms=now_ms + days * DAY_MS,
    )
    with store.write() as unit:
        unit.add(row)
        unit.flush()
        unit.add_all([ApiScopeRow(token_id=token_id, kind=kind, subject=subject) for kind, subject in sorted(scopes)])
        record(unit, "token.add", token_id, now_ms, {"name": row.name, "scopes": sorted(scopes), "origin": row.origin})
        return _token(unit, row), f"ioc_{token_id}_{secret}"


def revoke_token(store: Store, token_id: str, now_ms: int) -> ApiToken:
    """End a token; web servers hear of it within two seconds. Raises UnknownToken."""
    with store.write() as unit:
        row = unit.get(ApiTokenRow, token_id)
        if row is None:
            raise UnknownToken(token_id)
        if row.revoked_ms is None:
            row.revoked_ms = now_ms
            record(unit, "token.revoke", token_id, now_ms, {"name": row.name})
        return _token(unit, row)


def all_tokens(store: Store) -> Sequence[ApiToken]:
    """All tokens, the newest last."""
    with store.read() as unit:
        return [_token(unit, row) for row in unit.scalars(select(ApiTokenRow).order_by(ApiTokenRow.created_ms))]


def find_token(store: Store, text: str, now_ms: int) -> ApiToken | None:
    """The token of this text if it is open, else None."""
    parts = _TEXT.fullmatch(text)
    if parts is None:
        return None
    with store.read() as unit:
        row = unit.get(ApiTokenRow, parts[1])
        same = hmac.compare_digest(identity.digest(parts[2]), row.digest if row else _NOBODY)
        if row is None or not same:
            return None
        token = _token(unit, row)
    return token if token.state(now_ms) == "open" else None


def note_use(store: Store, token_id: str, now_ms: int) -> None:
    """Write down that a token was used."""
    with store.write() as unit:
        unit.execute(update(ApiTokenRow).where(ApiTokenRow.id == token_id).values(used_ms=now_ms))


def _check(name: str, scopes: set[tuple[str, str]], origin: Origin | None, days: int, per_minute: int) -> None:
    if not _NAME.fullmatch(name):
        raise TokenRefused("name", "名称须为 1 至 64 个可见字符。", "The name must be 1 to 64 printable characters.")
    for kind, subject in sorted(scopes):
        if not _SUBJECT.fullmatch(subject):
            raise TokenRefused(kind, f"{subject!r} 不是标识。", f"{subject!r} is no id.")
    kinds = {kind for kind, _ in scopes}
    if not kinds & {"feed", "read"}:
        raise TokenRefused("feed", "须给出可写数据源或可读场景。", "Name a source to feed or a scene to read.")
    if ("feed" in kinds) != (origin is not None):
        raise TokenRefused(
            "origin",
            "可写数据源的令牌须声明来源（real、recorded、simulated），只读令牌不得声明。",
            "A token that feeds declares the origin of its rows, one that only reads does not.",
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenRefused("days", f"有效期 1 至 {LONGEST_DAYS} 天。", f"It lasts 1 to {LONGEST_DAYS} days.")
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise TokenRefused(
            "per-minute", f"每分钟 1 至 {MOST_PER_MINUTE} 次。", f"1 to {MOST_PER_MINUTE} requests a minute."
        )


def _token(unit: Session, row: ApiTokenRow) -> ApiToken:
    scopes = unit.execute(select(ApiScopeRow.kind, ApiScopeRow.subject).where(ApiScopeRow.token_id == row.id)).all()
    of = {kind: frozenset(subject for one, subject in scopes if one == kind) for kind in ("feed", "read", "world")}
    origin = cast("Origin | None", row.origin or None)
    return ApiToken(
        row.id, row.name, origin, of["feed"], of["read"], of["world"], row.per_minute, row.created_ms, row.expires_ms,
        row.used_ms, row.revoked_ms,
    )  # fmt: skip
