"""Where a source left off: what it noted itself, and the newest event time that its streams or the engine have seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from metrics import keys
from metrics.codec import decode

if TYPE_CHECKING:
    from redis import Redis

    from ioc.sources.feed import Place

LOOK_BACK = 64  # entries: other producers may have added plain ones behind ours


def newest_sent(client: Redis, place: Place) -> int | None:
    """The event time up to which all packed rows of this place have arrived, ms; None: nothing has.

    With several shards: the least of them, so that sending what is later leaves no hole (a row that one shard already
    has counts once). When the streams are trimmed to nothing, what the engine says of the source.
    """
    times = [time for shard in range(place.shards) if (time := _newest(client, place.stream(shard))) is not None]
    if times:
        return min(times)
    text = cast("bytes | None", client.hget(keys.engine(place.world, "feeds"), place.source))
    newest = json.loads(text).get("newest_ms") if text else None
    return int(newest) if newest is not None else None


def noted(client: Redis, place: Place) -> int | None:
    """Up to when everything was written, what stands included, as the feed noted it last, ms; None: it never did.

    A source that has nothing to say for days has no newer row than this; sending what stands again would be wrong.
    """
    text = cast("bytes | None", client.hget(keys.fed(place.world), place.source))
    return int(json.loads(text)["until"]) if text else None


def note(client: Redis, place: Place, until_ms: int) -> None:
    """Note that what stands was written, and every row up to this time. Raises RedisError."""
    client.hset(keys.fed(place.world), place.source, json.dumps({"until": until_ms}))


def rows_read(client: Redis, place: Place) -> int:
    """How many rows of this place an engine has read and committed, in all."""
    text = cast("bytes | None", client.hget(keys.engine(place.world, "feeds"), place.source))
    return int(json.loads(text).get("rows", 0)) if text else 0


def _newest(client: Redis, stream: str) -> int | None:
    answer = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrevrange(stream, count=LOOK_BACK))
    for entry_id, fields in answer:
        entry: list[Any] = [entry_id, [part for pair in fields.items() for part in pair]]
        for run in decode([entry], ("t",)).runs:
            column = run.columns.get("t")
            if column is not None and column.kind == "int" and run.rows:
                return int(column.values.max())
    return None
