"""The list of the packs: what there is, under which number of the district's tables, for which task."""

from __future__ import annotations

import pytest

from ioc.packs.listing import listing

COUNTS = {"G": 15, "R": 12, "S": 13, "L": 16, "T": 14, "P": 14, "E": 18}  # the seven tables of the district
NUMBERS = [f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1)]
SCENES = {
    "G": "governance", "R": "renewal", "S": "services", "L": "livelihood", "T": "traffic", "P": "safety",
    "E": "emergency",
}  # fmt: skip
# What the plan asks of each task: indicators of the tables, and numbers of our own where it names what they lack.
TASKS = {
    1: ["O9", "O10"], 2: ["P3", "P4", "R11"], 3: ["O11"], 4: ["G14", "O12"], 5: ["P6", "P12", "R10"],
    6: ["P13", "S13"], 7: ["P13", "O14"], 8: ["O1"], 9: ["E11"], 10: ["S13", "L1"],
    11: [f"S{number}" for number in range(1, 13)], 12: ["O15", "O16", "O17"], 13: ["O18", "O19"], 14: ["O20", "O21"],
    15: [f"T{number}" for number in range(1, 15)], 16: ["L12", "L13"], 17: ["L14", "O22"], 18: ["R11", "O23"],
    19: [f"G{number}" for number in range(1, 16)],
    20: ["E2", "E3", "E4", "E5", "E6", "E7", "E14", "E15", "E16"],
    21: ["E1", "E8", "E9", "E10", "E11", "E12", "E13", "E18"], 22: ["P1", "P2", "P3", "P4"],
    23: ["P5", "P6", "P7", "P8"], 24: ["E3", "E4", "E5", "E6"],
    25: [f"G{number}" for number in range(2, 13)], 26: ["L16", "R6", "R7", "R8"], 27: ["G1", "L1"],
    28: ["O24", "O25", "O26"],
}  # fmt: skip


@pytest.fixture(scope="module")
def content() -> dict:
    return listing()


@pytest.fixture(scope="module")
def numbered(content) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for row in content["indicators"]:
        for tag in row["tags"]:
            found.setdefault(tag, []).append(row)
    return found


def test_the_tables_of_the_district_have_102_numbers() -> None:
    assert len(NUMBERS) == 102


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_of_the_tables_is_an_indicator_of_its_scene(number, numbered) -> None:
    assert {row["scene"] for row in numbered[number]} == {SCENES[number[0]]}


def test_an_indicator_of_two_windows_is_two_definitions_under_one_number(numbered) -> None:
    twice = {number: [row["id"] for row in rows] for number, rows in numbered.items() if len(rows) > 1}
    assert {number: ids for number, ids in twice.items() if number in NUMBERS} == {
        "G1": ["G1", "G1d"], "L1": ["L1", "L1d"], "P1": ["P1", "P1d"],
        "G7": ["G7", "G7o"], "G11": ["G11", "G11o"], "G15": ["G15", "G15o"],
    }  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_the_indicators_that_the_plan_names(task, content) -> None:
    row = content["tasks"][task - 1]
    tagged = {tag for one in content["indicators"] if one["id"] in row["indicators"] for tag in one["tags"]}
    assert row["id"] == task
    assert set(TASKS[task]) <= tagged


def test_every_task_has_a_source_a_page_and_a_scene(content) -> None:
    assert [row["id"] for row in content["tasks"]] == list(range(1, 29))
    assert [row["id"] for row in content["tasks"] if not (row["sources"] and row["pages"] and row["scenes"])] == []


def test_every_task_has_an_event_type_and_each_but_three_a_linked_system(content) -> None:
    assert [row["id"] for row in content["tasks"] if not row["events"]] == []
    assert [row["id"] for row in content["tasks"] if not row["systems"]] == [2, 8, 27]


def test_every_count_behind_an_indicator_has_a_name_in_both_languages(content) -> None:
    unnamed = [
        (row["id"], measure["id"])
        for row in content["indicators"] for measure in row["measures"] if not (measure["zh"] and measure["en"])
    ]  # fmt: skip
    assert unnamed == []


def test_a_source_an_indicator_and_a_link_say_what_they_refer_to(content) -> None:
    found = {row["id"]: row for row in content["indicators"]}
    assert found["S10"]["sources"] == ["ticket", "hall"]
    assert found["T4"]["sources"] == ["indicator:T4a"]
    sources = {row["id"]: row for row in content["sources"]}
    assert sources["iot"]["registry"] == "device"
    assert sources["complaint"]["of"] == ["case", "request"]
    situation = next(row for row in content["links"] if row["kind"] == "situation" and row["id"] == "hot_spots")
    assert (situation["scene"], situation["capability"], situation["indicators"]) == ("governance", "intake", ["G12"])


def test_no_linked_system_has_an_address_that_nobody_gave(content) -> None:
    systems = [row for row in content["links"] if row["kind"] == "system"]
    assert {row["entry"] for row in systems} == {""}
    assert all(row["owner"] for row in systems)
