"""The unit of work: one call, one transaction, on SQLite or PostgreSQL.

On SQLite a writing unit begins with BEGIN IMMEDIATE: two writers take turns (up to `BUSY_S`) instead of failing at
their first write, and what a unit has read cannot change before it writes. WAL lets readers go on meanwhile. On
PostgreSQL a unit waits as long for each row that another one holds, and is refused then. What was committed is on the
disk: whoever was told that an order holds is not told wrong by a power failure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from ioc.security.seal import Seal
from ioc.store.ready import begin_sqlite

BUSY_S = 5.0  # a writer waits this long for another; a form that hangs longer would be sent again


class Store:
    """A database, by URL. `write()` and `read()` give units; a unit commits at its end or leaves no trace."""

    def __init__(self, url: str, seal: Seal | None = None) -> None:
        """`seal` is what a unit finds in its `info` as `seal`; without one nothing can be sealed."""
        self.seal = seal or Seal()
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if self.sqlite and parsed.database:
            _private_file(Path(parsed.database))
        arguments: dict[str, Any] = (
            {"timeout": BUSY_S, "check_same_thread": False}
            if self.sqlite
            else {"options": f"-c lock_timeout={round(BUSY_S * 1000)}"}
        )
        self.engine: Engine = create_engine(parsed, connect_args=arguments, pool_pre_ping=not self.sqlite)
        if self.sqlite:
            event.listen(self.engine, "connect", _configure)
            event.listen(self.engine, "begin", _begin)
        self._reading = self.engine.execution_options(ioc_read=True)
        self.held: list[Callable[[Mapping[str, Any]], None]] = []  # told what a unit noted in its `info`, once it holds

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit that may change things. Raises sqlalchemy.exc.OperationalError when another holds what it needs for
        longer than BUSY_S; nothing of it holds then."""
        with Session(self.engine, expire_on_commit=False, info={"seal": self.seal}) as unit:
            with unit.begin():
                yield unit
            for hear in self.held:
                hear(unit.info)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A unit that only looks, and never waits for a writer on SQLite."""
        with Session(self._reading, expire_on_commit=False, info={"seal": self.seal}) as unit, unit.begin():
            yield unit

    def answers(self) -> bool:
        """Whether the database can be read now."""
        try:
            with self.read() as unit:
                unit.execute(text("SELECT 1"))
        except Exception:  # whatever the driver says, the answer is no
            return False
        return True

    def settle(self) -> None:
        """Write SQLite's log back into the file of the database, so that this file alone is a whole copy of it."""
        if self.sqlite:
            with self._reading.connect() as connection:
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()


def _private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.close(descriptor)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("ioc_read", False)
    begin_sqlite(connection, "BEGIN" if reading else "BEGIN IMMEDIATE")
