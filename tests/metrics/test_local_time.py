"""Parts of local time equal those of the standard calendar."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import local_time

# From 1992 on Asia/Shanghai is UTC+8 all year; before, the time zone database knows daylight saving.
instants = st.integers(700_000_000_000, 4_000_000_000_000)


@given(instants)
def test_parts_equal_the_standard_calendar(ms: int) -> None:
    local = datetime.fromtimestamp(ms // 1000, ZoneInfo("Asia/Shanghai"))
    times = np.array([ms])
    found = [int(local_time.part(name, times)[0]) for name in ("hour", "minute", "weekday", "day", "month", "year")]
    assert found == [local.hour, local.minute, local.isoweekday(), local.day, local.month, local.year]


@given(instants, st.sampled_from(["day", "week", "month", "year"]))
def test_the_elapsed_share_is_above_nothing_and_at_most_all(ms: int, period: str) -> None:
    assert 0 < local_time.elapsed(period, ms) <= 1


def test_an_unknown_part_or_period_is_refused() -> None:
    with pytest.raises(ValueError, match="'century' is no part"):
        local_time.part("century", np.array([0]))
    with pytest.raises(ValueError, match="'century' is no period"):
        local_time.elapsed("century", 0)
