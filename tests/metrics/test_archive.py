"""Names and folders of the archive: which parts and pieces are in force, whatever lies beside them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from metrics.archive import Life, Part, Strand, bundle_path, day_of, in_force, part_of, part_path, superseded
from metrics.archive_period import Piece, period_at, period_of
from metrics.archive_period import in_force as pieces_in_force

NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
HOUR = 3_600_000


def part(after: int, last: int) -> Part:
    return Part(Path(f"{after}_{last}"), f"{after}-0", f"{last}-0", 0, 1, "00000000")


def test_a_name_says_positions_times_and_columns_and_is_read_back() -> None:
    path = part_path(Path("/a"), "5-1", f"{NOON}-7", (-3, NOON), "0123abcd")
    assert path == Path(f"/a/2024-06-01/5-1_{NOON}-7_-3_{NOON}_0123abcd.parquet")
    assert part_of(path) == Part(path, "5-1", f"{NOON}-7", -3, NOON, "0123abcd")


def test_drafts_and_strange_files_are_no_parts() -> None:
    assert part_of(Path("/a/.5-1_6-0_0_1_0123abcd.parquet.draft")) is None
    assert part_of(Path("/a/notes.parquet")) is None


def test_of_merged_parts_only_the_merged_one_is_in_force() -> None:
    small = [part(0, 5), part(5, 8), part(8, 9), part(9, 12)]
    merged = part(0, 9)
    assert in_force([*small, merged]) == [merged, small[3]]
    assert superseded([*small, merged]) == small[:3]
    assert in_force([merged, small[1], small[3]]) == [merged, small[3]]
    assert in_force(small) == small


@given(st.data())
def test_whatever_was_merged_and_however_much_is_left_each_entry_is_in_force_once(data: st.DataObject) -> None:
    bounds = sorted(data.draw(st.sets(st.integers(0, 40), min_size=2)))
    present = [part(after, last) for after, last in pairwise(bounds)]
    alive = list(present)
    for _ in range(data.draw(st.integers(0, 5))):
        kept = in_force(alive)
        if len(kept) < 2:
            break
        begin = data.draw(st.integers(0, len(kept) - 2))
        end = data.draw(st.integers(begin + 2, len(kept)))
        whole = part(int(kept[begin].after[:-2]), int(kept[end - 1].last[:-2]))
        gone = data.draw(st.sets(st.sampled_from(kept[begin:end])))  # some of them are deleted already
        alive = [one for one in alive if one not in gone] + [whole]
    covered = [place for one in in_force(alive) for place in range(int(one.after[:-2]) + 1, int(one.last[:-2]) + 1)]
    assert covered == list(range(bounds[0] + 1, bounds[-1] + 1))


def test_no_name_of_a_world_or_source_leaves_its_folder() -> None:
    assert Strand(Life("../..", 3), "observations", "a/b", 0).folder(Path("/r")) == Path(
        "/r/%2E.%2F../3/observations/a%2Fb/0"
    )
    assert bundle_path(Path("/r"), "../x") is None
    assert bundle_path(Path("/r"), "ab12") == Path("/r/bundles/ab12.json")


def test_a_day_begins_at_local_midnight() -> None:
    assert day_of(NOON + 12 * HOUR - 1) == "2024-06-01"
    assert day_of(NOON + 12 * HOUR) == "2024-06-02"
    assert day_of(10**18) == "9999-12-31"


def test_a_period_holds_the_windows_that_end_in_it() -> None:
    assert period_at("hour", NOON).name == "2024-06-01T11"
    assert period_at("hour", NOON + 1).name == "2024-06-01T12"
    assert period_at("day", NOON + 12 * HOUR).name == "2024-06-01"
    month = period_at("month", NOON)
    assert (month.name, month.end) == ("2024-06", NOON + 12 * HOUR + 29 * 24 * HOUR)
    assert period_at("year", NOON).end == period_at("month", NOON + 200 * 24 * HOUR).end
    assert period_of("2024-02-29") == period_at("day", NOON - 93 * 24 * HOUR)
    assert period_of("2023-02-29") is None
    assert period_of("position") is None


def test_a_piece_of_a_longer_period_takes_the_place_of_shorter_ones() -> None:
    def piece(name: str) -> Piece:
        period = period_of(name)
        assert period is not None
        return Piece(Path(name), period)

    days = [piece("2024-05-31"), piece("2024-06-01"), piece("2024-06-02"), piece("2024-07-01")]
    assert pieces_in_force([*days, piece("2024-06")]) == [days[0], piece("2024-06"), days[3]]
    assert pieces_in_force([*days, piece("2024-06"), piece("2024")]) == [piece("2024")]
