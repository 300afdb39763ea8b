"""Messages become rows: what stands, what closes it, in whatever order they come; severity, colour and region."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from ioc.sources.connect.cap import Alert, Area, Info, Reference
from ioc.sources.connect.warning_board import Board, middle, region, warning_id
from tests.ioc.sources.connect.test_cap import RAIN, SENT

CODES = ("440303", "440303001", "440303002", "440303001003")
FIRST = Alert("A", "met", SENT, "Actual", "Alert", "Public", infos=(RAIN,))
UPDATE = Alert("B", "met", SENT + timedelta(hours=1), "Actual", "Update", "Public",
               references=(Reference("met", "A", SENT),), infos=(replace(RAIN, severity="Severe"),))  # fmt: skip
CANCEL = Alert("C", "met", SENT + timedelta(hours=2), "Actual", "Cancel", "Public",
               references=(Reference("met", "B", UPDATE.sent),))  # fmt: skip


def newest(rows: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    """Warning -> (state, level) as the engine sees it: the version that changed last."""
    found = {}
    for row in sorted(rows, key=lambda row: int(row["changed_at"])):
        found[row["warning_id"]] = (row["state"], row["level"])
    return found


@pytest.mark.parametrize("order", list(permutations((FIRST, UPDATE, CANCEL))))
def test_an_update_closes_what_it_replaces_and_a_cancellation_closes_the_update(order: tuple[Alert, ...]) -> None:
    board = Board("440303")
    rows = [row for alert in order for row in board.take(alert, CODES)]
    assert newest(rows) == {"met,A": ("updated", "4"), "met,B": ("cancelled", "3")}
    assert {row["warning_id"] for row in rows if row["state"] == "standing"} == {"met,A", "met,B"}
    times = {(row["warning_id"], row["state"]): int(row["changed_at"]) - int(SENT.timestamp() * 1000) for row in rows}
    assert times["met,A", "updated"] == 3_600_000
    assert times["met,B", "cancelled"] == 7_200_000


def test_a_message_that_comes_twice_makes_rows_once() -> None:
    board = Board("440303")
    assert len(board.take(FIRST, CODES)) == 1
    assert board.take(FIRST, CODES) == []
    assert len(board.take(UPDATE, CODES)) == 2
    assert board.take(UPDATE, CODES) == []


def test_a_restored_board_goes_on_where_it_was() -> None:
    board = Board("440303")
    board.take(FIRST, CODES)
    board.take(CANCEL, CODES)
    again = Board.restored("440303", board.saved())
    assert again == board
    assert newest(again.take(UPDATE, CODES))["met,B"] == ("cancelled", "3")


def test_acknowledgements_and_errors_are_no_warnings() -> None:
    board = Board("440303")
    assert board.take(replace(CANCEL, message="Ack"), CODES) == []
    assert board.take(replace(CANCEL, message="Error"), CODES) == []
    assert board.closed == {}


def test_what_is_long_over_is_forgotten() -> None:
    board = Board("440303")
    board.take(FIRST, CODES)
    board.take(CANCEL, CODES)
    board.forget(int(SENT.timestamp() * 1000) + 41 * 86_400_000)
    assert (board.rows, board.closed) == ({}, {})


@pytest.mark.parametrize(
    ("severity", "colour", "level"),
    [("Extreme", "red", "4"), ("Severe", "orange", "3"), ("Moderate", "yellow", "2"), ("Minor", "blue", "1"),
     ("Unknown", None, "0")],
)  # fmt: skip
def test_severities_are_the_four_colours(severity: str, colour: str | None, level: str) -> None:
    [row] = Board("440303").take(replace(FIRST, infos=(replace(RAIN, severity=severity),)), CODES)
    assert (row.get("colour"), row["level"], row["severity"]) == (colour, level, severity)


def test_the_row_says_what_the_announcement_in_chinese_says() -> None:
    english = replace(RAIN, language="en-US", event="rain", severity="Extreme")
    [row] = Board("440303").take(replace(FIRST, infos=(english, RAIN)), CODES)
    assert (row["event"], row["headline"], row["sender"], row["area"]) == (
        "暴雨",
        "暴雨红色预警",
        "深圳市气象台",
        "罗湖区",
    )
    assert (row["category"], row["response"], row["community"]) == ("Met", "Shelter", "440303")
    assert row["point"] == "114.130000 22.550000"


def coded(*values: str) -> Info:
    return replace(RAIN, areas=(Area("x", geocodes=tuple(("code", value) for value in values)),))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("440303001",), "440303001"), (("440303001003",), "440303001003"), (("440303001999",), "440303001"),
        (("440303000000",), "440303"), (("440303001", "440303002"), "440303"), (("440300",), "440303"),
        (("440000000000",), "440303"), (("440304",), None), (("006037",), None), ((), None),
        (("440303001", "440300"), "440303"),
    ],
)  # fmt: skip
def test_the_region_that_is_named(values: tuple[str, ...], expected: str | None) -> None:
    assert region(coded(*values), "440303", CODES) == expected


def test_the_middle_of_a_polygon_and_of_nothing() -> None:
    square = Area("x", polygons=("22.5,114.0 22.5,114.2 22.7,114.2 22.7,114.0",))
    assert middle(replace(RAIN, areas=(square,))) == "114.100000 22.600000"
    assert middle(replace(RAIN, areas=(Area("x", polygons=("here there",)),))) is None
    assert middle(replace(RAIN, areas=())) is None


def test_marks_that_names_of_series_need_do_not_stand_in_a_key() -> None:
    assert warning_id("a=b", "c|d%") == "a%3Db,c%7Cd%25"
    assert len(warning_id("汉" * 200, "x").encode()) <= 256
