"""What the archive keeps however old it is: rows that windows without a beginning still ask for.

Of a source of records each key's newest version stays, of readings that a `now` window reads each entity's last row:
old days are condensed to these. Of readings that an `all` window reads every row stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Part, Strand, day_end, every_part, in_force, part_path
from metrics.archive_evidence import Evidence
from metrics.archive_file import facts_of, write_table
from metrics.definition import Bundle

CONDENSED = "ioc.condensed"  # in a file's description: only the newest row of each key is left of these entries
Lasting = Literal["newest", "rows"]


def lasting(bundle: Bundle) -> Mapping[str, Lasting]:
    """Source -> what of it is asked for however old; sources that are not named are not."""
    found: dict[str, Lasting] = {name: "newest" for name, source in bundle.sources.items() if source.kind == "records"}
    for indicator in bundle.indicators:
        for measure in indicator.measures:
            window, source = measure.window_of(indicator), bundle.sources[measure.source]
            for name in source.union_of or (source.id,):
                if bundle.sources[name].kind == "records":
                    continue
                if window.kind == "all":
                    found[name] = "rows"
                elif window.kind == "now" and window.max_age_ms is None and measure.agg != "online":
                    found.setdefault(name, "newest")
    return found


def condense(root: Path, strand: Strand, now_ms: int, keep_ms: int) -> int:
    """Leave of the days that are older than `keep_ms` the newest row of each key; returns how many parts were made.
    The parts that a condensed one has taken in are superseded, and go as merged ones do."""
    old = [
        part for part in in_force(every_part(strand.folder(root))) if day_end(part.path.parent.name) + keep_ms <= now_ms
    ]
    made = 0
    evidence: Evidence | None = None
    for run in _runs(old):
        if len(run) == 1 and CONDENSED in facts_of(run[0].path):
            continue
        evidence = evidence or Evidence(root, strand.life)
        _condense(root, strand, run, evidence)
        made += 1
    return made


def is_condensed(part: Part) -> bool:
    """Whether rows of this part's entries have gone."""
    return CONDENSED in facts_of(part.path)


def _runs(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Neighbours of one form."""
    for _, run in groupby(parts, key=lambda part: part.form):
        yield list(run)


def _condense(root: Path, strand: Strand, run: Sequence[Part], evidence: Evidence) -> None:
    schema = pq.read_schema(run[0].path)
    tables = [pq.read_table(part.path).cast(schema.remove_metadata()) for part in run]
    table = pa.concat_tables(tables).sort_by([(name, "ascending") for name in ("_ms", "_seq", "_row")])
    keep, time = evidence.judge(strand.source, strand.shard, table)
    keys = table.column("k").combine_chunks().dictionary_encode() if table.num_rows else None
    if keys is not None:
        table = table.set_column(table.column_names.index("t"), "t", pa.array(time, pa.int64()))
        keep &= _newest(_codes(keys), time, keep)
    table = table.filter(pa.array(keep)).cast(schema.remove_metadata())
    table = table.replace_schema_metadata(None).cast(schema)
    span = min(part.first_ms for part in run), max(part.last_ms for part in run)
    path = part_path(strand.folder(root), run[0].after, run[-1].last, span, run[0].form)
    facts = {name: text for name, text in facts_of(run[-1].path).items() if name in ("ioc.read", "ioc.added")}
    write_table(path, table, facts | {CONDENSED: "1"})


def _codes(keys: pa.DictionaryArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = keys.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _newest(
    keys: np.ndarray[tuple[int], np.dtype[np.int64]],
    times: np.ndarray[tuple[int], np.dtype[np.int64]],
    counted: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows as new as the newest of their key that counted."""
    tops = np.full(int(keys.max(initial=-1)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(tops, keys[counted], times[counted])
    return times >= tops[keys]
