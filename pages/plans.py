"""Plans: `/plans` lists them and what goes on, `/plans/<name>` shows one, its versions and its draft; `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.plans import plan, plans
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The places of the list; plans.js asks for the rest."""
    return plans(web.desk_view(world, mapped=False), language(lang), world or "")


def one(name: str = "", world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """One plan; what the visitor may do with it is decided here and again by the server."""
    return plan(
        web.desk_view(world, mapped=False), name, language(lang), world or "",
        edits=web.person_may(web.Permission.PLAN_EDIT), publishes=web.person_may(web.Permission.PLAN_PUBLISH),
    )  # fmt: skip


web.page(__name__, "/plans", web.Permission.DUTY_VIEW, "预案", "Plans", layout)
web.page("pages.plans.one", "/plans/<name>", web.Permission.DUTY_VIEW, "预案", "Plan", one, exists=web.plan_exists)
