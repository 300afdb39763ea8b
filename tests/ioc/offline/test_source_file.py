"""Source files: rows of CSV through the contract of a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from ioc.offline.source_file import Rejected, read
from ioc.offline.table_file import UnreadableFile
from metrics.source import Field, Source
from metrics.watermark import BEGINNING

RAIN = Source(
    "rain", "time", "station",
    {
        "time": Field("time", "time"),
        "station": Field("station", "text"),
        "mm": Field("mm", "decimal", scale=1, range=(0, 50), missing=("-999",)),
    },
    {}, future_ms=60_000,
)  # fmt: skip
CASE = Source(
    "case", "changed_at", "case_id",
    {"case_id": Field("case_id", "text"), "changed_at": Field("changed_at", "time"), "org": Field("org", "category")},
    {}, kind="records",
)  # fmt: skip
NINE = 1_717_203_600_000  # 2024-06-01T09:00+08:00


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_rows_keep_the_order_of_the_file_and_nulls_stay_null(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rain.csv",
        "time,station,mm\n2024-06-01T09:00:00+08:00,B,0.25\n2024-06-01 08:00:00,A,\n1717203600000,A,-999.0\n",
    )
    admitted = read(RAIN, path)
    assert admitted.rejected == []
    batch = admitted.batches[0]
    assert batch.time.tolist() == [NINE, NINE - 3_600_000, NINE]
    assert [batch.entities[code] for code in batch.entity] == ["B", "A", "A"]
    assert batch.fields["mm"].values[:1].tolist() == [2]
    assert batch.fields["mm"].known().tolist() == [True, False, False]


def test_a_row_that_breaks_the_contract_is_told_with_its_number_field_and_rule(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rain.csv",
        "station,time,mm\nA,2024-06-01T09:00,1\nA,,1\n,2024-06-01T09:00,1\nA,2024-06-01T09:00,50.1\n\nA,soon,1\n"
        'A,2024-06-01T09:00\nA,2024-06-01T09:00,"1,5"\nA,2024-06-01T10:00,1\n',
    )
    admitted = read(RAIN, path)
    assert [(one.row, one.field, one.rule, one.value) for one in admitted.rejected] == [
        (2, "time", "missing", ""),
        (3, "station", "missing", ""),
        (4, "mm", "range", "50.1"),
        (5, "time", "type", "soon"),
        (6, "", "form", "A,2024-06-01T09:00"),
        (7, "mm", "type", "1,5"),
    ]
    assert sum(batch.rows for batch in admitted.batches) == 2
    assert admitted.counts == {"missing": 2, "range": 1, "type": 2, "form": 1}


def test_every_rejected_row_of_a_long_file_is_told(tmp_path: Path) -> None:
    rows = "\n".join("A,2024-06-01T09:00,99" for _ in range(25_000))
    admitted = read(RAIN, write(tmp_path / "rain.csv", f"station,time,mm\n{rows}\n"))
    assert len(admitted.rejected) == 25_000
    assert admitted.rejected[-1] == Rejected("rain", 25_000, "mm", "range", "99")


def test_nothing_is_in_the_future(tmp_path: Path) -> None:
    admitted = read(RAIN, write(tmp_path / "rain.csv", "station,time,mm\nA,2999-06-01T09:00,1\n"))
    assert admitted.rejected == []


def test_a_missing_column_is_null_and_a_further_one_is_ignored(tmp_path: Path) -> None:
    admitted = read(RAIN, write(tmp_path / "rain.csv", "station,note,time\nA,wet,2024-06-01T09:00\n"))
    assert admitted.ignored == ["note"]
    assert "mm" not in admitted.batches[0].fields


@pytest.mark.parametrize("header", ["station,mm", "time,mm", ""])
def test_without_time_or_entity_a_file_cannot_be_used(tmp_path: Path, header: str) -> None:
    with pytest.raises(UnreadableFile):
        read(RAIN, write(tmp_path / "rain.csv", header))


def test_records_without_change_time_are_known_since_ever(tmp_path: Path) -> None:
    without = read(CASE, write(tmp_path / "a.csv", "case_id,org\n1,police\n"))
    assert without.batches[0].time.tolist() == [BEGINNING]
    empty = read(CASE, write(tmp_path / "b.csv", "case_id,changed_at\n1,\n2,2024-06-01T09:00\n"))
    assert empty.batches[0].time.tolist() == [BEGINNING, NINE]


def test_records_need_their_key(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="case_id"):
        read(CASE, write(tmp_path / "a.csv", "changed_at,org\n2024-06-01T09:00,police\n"))


def test_a_byte_order_mark_and_windows_line_ends_are_no_data(tmp_path: Path) -> None:
    path = tmp_path / "rain.csv"
    path.write_bytes(b"\xef\xbb\xbftime,station,mm\r\n2024-06-01T09:00,A,1\r\n")
    admitted = read(RAIN, path)
    assert (admitted.rejected, admitted.batches[0].rows) == ([], 1)


def test_a_text_that_is_no_utf8_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "rain.csv"
    path.write_bytes(b"time,station,mm\n2024-06-01T09:00,\xff,1\n2024-06-01T09:00,A,1\n")
    admitted = read(RAIN, path)
    assert [(one.row, one.field, one.rule) for one in admitted.rejected] == [(1, "station", "type")]
    assert admitted.batches[0].rows == 1


def test_a_file_of_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read(RAIN, write(tmp_path / "a.csv", "time,station,mm")).batches == []
    assert read(RAIN, write(tmp_path / "b.csv", "time,station,mm\n")).batches == []


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"none\.csv"):
        read(RAIN, tmp_path / "none.csv")
