"""Archived alarm events: one row each as they were told, and read back each once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.alarm_event import AlarmEvent
from metrics.archive import Life, Strand, every_part, in_force
from metrics.archive_rows import PLACE, TEXT, Entries, Rows
from metrics.stream import order

_WORDS = ("indicator", "region", "dims", "condition", "kind", "level_before", "level_after", "quality", "origin")
ALARMS: Final = pa.schema([
    *PLACE, pa.field("id", pa.string()), pa.field("fingerprint", pa.string()),
    *(pa.field(name, TEXT) for name in _WORDS),
    *(pa.field(name, pa.int32()) for name in ("version", "number", "revision")), pa.field("samples", pa.int64()),
    *(pa.field(name, pa.float64()) for name in ("value", "z", "limit")),
    *(pa.field(name, pa.int64()) for name in ("window_start", "window_end", "at", "begun")),
    pa.field("event", pa.string()),
])  # fmt: skip
"""`dims` is `name=value,...` as in the series id; `event` is the whole event as it was told (JSON)."""


def told(entries: Entries) -> Rows:
    """Alarm events, one row each; their span is that of `at`. Raises UnknownAlarmEventVersion, ValueError."""
    ids = np.array([order(entry_id.decode("latin-1")) for entry_id, _ in entries], np.int64).reshape(-1, 2)
    texts = [_event(dict(zip(raw[::2], raw[1::2], strict=True))) for _, raw in entries]
    events = [AlarmEvent.from_json(text) for text in texts]
    columns: list[pa.Array] = [pa.array(ids[:, 0]), pa.array(ids[:, 1]), pa.array(np.zeros(len(ids), np.int32))]
    for spec in list(ALARMS)[len(PLACE) :]:
        if spec.name == "event":
            cells: list[Any] = texts
        elif spec.name == "dims":
            cells = [",".join(f"{name}={text}" for name, text in one.dims) for one in events]
        else:
            cells = [getattr(one, spec.name) for one in events]
        column = pa.array(cells, pa.string() if spec.type == TEXT else spec.type)
        columns.append(column.dictionary_encode() if spec.type == TEXT else column)
    return Rows(pa.Table.from_arrays(columns, schema=ALARMS), "at")


def events(
    root: Path, life: Life, from_ms: int = -(2**62), until_ms: int = 2**62, fresh: pa.Table | None = None
) -> list[AlarmEvent]:
    """What was told with `at` in [from, until), each event once, in the order in which it was told. `fresh`: what the
    archive has not written yet (`metrics.archive_unwritten`)."""
    strand = Strand(life, "alarms")
    parts = [part for part in in_force(every_part(strand.folder(root))) if part.meets(from_ms, until_ms)]
    tables = [pq.read_table(part.path, columns=["id", "at", "event"]) for part in parts]
    tables += [] if fresh is None else [fresh.select(["id", "at", "event"])]
    found: dict[str, AlarmEvent] = {}
    for table in tables:
        inside = pc.and_(pc.greater_equal(table.column("at"), from_ms), pc.less(table.column("at"), until_ms))
        mine = table.filter(inside)
        for name, text in zip(mine.column("id").to_pylist(), mine.column("event").to_pylist(), strict=True):
            found.setdefault(name, AlarmEvent.from_json(text))
    return list(found.values())


def _event(table: Mapping[bytes, bytes]) -> str:
    return table[b"e"].decode()
