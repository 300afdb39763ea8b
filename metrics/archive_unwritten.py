"""What the archive has not written yet: the newest entries of a life's streams, in the archive's own form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import redis

from metrics import archive_alarms, archive_remarks, archive_rows, keys
from metrics.archive import Strand, every_part
from metrics.archive_rows import Decoder, Observations
from metrics.contract import Contract
from metrics.source import Source
from metrics.stream import order
from metrics.world import World

PAGE = 1_024  # entries of a stream in one reply
_DECODERS: Mapping[str, Decoder] = {
    "values": archive_rows.values, "completed": archive_rows.values, "intake": archive_remarks.remarked,
    "dead": archive_rows.letters, "alarms": archive_alarms.told,
}  # fmt: skip


class Unwritten(Protocol):
    """Who knows what follows the archived parts of a strand."""

    def rows(self, strand: Strand, source: Source | None = None, last: str | None = None) -> pa.Table | None:
        """Its further entries up to `last` (None: all), columns as in the parts; None: none are known. Observations
        need the `source`."""
        ...


class Nothing:
    """Nobody to ask: the archive alone."""

    def rows(self, _strand: Strand, _source: Source | None = None, _last: str | None = None) -> pa.Table | None:
        return None


class Streams:
    """The streams of a world on the server. Raises redis.RedisError."""

    def __init__(self, client: redis.Redis, root: Path, world: World) -> None:
        self._client, self._root, self._world = client, root, world

    def rows(self, strand: Strand, source: Source | None = None, last: str | None = None) -> pa.Table | None:
        """As in Unwritten."""
        if (strand.life.world, strand.life.started_ms) != (self._world.id, self._world.started_ms):
            return None
        after = max((part.last for part in every_part(strand.folder(self._root))), key=order, default="0-0")
        if last is not None and order(last) <= order(after):
            return None
        if strand.kind == "observations":
            assert source is not None  # noqa: S101  # the promise of the caller
            decoder: Decoder = Observations(Contract.from_source(source), self._world.clock)
            key = keys.observations(self._world.id, strand.source, strand.shard)
        else:
            decoder, key = _DECODERS[strand.kind], keys.engine(self._world.id, strand.kind)
        tables = []
        while page := self._page(key, after, last):
            tables.append(decoder(page).table)
            after = page[-1][0].decode()
        return pa.concat_tables(tables) if tables else None

    def _page(self, key: str, after: str, last: str | None) -> list[Any]:
        call: Any = self._client.execute_command
        answer = call("XRANGE", key, f"({after}", last or "+", "COUNT", PAGE) or ()
        pairs = answer.items() if isinstance(answer, dict) else answer
        return [[entry_id, _flat(fields)] for entry_id, fields in pairs]


def _flat(fields: Any) -> list[Any]:
    """Name, value, name, value, ... whichever way the client answers."""
    return [part for pair in fields.items() for part in pair] if isinstance(fields, dict) else list(fields)
