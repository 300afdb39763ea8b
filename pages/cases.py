"""The list of incidents and cases, `/cases`; filters are kept in the address; `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.cases import cases
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The filters and the places of the lines; desk_list.js asks for them."""
    return cases(web.desk_view(world, mapped=False), language(lang), world or "")


web.page(__name__, "/cases", web.Permission.DUTY_VIEW, "事件与案卷", "Incidents and cases", layout)
