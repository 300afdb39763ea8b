"""People and means, `/roster`: the duty roster, supplies and shelters; `?tab=supply`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.roster import roster
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The places of the lines; desk_roster.js and desk_stock.js ask for them."""
    return roster(web.desk_view(world, mapped=False), language(lang), world or "")


web.page(__name__, "/roster", web.Permission.DUTY_VIEW, "人员与物资", "People and means", layout)
