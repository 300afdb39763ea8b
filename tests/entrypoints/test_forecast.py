"""`ioc forecast` as a user meets it: the contract of its files, its exit codes and its answers to bad input."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ioc.entrypoints.cli import app


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["forecast", *map(str, arguments)])


def wide(path: Path, rows: int, first: int = 0, minutes: int = 15, series: tuple[str, ...] = ("r1", "r2")) -> Path:
    """Noise around 30 and 50; the time in the form M/D/YYYY H:MM from 2 March 2015 on, row `first` first."""
    random = np.random.default_rng(1).normal(0, 2, (5_000, 2))[first : first + rows]
    lines = ["date," + ",".join(series)]
    for number in range(rows):
        minute = (first + number) * minutes
        time = f"3/{2 + minute // 1440}/2015 {minute // 60 % 24}:{minute % 60:02d}"
        lines.append(",".join([time, *(f"{base + random[number, at]:.3f}" for at, base in enumerate((30, 50)))]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_row_is_an_origin_and_says_each_series_and_horizon(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = run(wide(tmp_path / "in.csv", 100), "--step", "15m", "--horizon", "4", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    rows = read(out)
    assert list(rows[0]) == ["origin", "series", "horizon", "forecast", "low", "high"]
    assert len(rows) == 100 * 2 * 4
    assert [(row["origin"], row["series"], row["horizon"]) for row in rows[8:13]] == [
        ("2015-03-02T00:15:00+08:00", "r1", "1"),
        ("2015-03-02T00:15:00+08:00", "r1", "2"),
        ("2015-03-02T00:15:00+08:00", "r1", "3"),
        ("2015-03-02T00:15:00+08:00", "r1", "4"),
        ("2015-03-02T00:15:00+08:00", "r2", "1"),
    ]
    assert all(float(row["low"]) <= float(row["forecast"]) <= float(row["high"]) for row in rows)
    assert float(rows[-1]["forecast"]) == pytest.approx(50, abs=3)


def test_a_shorter_file_gives_the_same_rows(tmp_path: Path) -> None:
    long, short = tmp_path / "long.csv", tmp_path / "short.csv"
    run(wide(tmp_path / "a.csv", 120), "--out", long)
    run(wide(tmp_path / "b.csv", 60), "--out", short)
    assert read(long)[: 60 * 8] == read(short)


def test_with_the_older_rows_as_history_the_forecasts_are_those_of_the_whole_file(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole.csv", tmp_path / "parted.csv"
    run(wide(tmp_path / "all.csv", 200), "--out", whole)
    older = wide(tmp_path / "older.csv", 150)
    result = run(wide(tmp_path / "new.csv", 50, first=150), "--history", older, "--out", parted)
    assert result.exit_code == 0
    assert read(parted) == read(whole)[150 * 8 :]


def test_rows_of_the_history_that_are_not_before_the_file_are_ignored_and_that_is_said(tmp_path: Path) -> None:
    plain, overlapping = tmp_path / "plain.csv", tmp_path / "overlapping.csv"
    new = wide(tmp_path / "new.csv", 50, first=150)
    run(new, "--history", wide(tmp_path / "older.csv", 150), "--out", plain)
    result = run(new, "--history", wide(tmp_path / "more.csv", 190), "--out", overlapping)
    assert "忽略 40 行" in result.stderr
    assert read(plain) == read(overlapping)


def test_columns_of_the_history_are_found_by_name(tmp_path: Path) -> None:
    new, older = wide(tmp_path / "new.csv", 20, first=150), wide(tmp_path / "older.csv", 150)
    turned = tmp_path / "turned.csv"
    cells = [line.split(",") for line in older.read_text(encoding="utf-8").splitlines()]
    turned.write_text("".join(f"{time},{second},7,{first}\n" for time, first, second in cells), encoding="utf-8")
    assert run(new, "--history", older, "--out", tmp_path / "one.csv").exit_code == 0
    assert run(new, "--history", turned, "--out", tmp_path / "other.csv").exit_code == 0
    assert read(tmp_path / "one.csv") == read(tmp_path / "other.csv")


def test_a_series_that_the_history_lacks_begins_without_a_past_and_that_is_said(tmp_path: Path) -> None:
    new = wide(tmp_path / "new.csv", 20, first=150)
    result = run(new, "--history", wide(tmp_path / "old.csv", 150, series=("r2", "r3")), "--out", tmp_path / "out.csv")
    assert result.exit_code == 0
    assert "r1" in result.stderr


def test_zero_is_missing_where_it_is_said_to_be(tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text("t,a\n2015-03-02 00:00,40\n2015-03-02 00:15,0.0\n", encoding="utf-8")
    assert run(file, "--missing", "0", "--horizon", "1", "--out", out).exit_code == 0
    assert float(read(out)[1]["forecast"]) == pytest.approx(40, abs=1)


def test_other_steps_are_steps_too(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(wide(tmp_path / "a.csv", 48, minutes=60), "--step", "1h", "--horizon", "6", "--out", out).exit_code == 0
    assert len(read(out)) == 48 * 2 * 6
    assert run(wide(tmp_path / "b.csv", 60, minutes=5), "--step", "15m", "--out", out).exit_code == 0
    assert len(read(out)) == 60 * 2 * 4


@pytest.mark.parametrize(("minutes", "own"), [(60, "1h"), (10, "10m"), (4, "4m")])
def test_a_step_that_is_not_the_files_is_refused_with_the_files_own(tmp_path: Path, minutes: int, own: str) -> None:
    file = wide(tmp_path / "in.csv", 20, minutes=minutes)
    result = run(file, "--step", "15m", "--out", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert f"rows of this file are {own} apart, see row 3; use --step {own}" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


def test_a_history_of_another_step_is_refused(tmp_path: Path) -> None:
    older = wide(tmp_path / "older.csv", 100, minutes=5)
    result = run(wide(tmp_path / "new.csv", 50, first=150), "--history", older, "--out", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "rows of the history are 5m apart, those of FILE 15m" in result.stderr


def test_rows_closer_than_the_step_and_rows_beside_it_are_said(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    minutes = (0, 15, 30, 37, 45, 60, 75, 90)
    lines = ["t,a", *(f"2015-03-02 {at // 60:02d}:{at % 60:02d},1" for at in minutes)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = run(file, "--out", tmp_path / "out.csv")
    assert result.exit_code == 0
    assert "2 行不在步长上" in result.stderr
    assert "the first is row 5" in result.stderr
    assert "3 of them make one step" in run(wide(tmp_path / "b.csv", 9, minutes=5), "--out", tmp_path / "o.csv").stderr


def test_a_single_zero_has_a_wide_interval_and_the_cold_start_is_said(tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text("t,a\n2015-03-02 00:00,0\n", encoding="utf-8")
    result = run(file, "--horizon", "1", "--out", out)
    assert "1 series: their intervals are wide (cold start)" in result.stderr
    assert read(out) == [
        {"origin": "2015-03-02T00:00:00+08:00", "series": "a", "horizon": "1", "forecast": "0", "low": "0", "high": "1"}
    ]


def test_a_hole_in_the_rows_is_no_error(tmp_path: Path) -> None:
    file, out = wide(tmp_path / "in.csv", 100), tmp_path / "out.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(lines[:40] + lines[70:]) + "\n", encoding="utf-8")
    assert run(file, "--out", out).exit_code == 0
    assert read(out)[40 * 8]["origin"] == "2015-03-02T17:30:00+08:00"


def test_years_without_a_known_calendar_are_said(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("t,a\n2999-03-02 00:00,40\n", encoding="utf-8")
    result = run(file, "--out", tmp_path / "out.csv")
    assert result.exit_code == 0
    assert "只按星期判断" in result.stderr


def test_a_wrong_cell_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text("t,a\n2015-03-02 00:00,40\n2015-03-02 00:15,fast\n", encoding="utf-8")
    result = run(file, "--out", out)
    assert result.exit_code == 4
    for part in (str(file), "row 3", "'a'", "number", "fast"):
        assert part in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


def test_files_that_cannot_be_read_or_written_are_exit_4(tmp_path: Path) -> None:
    file = wide(tmp_path / "in.csv", 2)
    assert run(tmp_path / "none.csv", "--out", tmp_path / "out.csv").exit_code == 4
    assert run(file, "--history", tmp_path / "none.csv", "--out", tmp_path / "out.csv").exit_code == 4
    assert run(file, "--out", tmp_path / "no" / "out.csv").exit_code == 4
    (tmp_path / "bytes.csv").write_bytes(b"t,a\n2015-03-02,\xff\xfe\n")
    assert run(tmp_path / "bytes.csv", "--out", tmp_path / "out.csv").exit_code == 4


@pytest.mark.parametrize(
    "arguments", [["--step", "quarter"], ["--step", "0m"], ["--horizon", "0"], ["--horizon", "x"], ["--unknown"]]
)
def test_a_wrong_use_is_exit_2(tmp_path: Path, arguments: list[str]) -> None:
    assert run(wide(tmp_path / "in.csv", 2), "--out", tmp_path / "out.csv", *arguments).exit_code == 2


def test_without_out_it_is_a_wrong_use(tmp_path: Path) -> None:
    assert run(wide(tmp_path / "in.csv", 2)).exit_code == 2


def test_rows_too_dense_for_a_memory_of_a_week_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    rows = [f"2015-03-02T00:00:00.{ms:03d}," + ",".join(["1"] * 200) for ms in range(3)]
    file.write_text("t," + ",".join(f"s{at}" for at in range(200)) + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    result = run(file, "--step", "1m", "--out", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "too dense" in result.stderr
