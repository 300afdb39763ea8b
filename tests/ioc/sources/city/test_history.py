"""Weeks of the city in the archive, before its stream begins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ioc.sources.city import history
from ioc.sources.city.city import City
from ioc.sources.city.history import LIVE, THINNED, NotEmpty, write
from metrics.archive import Strand
from metrics.archive_evidence import Evidence
from metrics.archive_ledger import lock, places
from metrics.archive_tail import recover
from metrics.definition import load
from metrics.stream import Place
from tests.ioc.sources.city.whole import HOUR, MONDAY, bundle

pytestmark = pytest.mark.long

DAY = 24 * HOUR
NOW = MONDAY + 40 * DAY


def narrow() -> dict[str, Any]:
    """Definitions with roads only."""
    whole = bundle()
    return {**whole, "sources": {"traffic": whole["sources"]["traffic"]}, "indicators": [], "layers": []}


def roads() -> City:
    return City(narrow(), seed=7, intervals=THINNED)


def test_readings_are_thinned_to_their_declared_period_and_are_those_of_the_stream(tmp_path: Path) -> None:
    written = write(tmp_path, roads(), load(narrow()), (MONDAY, MONDAY + 2 * DAY), at_ms=NOW)
    count = len(bundle()["registries"]["roads"])
    assert written == 2 * 288 * count
    source = load(narrow()).sources["traffic"]
    kept = Evidence(tmp_path, LIVE).everything(source, MONDAY, MONDAY + 2 * DAY).batch
    assert kept.rows == pytest.approx(written, abs=count)
    every = City(narrow(), seed=7).models["traffic"].rows(MONDAY, MONDAY + HOUR)
    assert every is not None
    sent = {
        (time, every.entity.dictionary[code]): speed
        for time, code, speed in zip(
            every.time.tolist(), every.entity.values.tolist(), every.fields["speed"].values.tolist(), strict=True
        )
    }
    assert kept.entities is not None
    told = zip(kept.time.tolist(), kept.entity.tolist(), kept.fields["speed"].values.tolist(), strict=True)
    first = [(time, kept.entities[code], speed) for time, code, speed in told if MONDAY < time <= MONDAY + HOUR]
    assert len(first) == 12 * count
    assert all(sent[time, road] == speed for time, road, speed in first)


def test_the_archive_goes_on_behind_it_with_a_stream_of_which_nothing_was_read(tmp_path: Path) -> None:
    write(tmp_path, roads(), load(narrow()), (MONDAY, MONDAY + DAY), at_ms=NOW)
    strand = Strand(LIVE, "observations", "traffic")
    place, exact = recover(tmp_path, strand, places(tmp_path, LIVE)[strand.name])
    assert place is not None
    assert place.id.startswith(f"{NOW}-")
    assert (place, exact) == (Place(place.id, 0, 0), True)


def test_a_history_comes_before_all_observations_and_beside_no_archiver(tmp_path: Path) -> None:
    from metrics.archive_ledger import ArchiveInUse

    write(tmp_path, roads(), load(narrow()), (MONDAY, MONDAY + HOUR), at_ms=NOW)
    with pytest.raises(NotEmpty, match="traffic"):
        write(tmp_path, roads(), load(narrow()), (MONDAY, MONDAY + HOUR), at_ms=NOW)
    with lock(tmp_path / "other"), pytest.raises(ArchiveInUse):
        write(tmp_path / "other", roads(), load(narrow()), (MONDAY, MONDAY + HOUR), at_ms=NOW)


def test_records_begin_with_what_stands_and_events_come_whole(tmp_path: Path) -> None:
    whole = bundle()
    both = {
        **whole,
        "sources": {name: whole["sources"][name] for name in ("hall", "ticket")},
        "indicators": [],
        "layers": [],
    }
    city = City(both, seed=7, intervals=THINNED)
    found: dict[str, int] = {}
    write(
        tmp_path, city, load(both), (MONDAY, MONDAY + DAY), at_ms=NOW,
        told=lambda one: found.update({one.source: one.rows}),
    )  # fmt: skip
    tickets = City(both, seed=7).models["ticket"].rows(MONDAY, MONDAY + DAY)
    assert tickets is not None
    assert found == {"hall": 94, "ticket": len(tickets)}


def test_ninety_days_of_all_sources_are_at_most_fifty_million_rows() -> None:
    city = City(bundle(), intervals=THINNED)
    day = 0
    for model in city.models.values():
        if model.per_s < 5:
            rows = model.rows(MONDAY, MONDAY + DAY)
            day += 0 if rows is None else len(rows)
        else:
            day += int(model.per_s * 86_400)
    assert 90 * day < 50_000_000
    assert set(THINNED) >= {name for name, model in city.models.items() if model.per_s > 3}


def test_the_command_refuses_an_archive_that_is_in_use(tmp_path: Path) -> None:
    with lock(tmp_path / "archive"):
        done = subprocess.run(
            [sys.executable, "-m", "ioc.entrypoints.cli", "city", "history", "--days", "1"],
            env={"IOC_DATA_DIR": str(tmp_path), "PYTHONPATH": str(Path(history.__file__).parents[3])},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert "another archiver writes here" in done.stderr
