"""The review of an incident or a case, `/review/<id>`; `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.review import review
from components.words import language
from ioc import web


def layout(name: str = "", world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The sections of the review as they stand, and what may be added."""
    chosen = language(lang)
    told, report = web.review_page(name, english=chosen == "en")
    return review(told, report, name, chosen, asked=world or "", handles=web.person_may(web.Permission.INCIDENT_HANDLE))


web.page(__name__, "/review/<name>", web.Permission.DUTY_VIEW, "复盘", "Review", layout,
         exists=lambda name: web.dossier_world(name) is not None)  # fmt: skip
