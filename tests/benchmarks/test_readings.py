"""The readings of the stream benchmarks, by which every run is checked."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.readings import NOON, end_of, readings, within, write


@pytest.mark.parametrize(
    ("start", "end"), [(0, 60_000), (59_999, 60_001), (-5_000, 1_000), (69_000, 90_000), (70_000, 80_000)]
)
@pytest.mark.parametrize("road", [0, 57, 199])
def test_the_readings_of_a_road_in_a_window_are_known_without_counting(start, end, road):
    times, roads, _, _ = readings(0, 700_000)
    inside = (times >= NOON + start) & (times < NOON + end) & (roads == road)
    assert within(NOON + start, NOON + end, road, 700_000) == np.count_nonzero(inside)


def test_the_file_holds_the_readings_in_order(tmp_path):
    write(tmp_path / "readings.parquet", 1_200_000)
    table = pq.read_table(tmp_path / "readings.parquet")
    assert table.num_rows == 1_200_000
    assert table.column("t")[1_199_999].as_py() == end_of(1_200_000) - 1
    assert table.column("k")[1_199_999].as_py() == "R0199"
