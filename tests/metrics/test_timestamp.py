"""Timestamps in bulk equal the standard library, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from metrics.numeral import BAD, FINE, NULL
from metrics.timestamp import parse_times

MIDNIGHT = 1_717_171_200_000  # 2024-06-01T00:00:00+08:00


def times(*lines: bytes | None) -> list[int]:
    found, state = parse_times(lines)
    assert state.tolist() == [FINE] * len(lines)
    return found.tolist()


def test_a_time_without_offset_is_shanghai_time() -> None:
    assert times(b"2024-06-01T00:00:00", b"2024-06-01 00:00:00", b"2024-06-01") == [MIDNIGHT] * 3


def test_offsets_and_epoch_milliseconds_may_stand_beside_each_other() -> None:
    lines = (b"2024-05-31T16:00:00Z", b"2024-06-01T00:00:00+08:00", b"2024-05-31T15:00:00-01:00", b"1717171200000")
    assert times(*lines) == [MIDNIGHT] * 4
    assert times(*reversed(lines)) == [MIDNIGHT] * 4


def test_parts_of_a_millisecond_are_cut_off() -> None:
    assert times(b"2024-06-01T00:00:00.1239999", b"2024-06-01T00:00:00.123", b"2024-06-01T00:00:00.5Z") == [
        MIDNIGHT + 123, MIDNIGHT + 123, MIDNIGHT + 500 + 8 * 3_600_000]  # fmt: skip


def test_days_and_hours_that_do_not_exist_are_bad() -> None:
    _, state = parse_times([b"2023-02-29T00:00:00", b"2024-02-29T00:00:00", b"2024-06-01T24:30:00", b"2024-13-01",
                            b"2024-06-01T00:00:00+99:99", b"1717171200000.5", b"tomorrow", b""])  # fmt: skip
    assert state.tolist() == [BAD, FINE, BAD, BAD, BAD, BAD, BAD, NULL]


BOUNDS = (datetime(1, 1, 3), datetime(9999, 12, 29))  # noqa: DTZ001  hypothesis wants naive bounds


@given(st.datetimes(*BOUNDS), st.integers(-1439, 1439), st.sampled_from([0, 3]))
def test_any_iso_time_equals_the_standard_library(naive: datetime, offset_minutes: int, digits: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    text = moment.isoformat(timespec="milliseconds" if digits else "seconds").encode()
    expected = (datetime.fromisoformat(text.decode()) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert times(text) == [expected]
