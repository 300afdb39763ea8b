"""Task coverage, `/coverage`: what serves each of the tasks, and in which state it is; `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.coverage import coverage
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """All tasks; `?scene=`, `?state=`, `?task=` are read by coverage.js, which keeps them in the address."""
    return coverage(web.coverage_view(world), language(lang), world or "")


web.page(__name__, "/coverage", web.Permission.COVERAGE_VIEW, "任务覆盖", "Task coverage", layout)
