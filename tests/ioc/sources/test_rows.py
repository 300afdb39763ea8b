"""Rows are cut into entries and shards without losing order or instants."""

from __future__ import annotations

import numpy as np

from ioc.sources.rows import Rows, fixed, rows_of, whole
from metrics import keys
from metrics.codec import RawColumn, coded, decode


def some(times: list[int], entities: list[str]) -> Rows:
    return Rows(
        np.asarray(times, dtype=np.int64),
        coded(entities),
        {"speed": RawColumn("fixed", np.arange(len(times), dtype=np.int64), scale=2)},
    )


def test_an_entry_ends_with_a_whole_instant() -> None:
    rows = some([1, 1, 2, 2, 3], ["a", "b", "a", "b", "a"])
    assert [chunk.time.tolist() for chunk in rows.chunks(3)] == [[1, 1], [2, 2, 3]]


def test_an_instant_longer_than_an_entry_is_cut() -> None:
    rows = some([1, 1, 1, 2], ["a", "b", "c", "a"])
    assert [chunk.time.tolist() for chunk in rows.chunks(2)] == [[1, 1], [1, 2]]


def test_an_entity_always_goes_to_its_own_shard() -> None:
    rows = some([1, 1, 1, 2, 2, 2], ["90217", "90218", "90219", "90217", "90218", "90219"])
    parts = dict(rows.by_shard(2))
    assert sum(len(part) for part in parts.values()) == 6
    first = [parts[0].entity.dictionary[code] for code in parts[0].entity.values]
    assert first == [name for name in ["90217", "90218", "90219"] * 2 if keys.shard_of(name, 2) == 0]
    assert len(dict(rows.by_shard(1))) == 1


def test_a_payload_reads_back_as_it_was_put_in_and_names_only_what_occurs() -> None:
    rows = rows_of(
        1_000,
        ["machine", "valkey"],
        {"process": coded([None, "engine"]), "cpu_pct": fixed([12.345, None], 2), "clients": whole([None, 7])},
    )
    run = decode([[b"1-0", [b"p", rows.payload()]]], ("t", "k", "process", "cpu_pct", "clients")).runs[0]
    assert run.columns["t"].values.tolist() == [1_000, 1_000]
    assert run.columns["k"].dictionary == ["machine", "valkey"]
    assert run.columns["process"].values.tolist() == [-1, 0]
    assert run.columns["cpu_pct"].values.tolist() == [1234, 0]
    assert run.columns["cpu_pct"].valid.tolist() == [True, False]
    one = rows.take(np.array([0]))
    alone = decode([[b"1-0", [b"p", one.payload()]]], ("k", "process", "t")).runs[0]
    assert alone.columns["k"].dictionary == ["machine"]
    assert alone.columns["process"].values.tolist() == [-1]
