"""Field rules: what the cells of a declared field must be, and the faults that the states of cells tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from metrics import numeral
from metrics.declared_key import FIELD_TYPES
from metrics.raw import Rule

Mask = NDArray[np.bool_]
Faults = list[tuple[Rule, Mask]]


class UnsupportedField(ValueError):
    """A source declares a field type that observation streams do not carry."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a field must be.

    `low` and `high` are inclusive, in units of 10^-scale. `absent` are the sentinels that mean null: for numbers as
    (fixed point, whether that is inexact, exact number), for texts the text itself in `absent_texts`.
    """

    name: str
    type: str
    scale: int = 0
    low: int | None = None
    high: int | None = None
    absent: tuple[tuple[int, bool, Decimal], ...] = ()
    absent_texts: frozenset[str] = frozenset()
    values: frozenset[str] | None = None
    required: bool = False
    datum: str = "wgs84"
    naming: bool = False  # its values become part of the names of series


def field_rule(
    name: str,
    *,
    type: str,
    scale: int = 0,
    range: Sequence[object] | None = None,
    missing: Sequence[object] = (),
    values: Sequence[str] | None = None,
    required: bool = False,
    datum: str = "wgs84",
) -> FieldRule:
    """The rule of one declared field; the parameters are the keys of `sources.toml`. Raises UnsupportedField."""
    if type not in FIELD_TYPES:
        raise UnsupportedField(f"field {name}: type {type!r} is not carried by observation streams")
    scale = scale if type == "decimal" else 0
    low = high = None
    if range is not None:
        factor = Decimal(10) ** scale
        low = int((Decimal(str(range[0])) * factor).to_integral_value(ROUND_CEILING))
        high = int((Decimal(str(range[1])) * factor).to_integral_value(ROUND_FLOOR))
    absent = []
    if type in ("int", "decimal"):
        for text in missing:
            fixed = numeral.exact(str(text), scale)
            if fixed is not None:
                absent.append((*fixed, Decimal(str(text))))
    texts = frozenset(str(text) for text in missing)
    return FieldRule(name, type, scale, low, high, tuple(absent), texts, None if values is None else frozenset(values),
                     required, datum)  # fmt: skip


def state_faults(state: NDArray[np.uint8], required: bool) -> tuple[Mask | None, Faults]:
    """The mask of nulls and the faults that the states tell; an empty `state` means that all cells are fine."""
    faults: Faults = []
    if not state.size or not state.any():
        return None, faults
    null = state == numeral.NULL
    if required and null.any():
        faults.append(("missing", null))
    words: tuple[tuple[int, Rule], ...] = (
        (numeral.BAD, "type"),
        (numeral.HUGE, "range"),
        (numeral.LONG, "length"),
    )
    for code, rule in words:
        mask = state == code
        if mask.any():
            faults.append((rule, mask))
    return null, faults
