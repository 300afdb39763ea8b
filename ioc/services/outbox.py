"""The outbox: what the centre does becomes rows of its records, as of any other source.

A row is written in the transaction of the change (`put`) and brought to the stream of its source by the duty process
(`Relay`), at least once and in the order in which they were written: a row that comes twice has the same entity and the
same time, and counts once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import redis
from sqlalchemy import bindparam, delete, func, insert, select, union_all, update
from sqlalchemy.orm import Session

from ioc.store.outbox_table import OutboxRow
from ioc.store.ready import Ready
from ioc.store.unit import Store
from metrics import keys
from metrics.world import LIVE_WORLD

CHUNK: Final = 500  # rows of one turn
KEPT_MS: Final = 60_000  # a row that was sent stays so long: a data bus that crashes may lose its last seconds
CRASHED_MS: Final = 5_000  # of what was sent last is sent again then

_ROWS = OutboxRow.__table__.c
_NEXT = select(func.max(_ROWS.at_ms) + 1).where(
    _ROWS.world == bindparam("world"), _ROWS.source == bindparam("source"), _ROWS.entity == bindparam("entity")
)
_TIMES = union_all(select(bindparam("at_ms", type_=_ROWS.at_ms.type).label("at")), _NEXT).subquery()
_ADD = Ready(
    insert(OutboxRow.__table__).values(  # type: ignore[arg-type]
        world=bindparam("world"), source=bindparam("source"), entity=bindparam("entity"), fields=bindparam("fields"),
        made_ms=bindparam("made_ms"), sent_ms=None, at_ms=select(func.max(_TIMES.c.at)).scalar_subquery(),
    ).inline()
)  # fmt: skip


def put(  # noqa: PLR0917 - what a row is
    unit: Session, world: str, source: str, entity: str, at_ms: int, fields: Mapping[str, Any], now_ms: int
) -> None:
    """Add a row within a unit. `fields`: as the source declares them; whole ms for times, None is left out.

    Two rows of an entity never have one time: the later one would be taken for the earlier one that came again.
    """
    said = {name: _text(value) for name, value in fields.items() if value is not None}
    fields_text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    row = {"world": world, "source": source, "entity": entity, "at_ms": at_ms, "made_ms": now_ms, "fields": fields_text}
    _ADD.run(unit, row)


def waiting(store: Store) -> int:
    """How many rows are not on their stream yet."""
    with store.read() as unit:
        return len(unit.scalars(select(OutboxRow.seq).where(OutboxRow.sent_ms.is_(None))).all())


class Relay:
    """A keeper of the duty process: brings rows to the streams. Rows of a world that is no more are dropped."""

    name = "outbox"

    def __init__(self, store: Store, client: redis.Redis) -> None:
        self._store, self._client = store, client
        self._life = ""  # which start of the server has what was sent

    def turn(self, now_ms: int) -> int:
        """Raises RedisError, SQLAlchemyError; what was not marked as sent is sent again."""
        self._look_for_a_crash()
        with self._store.read() as unit:
            rows = unit.scalars(
                select(OutboxRow).where(OutboxRow.sent_ms.is_(None)).order_by(OutboxRow.seq).limit(CHUNK)
            ).all()
        if not rows:
            self._sweep(now_ms)
            return 0
        worlds = {LIVE_WORLD.id} | {
            world for world in {row.world for row in rows} if self._client.hexists(keys.WORLDS, world)
        }
        with self._client.pipeline(transaction=False) as pipe:
            for row in rows:
                if row.world in worlds:
                    # said before the first row; what a feed has said of the source before stays
                    pipe.hsetnx(keys.origins(row.world), row.source, "real")
                    entry = {"t": str(row.at_ms), "k": row.entity, **json.loads(row.fields)}
                    pipe.xadd(keys.observations(row.world, row.source), entry)
            pipe.execute()
        with self._store.write() as unit:
            unit.execute(update(OutboxRow).where(OutboxRow.seq.in_([row.seq for row in rows])).values(sent_ms=now_ms))
        return len(rows)

    def _look_for_a_crash(self) -> None:
        """A server that was started anew may have lost what it acknowledged last: that is sent once more."""
        told: Any = self._client.info("server")
        if told["run_id"] == self._life:
            return
        with self._store.write() as unit:
            newest = unit.scalar(select(func.max(OutboxRow.sent_ms)))
            if newest is not None:
                unit.execute(update(OutboxRow).where(OutboxRow.sent_ms >= newest - CRASHED_MS).values(sent_ms=None))
        self._life = told["run_id"]

    def _sweep(self, now_ms: int) -> None:
        with self._store.read() as unit:
            old = unit.scalars(select(OutboxRow.seq).where(OutboxRow.sent_ms < now_ms - KEPT_MS).limit(CHUNK)).all()
        if old:
            with self._store.write() as unit:
                unit.execute(delete(OutboxRow).where(OutboxRow.seq.in_(old)))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
