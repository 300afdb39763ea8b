"""Archived rows as a table for SQL: the same, in the same order, as by batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metrics.archive import Life, Strand
from metrics.archive_evidence import Evidence
from metrics.archive_row_table import archived_rows, archived_table, oldest_ms
from metrics.archive_rows import Observations
from metrics.archive_tail import Tail
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.row_table import row_table
from metrics.stream import Place

NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
LIFE = Life("live")
FIELDS: dict[str, Any] = {
    "time": {"type": "time"}, "road": {"type": "text"}, "n": {"type": "int"}, "x": {"type": "decimal", "scale": 2},
    "b": {"type": "bool"}, "w": {"type": "category", "values": ["a", "c"]}, "at": {"type": "time"},
    "place": {"type": "point", "datum": "wgs84"}, "holds": {"type": "intervals"},
}  # fmt: skip


def definitions(kind: str = "readings", **more: Any) -> Bundle:
    source: dict[str, Any] = {"kind": kind, "disorder": "0s", "lateness": "1h", "fields": {**FIELDS, **more}}
    source |= {"time": "time", "entity": "road"} if kind == "readings" else {"key": "road", "changed": "time"}
    return load({"v": 1, "hash": "x", "sources": {"s": source}, "indicators": []})


def entry(id_: str, **fields: str) -> list[Any]:
    return [id_.encode(), [part.encode() for pair in fields.items() for part in pair]]


FULL = {"n": "7", "x": "1.25", "b": "true", "w": "a", "at": "2024-06-01 12:00:01", "place": "114.1 22.5",
        "holds": "2024-06-01 12:00:00/2024-06-01 13:00:00;2024-06-02 00:00:00/"}  # fmt: skip


def archive(root: Path, bundle: Bundle, entries: list[Any], shard: int = 0) -> None:
    """Two parts of a shard."""
    strand = Strand(LIFE, "observations", "s", shard)
    tail = Tail(root, strand, Observations(Contract.from_source(bundle.sources["s"])), Place("0-0"))
    for half in (entries[: len(entries) // 2], entries[len(entries) // 2 :]):
        tail.receive(half)
        tail.write()


@pytest.mark.parametrize("kind", ["readings", "records"])
@pytest.mark.parametrize("declared_later", [False, True], ids=["as archived", "another scale since"])
def test_it_is_the_table_of_the_batches(tmp_path: Path, kind: str, declared_later: bool) -> None:
    bundle = definitions(kind)
    archive(tmp_path, bundle, [
        entry("1-0", k="A", t=str(NOON), **FULL), entry("3-0", k="B", t=str(NOON - 5), w="c"),
        entry("5-0", k="A", t=str(NOON), n="8"), entry("9-1", k="C", t=str(NOON + 9), **(FULL | {"w": "c"})),
    ])  # fmt: skip
    archive(tmp_path, bundle, [entry("2-0", k="D", t=str(NOON + 1), x="-0.5"), entry("9-0", k="E", t=str(NOON))], 1)
    if declared_later:
        bundle = definitions(kind, x={"type": "decimal", "scale": 3})
    evidence, source = Evidence(tmp_path, LIFE), bundle.sources["s"]
    expected = row_table(source, [evidence.everything(source).batch], bundle.regions, None)
    found = archived_table(evidence, source, bundle.regions, None)
    assert found is not None
    assert found.select(expected.column_names).to_pylist() == expected.to_pylist()
    assert [row["road"] for row in found.to_pylist()] == ["A", "D", "B", "A", "E", "C"]
    assert [row["n"] for row in found.to_pylist()] == [7, None, None, 8, None, 7]


def test_of_readings_those_of_the_span_of_records_all(tmp_path: Path) -> None:
    for kind, roads in (("readings", ["B"]), ("records", ["A", "B", "C"])):
        root, bundle = tmp_path / kind, definitions(kind)
        archive(root, bundle, [entry(f"{at}-0", k=k, t=str(NOON + at)) for at, k in enumerate("ABC", 1)])
        evidence = Evidence(root, LIFE)
        found = archived_table(evidence, bundle.sources["s"], bundle.regions, None, (NOON + 2, NOON + 3))
        assert found is not None
        assert found["road"].to_pylist() == roads
        assert (archived_rows(evidence, "s"), oldest_ms(evidence, ["s"])) == (3, NOON + 1)


def test_a_source_of_which_nothing_is_archived_has_no_table(tmp_path: Path) -> None:
    bundle = definitions()
    assert archived_table(Evidence(tmp_path, LIFE), bundle.sources["s"], bundle.regions, None) is None
