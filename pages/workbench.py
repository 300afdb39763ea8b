"""The workbench: `/workbench` lists all indicators, `/workbench/indicator/<name>` is one of them, with rehearsals."""

from __future__ import annotations

from typing import Any

from components.words import language
from components.workbench import bench, catalogue
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """All indicators; workbench.js narrows the list by what the address asks for."""
    return catalogue(web.catalogue_view(), web.shown_world(world), language(lang), world or "")


def one(name: str = "", world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """One indicator; whether the visitor may ask for a rehearsal is decided here and again by the server."""
    found, text = web.definition_view(name)
    return bench(
        found, text, web.shown_world(world), language(lang), world or "",
        rehearses=web.person_may(web.Permission.INDICATOR_DEFINE),
    )  # fmt: skip


web.page(__name__, "/workbench", web.Permission.WORKBENCH_VIEW, "指标工作台", "Workbench", layout)
web.page("pages.workbench.one", "/workbench/indicator/<name>", web.Permission.WORKBENCH_VIEW, "指标工作台", "Workbench",
         one, exists=lambda name: name in web.measured())  # fmt: skip
