"""Privileged operations: what only happens once a different second person lets it, and in which words that is asked.

`state` tells what an operation would change as it stands, `run` does it within the unit of the approval. An export and
an unmasking change nothing: once let, whoever asked fetches what the payload names, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ioc.security.permission import Permission
from ioc.security.role import TITLES, Role
from ioc.services import people
from ioc.services.audit import record
from ioc.services.refusals import BadPayload, UnknownDossier
from ioc.store.dossier_tables import DossierRow
from ioc.store.second_factor_tables import SecondFactorRow
from ioc.store.tables import RoleGrantRow

Words = tuple[str, str]
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation did: sessions that it ended, for their sockets."""

    ended: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A kind of privileged operation: who may ask for it, and who of others may let it happen (any of these)."""

    asks: Permission
    decides: frozenset[Permission]
    fields: Mapping[str, type]
    words: Callable[[Payload], Words]
    state: Callable[[Session, Payload], Any]
    run: Callable[[Session, Payload, int], Done]
    title: Words = field(default=("", ""))

    def check(self, payload: Payload) -> None:
        """Raises BadPayload for fields that it does not have, or that are missing or of another type."""
        for name in sorted(self.fields.keys() ^ payload.keys()):
            raise BadPayload(name)
        for name, kind in self.fields.items():
            if not isinstance(payload[name], kind) or isinstance(payload[name], bool):
                raise BadPayload(name)


def fingerprint(state: Any) -> str:
    """A digest of what an operation would change."""
    return hashlib.sha256(json.dumps(state, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _person_state(unit: Session, payload: Payload) -> Any:
    person = people.person_row(unit, payload["name"])
    return [person.id, sorted(people.roles_of(unit, person.id)), person.disabled_ms]


def _role(payload: Payload) -> Role:
    try:
        return Role(payload["role"])
    except ValueError:
        raise BadPayload("role") from None


def _grant_words(payload: Payload) -> Words:
    zh, en = TITLES[_role(payload)]
    return f"授予账号 {payload['name']} 角色“{zh}”", f"Give the account {payload['name']} the role {en}"


def _grant(unit: Session, payload: Payload, now_ms: int) -> Done:
    people.grant_in(unit, payload["name"], _role(payload), now_ms)
    return Done()


def _remove_words(payload: Payload) -> Words:
    name = payload["name"]
    return (
        f"注销账号 {name}：收回全部角色，清除口令和二次验证，停用（审计记录保留）",
        f"Remove the account {name}: roles, password and second factor go, it is closed; its audit stays",
    )


def _remove(unit: Session, payload: Payload, now_ms: int) -> Done:
    person = people.person_row(unit, payload["name"])
    unit.execute(delete(RoleGrantRow).where(RoleGrantRow.person_id == person.id))
    unit.execute(delete(SecondFactorRow).where(SecondFactorRow.person_id == person.id))
    person.password_hash, person.password_set_ms = None, None
    person.disabled_ms = person.disabled_ms or now_ms
    record(unit, "person.remove", person.name, now_ms)
    return Done(people.end_sessions(unit, person.id, "removed", now_ms))


def _export_words(payload: Payload) -> Words:
    parts = [f"{name}={value}" for name, value in sorted(payload.items()) if value not in {"", 0}]
    return "导出审计为 CSV：" + "，".join(parts), "Export the audit as CSV: " + ", ".join(parts)


def _unmask_words(payload: Payload) -> Words:
    return (
        f"显示卷宗 {payload['dossier']} 的全部个人信息",
        f"Show all personal data of the dossier {payload['dossier']}",
    )


def _facts(unit: Session, payload: Payload) -> Any:
    facts = unit.scalar(select(DossierRow.facts).where(DossierRow.id == payload["dossier"]))
    if facts is None:
        raise UnknownDossier(payload["dossier"])
    return facts


P = Permission
OPERATIONS: Final[Mapping[str, Operation]] = {
    "role.grant": Operation(
        P.ROLE_GRANT, frozenset({P.ROLE_GRANT, P.AUDIT_VIEW}), {"name": str, "role": str}, _grant_words, _person_state,
        _grant, ("授予角色", "Give a role"),
    ),
    "person.remove": Operation(
        P.PEOPLE_MANAGE, frozenset({P.PEOPLE_MANAGE, P.ROLE_GRANT}), {"name": str}, _remove_words, _person_state,
        _remove, ("注销账号", "Remove an account"),
    ),
    "audit.export": Operation(
        P.AUDIT_VIEW, frozenset({P.AUDIT_VIEW, P.ROLE_GRANT}),
        {"actor": str, "action": str, "subject": str, "since": int, "until": int, "upto": int}, _export_words,
        lambda _unit, _payload: "", lambda _unit, _payload, _now: Done(), ("导出审计", "Export the audit"),
    ),
    "personal.unmask": Operation(
        P.PERSONAL_VIEW, frozenset({P.PERSONAL_VIEW, P.RESPONSE_COMMAND}), {"dossier": str}, _unmask_words, _facts,
        lambda _unit, _payload, _now: Done(), ("显示个人信息", "Show personal data"),
    ),
}  # fmt: skip
