"""`ioc detect`: its files, its answers, its exit codes."""

import csv
from datetime import datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from ioc.entrypoints.cli import app

HEADER = ["timestamp", "value", "expected", "low", "high", "score", "alarm"]


def run(*arguments):
    return CliRunner().invoke(app, ["detect", *map(str, arguments)])


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def series(rows=400, seed=3):
    values = np.random.default_rng(seed).normal(10, 1, rows).round(3)
    start = datetime(2026, 3, 1)  # noqa: DTZ001 - a text without offset is Shanghai time
    return [((start + timedelta(minutes=5 * row)).isoformat(sep=" "), str(value)) for row, value in enumerate(values)]


@pytest.fixture
def files(tmp_path):
    def write(rows, header="timestamp,value"):
        path = tmp_path / "in.csv"
        path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
        return path, tmp_path / "out.csv"

    return write


def test_every_row_is_answered_in_its_order_with_its_own_texts(files):
    rows = series()
    path, out = files(rows)
    answer = run(path, "--out", out)
    assert answer.exit_code == 0, answer.output
    found = rows_of(out)
    assert list(found[0]) == HEADER
    assert [(row["timestamp"], row["value"]) for row in found] == rows


def test_a_spike_has_the_highest_score_and_is_the_alarm(files):
    rows = series()
    rows[300] = (rows[300][0], "90")
    path, out = files(rows)
    assert run(path, "--out", out).exit_code == 0
    found = rows_of(out)
    assert max(range(400), key=lambda row: float(found[row]["score"])) == 300
    assert found[300]["alarm"] == "1"
    assert float(found[300]["high"]) < 90


def test_scores_lie_between_nought_and_one_and_alarms_are_those_from_one_half_up(files):
    rows = series()
    rows[200], rows[300] = (rows[200][0], "1e12"), (rows[300][0], "-1e12")
    path, out = files(rows)
    run(path, "--out", out)
    found = rows_of(out)
    assert all(0.0 <= float(row["score"]) <= 1.0 for row in found)
    assert [row["alarm"] for row in found] == ["1" if float(row["score"]) >= 0.5 else "0" for row in found]


def test_later_rows_change_nothing_of_earlier_ones(files):
    rows = series()
    path, out = files(rows)
    run(path, "--out", out)
    whole = out.read_text(encoding="utf-8").splitlines()
    path, out = files(rows[:250])
    run(path, "--out", out)
    assert out.read_text(encoding="utf-8").splitlines() == whole[:251]


def test_empty_cells_and_nan_are_not_judged(files):
    rows = series()
    rows[300], rows[301] = (rows[300][0], ""), (rows[301][0], "NaN")
    path, out = files(rows)
    assert run(path, "--out", out).exit_code == 0
    found = rows_of(out)
    assert [(row["value"], float(row["score"]), row["alarm"]) for row in found[300:302]] == [
        ("", 0.0, "0"),
        ("NaN", 0.0, "0"),
    ]
    assert found[300]["expected"] != ""


def test_times_that_repeat_or_go_back_are_judged_in_the_order_of_the_file_and_said(files):
    rows = series()
    rows[100], rows[200] = (rows[99][0], rows[100][1]), (rows[50][0], rows[200][1])
    path, out = files(rows)
    answer = run(path, "--out", out)
    assert answer.exit_code == 0
    assert "1 rows are earlier than the row before, 1 equal" in answer.output
    assert [row["timestamp"] for row in rows_of(out)] == [row[0] for row in rows]


def test_a_constant_series_has_no_alarm(files):
    path, out = files([(time, "7") for time, _ in series()])
    assert run(path, "--out", out).exit_code == 0
    assert {row["alarm"] for row in rows_of(out)} == {"0"}


def test_few_rows_are_answered_and_said_to_be_only_learnt_from(files):
    path, out = files(series(rows=3))
    answer = run(path, "--out", out)
    assert answer.exit_code == 0
    assert "only 3 values" in answer.output
    assert [row["score"] for row in rows_of(out)] == ["0.000000000"] * 3


def test_columns_are_found_by_name(files):
    rows = [("x", value, time) for time, value in series(rows=50)]
    path, out = files(rows, header="station,value,timestamp")
    assert run(path, "--out", out).exit_code == 0
    assert rows_of(out)[0]["value"] == rows[0][1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty: 文件没有表头"),
        ("timestamp,value\n", "row 2, 列 column 'timestamp': empty"),
        ("time,value\n2026-01-01 00:00:00,1\n", "column 'timestamp': header"),
        ("timestamp,speed\n2026-01-01 00:00:00,1\n", "column 'value': header"),
        ("timestamp,value\n2026-01-01 00:00:00,1\nyesterday,2\n", "row 3, 列 column 'timestamp': time"),
        ("timestamp,value\n2026-13-01 00:00:00,1\n", "row 2, 列 column 'timestamp': time"),
        ("timestamp,value\n2026-01-01 00:00:00,fast\n", "row 2, 列 column 'value': number"),
        ("timestamp,value\n2026-01-01 00:00:00,inf\n", "row 2, 列 column 'value': number"),
        ("timestamp,value\n2026-01-01 00:00:00\n", "row 2, 列 column 'value': columns"),
    ],
)
def test_what_is_no_series_is_refused_with_row_column_and_rule(tmp_path, text, sentence):
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    answer = run(path, "--out", tmp_path / "out.csv")
    assert answer.exit_code == 4
    assert sentence in answer.output
    assert not (tmp_path / "out.csv").exists()


def test_a_missing_file_exits_with_4(tmp_path):
    answer = run(tmp_path / "none.csv", "--out", tmp_path / "out.csv")
    assert answer.exit_code == 4
    assert "none.csv: 无法读取 cannot be read" in answer.output


def test_bytes_that_are_no_text_exit_with_4(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"timestamp,value\n\xff\xfe\x00,1\n")
    assert run(path, "--out", tmp_path / "out.csv").exit_code == 4


def test_a_folder_that_is_not_there_cannot_be_written_to(files, tmp_path):
    path, _ = files(series(rows=5))
    assert run(path, "--out", tmp_path / "nowhere" / "out.csv").exit_code == 4


def test_the_input_is_not_overwritten(files):
    path, _ = files(series(rows=5))
    assert run(path, "--out", path).exit_code == 2


def test_a_missing_option_is_a_usage_error_and_help_tells_the_columns(files):
    path, _ = files(series(rows=5))
    assert run(path).exit_code == 2
    answer = run("--help")
    assert answer.exit_code == 0
    assert "timestamp,value,expected,low,high,score,alarm" in answer.output.replace("\n", "").replace(" ", "")
