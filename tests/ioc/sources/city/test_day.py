"""A simulated day through the engine: every number of the design's table has a value, and the archive gives it too."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ioc.offline.evaluation import Evaluation
from ioc.offline.question import Grouping
from ioc.sources.city.city import City
from ioc.sources.city.history import LIVE, write
from metrics.archive_evidence import Evidence
from metrics.definition import load
from metrics.value import Value
from tests.ioc.sources.city.day import THIN, Course, run
from tests.ioc.sources.city.whole import HOUR, MINUTE, MONDAY, SEED, bundle

pytestmark = pytest.mark.service  # its day is lived through once: tests/scheduling.py

DAY = 24 * HOUR
BEGIN = MONDAY + 8 * DAY  # Tuesday 9 June 2026 00:00 in Shanghai, with a gas leak and an evacuation of some streets
END = BEGIN + DAY + 30 * MINUTE  # what closes at midnight has come by then
DISTRICT = "440303"
DESIGN = Path(__file__).resolve().parents[4] / "../shared/design/domain.md"
NUMBERS = {"G": 15, "R": 12, "S": 13, "L": 16, "T": 14, "P": 14, "E": 18}  # of the table, by scene
# Those that have no value in a world of one day, and why; each has a test of its own.
LATER = {"L11": "compares with the same time of weeks before: of a world's first weeks there is nothing to say"}


def numbers() -> list[str]:
    """The ids of the table, from the design where it lies beside the product."""
    if DESIGN.exists():
        return re.findall(r"^\| ([GRSLTPE]\d+) \|", DESIGN.read_text(encoding="utf-8"), re.MULTILINE)
    return [f"{letter}{at}" for letter, count in NUMBERS.items() for at in range(1, count + 1)]


def named(number: str) -> list[str]:
    """The indicators whose tags hold a number of the table."""
    return [one["id"] for one in bundle()["indicators"] if number in one.get("tags", ())]


def city() -> City:
    return City(bundle(), seed=SEED, rate=200, intervals=THIN)


@pytest.fixture(scope="module")
def course() -> Course:
    return run(bundle(), city(), BEGIN, END, levels=("district",))


def test_the_table_has_102_numbers_and_each_is_of_an_indicator() -> None:
    assert len(numbers()) == 102
    assert [number for number in numbers() if not named(number)] == []


def test_every_number_of_the_table_has_a_value_and_a_quality_in_a_day_of_the_city(course: Course) -> None:
    whole: set[str] = set()
    for (indicator, region, dims), values in course.published.items():
        if region in (DISTRICT, "") and not dims and any(_known(value) for value in values.values()):
            whole.add(indicator)
    lacking = [number for number in numbers() if not whole.intersection(named(number))]
    assert lacking == list(LATER)
    assert {value.origin for values in course.published.values() for value in values.values()} == {"simulated"}


def _known(value: Value) -> bool:
    return value.value is not None and value.quality == "complete"


def test_a_topic_that_bursts_has_its_deviation_in_the_fifth_week_of_a_world() -> None:
    raw = _of("request", "L11")
    begin = MONDAY - 35 * DAY
    found = run(raw, City(raw, seed=SEED, rate=200), begin, MONDAY + HOUR, stride=DAY, weeks=8)
    values = [
        value
        for (_, region, dims), ends in found.published.items()
        for end, value in ends.items()
        if region == DISTRICT and not dims and end > MONDAY - 6 * HOUR
    ]
    assert values
    assert all(_known(value) for value in values)


def _of(source: str, indicator: str) -> dict[str, Any]:
    """Definitions with one source and one indicator."""
    raw = bundle()
    kept = [one for one in raw["indicators"] if one["id"] == indicator]
    return {**raw, "sources": {source: raw["sources"][source]}, "indicators": kept, "layers": []}


def test_a_third_of_the_numbers_comes_out_of_the_archive_by_the_sql_program(course: Course, tmp_path: Path) -> None:
    raw = bundle()
    write(tmp_path, city(), load(raw), (BEGIN, END), at_ms=END + DAY)
    whole = load(raw).for_world({})
    fewer = tuple(replace(one, levels=tuple(x for x in one.levels if x == "district")) for one in whole.indicators)
    whole = replace(whole, indicators=fewer)
    evidence = Evidence(tmp_path, LIVE)
    rows = {name: [evidence.everything(whole.sources[name]).batch] for name in city().models}
    evaluation = Evaluation.of(whole, {name: [one for one in found if one.rows] for name, found in rows.items()}, "sql")
    chosen = sorted(set(numbers()) - set(LATER))[1::3]
    assert len(chosen) == 34
    draw = random.Random(SEED)
    for name in [name for number in chosen for name in named(number)]:
        said = {
            end: value
            for (indicator, region, dims), ends in course.published.items()
            if indicator == name and region in (DISTRICT, "") and not dims
            for end, value in ends.items()
            if _known(value)
        }
        region = next(value.region for value in said.values())
        ends = sorted(draw.sample(sorted(said), min(4, len(said))))
        grouping = Grouping(by_region=bool(region), level="district" if region else "")
        again = {row.end_ms: row for row in evaluation.rows([name], ends, grouping)}
        for end in ends:
            row = again[end]
            assert (name, end, row.quality, row.samples) == (name, end, said[end].quality, said[end].samples)
            assert row.value == pytest.approx(said[end].value, rel=1e-9, abs=1e-9), (name, end)
