"""The page of an incident or a case, `/incident/<id>`; `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.incident import incident
from components.words import language
from ioc import web


def layout(name: str = "", world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The page of one dossier, in the world that it is of."""
    view = web.desk_view(web.dossier_world(name) or world, mapped=True)
    handles = web.person_may(web.Permission.INCIDENT_HANDLE)
    unmasks = web.person_may(web.Permission.PERSONAL_VIEW)
    return incident(view, name, language(lang), world or "", handles=handles, unmasks=unmasks)


web.page(__name__, "/incident/<name>", web.Permission.DUTY_VIEW, "事件", "Incident", layout,
         exists=lambda name: web.dossier_world(name) is not None)  # fmt: skip
