"""Rows of every type of field as the archive holds them, and where each stood in its stream."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.archive_rows import Observations, values
from metrics.clock import WorldClock
from metrics.codec import coded, pack
from metrics.contract import Contract
from metrics.definition import load
from metrics.value_form import UnknownValueVersion

NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00


def contract(kind: str = "readings", **fields: Any) -> Contract:
    source: dict[str, Any] = {"kind": kind, "disorder": "0s", "lateness": "1h"}
    source |= {"time": "time", "entity": "road"} if kind == "readings" else {"key": "road", "changed": "time"}
    source["fields"] = {"time": {"type": "time"}, "road": {"type": "text"}, **fields}
    return Contract.from_source(load({"v": 1, "hash": "x", "sources": {"s": source}, "indicators": []}).sources["s"])


def entry(number: int, **fields: str | bytes) -> list[Any]:
    cells = {"k": "LH001", "t": str(NOON)} | fields
    return [f"{NOON}-{number}".encode(), [part if isinstance(part, bytes) else part.encode()
                                          for pair in cells.items() for part in pair]]  # fmt: skip


def test_each_type_has_its_column_and_null_is_null() -> None:
    admit = Observations(contract(
        n={"type": "int"}, x={"type": "decimal", "scale": 2}, b={"type": "bool"},
        w={"type": "category", "values": ["a"]}, at={"type": "time"},
        place={"type": "point", "datum": "wgs84"}, holds={"type": "intervals"},
    ))  # fmt: skip
    full = entry(1, n="7", x="1.25", b="true", w="a", at="2024-06-01 12:00:01", place="114.1 22.5",
                 holds="2024-06-01 12:00:00/2024-06-01 13:00:00;2024-06-02 00:00:00/")  # fmt: skip
    one, nothing = admit([full, entry(2)]).table.to_pylist()
    assert one == {
        "_ms": NOON, "_seq": 1, "_row": 0, "t": NOON, "k": "LH001", "n": 7, "x": 125, "b": True, "w": "a",
        "at": NOON + 1000, "place": [1_141_000_000, 225_000_000],
        "holds": [{"begin": NOON, "end": NOON + 3_600_000}, {"begin": NOON + 12 * 3_600_000, "end": None}],
    }  # fmt: skip
    assert {name for name, cell in nothing.items() if cell is None} == {"n", "x", "b", "w", "at", "place", "holds"}
    assert admit.schema.field("x").metadata == {b"scale": b"2"}


def test_rows_keep_their_place_when_others_are_rejected() -> None:
    admit = Observations(contract(n={"type": "int", "range": [0, 9]}))
    payload = pack({"t": ["i8", NOON.to_bytes(8, "little") * 4], "k": coded(["A", "B", "C", "D"]),
                    "n": ["i8", b"".join(cell.to_bytes(8, "little") for cell in (1, 10, 3, 4))]}, 4)  # fmt: skip
    table = admit([entry(1, n="77"), [b"5-6", [b"p", payload]], entry(9, n="8"), [b"7-0", [b"p", b"\xff"]]]).table
    assert list(zip(*(table[name].to_pylist() for name in ("_ms", "_seq", "_row", "k", "n")), strict=True)) == [
        (5, 6, 0, "A", 1), (5, 6, 2, "C", 3), (5, 6, 3, "D", 4), (NOON, 9, 0, "LH001", 8),
    ]  # fmt: skip


def test_a_record_without_change_time_has_the_worlds_time_of_its_arrival() -> None:
    admit = Observations(
        contract("records", n={"type": "int"}), WorldClock(event_ms=1_000, real_ms=NOON - 500, speed=60.0)
    )
    undated = [f"{NOON}-1".encode(), [b"k", b"LH001", b"n", b"1"]]
    assert admit([undated, entry(2, n="2")]).table["t"].to_pylist() == [31_000, NOON]


def test_entries_without_any_sound_row_are_no_rows() -> None:
    rows = Observations(contract())([[b"1-0", [b"p", b"\xff"]]])
    assert (rows.table.num_rows, rows.span()) == (0, (0, -1))


def test_values_of_another_version_are_refused_by_name() -> None:
    with pytest.raises(UnknownValueVersion, match="version 9"):
        values([[b"1-0", [b"b", b"\x92\x09\x90"]]])
