"""Whereabouts: where everything on the map stands, kept in Redis beside the values as the records of a world change.

What is told is read from the registers that the engine keeps, so that late versions and equal times are judged once.
It is written before the commit that counts the same rows: after a crash they come again and say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray

from metrics import keys
from metrics.calendar import Calendar
from metrics.column import Column
from metrics.intake import Intake
from metrics.layer import Layer
from metrics.layer_rows import Versions, standing
from metrics.observation import Batch
from metrics.register import Register
from metrics.whereabouts_row import Row
from metrics.whereabouts_told import append, put

EVER = 2**61  # later than every change

Rows = dict[str, Row | None]  # entity -> where it stands, None: it is not on the map any more


class Whereabouts:
    """Tells the layers of one world. Without layers it asks nothing of the server."""

    def __init__(self, client: redis.Redis, world: str) -> None:
        self._client, self._world = client, world
        self._layers: tuple[Layer, ...] = ()
        self._life = ""
        self._calendars: Mapping[str, Calendar] = {}
        self._touched: dict[str, set[str]] = {}  # source of records -> keys that may stand elsewhere
        self._moved: dict[str, dict[str, tuple[int, int, int]]] = {}  # readings -> entity -> newest (ms, lon, lat)
        self._anew = False

    def use(self, layers: Sequence[Layer], calendars: Mapping[str, Calendar], started_ms: int) -> None:
        """From now on these are the layers; what the server holds of others is put right at the next `tell`."""
        self._layers, self._calendars, self._life = tuple(layers), calendars, str(started_ms)
        self._anew = bool(layers)
        asked = {layer.source for layer in layers} | {layer.moves for layer in layers}
        self._touched = {name: seen for name, seen in self._touched.items() if name in asked}
        self._moved = {name: seen for name, seen in self._moved.items() if name in asked}

    def note(self, batch: Batch) -> None:
        """Rows that the engine has taken in."""
        for layer in self._layers:
            if layer.source == batch.source:
                names = batch.entities
                self._touched.setdefault(batch.source, set()).update(
                    names[code] for code in np.unique(batch.entity).tolist()
                )
                break
        for layer in self._layers:
            if layer.moves == batch.source:
                self._move(batch, layer)

    def _move(self, batch: Batch, layer: Layer) -> None:
        column = next((one for one in batch.fields.values() if one.values.ndim == 2), None)
        if column is None:
            return
        moved, touched = self._moved.setdefault(batch.source, {}), self._touched.setdefault(layer.source, set())
        for at in np.flatnonzero(column.known()).tolist():
            entity, time = batch.entities[batch.entity[at]], int(batch.time[at])
            if entity not in moved or moved[entity][0] <= time:
                moved[entity] = time, int(column.values[at, 0]), int(column.values[at, 1])
                touched.add(entity)

    def tell(self, intakes: Mapping[str, Intake], epoch: int, real_ms: int) -> None:
        """Write what has changed. Raises redis.RedisError; then all of it is told by the next call.

        Nothing is written where another engine owns the world: its commit tells who asks.
        """
        if not self._layers or not (self._anew or any(self._touched.values())):
            return
        stood: dict[bytes, bytes] = {}
        if self._anew:
            found: Any = self._client.hgetall(keys.engine(self._world, "where"))
            stood = found
        anew = [layer for layer in self._layers if self._anew and stood.get(layer.name.encode()) != self._sign(layer)]
        gone = [name.decode() for name in stood if name.decode() not in {layer.name for layer in self._layers}]
        changes = {layer.name: self._rows(layer, intakes[layer.source], layer in anew) for layer in self._layers}
        if self._write(anew, gone, changes, epoch, real_ms):
            self._anew = False
            self._touched = {name: set() for name in self._touched}

    def _write(
        self, anew: Sequence[Layer], gone: Sequence[str], changes: Mapping[str, Rows], epoch: int, real_ms: int
    ) -> bool:
        owner = keys.engine(self._world, "owner")
        with self._client.pipeline(transaction=True) as pipe:
            pipe.watch(owner)  # type: ignore[no-untyped-call]
            held: Any = pipe.get(owner)
            if held is None or int(held) != epoch:
                return False
            pipe.multi()
            for name in (*gone, *(layer.name for layer in anew)):
                pipe.delete(keys.engine(self._world, f"where:{name}"))
            if gone:
                pipe.hdel(keys.engine(self._world, "where"), *gone)
            put(pipe, self._world, changes, real_ms, said=not anew)
            if anew or gone:
                for layer in anew:
                    pipe.hset(keys.engine(self._world, "where"), layer.name, self._sign(layer))
                append(pipe, self._world, real_ms, {"anew": "1"})
            pipe.execute()
        return True

    def _sign(self, layer: Layer) -> bytes:
        """What a layer was told by: its declaration, in this life of the world."""
        return f"{layer.digest}@{self._life}".encode()

    # ---- what stands where ----

    def _rows(self, layer: Layer, intake: Intake, whole: bool) -> Rows:
        register = intake.register
        dictionary = intake.entities.dictionary
        if whole:
            names = list(dictionary)
        else:
            names = [name for name in self._touched.get(layer.source, ()) if dictionary.get(name) is not None]
        if not names:
            return {}
        codes = np.array([dictionary.get(name) for name in names], np.int32)
        at = register.as_of(codes, np.full(len(codes), EVER))
        here = np.flatnonzero(at >= 0)
        columns = self._columns(layer, intake, register, at[here], [names[one] for one in here.tolist()])
        rows: Rows = {} if whole else dict.fromkeys(names)
        told, times = [names[one] for one in here.tolist()], register.ledger["time"][at[here]]
        rows.update(standing(layer, Versions(told, times, columns), self._moved.get(layer.moves, {}), self._calendars))
        return rows

    def _columns(
        self, layer: Layer, intake: Intake, register: Register, at: NDArray[np.intp], names: Sequence[str]
    ) -> dict[str, Column]:
        """The fields that the layer reads of some versions."""
        found: dict[str, Column] = {}
        for name in layer.fields:
            if name == intake.source.entity:
                found[name] = Column(np.arange(len(names), dtype=np.int32), dictionary=names)
            elif name == intake.source.time:
                found[name] = Column(register.ledger["time"][at])
            else:
                found[name] = register.keeping.raw(register.ledger, name, at)
        return found
