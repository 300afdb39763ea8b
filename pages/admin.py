"""Administration, `/admin`; `?part=` people, roles, devices, approvals or audit."""

from __future__ import annotations

from typing import Any

from components.admin import admin
from components.words import language
from ioc import web

PARTS = (
    ("people", web.Permission.PEOPLE_MANAGE), ("roles", web.Permission.ADMIN_VIEW),
    ("devices", web.Permission.SCREEN_MANAGE), ("approvals", web.Permission.ADMIN_VIEW),
    ("audit", web.Permission.AUDIT_VIEW),
)  # fmt: skip
ACTS = (web.Permission.PEOPLE_MANAGE, web.Permission.ROLE_GRANT, web.Permission.AUDIT_VIEW)


def layout(world: str | None = None, part: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The parts that the visitor may see; admin.js writes the chosen one."""
    parts = [name for name, wanted in PARTS if web.person_may(wanted)]
    person = web.current_person()
    return admin(
        parts, part if part in parts else parts[0] if parts else "", web.shown_world(world), language(lang),
        asked=world or "", may=[each.value for each in ACTS if web.person_may(each)],
        name=person.name if person else "",
    )  # fmt: skip


web.page(__name__, "/admin", web.Permission.ADMIN_VIEW, "系统管理", "Administration", layout)
