"""The meaning of an indicator version as a digest: two versions with the same one compute the same values.

Names, limits and targets are no part of it. That of indicators it refers to is not either: what is remembered of an
indicator goes on when another one below it is edited.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

from metrics.formula import text
from metrics.indicator import Indicator
from metrics.measure import Measure


def meaning(indicator: Indicator) -> str:
    """64 hex digits."""
    parts = (
        text(indicator.formula), indicator.window, sorted((indicator.constants or {}).items()), indicator.min_samples,
        indicator.samples, indicator.rollup, indicator.direction, indicator.baseline, indicator.dimensions,
        [_said(measure) for measure in indicator.measures],
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _said(measure: Measure) -> list[tuple[str, Any]]:
    said = []
    for field in (field for field in fields(measure) if field.compare):
        value = getattr(measure, field.name)
        if field.name in ("field", "where", "having", "each", "at"):
            value = None if value is None else text(value)
        elif field.name == "fields":
            value = [text(node) for node in value]
        said.append((field.name, value))
    return said
