"""States of aggregates in SQL: what is left of the rows of a group, whole numbers exactly, many values as a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from metrics.measure import Measure

# What each state says, for people: numbers are whole, at the scale of the measure; times are ms.
MEANINGS: Final = {
    "count": "n", "sum": "sum", "mean": "sum/n", "min": "min", "max": "max", "first": "value@time",
    "last": "value@time", "delta": "first@time last@time", "rate": "first@time last@time",
    "distinct": "SHA-256 of the values", "distinct_approx": "SHA-256 of the values",
    "percentile": "SHA-256 of the sorted values", "percentile_approx": "SHA-256 of the sorted values",
    "dwell": "ms", "online": "heard/registered",
}  # fmt: skip


def state(measure: Measure) -> str:
    """`_state` (text) and `_rows` of a group of rows with `_c` and, as far as the aggregate needs them, `_v`, `_t` and
    `_o`, none merged with another."""
    match measure.agg:
        case "count":
            text = "sum(_c)"
        case "sum" | "dwell":
            text = "sum(_v::HUGEINT)"
        case "mean" | "online":
            text = "sum(_v::HUGEINT) || '/' || sum(_c)"
        case "min" | "max":
            text = f"{measure.agg}(_v)"
        case "first":
            text = "arg_min(_v, _o) || '@' || arg_min(_t, _o)"
        case "last":
            text = "arg_max(_v, _o) || '@' || arg_max(_t, _o)"
        case "delta" | "rate":
            text = "arg_min(_v, _o) || '@' || min(_t) || ' ' || arg_max(_v, _o) || '@' || max(_t)"
        case "distinct" | "distinct_approx":
            text = "sha256(string_agg(DISTINCT _v::VARCHAR, chr(31) ORDER BY _v::VARCHAR))"
        case _:
            text = "sha256(list_sort(list(_v))::VARCHAR)"
    return f"({text})::VARCHAR AS _state, sum(_c)::BIGINT AS _rows"


@dataclass(frozen=True, slots=True)
class State:
    """The state of a measure in one window and group: `text` as MEANINGS says; in two steps (`combinations` is not
    None) SHA-256 over the states of all combinations. `rows` were folded."""

    text: str
    rows: int
    combinations: int | None = None

    @staticmethod
    def of(found: Sequence[tuple[str, str | None, int]], *, two_steps: bool) -> State:
        """From (combination, state, rows) of each group of rows; none: nothing was folded."""
        rows = sum(one[2] for one in found)
        if not two_steps:
            return State(found[0][1] or "" if found else "", rows)
        lines = sorted(f"{combination}\x1e{text}" for combination, text, _ in found)
        return State(hashlib.sha256("\n".join(lines).encode()).hexdigest(), rows, len(found))
