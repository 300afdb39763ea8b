"""The readings that the stream benchmarks count: one file, from which streams are filled and which the peers read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import redis

from metrics.codec import RawColumn, pack

ROADS, PER_S = 200, 10_000  # roads, and readings per second of event time of all of them
NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00, ms UTC
ROWS = 1000  # readings of a packed entry
NAMES = [f"R{road:04d}" for road in range(ROADS)]
COLUMNS = ["t", "k", "speed", "vehicles"]
_PART = 1_000_000
_PLAIN = 10_000  # entries that are sent together


def readings(first: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Times (ms), roads (codes), speeds (hundredths of km/h) and vehicles: one road after the other, evenly in time."""
    index = np.arange(first, first + count, dtype=np.int64)
    return NOON + index * 1000 // PER_S, (index % ROADS).astype("<i4"), index * 7919 % 14_900 + 1, index * 31 % 40


def end_of(rows: int) -> int:
    """The first millisecond behind so many readings."""
    return NOON + rows * 1000 // PER_S


def within(start: int, end: int, road: int, rows: int) -> int:
    """How many of the first `rows` readings a road has in [start, end)."""
    first = max(0, (start - NOON) * PER_S // 1000)
    last = min(rows, (end - NOON) * PER_S // 1000)
    return max(0, -(-(last - road) // ROADS)) - max(0, -(-(first - road) // ROADS))


def write(path: Path, rows: int) -> None:
    """The first `rows` readings as a Parquet file."""
    names = pa.array(NAMES, pa.string())
    schema = pa.schema({"t": pa.int64(), "k": pa.dictionary(pa.int32(), pa.string()), "speed": pa.int64(),
                        "vehicles": pa.int64()})  # fmt: skip
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for first in range(0, rows, _PART):
            times, roads, speeds, vehicles = readings(first, min(_PART, rows - first))
            coded = pa.DictionaryArray.from_arrays(pa.array(roads), names)
            writer.write_table(pa.table([pa.array(times), coded, pa.array(speeds), pa.array(vehicles)], schema=schema))


def batches(path: Path, rows: int, size: int, columns: list[str] | None = None) -> Iterator[Any]:
    """The first `rows` readings of the file as Arrow batches of at most `size`."""
    left = rows
    for batch in pq.ParquetFile(path, read_dictionary=["k"]).iter_batches(size, columns=columns or COLUMNS):
        yield batch.slice(0, left)
        left -= len(batch)
        if left <= 0:
            return


def fill_packed(client: redis.Redis, key: str, path: Path, rows: int) -> None:
    """The first `rows` readings as packed entries."""
    pipeline = client.pipeline(transaction=False)
    for number, batch in enumerate(batches(path, rows, ROWS)):
        times, roads, speeds, vehicles = batch.columns
        columns = {
            "t": RawColumn("int", times.to_numpy()),
            "k": RawColumn("coded", roads.indices.to_numpy(), dictionary=roads.dictionary.to_pylist()),
            "speed": RawColumn("fixed", speeds.to_numpy(), scale=2),
            "vehicles": RawColumn("int", vehicles.to_numpy()),
        }
        pipeline.execute_command("XADD", key, "*", "p", pack(columns, len(batch)))
        if number % 200 == 199:
            pipeline.execute()
    pipeline.execute()


def fill_plain(client: redis.Redis, key: str, path: Path, rows: int) -> None:
    """The first `rows` readings as an entry each."""
    pipeline = client.pipeline(transaction=False)
    for batch in batches(path, rows, _PLAIN):
        for time_ms, road, speed, vehicles in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            pipeline.execute_command(
                "XADD", key, "*", "t", time_ms, "k", road, "speed", f"{speed / 100:.2f}", "vehicles", vehicles
            )
        pipeline.execute()
