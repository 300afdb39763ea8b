"""Three days of the city in the archive, and their values where pages, comparisons and rehearsals find them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ioc.offline.evaluation import Evaluation
from ioc.offline.question import Grouping
from ioc.offline.retelling import Progress, retell, roll_up
from ioc.sources.city.city import City
from ioc.sources.city.history import LIVE, THINNED, beginning, positions, write
from ioc.sources.city.history_reach import instants
from metrics.archive import Strand
from metrics.archive_evidence import Evidence
from metrics.archive_history import ArchiveHistory
from metrics.archive_published import Published
from metrics.archive_retold import Ground
from metrics.archive_tail import recover
from metrics.definition import Bundle, load
from metrics.indicator import Indicator
from metrics.rehearsal import Past
from metrics.stream import Place
from metrics.voucher_ground import dated
from tests.ioc.sources.city.whole import HOUR, MONDAY, bundle

pytestmark = pytest.mark.service

DAY = 24 * HOUR
SPAN = (MONDAY, MONDAY + 3 * DAY)
NOW = MONDAY + 40 * DAY
SOURCES = ("case", "complaint", "request", "traffic")
# counts of a day by limits on z, a stock with a ratio, two steps over weeks, readings by road
CHOSEN = ("G1d", "G9", "G12", "T2", "T2r")


def narrow() -> dict[str, Any]:
    whole = bundle()
    kept = {name for name in (*SOURCES, "roads") if name in whole["sources"]}
    return {
        **whole,
        "sources": {name: one for name, one in whole["sources"].items() if name in kept},
        "indicators": [one for one in whole["indicators"] if one["id"] in CHOSEN],
        "layers": [],
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bundle, list[Progress]]:
    root, raw, done = tmp_path_factory.mktemp("archive"), narrow(), list[Progress]()
    definitions = load(raw).for_world({})
    city = City(raw, seed=7, intervals=THINNED)
    write(root, city, definitions, SPAN, at_ms=NOW)
    definitions = beginning(definitions, SPAN[0])
    ground = Ground(NOW, SPAN[1], positions(root, city.models), "hash", "simulated")

    def ends(indicator: Indicator, split: bool) -> list[int]:
        return instants(indicator, SPAN, split=split)

    values = retell(root, LIVE, definitions, CHOSEN, ground, instants=ends, told=done.append)
    assert values == sum(one.values for one in done)
    roll_up(root, LIVE)
    return root, definitions, done


def known(table: Any) -> dict[tuple[str, str, int], float | None]:
    rows = table.to_pylist()
    return {(row["region"], row["dims"], row["window_end"]): row["value"] for row in rows}


def test_every_value_is_that_of_the_live_engines_program(told: tuple[Path, Bundle, list[Progress]]) -> None:
    root, definitions, _ = told
    sources = {name: dated(source) for name, source in definitions.sources.items()}
    definitions = replace(definitions, sources=sources)
    evidence = Evidence(root, LIVE)
    rows = {name: [evidence.everything(definitions.sources[name]).batch] for name in SOURCES if name != "complaint"}
    evaluation = Evaluation.of(definitions, rows, "stream")
    published = Published(root, LIVE)
    for name in CHOSEN:
        indicator = next(one for one in definitions.indicators if one.id == name)
        found = known(published.complete(name, *SPAN))
        some = [MONDAY + 7 * HOUR, MONDAY + DAY, MONDAY + 2 * DAY + 18 * HOUR]
        groupings = [Grouping(True)]
        if indicator.dimensions:
            groupings.append(Grouping(True, "", indicator.dimensions))
        for grouping in groupings:
            ends = sorted(set(instants(indicator, SPAN, split=bool(grouping.dimensions))) & set(some))
            expected = list(evaluation.rows([name], ends, grouping))
            assert expected, name
            for row in expected:
                dims = ",".join(f"{key}={text}" for key, text in zip(grouping.dimensions, row.group[1:], strict=True))
                cell = found[row.group[0], dims, row.end_ms]
                assert (cell is None) == (row.value is None), (name, row)
                assert cell is None or cell == pytest.approx(row.value, rel=1e-9), (name, row)
    published.close()


def test_pages_find_them_in_the_roll_ups_marked_as_simulated(told: tuple[Path, Bundle, list[Progress]]) -> None:
    root, _, _ = told
    history = ArchiveHistory(root)
    said = known(Published(root, LIVE).complete("T2", *SPAN))
    for slot in ("15m", "1h"):
        table = history.series(LIVE, "T2", *SPAN, slot=slot, columns=("region", "end", "value", "count", "origin"))
        assert {(row["region"], "", row["end"]): row["value"] for row in table.to_pylist()} == said
        assert set(table["origin"].to_pylist()) == {"simulated"}
    days = history.series(LIVE, "T2", *SPAN, slot="1d", columns=("region", "end", "mean", "least", "count"))
    assert {row["end"] for row in days.to_pylist()} == {MONDAY + at * DAY for at in (1, 2, 3)}
    for row in days.to_pylist():
        inside = [
            value
            for (region, _, end), value in said.items()
            if region == row["region"] and row["end"] - DAY < end <= row["end"] and value is not None
        ]
        assert row["count"] == len(inside)
        assert not inside or (row["mean"], row["least"]) == (pytest.approx(np.mean(inside)), min(inside))
    split = history.series(LIVE, "T2r", *SPAN, slot="1d", dims=f"road={_road(root)}", columns=("end", "value"))
    assert split.num_rows == 3
    history.close()


def _road(root: Path) -> str:
    dims = {one for _, one, _ in known(Published(root, LIVE).complete("T2r", *SPAN)) if one}
    return min(dims).removeprefix("road=")


def test_a_thinned_source_is_not_stale_between_two_readings(told: tuple[Path, Bundle, list[Progress]]) -> None:
    root, _, _ = told
    rows = Published(root, LIVE).complete("T2", *SPAN).to_pylist()
    assert {row["quality"] for row in rows if row["value"] is not None} == {"complete"}


def test_a_level_is_that_of_the_limits_and_the_day_before_stands_beside_the_value(
    told: tuple[Path, Bundle, list[Progress]],
) -> None:
    root, definitions, _ = told
    indicator = next(one for one in definitions.indicators if one.id == "T2")
    assert indicator.thresholds is not None
    said = {
        (one.region, one.window_end): one
        for one in Published(root, LIVE).said("indicator = ? AND dims = ''", ["T2"])
    }  # fmt: skip
    rows = ArchiveHistory(root).series(LIVE, "T2", *SPAN, slot="1h", columns=("region", "end", "value", "level"))
    levels = rows.to_pylist()
    assert len(levels) == len(said)
    assert any(row["level"] for row in levels)
    for row in levels:
        value = np.array([row["value"] if row["value"] is not None else np.nan])
        opened = [
            bool(definitions.calendars[one.calendar].is_open(np.array([row["end"] - 1]))[0])
            for one in indicator.thresholds.variants
        ]
        number = int(indicator.thresholds.levels(np.nan_to_num(value), ~np.isnan(value), opened)[0])
        assert row["level"] == (None, "blue", "yellow", "orange", "red")[number]


def test_a_rehearsal_finds_the_windows_and_the_stream_goes_on_behind_them(
    told: tuple[Path, Bundle, list[Progress]],
) -> None:
    root, _, done = told
    past = Past.of(Published(root, LIVE).complete("G9", *SPAN))
    assert list(past.ends) == [MONDAY + at * HOUR for at in range(1, 73)]
    place, exact = recover(root, Strand(LIVE, "completed"), None)
    assert (place, exact) == (Place(f"{NOW}-{len(done)}", 0, 0), True)
