"""What is told of whereabouts: changes of layers as commands, for the hash of each layer and the stream `moves`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgpack

from metrics import keys
from metrics.whereabouts_row import Row

VERSION: Final = "1"
ROWS: Final = 5_000  # in one entry and one command: some 100 bytes each
KEPT_MS: Final = 600_000  # real time: a reader that was away for longer reads the hashes

Rows = Mapping[str, Row | None]  # entity -> where it stands, None: it is not on the layer any more


def put(pipe: Any, world: str, changes: Mapping[str, Rows], real_ms: int, *, said: bool) -> None:
    """Write changes of layers (`scene/layer`). `said`: followers are told of each; without it they read the hashes."""
    for part in _parts(changes):
        for name, rows in part.items():
            hash_ = keys.engine(world, f"where:{name}")
            stand: dict[Any, Any] = {entity: msgpack.packb(row) for entity, row in rows.items() if row is not None}
            left = [entity for entity, row in rows.items() if row is None]
            if stand:
                pipe.hset(hash_, mapping=stand)
            if left:
                pipe.hdel(hash_, *left)
        if said:
            append(pipe, world, real_ms, {"b": msgpack.packb(part)})


def append(pipe: Any, world: str, real_ms: int, what: Mapping[str, str | bytes]) -> None:
    """An entry of `moves`."""
    stream = keys.engine(world, "moves")
    pipe.xadd(stream, {"v": VERSION, "at": str(real_ms), **what}, minid=max(0, real_ms - KEPT_MS), approximate=True)


def _parts(changes: Mapping[str, Rows]) -> Iterator[dict[str, dict[str, Any]]]:
    """Changes in pieces of at most ROWS rows, each as layer -> entity -> row."""
    part: dict[str, dict[str, Any]] = {}
    room = ROWS
    for name, rows in changes.items():
        waiting = list(rows.items())
        while waiting:
            some, waiting = waiting[:room], waiting[room:]
            part[name] = {entity: None if row is None else row.plain() for entity, row in some}
            room -= len(some)
            if not room:
                yield part
                part, room = {}, ROWS
    if part:
        yield part
