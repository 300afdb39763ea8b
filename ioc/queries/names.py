"""The names of entities, as the registers of a world say them: what a screen says instead of an id.

A register is a static registry of the bundle, or a source of records: its newest versions are read from the archive,
which holds them for as long as the entity is known.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from metrics.archive import Life
from metrics.archive_observations import Wanted, relation

KEPT_MS: Final = 30_000  # who asks again sooner is told the same
Named = tuple[str, str]  # Chinese, English; the Chinese one where there is no English


class Names:
    """Thread-safe; keeps each register for KEPT_MS."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._read: dict[tuple[Life, str], tuple[int, Mapping[str, Named]]] = {}

    def of(
        self, bundle: Mapping[str, Any], life: Life, register: str, values: Sequence[str], now_ms: int
    ) -> dict[str, Named]:
        """Value -> its names, of those that the register knows."""
        if register in bundle["registries"]:
            rows = {row["id"]: row for row in bundle["registries"][register]}
            return {
                value: (rows[value]["zh"], rows[value].get("en", rows[value]["zh"]))
                for value in values
                if "zh" in rows.get(value, {})
            }
        known = self._register(life, register, now_ms)
        return {value: known[value] for value in values if value in known}

    def _register(self, life: Life, source: str, now_ms: int) -> Mapping[str, Named]:
        with self._lock:
            at, known = self._read.get((life, source), (-KEPT_MS, {}))
            if now_ms - at >= KEPT_MS:
                known = registered(self._archive, life, source)
                self._read[life, source] = now_ms, known
            return known


def registered(archive: Path, life: Life, source: str) -> dict[str, Named]:
    """Entity -> its names by its newest version; entities without a name are left out."""
    with duckdb.connect() as connection:
        rows = relation(connection, archive, Wanted(life, source))
        columns = set(rows.columns)
        if "zh" not in columns:
            return {}
        english = "en" if "en" in columns else "NULL::VARCHAR"
        newest = rows.aggregate(
            f"k, arg_max(zh, (t, _ms, _seq, _row)) AS zh, arg_max({english}, (t, _ms, _seq, _row)) AS en", "k"
        )
        return {key: (zh, en or zh) for key, zh, en in newest.fetchall() if zh}
