"""Order in SQL: which rows of a source count, in which order they stand, and what follows each of them."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]

from metrics.definition import Bundle
from metrics.measure import Measure
from metrics.source import Source
from metrics.sql_fold import ORDERED
from metrics.sql_steps import quoted
from metrics.window import Window

EVER: Final = -(2**62)  # change time of a version that was always known
NEVER: Final = 2**62  # end of a version or of a state that nothing followed


def follows(measure: Measure, window: Window) -> bool:
    """Whether a measure asks for the order of rows or, over readings, for the time of the entity's next one."""
    if measure.records or measure.agg in ORDERED:
        return measure.agg in ORDERED
    return measure.agg == "dwell" or (window.kind == "now" and measure.agg != "online")


def followed(bundle: Bundle) -> frozenset[str]:
    """The sources of which some measure does, and the parts of such unions."""
    found: set[str] = set()
    for indicator in bundle.indicators:
        for measure in indicator.measures:
            if follows(measure, measure.window_of(indicator)):
                found |= {measure.source, *bundle.sources[measure.source].union_of}
    return frozenset(found)


def all_different(rows: pa.Table, source: Source) -> bool:
    """Whether no two readings have one identity; False also where this would take as long to find out as to act."""
    if source.indicator_of or not rows.num_rows:
        return True
    identity = source.identity or (source.entity, source.time)
    if set(identity) == {source.entity, source.time}:
        entity = pc.dictionary_encode(rows[source.entity]).combine_chunks()
        entity = entity.combine_chunks() if isinstance(entity, pa.ChunkedArray) else entity
        codes = entity.indices.fill_null(len(entity.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
        times = rows[source.time].fill_null(EVER).to_numpy().astype(np.int64)
        by = np.lexsort((codes, times))
        return not bool(((np.diff(times[by]) == 0) & (np.diff(codes[by]) == 0)).any())
    return len(identity) == 1 and pc.count_distinct(rows[identity[0]], mode="all").as_py() == rows.num_rows


def in_order(raw: str, source: Source) -> str:
    """The readings that count (of one identity the first to arrive), their order, and the time of the next one.

    Only the columns that this needs are sorted; the others are joined to them.
    """
    identity = [quoted(name) for name in source.identity or (source.entity, source.time)]
    once = f" WHERE _seq IN (SELECT min(_seq) FROM {raw} GROUP BY {', '.join(identity)})"
    if source.indicator_of:  # the values of one instant differ in their region
        once = ""
    named = list(dict.fromkeys([quoted(source.time), quoted(source.entity), *identity]))
    how = f"SELECT _seq, {', '.join(named)} FROM {raw}{once}"
    how = f"SELECT *, row_number() OVER (ORDER BY {', '.join([*named, '_seq'])}) AS _order FROM ({how})"
    following = f"lead({quoted(source.time)}) OVER (PARTITION BY {quoted(source.entity)} ORDER BY _order)"
    return f"SELECT _seq, _order, coalesce({following}, {NEVER}) AS _next FROM ({how})"


def versions(rows: str, deleted: str, *, following: bool) -> str:
    """Versions from their change time to the next; of those that change at one time the last to arrive counts.
    `following`: with the place of their key, which has to be sorted for it."""
    later = f"coalesce(lead(_t) OVER (PARTITION BY _e ORDER BY _t, _seq), {NEVER})"
    how = f"SELECT *, {later} AS _next FROM ({rows})"
    gone = f" AND coalesce({quoted(deleted)}, FALSE) = FALSE" if deleted else ""
    how = f"SELECT * FROM ({how}) WHERE _t < _next{gone}"
    return f"SELECT *, {'dense_rank() OVER (ORDER BY _e)' if following else '0::BIGINT'} AS _order FROM ({how})"
