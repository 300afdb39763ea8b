"""The ground of a voucher: how far an indicator was complete when a value was published."""

from __future__ import annotations

import json

from metrics.archive_published import Said
from metrics.basis import Basis
from metrics.compiler import compile
from metrics.definition import load
from metrics.in_force import Versions
from metrics.voucher_ground import Ground, as_counted
from tests.metrics.voucher_city import bundle


def ground() -> Ground:
    raw = bundle()
    definitions = as_counted(load(raw))
    plans = {(one.indicator.id, one.indicator.version): one for one in compile(definitions).indicators}
    return Ground(raw, definitions, Basis("0", "city-1"), plans, Versions(definitions.indicators))


def said(indicator: str, **watermarks: int) -> Said:
    return Said(
        indicator, 1, "", "", 0, 60_000, 1.0, "provisional", 1, 0, "real", 70_000, 70_000, 70_000, "{}",
        json.dumps(watermarks), "city-1", "",
    )  # fmt: skip


def test_a_union_is_as_far_as_the_least_of_its_parts_not_as_its_own_newest_row() -> None:
    assert ground().mark(said("SPOTS", case=59_000, request=61_000, complaint=61_000)) == 59_000


def test_an_indicator_is_as_far_as_the_least_of_its_sources() -> None:
    assert ground().mark(said("HEARD", iot=50_000, device=40_000)) == 40_000


def test_a_source_without_a_watermark_was_never_as_far_as_anything() -> None:
    assert ground().mark(said("HEARD", iot=50_000)) == -(2**62)
