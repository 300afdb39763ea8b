"""A wide recording becomes rows; a bad cell is named by row, column and rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ioc.entrypoints.replay import load
from ioc.packs.bundle import build
from ioc.sources.recording import Recording, RecordingError, read

RECORDING: dict[str, Any] = {
    "source": "traffic", "variant": "recorded", "form": "wide", "value": "speed", "missing": ["0"],
    "time": {"column": "date", "format": "%m/%d/%Y %H:%M"}, "constants": {"vehicles": 1},
}  # fmt: skip
SOURCE: dict[str, Any] = {
    "fields": {
        "speed": {"type": "decimal", "scale": 2, "range": [0, 150], "missing": ["0"]},
        "vehicles": {"type": "int"},
    }
}


def wide(*lines: str) -> Recording:
    return read([line + "\n" for line in lines], RECORDING, SOURCE, {"a", "b"})


def fault(*lines: str) -> tuple[int, str, str]:
    with pytest.raises(RecordingError) as caught:
        wide(*lines)
    return caught.value.row, caught.value.column, caught.value.rule


def test_each_cell_becomes_a_row_with_the_time_of_shanghai() -> None:
    recording = wide("date,a,b", "1/1/2015 0:00,8.471971271,0", "1/1/2015 0:15,12.5,31")
    rows = recording.rows(recording.instants, np.array([0, 1]))
    # 2014-12-31T16:00:00Z and a quarter of an hour later
    assert rows.time.tolist() == [1_420_041_600_000, 1_420_041_600_000, 1_420_042_500_000, 1_420_042_500_000]
    assert [rows.entity.dictionary[code] for code in rows.entity.values] == ["a", "b", "a", "b"]
    speed = rows.fields["speed"]
    assert speed.scale == 2
    assert speed.values.tolist() == [847, 0, 1250, 3100]
    assert speed.valid is not None
    assert speed.valid.tolist() == [True, False, True, True]
    assert rows.fields["vehicles"].values.tolist() == [1, 1, 1, 1]


def test_rounding_is_half_to_even_from_the_text() -> None:
    recording = wide("date,a,b", "1/1/2015 0:00,8.125,8.135")
    assert recording.values.tolist() == [[812, 814]]


def test_zero_in_any_notation_and_an_empty_cell_are_no_reading() -> None:
    recording = wide("date,a,b", "1/1/2015 0:00,0.0,", "1/1/2015 0:15,0.001,00")
    assert recording.valid.tolist() == [[False, False], [True, False]]


def test_a_cell_that_is_no_number() -> None:
    assert fault("date,a,b", "1/1/2015 0:00,1,2", "1/1/2015 0:15,3,fast") == (3, "b", "number")


def test_a_cell_beyond_the_range_of_the_field() -> None:
    assert fault("date,a,b", "1/1/2015 0:00,1,150.01") == (2, "b", "range")


def test_a_time_of_another_notation() -> None:
    assert fault("date,a,b", "2015-01-01 00:00,1,2") == (2, "date", "time")


def test_a_row_that_is_too_short() -> None:
    assert fault("date,a,b", "1/1/2015 0:00,1") == (2, "b", "columns")


def test_instants_out_of_order() -> None:
    assert fault("date,a,b", "1/1/2015 0:15,1,2", "1/1/2015 0:15,1,2") == (3, "date", "order")


def test_a_column_that_the_registry_does_not_know() -> None:
    assert fault("date,a,c", "1/1/2015 0:00,1,2") == (1, "c", "entity")


def test_two_columns_of_one_name() -> None:
    assert fault("date,a,a", "1/1/2015 0:00,1,2") == (1, "a", "header")


def test_a_file_without_time_column_or_rows() -> None:
    assert fault("day,a,b", "1/1/2015 0:00,1,2") == (1, "date", "header")
    assert fault("date,a,b") == (2, "", "empty")


def test_the_real_recording_of_luohu(shared_data: Path) -> None:
    file = shared_data / "luohu_roads" / "speed_2015-01-01_to_24.csv"
    recording = load(file, build(), "taxi_speeds")
    assert recording.values.shape == (2304, 40)
    assert int(recording.instants[0]) == 1_420_041_600_000  # 2014-12-31T16:00:00Z
    assert set(np.diff(recording.instants).tolist()) == {900_000}
    zeros = sum(line.rstrip("\n").split(",")[1:].count("0") for line in file.read_text().splitlines()[1:])
    assert int((~recording.valid).sum()) == zeros > 5_000
    assert recording.values[0, 0] == 847  # 8.471971271
