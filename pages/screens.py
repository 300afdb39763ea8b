"""The screens, `/screens`: what each shows, who has it, taking one, pointing at one; screens and devices themselves."""

from __future__ import annotations

from typing import Any

from components.screens import screens
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """What may be chosen; what holds is asked for by screens.js each second."""
    return screens(
        web.screens_view(), web.shown_world(world), language(lang), asked=world or "",
        controls=web.person_may(web.Permission.SCREEN_CONTROL), manages=web.person_may(web.Permission.SCREEN_MANAGE),
        watches=web.person_may(web.Permission.VIDEO_VIEW),
    )  # fmt: skip


web.page(__name__, "/screens", web.Permission.SCREEN_VIEW, "屏控", "Screens", layout)
