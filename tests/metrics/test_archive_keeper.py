"""Roll-ups, merges and retention: what a reader is told stays the same whatever is tidied up."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from metrics.archive import Life, Strand, every_part, in_force
from metrics.archive_compaction import GRACE_MS, Retention, merge, sweep
from metrics.archive_file import ArchiveNotWritten, facts_of
from metrics.archive_history import COLUMNS, ArchiveHistory
from metrics.archive_keeper import Keeper
from metrics.archive_period import SLOTS, every_piece
from metrics.archive_rollup import RollUp
from metrics.archive_rows import values
from metrics.archive_tail import Tail
from metrics.stream import Place
from metrics.value import Value
from metrics.value_form import pack_values

LIFE = Life("live")
COMPLETED = Strand(LIFE, "completed")
MIDNIGHT = 1_717_171_200_000  # 2024-06-01T00:00:00+08:00
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def said(end: int, number: float | None, region: str = "440303", **more: object) -> Value:
    quality = "no_data" if number is None else "complete"
    given = {"version": 1, "dims": (), "quality": quality, "samples": 3, **more}
    return Value("T1", region=region, window_start=end - MINUTE, window_end=end, value=number, **given)  # type: ignore[arg-type]


def archive(root: Path, at_ms: int, published: Sequence[Value], tail: Tail | None = None) -> Tail:
    """Put values into the archive as one part, as if they were published at `at_ms`."""
    tail = tail or Tail(root, COMPLETED, values, Place())
    fields = {b"v": b"1", b"at": str(at_ms).encode(), b"now": b"0", b"positions": b"{}", b"watermarks": b"{}",
              b"b": pack_values(published)}  # fmt: skip
    tail.receive([[f"{at_ms}-0".encode(), [cell for pair in fields.items() for cell in pair]]])
    tail.write()
    return tail


def roll_up(root: Path) -> list[str]:
    with duckdb.connect() as connection:
        return RollUp(root, LIFE, connection).update()


def series(root: Path, slot: str, **more: object) -> list[tuple[object, ...]]:
    """(region, end, value, mean, least, greatest, samples, count) of all slots."""
    history = ArchiveHistory(root)
    table = history.series(LIFE, "T1", MIDNIGHT - 999 * DAY, MIDNIGHT + 999 * DAY, slot=slot, columns=COLUMNS, **more)  # type: ignore[arg-type]
    history.close()
    return [tuple(row.values())[:8] for row in table.to_pylist()]


def test_a_slot_says_the_last_value_and_mean_least_greatest_and_counts(tmp_path: Path) -> None:
    end = MIDNIGHT + HOUR
    archive(tmp_path, end, [said(end - 2 * MINUTE, 4.0), said(end - MINUTE, 10.0), said(end, 1.0, samples=7)])
    assert roll_up(tmp_path) == ["2024-06-01T00"]
    assert series(tmp_path, "1m")[0] == ("440303", end - 2 * MINUTE, 4.0, 4.0, 4.0, 4.0, 3, 1)
    assert series(tmp_path, "15m") == [("440303", end, 1.0, 5.0, 1.0, 10.0, 7, 3)]
    assert series(tmp_path, "1h") == [("440303", end, 1.0, 5.0, 1.0, 10.0, 7, 3)]
    assert series(tmp_path, "1d") == [("440303", MIDNIGHT + DAY, 1.0, 5.0, 1.0, 10.0, 7, 3)]


def test_a_window_that_ends_at_midnight_belongs_to_the_day_that_ends(tmp_path: Path) -> None:
    archive(tmp_path, MIDNIGHT, [said(MIDNIGHT, 1.0), said(MIDNIGHT + MINUTE, 2.0)])
    roll_up(tmp_path)
    assert [row[1:3] for row in series(tmp_path, "1d")] == [(MIDNIGHT, 1.0), (MIDNIGHT + DAY, 2.0)]


def test_no_data_is_a_slot_without_a_value_and_changes_no_mean(tmp_path: Path) -> None:
    end = MIDNIGHT + HOUR
    archive(tmp_path, end, [said(end - MINUTE, 6.0), said(end, None), said(end, None, region="440304")])
    roll_up(tmp_path)
    assert series(tmp_path, "1h") == [
        ("440303", end, 6.0, 6.0, 6.0, 6.0, 3, 1),
        ("440304", end, None, None, None, None, 3, 0),
    ]


def test_a_correction_replaces_what_was_rolled_up_and_the_newest_version_wins(tmp_path: Path) -> None:
    end = MIDNIGHT + HOUR
    tail = archive(tmp_path, end, [said(end - MINUTE, 4.0), said(end, 1.0)])
    roll_up(tmp_path)
    archive(tmp_path, end + DAY, [said(end - MINUTE, 5.0, revision=1)], tail)
    assert roll_up(tmp_path) == ["2024-06-01T00"]
    assert series(tmp_path, "15m") == [("440303", end, 1.0, 3.0, 1.0, 5.0, 3, 2)]
    archive(tmp_path, end + 2 * DAY, [said(end - MINUTE, 9.0, version=2)], tail)
    roll_up(tmp_path)
    assert series(tmp_path, "1d")[0][3] == 5.0
    assert roll_up(tmp_path) == []


def test_what_is_rolled_up_in_many_steps_equals_one_step(tmp_path: Path) -> None:
    made = [
        said(MIDNIGHT + minute * MINUTE, math.sin(minute) * 100, region=f"4403{minute % 7:02d}")
        for minute in range(1, 600)
    ]
    tail = None
    for begin in range(0, len(made), 150):
        tail = archive(tmp_path / "steps", MIDNIGHT + begin, made[begin : begin + 150], tail)
        roll_up(tmp_path / "steps")
    archive(tmp_path / "once", MIDNIGHT, made)
    roll_up(tmp_path / "once")
    assert series(tmp_path / "steps", "1m") == series(tmp_path / "once", "1m")
    assert series(tmp_path / "steps", "15m") == series(tmp_path / "once", "15m")
    assert series(tmp_path / "steps", "1h") == series(tmp_path / "once", "1h")
    assert series(tmp_path / "steps", "1d") == series(tmp_path / "once", "1d")
    assert len(series(tmp_path / "once", "1d")) == 7


def test_settled_pieces_tell_the_same_and_take_late_corrections(tmp_path: Path) -> None:
    made = [said(MIDNIGHT + hour * HOUR, float(hour)) for hour in range(3, 24 * 36, 48)]
    tail = archive(tmp_path, MIDNIGHT, made)
    roll_up(tmp_path)
    before = {slot: series(tmp_path, slot) for slot in SLOTS}
    with duckdb.connect() as connection:
        assert RollUp(tmp_path, LIFE, connection).settle() > 0
        assert RollUp(tmp_path, LIFE, connection).settle() == 0
    assert "2024-06" in {piece.period.name for piece in every_piece(tmp_path, LIFE, SLOTS["1h"])}
    assert {slot: series(tmp_path, slot) for slot in SLOTS} == before
    archive(tmp_path, MIDNIGHT + DAY, [said(MIDNIGHT + 51 * HOUR, 5000.0, revision=1)], tail)
    roll_up(tmp_path)
    assert series(tmp_path, "1h")[1][1:3] == (MIDNIGHT + 51 * HOUR, 5000.0)
    assert [row for row in series(tmp_path, "1h") if row[2] != 5000.0] == [
        row for row in before["1h"] if row[1] != MIDNIGHT + 51 * HOUR
    ]
    assert series(tmp_path, "1d")[1][5] == 5000.0


def test_the_fitting_roll_up_is_the_finest_that_a_screen_can_show_and_that_reaches_back(tmp_path: Path) -> None:
    archive(tmp_path, MIDNIGHT, [said(MIDNIGHT - day * DAY, 1.0) for day in (0, 1, 10, 19, 20, 60, 365, 398, 399)])
    roll_up(tmp_path)
    history = ArchiveHistory(tmp_path)
    assert history.fitting(LIFE, MIDNIGHT - DAY, MIDNIGHT).name == "1m"
    assert history.fitting(LIFE, MIDNIGHT - 10 * DAY, MIDNIGHT).name == "15m"
    assert history.fitting(LIFE, MIDNIGHT - 20 * DAY, MIDNIGHT - 19 * DAY).name == "15m"
    assert history.fitting(LIFE, MIDNIGHT - 60 * DAY, MIDNIGHT).name == "1h"
    assert history.fitting(LIFE, MIDNIGHT - 365 * DAY, MIDNIGHT).name == "1d"
    assert history.fitting(LIFE, MIDNIGHT - 398 * DAY, MIDNIGHT - 397 * DAY).name == "1d"


def test_regions_and_dimensions_are_chosen(tmp_path: Path) -> None:
    end = MIDNIGHT + HOUR
    split = said(end, 3.0, dims=(("road", "深南东路"),))
    archive(tmp_path, end, [said(end, 1.0), said(end, 2.0, region="440304"), split])
    roll_up(tmp_path)
    assert [row[2] for row in series(tmp_path, "1h")] == [1.0, 2.0]
    assert [row[2] for row in series(tmp_path, "1h", regions=["440304"])] == [2.0]
    assert [row[2] for row in series(tmp_path, "1h", dims="road=深南东路")] == [3.0]
    assert series(tmp_path, "1h", dims="road=x") == []


def test_every_word_on_one_value_is_told_in_order(tmp_path: Path) -> None:
    tail = archive(tmp_path, MIDNIGHT, [said(MIDNIGHT, 1.0), said(MIDNIGHT, 7.0, region="440304")])
    archive(tmp_path, MIDNIGHT + 1, [said(MIDNIGHT, 2.0, revision=1)], tail)
    history = ArchiveHistory(tmp_path)
    told = history.published(LIFE, "T1", "440303", MIDNIGHT, complete=True)
    assert list(zip(told["revision"].to_pylist(), told["value"].to_pylist(), strict=True)) == [(0, 1.0), (1, 2.0)]
    assert history.published(LIFE, "T1", "440303", MIDNIGHT, complete=True, revision=1)["value"].to_pylist() == [2.0]
    assert history.published(LIFE, "T1", "440303", MIDNIGHT).num_rows == 0
    assert history.published(LIFE, "T1", "440303", MIDNIGHT).column_names == told.column_names


# ---- compaction and retention ----


def small_parts(root: Path) -> Tail:
    """Six parts: three of one hour, two of the next one, one of the next day."""
    tail = None
    for at in (0, 1, 2, HOUR, HOUR + 1, DAY):
        tail = archive(root, MIDNIGHT + at, [said(MIDNIGHT + at, float(at))], tail)
    assert tail is not None
    return tail


def held(root: Path) -> list[float]:
    files = [str(part.path) for part in in_force(every_part(COMPLETED.folder(root)))]
    return [
        value for (value,) in duckdb.sql("SELECT value FROM read_parquet(?) ORDER BY _ms", params=[files]).fetchall()
    ]


def test_parts_of_an_hour_that_is_over_become_one_then_those_of_the_day(tmp_path: Path) -> None:
    small_parts(tmp_path)
    assert merge(tmp_path, COMPLETED, MIDNIGHT + HOUR + 30_000) == 0
    assert merge(tmp_path, COMPLETED, MIDNIGHT + HOUR + 60_000) == 1
    assert len(in_force(every_part(COMPLETED.folder(tmp_path)))) == 4
    assert held(tmp_path) == [0.0, 1.0, 2.0, HOUR, HOUR + 1, DAY]
    assert merge(tmp_path, COMPLETED, MIDNIGHT + DAY + 60_000) == 1
    kept = in_force(every_part(COMPLETED.folder(tmp_path)))
    assert [(part.after, part.last) for part in kept] == [
        ("0-0", f"{MIDNIGHT + HOUR + 1}-0"), (f"{MIDNIGHT + HOUR + 1}-0", f"{MIDNIGHT + DAY}-0"),
    ]  # fmt: skip
    assert facts_of(kept[0].path)["ioc.read"] == "5"
    assert held(tmp_path) == [0.0, 1.0, 2.0, HOUR, HOUR + 1, DAY]
    assert merge(tmp_path, COMPLETED, MIDNIGHT + DAY + 60_000) == 0


def test_merged_parts_stay_for_readers_that_have_listed_them_and_then_go(tmp_path: Path) -> None:
    small_parts(tmp_path)
    merge(tmp_path, COMPLETED, MIDNIGHT + DAY + 60_000)
    (whole,) = [part for part in in_force(every_part(COMPLETED.folder(tmp_path))) if part.after == "0-0"]
    os.utime(whole.path, (MIDNIGHT / 1000, MIDNIGHT / 1000))
    for_ever = Retention(completed=10_000)
    assert sweep(tmp_path, COMPLETED, MIDNIGHT + GRACE_MS - 1, for_ever.keep_ms("completed")) == 0
    assert sweep(tmp_path, COMPLETED, MIDNIGHT + GRACE_MS, for_ever.keep_ms("completed")) == 5
    assert held(tmp_path) == [0.0, 1.0, 2.0, HOUR, HOUR + 1, DAY]


def test_days_beyond_their_retention_go(tmp_path: Path) -> None:
    small_parts(tmp_path)
    rule = Retention(completed=3)
    assert sweep(tmp_path, COMPLETED, MIDNIGHT + 4 * DAY - 1, rule.keep_ms("completed")) == 0
    assert sweep(tmp_path, COMPLETED, MIDNIGHT + 4 * DAY, rule.keep_ms("completed")) == 5
    assert held(tmp_path) == [DAY]


def test_a_keeper_rolls_up_and_removes_worlds_that_are_no_more(tmp_path: Path) -> None:
    archive(tmp_path, MIDNIGHT, [said(MIDNIGHT, 1.0)])
    keeper = Keeper(tmp_path, lambda: {"live": 0}, Retention(completed=100_000))
    now_ms = int(tmp_path.stat().st_mtime * 1000)
    keeper.turn(now_ms)
    assert series(tmp_path, "1d")[0][2] == 1.0
    assert (keeper.chores.hours, keeper.chores.trouble) == (1, "")
    gone = Keeper(tmp_path, dict, Retention(completed=100_000, gone=7))
    gone.turn(now_ms + 6 * DAY)
    assert LIFE.folder(tmp_path).exists()
    gone.turn(now_ms + 8 * DAY)
    assert not LIFE.folder(tmp_path).exists()


def test_a_keeper_names_what_fails_and_goes_on(tmp_path: Path) -> None:
    archive(tmp_path, MIDNIGHT, [said(MIDNIGHT, 1.0)])
    for part in every_part(COMPLETED.folder(tmp_path)):
        part.path.write_bytes(b"PAR1 nothing")
    keeper = Keeper(tmp_path, lambda: {"live": 0}, Retention(completed=100_000))
    keeper.turn(MIDNIGHT)
    assert keeper.chores.failures == 1
    assert keeper.chores.trouble.startswith("live: ")


def test_a_part_that_the_disk_refuses_is_not_there_at_all(tmp_path: Path) -> None:
    tail = Tail(tmp_path, COMPLETED, values, Place())
    (tmp_path / "live").write_text("a file where a folder should be")
    with pytest.raises(ArchiveNotWritten):
        archive(tmp_path, MIDNIGHT, [said(MIDNIGHT, 1.0)], tail)
    (tmp_path / "live").unlink()
    assert tail.pending
    tail.write()
    assert held(tmp_path) == [1.0]
