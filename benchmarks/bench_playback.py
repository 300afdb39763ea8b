"""Going to a moment of the past, as known then and as known now, beside the same question asked of the files alone.

Run: `python -m benchmarks playback [--quick | --full]`. An archive of so many days is written (series x windows of five
minutes, a part a day, as the archiver merges them); then random moments are gone to. The floor is one DuckDB query for
the newest window of each series in the day before the moment, on the very same parts, which is what one would write
without the standings. Then the map of the same moments: 40,000 things that stand and 500 units that move each minute,
beside one bare DuckDB read of the files of that day. `IOC_BENCH_ARCHIVE=DIR` asks an archive that is there instead
(the world `live`, with standings and tenures made).
"""

from __future__ import annotations

import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.size import sized
from metrics.archive import Life, Strand, day_of, every_part, in_force, part_path
from metrics.archive_cells import Known, values
from metrics.archive_file import ROW_GROUP, write_slices
from metrics.archive_rows import VALUES, Observations
from metrics.archive_standing import DAY_MS, HOUR_MS, Standings
from metrics.archive_tenures import TENURES, update
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.past import Past
from metrics.past_alarms import PastAlarms
from metrics.past_layers import PastLayers
from metrics.source import Source
from metrics.value_form import pack_each

LIFE = Life("live")
KNOWN: Final[Sequence[Known]] = ("then", "now")
DAYS = sized(2, 3, 90)
SERIES = sized(2_000, 12_000)
STEP_MS = 300_000
MOMENTS = sized(10, 50, 100)
FLOORS = sized(2, 5)
BEGIN = 1_767_196_800_000  # 2026-01-01T00:00:00+08:00
DISTRICT = "440303"


def day(begin: int) -> pa.Table:
    """A day of completed values: every series each five minutes, said half a minute after its end."""
    ends = np.repeat(np.arange(begin + STEP_MS, begin + DAY_MS + 1, STEP_MS), SERIES)
    count = len(ends)
    line = np.tile(np.arange(SERIES), count // SERIES)
    noise = np.random.default_rng(begin % 2**31).normal(0, 5, count)
    said = ends + 30_000

    def text(codes: np.ndarray, texts: Sequence[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(texts), pa.string()))

    regions = [DISTRICT, *(f"{DISTRICT}{at:03d}" for at in range(1, 40))]
    columns = {
        "_ms": said, "_seq": np.zeros(count, np.int64), "_row": line.astype(np.int32),
        "indicator": text(line % 300, [f"I{at}" for at in range(300)]), "version": np.ones(count, np.int32),
        "region": text((line // 300) % len(regions), regions), "dims": text(np.zeros(count), [""]),
        "window_start": ends - STEP_MS, "window_end": ends,
        "value": np.round(50 + 20 * np.sin(ends / DAY_MS * 6.28) + noise, 1),
        "quality": text(np.zeros(count), ["complete"]), "samples": np.full(count, 30),
        "revision": np.zeros(count, np.int32), "level": pa.nulls(count, VALUES.field("level").type),
        "same_time_1d": pa.nulls(count, pa.float64()), "origin": text(np.zeros(count), ["simulated"]),
        "published_at": said, "world_now": said,
        **{name: text(np.zeros(count), ["{}"]) for name in ("positions", "watermarks", "bundle", "basis")},
    }  # fmt: skip
    arrays = [one if isinstance(one, pa.Array) else pa.array(one, spec.type)
              for spec, one in ((spec, columns[spec.name]) for spec in VALUES)]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=VALUES)


def write(root: Path) -> int:
    """The parts of all days, merged as the keeper leaves them; returns the rows."""
    rows, last = 0, "0-0"
    for number in range(DAYS):
        table = day(BEGIN + number * DAY_MS)
        ends = table.column("window_end").to_numpy()
        after, last = last, f"{int(ends[-1]) + 30_000}-0"
        path = part_path(Strand(LIFE, "completed").folder(root), after, last, (int(ends[0]), int(ends[-1])), "00000000")
        slices = [table.slice(at, ROW_GROUP) for at in range(0, table.num_rows, ROW_GROUP)]
        write_slices(path, VALUES, slices, {}, row_group=None)
        rows += table.num_rows
    return rows


def floor(root: Path) -> Callable[[int], int]:
    """One DuckDB query on the parts that may hold the day before the moment."""
    connection = duckdb.connect(config={"threads": 2})
    parts = in_force(every_part(Strand(LIFE, "completed").folder(root)))

    def ask(at: int) -> int:
        named = [str(part.path) for part in parts if part.meets(at - DAY_MS, at + 1)]
        query = """
            SELECT indicator, region, dims, max(window_end) AS window_end, arg_max(value, window_end) AS value,
              arg_max(quality, window_end) AS quality, arg_max(level, window_end) AS level
            FROM read_parquet(?) WHERE window_end > ? AND window_end <= ? GROUP BY ALL"""
        return len(connection.sql(query, params=[named, at - DAY_MS, at]).to_arrow_table())

    return ask


def timed(ask: Callable[[int], int], moments: Sequence[int]) -> str:
    """Median, 99th percentile and greatest, ms."""
    took, cpu, series = [], [], 0
    for at in moments:
        began, spent = time.perf_counter(), time.process_time()
        series = ask(at)
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
    p99, spent99 = (sorted(each)[min(len(each) - 1, int(0.99 * len(each)))] for each in (took, cpu))
    return (
        f"p50 {statistics.median(took):.0f} ms, p99 {p99:.0f} ms, most {max(took):.0f} ms; "
        f"of CPU p50 {statistics.median(cpu):.0f} ms, p99 {spent99:.0f} ms ({series:,} series)"
    )


def seek(past: Past, known: Known) -> Callable[[int], int]:
    """A moment as the process makes it ready for the hash."""
    return lambda at: len(pack_each(values(past.standing(at, known))))


MAP = {
    "v": 1, "hash": "map", "indicators": [],
    "sources": {
        "thing": {
            "kind": "records", "key": "thing", "changed": "changed_at",
            "fields": {"thing": {"type": "text"}, "changed_at": {"type": "time"}, "kind": {"type": "category"},
                       "point": {"type": "point", "datum": "wgs84"}},
        },
        "track": {
            "kind": "readings", "time": "time", "entity": "thing",
            "fields": {"time": {"type": "time"}, "thing": {"type": "text"},
                       "point": {"type": "point", "datum": "wgs84"}},
        },
    },
    "layers": [{"id": "things", "scene": "s", "source": "thing", "moves": "track", "by": "kind"}],
}  # fmt: skip
THINGS, MOVERS, MOVE_MS = 40_000, 500, 60_000


def rows_of(source: Source, at: np.ndarray, who: np.ndarray) -> pa.Table:
    """Observations in the columns of a part: entity `who` at a place of its own and of the time."""
    count = len(at)
    place = np.stack([1_141_000_000 + who * 991 % 600_000, 225_400_000 + (who * 797 + at // 1_000) % 400_000], axis=1)
    names = pa.array([f"E{number}" for number in range(THINGS)])
    columns = {
        "_ms": at + 500, "_seq": np.zeros(count, np.int64), "_row": np.arange(count, dtype=np.int32), "t": at,
        "k": pa.DictionaryArray.from_arrays(pa.array(who.astype(np.int32)), names),
        "kind": pa.array(["lamp"] * count).dictionary_encode(),
        "point": pa.FixedSizeListArray.from_arrays(pa.array(place.reshape(-1)), 2),
    }  # fmt: skip
    schema = Observations(Contract.from_source(source)).schema
    arrays = [one if isinstance(one := columns[spec.name], pa.Array) else pa.array(one) for spec in schema]
    return pa.Table.from_arrays(
        [each.cast(spec.type) for each, spec in zip(arrays, schema, strict=True)], schema=schema
    )


def write_map(root: Path, sources: Mapping[str, Source]) -> None:
    """Everything stands from the first day on; the movers say where they are each minute."""
    last = "0-0"
    for number in range(DAYS):
        begin = BEGIN + number * DAY_MS
        moves = np.repeat(np.arange(begin, begin + DAY_MS, MOVE_MS), MOVERS)
        tables = {"track": rows_of(sources["track"], moves, np.tile(np.arange(MOVERS), len(moves) // MOVERS))}
        if not number:
            tables["thing"] = rows_of(sources["thing"], np.full(THINGS, begin), np.arange(THINGS))
        after, last = last, f"{begin + DAY_MS}-0"
        for name, table in tables.items():
            folder = Strand(LIFE, "observations", name).folder(root)
            path = part_path(folder, after, last, (begin, begin + DAY_MS), "00000000")
            write_slices(path, table.schema, [table], {})


def map_of(root: Path) -> Bundle:
    """The definitions of an archive that is there, or those of the written map."""
    stored = sorted((root / "bundles").glob("*.json"))
    return load(json.loads(stored[-1].read_text()) if stored else MAP)


def bare(root: Path) -> Callable[[int], int]:
    """What stood at a moment by one plain DuckDB read of the day's files; nothing is judged or packed."""
    connection = duckdb.connect(config={"threads": 2})

    def ask(at: int) -> int:
        files = [max(one for one in folder.glob("*.now.parquet") if one.name[:10] <= day_of(at))
                 for folder in sorted((LIFE.folder(root) / TENURES).iterdir())]  # fmt: skip
        query = 'SELECT * FROM read_parquet(?, union_by_name = true) WHERE "from" <= ? AND until > ? AND shown'
        return len(connection.sql(query, params=[[str(one) for one in files], at, at]).to_arrow_table())

    return ask


def seek_map(root: Path, bundle: Bundle, known: Known, kept: dict[str, dict[int, bytes]]) -> Callable[[int], int]:
    """The rows of all layers as they go into the hashes. Another day each time: nothing of it is held."""
    return lambda at: sum(map(len, PastLayers(root, LIFE, known, bundle, kept).standing(at).values()))


def seek_all(root: Path, bundle: Bundle, known: Known, kept: dict[str, dict[int, bytes]]) -> Callable[[int], int]:
    """Values, alarms and map."""
    past, alarms, layers = Past(root, LIFE), PastAlarms(root, LIFE), seek_map(root, bundle, known, kept)
    return lambda at: seek(past, known)(at) + len(alarms.standing(at, known)) + layers(at)


def main() -> None:
    given = os.environ.get("IOC_BENCH_ARCHIVE")
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        root = Path(given or home)
        if not given:
            began = time.perf_counter()
            rows = write(root)
            print(f"{DAYS} days, {rows / 1e6:.1f} M values, written in {time.perf_counter() - began:.0f} s", flush=True)
            began, made, standings = time.perf_counter(), 0, Standings(root, LIFE, [DISTRICT])
            while days := standings.update():
                made += len(days)
            size = sum(path.stat().st_size for path in (LIFE.folder(root) / "standing").iterdir())
            print(f"standings of {made} days in {time.perf_counter() - began:.0f} s, {size / 1e6:.0f} MB", flush=True)
            write_map(root, map_of(root).sources)
            began, made = time.perf_counter(), 0
            while some := update(root, LIFE, map_of(root)):
                made += some
            print(f"tenures of {made} days of a source in {time.perf_counter() - began:.0f} s", flush=True)
        past, bundle = Past(root, LIFE), map_of(root)
        span = past.span()
        assert span is not None
        draw = random.Random(440303)
        moments = [draw.randint(span[0], span[1]) for _ in range(MOMENTS)]
        seek(past, "now")(moments[0])  # modules are loaded once
        print(f"span {(span[1] - span[0]) / DAY_MS:.1f} days; {MOMENTS} random moments")
        for known in KNOWN:
            print(f"as known {known:<5} {timed(seek(past, known), moments)}", flush=True)
        lines = timed(lambda at: past.lines(at, "now", 49 * HOUR_MS, [DISTRICT]).num_rows, moments[: MOMENTS // 4])
        print(f"49 h of trends {lines.replace('series', 'points')}", flush=True)
        kept: dict[str, dict[int, bytes]] = {}
        seek_map(root, bundle, "now", kept)(moments[0])  # as in a process that has shown a map before
        for known in KNOWN:
            print(f"map, known {known:<5} {timed(seek_map(root, bundle, known, kept), moments)}", flush=True)
            print(f"all, known {known:<5} {timed(seek_all(root, bundle, known, kept), moments)}", flush=True)
        print(f"bare DuckDB    {timed(bare(root), moments)}", flush=True)
        if in_force(every_part(Strand(LIFE, "completed").folder(root))):
            print(f"DuckDB alone   {timed(floor(root), moments[:FLOORS])}", flush=True)


if __name__ == "__main__":
    main()
