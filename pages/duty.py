"""The duty desk, `/duty`; `?incident=` is what is chosen, `?sort=`, `?mine=`, `?q=`, `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.duty import duty
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The places of the desk; its scripts ask for the rest."""
    handles = web.person_may(web.Permission.INCIDENT_HANDLE)
    unmasks = web.person_may(web.Permission.PERSONAL_VIEW)
    return duty(web.desk_view(world, mapped=True), language(lang), world or "", handles=handles, unmasks=unmasks)


web.page(__name__, "/duty", web.Permission.DUTY_VIEW, "值班台", "Duty desk", layout)
