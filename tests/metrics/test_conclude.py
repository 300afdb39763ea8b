"""Conclusions and recomputations, over a program that answers from a table of this test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from metrics.conclude import QUALITY_NAMES, Concluded
from metrics.definition import Bundle
from metrics.entered import ALWAYS, Entered, Entry
from metrics.formula import parse
from metrics.indicator import Baseline, Indicator, Rollup
from metrics.measure import Measure
from metrics.measured import Answer, Group, Mask, Measured, RegionForm
from metrics.recomputation import Recomputation
from metrics.reference import Asked
from metrics.region import LEVELS, Region, Regions
from metrics.source import Field, RegionRule, Source
from metrics.window import DAY_MS, HOUR_MS, LOCAL, Window

REGIONS = Regions(
    [
        Region("D", "", "district", attributes={"area": 8.0}),
        Region("A", "D", "subdistrict", attributes={"population": 100.0, "area": 4.0}),
        Region("B", "D", "subdistrict", attributes={"population": 300.0}),
        Region("C", "D", "subdistrict"),
    ],
    additive=("population",),
)
TEXT = Field("org", "text")
CASE = Source("case", "", "id", {"id": Field("id", "text"), "org": TEXT}, {}, kind="records",
              region=RegionRule("field", "community"))  # fmt: skip
TREE = Asked("tree", (), LEVELS)
TOTAL = Asked()


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=LOCAL).timestamp() * 1000)


END = ms("2024-06-05T08:00")
Count = Callable[[str, int, Group], int | None]  # measure, end, group -> rows, None: no row and not present


class Program:
    """Answers counts from a function."""

    def __init__(self, count: Count, groups: Sequence[Group] = (), stale: bool = False) -> None:
        self.count, self.groups, self.is_stale = count, groups, stale

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        groups = list(self.groups)
        if not indicator.dimensions:
            groups = [("", None)]
            if regions == "tree":
                groups += [(code, None) for code in REGIONS.of_levels(indicator.levels)]
        found = {}
        for measure in indicator.measures:
            rows = [[self.count(measure.name, end, group) for group in groups] for end in ends]
            filled = np.array([[one or 0 for one in row] for row in rows], np.int64)
            found[measure.name] = Measured(filled.astype(np.float64), np.ones(filled.shape, np.bool_), filled)
        present = np.array([[self.count("n", end, group) is not None for group in groups] for end in ends])
        return Answer(groups, found, present.reshape(len(ends), len(groups)))

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        return np.full(len(ends), self.is_stale)


def indicator(name: str, formula: str, *measures: str, window: Window | None = None) -> Indicator:
    return Indicator(
        name, 1, parse(formula), window or Window.now(HOUR_MS),
        tuple(Measure(one, "case", "count", records=True) for one in measures), levels=LEVELS,
    )  # fmt: skip


def bundle(*indicators: Indicator, source: Source = CASE) -> Bundle:
    return Bundle("", {"case": source}, indicators, {}, REGIONS)


def told(concluded: Concluded, at: int = 0) -> dict[str, tuple[float | None, str, int]]:
    """Value, quality and samples by region, and `/` and dimensions where there are any."""
    found = {}
    for column, (code, split) in enumerate(concluded.groups):
        value = float(concluded.value[at, column]) if concluded.known[at, column] else None
        quality = QUALITY_NAMES[concluded.quality[at, column]]
        found["/".join((code, *(split or ())))] = value, quality, int(concluded.samples[at, column])
    return found


def run(
    count: Count, asked: Indicator, *others: Indicator, groups: Asked = TOTAL, entered: Sequence[Entry] = ()
) -> dict[str, tuple[float | None, str, int]]:
    recomputation = Recomputation(bundle(asked, *others), Program(count), Entered(entered))
    return told(recomputation.concluded(asked, [END], groups))


def ten(_name: str, _end: int, _group: Group) -> int | None:
    return 10


def test_a_formula_gives_the_value_the_samples_and_the_quality() -> None:
    assert run(ten, indicator("X", "n / 4", "n")) == {"": (2.5, "complete", 10)}


def test_a_division_by_zero_is_no_data() -> None:
    assert run(ten, indicator("X", "n / (n - 10)", "n")) == {"": (None, "no_data", 10)}


def test_too_few_samples_are_no_data() -> None:
    assert run(ten, replace(indicator("X", "n", "n"), min_samples=11)) == {"": (None, "no_data", 10)}


def test_the_named_measure_tells_the_samples() -> None:
    def count(name: str, _end: int, _group: Group) -> int | None:
        return {"n": 3, "m": 8}[name]

    assert run(count, indicator("X", "n / m", "n", "m")) == {"": (0.375, "complete", 8)}
    assert run(count, replace(indicator("X", "n / m", "n", "m"), samples="n")) == {"": (0.375, "complete", 3)}


def test_a_stale_source_makes_values_stale_but_not_nulls() -> None:
    asked = indicator("X", "n", "n")
    program = Program(ten, stale=True)
    found = Recomputation(bundle(asked), program).concluded(asked, [END], TOTAL)
    assert told(found) == {"": (10.0, "stale", 10)}
    nothing = indicator("X", "n / 0", "n")
    assert told(Recomputation(bundle(nothing), program).concluded(nothing, [END], TOTAL))[""][1] == "no_data"


def test_a_window_that_begins_before_the_source_is_complete_is_no_data() -> None:
    source = replace(CASE, since_ms=END)
    sliding = indicator("X", "n", "n", window=Window.sliding(HOUR_MS, HOUR_MS))
    stock, ever = indicator("X", "n", "n"), indicator("X", "n", "n", window=Window.all(HOUR_MS))
    qualities = [
        told(Recomputation(bundle(one, source=source), Program(ten)).concluded(one, [END], TOTAL))[""][1]
        for one in (sliding, stock, ever)
    ]
    assert qualities == ["no_data", "complete", "complete"]


def test_region_attributes_are_those_of_the_group_and_additive_ones_the_sum_of_the_children() -> None:
    asked = indicator("X", "region('area')")
    assert run(ten, asked, groups=TREE) == {
        "D": (8.0, "complete", 0), "A": (4.0, "complete", 0), "B": (None, "no_data", 0), "C": (None, "no_data", 0)
    }  # fmt: skip
    assert run(ten, asked)[""][0] == 8.0
    assert run(ten, indicator("X", "region('population')"))[""][0] is None


def test_entered_values_are_those_of_the_region_and_of_the_root_for_the_total() -> None:
    entries = [Entry("quota", "D", ALWAYS, 5.0), Entry("quota", "A", ALWAYS, 2.0)]
    asked = indicator("X", "entered('quota')")
    assert run(ten, asked, entered=entries)[""] == (5.0, "complete", 0)
    found = run(ten, asked, groups=TREE, entered=entries)
    assert (found["A"][0], found["B"][0]) == (2.0, None)


def test_previous_is_the_measure_of_the_instant_before() -> None:
    def count(_name: str, end: int, _group: Group) -> int | None:
        return {END: 10, END - HOUR_MS: 4}[end]

    assert run(count, indicator("X", "n - previous(n)", "n"))[""][0] == 6.0


def test_same_time_of_an_indicator_is_its_value_of_then() -> None:
    def count(_name: str, end: int, _group: Group) -> int | None:
        return {END: 10, END - DAY_MS: 3}[end]

    asked = indicator("X", "indicator('Y') / same_time(indicator('Y'), '1d')")
    assert run(count, asked, indicator("Y", "n * 2", "n"))[""] == (3.33333333333, "complete", 3)


def test_another_indicator_answers_with_its_newest_window() -> None:
    def count(_name: str, end: int, _group: Group) -> int | None:
        return {ms("2024-06-05T00:00"): 7}[end]

    daily = indicator("Y", "n", "n", window=Window.tumbling(DAY_MS))
    assert run(count, indicator("X", "indicator('Y')"), daily)[""] == (7.0, "complete", 7)


def test_a_null_reference_that_leaves_a_value_counts_as_stale() -> None:
    asked = indicator("X", "coalesce(indicator('Y'), 1)")
    assert run(ten, asked, indicator("Y", "n / 0", "n"))[""] == (1.0, "stale", 10)


def test_a_zscore_compares_with_the_weeks_before_and_empty_ones_count() -> None:
    def count(_name: str, end: int, _group: Group) -> int | None:
        return {0: 12, 7: 4, 14: 0, 21: 4, 28: 0}[(END - end) // DAY_MS]

    asked = replace(indicator("X", "zscore(n)", "n"), baseline=Baseline(weeks=4, min=4, floor=1.0))
    assert run(count, asked)[""][0] == round(10 / np.std([4, 0, 4, 0], ddof=1), 11)


def test_regions_are_ranked_by_the_direction_of_what_is_ranked() -> None:
    def count(_name: str, _end: int, group: Group) -> int | None:
        return {"D": 60, "A": 10, "B": 30, "C": 20, "": None}[group[0]]

    assert [one[0] for one in run(count, indicator("X", "rank(n)", "n"), groups=TREE).values()] == [1, 3, 1, 2]
    other = replace(indicator("Y", "n", "n"), direction="down")
    found = run(count, indicator("X", "rank(indicator('Y'))"), other, groups=TREE)
    assert [one[0] for one in found.values()] == [1, 1, 3, 2]


def rolled(how: str, weight: str = "", direction: str = "context") -> dict[str, tuple[float | None, str, int]]:
    def count(_name: str, _end: int, group: Group) -> int | None:
        return {"D": 60, "A": 10, "B": 30, "C": 0, "": 60}[group[0]]

    asked = replace(
        indicator("X", "n / (n - 0)", "n"),
        rollup=Rollup("subdistrict", how, weight),  # type: ignore[arg-type]
        direction=direction,  # type: ignore[arg-type]
    )
    other = replace(asked, formula=parse("n * n / n"))
    return {**run(count, other, groups=TREE), "total": run(count, other)[""]}


def test_a_roll_up_folds_the_known_values_of_its_level() -> None:
    assert rolled("max")["D"] == (30.0, "complete", 40)
    assert rolled("min")["D"] == (10.0, "complete", 40)
    assert rolled("sum")["D"] == (40.0, "complete", 40)
    assert rolled("mean")["total"] == (20.0, "complete", 40)
    assert rolled("mean")["C"] == (None, "no_data", 0)


def test_worst_and_best_follow_the_direction() -> None:
    assert rolled("worst", direction="up")["D"][0] == 10.0
    assert rolled("worst", direction="down")["D"][0] == 30.0
    assert rolled("best", direction="up")["D"][0] == 30.0
    assert rolled("best", direction="down")["D"][0] == 10.0


def test_weights_are_attributes_of_the_regions() -> None:
    assert rolled("weighted", "population")["D"][0] == (10 * 100 + 30 * 300) / 400


def test_an_unknown_weight_of_a_region_with_a_value_makes_the_mean_unknown() -> None:
    assert rolled("weighted", "area")["D"] == (None, "no_data", 40)


def test_a_measure_without_the_dimension_gives_every_group_its_total() -> None:
    hall = Source("hall", "", "id", {"id": Field("id", "text")}, {}, kind="records")
    asked = replace(
        indicator("X", "n / c", "n", "c"), dimensions=("org",),
        measures=(Measure("n", "case", "count", records=True), Measure("c", "hall", "count", records=True)),
    )  # fmt: skip

    def count(name: str, _end: int, group: Group) -> int | None:
        return {"n": 6, "c": 3 if group[1] is None else 99}[name]

    world = Bundle("", {"case": CASE, "hall": hall}, (asked,), {}, REGIONS)
    recomputation = Recomputation(world, Program(count, [("", ("police",))]))
    assert told(recomputation.concluded(asked, [END], Asked("none", ("org",)))) == {"/police": (2.0, "complete", 6)}


def test_the_dimensions_of_an_indicator_that_the_other_lacks_are_dropped() -> None:
    def count(_name: str, _end: int, group: Group) -> int | None:
        return 4 if group[1] else 8

    asked = replace(indicator("X", "n / indicator('Y')", "n"), dimensions=("org",))
    recomputation = Recomputation(bundle(asked, indicator("Y", "n", "n")), Program(count, [("", ("a",))]))
    assert told(recomputation.concluded(asked, [END], Asked("none", ("org",))))["/a"] == (0.5, "complete", 4)


def test_a_mix_of_indicators_has_their_groups() -> None:
    other = replace(indicator("Y", "n", "n"), dimensions=("org",))
    asked = replace(indicator("X", "indicator('Y') + 1"), dimensions=("org",))
    recomputation = Recomputation(bundle(asked, other), Program(ten, [("", ("a",)), ("", ("b",))]))
    found = recomputation.concluded(asked, [END], Asked("none", ("org",)))
    assert told(found) == {"/a": (11.0, "complete", 10), "/b": (11.0, "complete", 10)}
    assert found.present.all()


def test_an_earlier_value_is_computed_with_the_definition_of_then() -> None:
    old = replace(indicator("Y", "n * 100", "n"), version=1)
    new = replace(indicator("Y", "n", "n"), version=2, valid_from_ms=END - HOUR_MS)
    asked = indicator("X", "previous(indicator('Y'))")
    assert run(ten, asked, old, new)[""][0] == 1000.0
