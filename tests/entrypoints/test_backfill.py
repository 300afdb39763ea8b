"""`ioc backfill` and `ioc rehearse` over the archive of a city."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import redis
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from ioc.services import rehearsals
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store
from metrics.archive import Life, every_part, strands
from metrics.archive_compaction import Retention, sweep
from metrics.archive_observations import Wanted, rows
from metrics.archive_recomputed import read
from metrics.archive_taken import taken
from metrics.clock import real_ms
from metrics.value import LEVELS
from metrics.window import DAY_MS
from tests.metrics.voucher_city import MINUTE, NOON, WORLD, live_through

pytestmark = pytest.mark.service
LIFE = Life(WORLD, 7)
NEW = """
[[indicator]]
id = "NEW"
version = 2
valid_from = "2030-01-01T00:00:00+08:00"
source = "traffic"
window = { kind = "tumbling", size = "1m" }
dimensions = ["road"]
formula = "total"
measures = { total = { agg = "sum", field = "vehicles" } }
"""


@pytest.fixture(scope="module")
def home(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with the archive of a city, and an indicator that is not yet in force."""
    home = tmp_path_factory.mktemp("data")
    live_through(valkey_url, home / "archive")
    (home / "new.toml").write_text(NEW)
    yield home
    redis.Redis.from_url(valkey_url).flushall()


def run(home: Path, *arguments: str, to: str = "12:40") -> tuple[int, str]:
    command = [*arguments, "--from", "2024-06-01T11:30", "--to", f"2024-06-01T{to}", "--world", WORLD]
    found = CliRunner().invoke(app, [*command, "--data-dir", str(home)], env={"IOC_REDIS_URL": "unix:///nowhere"})
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.output


def swept(home: Path, root: Path, before_ms: int = 0) -> Path:
    """A copy of the data directory whose observations retention has removed; `before_ms`: only the parts before it."""
    shutil.copytree(home, root, dirs_exist_ok=True)
    for strand in strands(root / "archive", LIFE):
        if strand.kind != "observations":
            continue
        folder = strand.folder(root / "archive")
        for part in every_part(folder) if before_ms else ():
            if part.first_ms >= before_ms:  # as if it had come a month later
                later = folder / "2027-01-01"
                later.mkdir(exist_ok=True)
                part.path.rename(later / part.path.name)
        sweep(root / "archive", strand, real_ms() + 40 * DAY_MS, Retention().keep_ms("observations"))
    return root


def test_over_a_time_whose_rows_have_gone_nothing_is_computed_and_it_says_so(home: Path, tmp_path: Path) -> None:
    away = swept(home, tmp_path)
    code, output = run(away, "backfill", "SUM", to="12:10")
    assert code == 4
    assert "observations/traffic/0: what is up to 2024-06-01T" in output
    assert "nothing was computed" in output
    assert "done" not in output
    assert read(away / "archive", LIFE, ("SUM", 1)).num_rows == 0


def test_windows_behind_what_has_gone_are_computed_and_the_rest_is_named(home: Path, tmp_path: Path) -> None:
    away = swept(home, tmp_path, NOON + 3 * MINUTE)
    code, output = run(away, "backfill", "SUM")
    assert code == 4
    assert "done in part: SUM@1" in output
    ends = read(away / "archive", LIFE, ("SUM", 1)).column("window_end").to_pylist()
    gone = max(taken(away / "archive", one).ms for one in strands(away / "archive", LIFE) if one.source == "traffic")
    assert gone + MINUTE < min(ends) <= gone + 6 * MINUTE  # a window, or what tells that a source is stale
    assert max(ends) == NOON + 40 * MINUTE


def by_pandas(home: Path) -> dict[tuple[str, int], float]:
    """Vehicles per registered road and minute: every archived reading once, late ones too."""
    table = rows(home / "archive", Wanted(LIFE, "traffic")).select(["t", "k", "vehicles"]).to_pandas()
    table = table.drop_duplicates(["t", "k"])
    ends = pd.Series(table.t // MINUTE * MINUTE + MINUTE)
    sums = table.groupby([table.k.astype(str), ends]).vehicles.sum()
    return {(str(road), int(end)): float(total) for (road, end), total in sums.items() if end <= NOON + 40 * MINUTE}


def recomputed(home: Path) -> dict[tuple[str, int], float]:
    found = read(home / "archive", LIFE, ("NEW", 2)).to_pylist()
    split = [one for one in found if one["dims"] and one["region"] in ("440303", "")]  # one road is in no region
    return {(one["dims"].removeprefix("road="), one["window_end"]): one["value"] for one in split}


def test_a_new_indicator_is_filled_from_everything_that_was_archived_and_nothing_published_changes(home: Path) -> None:
    archive = home / "archive" / WORLD / "7"
    before = {path: path.read_bytes() for kind in ("values", "completed") for path in (archive / kind).rglob("*.*")}
    code, output = run(
        home, "backfill", "NEW@2", "--indicators", str(home / "new.toml"), "--out", str(home / "new.csv")
    )
    assert code == 0, output
    assert "100%" in output
    assert recomputed(home) == by_pandas(home)
    assert before == {path: path.read_bytes() for path in before}
    written = list(csv.DictReader((home / "new.csv").open()))
    assert {one["version"] for one in written} == {"2"}
    assert all(one["recomputed_at"] for one in written)


def test_both_programs_fill_alike_and_the_newest_run_counts(home: Path) -> None:
    assert run(home, "backfill", "NEW", "--indicators", str(home / "new.toml"))[0] == 0
    first = read(home / "archive", LIFE, ("NEW", 2)).to_pylist()
    assert run(home, "backfill", "NEW", "--indicators", str(home / "new.toml"), "--engine", "stream")[0] == 0
    second = read(home / "archive", LIFE, ("NEW", 2)).to_pylist()
    at = [one.pop("recomputed_at") for one in first], [one.pop("recomputed_at") for one in second]
    assert first == second
    assert max(at[0]) < min(at[1])


def test_of_few_windows_totals_and_splits_are_both_kept(home: Path) -> None:
    assert run(home, "backfill", "NEW", "--indicators", str(home / "new.toml"), to="12:05")[0] == 0
    found = read(home / "archive", LIFE, ("NEW", 2)).to_pylist()
    newest = max(one["recomputed_at"] for one in found)
    assert {bool(one["dims"]) for one in found if one["recomputed_at"] == newest} == {True, False}


def test_other_thresholds_are_rehearsed_beside_those_of_today(home: Path) -> None:
    code, output = run(home, "rehearse", "P90", "--thresholds", "yellow=1,red=200", "--out", str(home / "alarms.csv"))
    assert code == 0, output
    assert output.startswith("预演 rehearsal  P90@1")
    tallies = list(csv.DictReader((home / "alarms.csv").open()))
    of = {(one["thresholds"], one["region"], one["condition"], one["level"]): one for one in tallies}
    tried = of["rehearsed", "440303", "level", "yellow"]
    assert (tried["raised"], float(tried["minutes"]) > 20) == ("1", True)
    assert not any(one["level"] == "red" for one in tallies if one["thresholds"] == "rehearsed")


def test_what_is_asked_wrongly_is_said_by_exit_code(home: Path) -> None:
    assert run(home, "backfill", "NOSUCH")[0] == 4
    assert run(home, "rehearse", "P90", "--thresholds", "pink=1")[0] == 2
    (home / "wrong.toml").write_text(NEW.replace("vehicles", "wheels"))
    code, output = run(home, "backfill", "NEW", "--indicators", str(home / "wrong.toml"))
    assert code == 3
    assert "wheels" in output


def test_what_was_asked_for_on_the_workbench_is_carried_out_with_the_same_answer(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(home))
    monkeypatch.setenv("IOC_REDIS_URL", "unix:///nowhere")
    store = Store(Settings().sql_url)
    schema.upgrade(store)
    until = NOON + 40 * MINUTE
    ask = {"by": "chen", "now_ms": 1, "until_ms": until}
    wanted = rehearsals.ask(store, WORLD, "P90", "yellow=1,red=200", 1, **ask)
    lacking = rehearsals.ask(store, WORLD, "NOSUCH", "yellow=1", 1, **ask)
    found = CliRunner().invoke(app, ["rehearsals"])
    assert found.exit_code == 0, found.output
    sheet = rehearsals.one(store, wanted.id).sheet
    assert sheet is not None, found.output
    assert (sheet["tried"]["limits"], sheet["from"], sheet["until"]) == (
        {"yellow": 1, "red": 200},
        until - DAY_MS,
        until,
    )
    assert run(home, "rehearse", "P90", "--thresholds", "yellow=1,red=200", "--out", str(home / "alarms.csv"))[0] == 0
    tallies = list(csv.DictReader((home / "alarms.csv").open()))
    for which, side in (("today", "today"), ("rehearsed", "tried")):
        raised = dict.fromkeys(LEVELS, 0)
        for one in tallies:
            if one["thresholds"] == which and one["condition"] == "level":
                raised[one["level"]] += int(one["raised"])
        assert sheet[side]["levels"] == raised
    over = rehearsals.one(store, lacking.id)
    assert (over.state, "no such indicator" in over.why) == ("failed", True)
    store.close()
