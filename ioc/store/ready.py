"""Ready statements: made into SQL once for each kind of database, then given to the driver as they are.

For what every change passes: an expression that SQLAlchemy runs costs the interpreter twenty times what the database
needs for it. A ready statement runs on the connection of its unit, in its transaction, after what the unit has not
written yet; its errors are those of SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Boolean, Dialect
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement

Values = Mapping[str, Any]
_READY: Final = "ready"  # under this name a unit keeps its driver
_TOGETHER: Final = "together"


class _Driver(NamedTuple):
    dialect: Dialect
    connection: Any  # of the driver, in the transaction of the unit
    cursor: Any
    errors: Any  # the base of what the driver raises


class _Made(NamedTuple):
    sql: str
    fixed: Values  # what the expression itself says
    order: Sequence[str] | None  # where the driver counts its parameters
    truths: Sequence[int]  # columns that are true or false, where the driver answers 1 or 0


class Ready:
    """A statement by its expression; what it needs are its `bindparam`s, or the columns of an insert."""

    def __init__(self, statement: ClauseElement, *columns: str) -> None:
        """`columns`: of an insert, each that has no default in the database."""
        self._statement, self._columns = statement, list(columns) or None
        self._made: dict[str, _Made] = {}

    def rows(self, unit: Session, values: Values) -> list[tuple[Any, ...]]:
        """What it answers."""
        driver = _driver(unit)
        made = self._for(driver.dialect)
        try:
            driver.cursor.execute(made.sql, _values(made, values))
            found: list[tuple[Any, ...]] = driver.cursor.fetchall()
        except driver.errors as error:
            raise _told(driver, made.sql, error) from error
        return [_true(row, made.truths) for row in found] if made.truths else found

    def run(self, unit: Session, *values: Values) -> None:
        """Do it, once for each."""
        driver = _driver(unit)
        made = self._for(driver.dialect)
        try:
            if len(values) == 1:
                driver.cursor.execute(made.sql, _values(made, values[0]))
            else:
                driver.cursor.executemany(made.sql, [_values(made, each) for each in values])
        except driver.errors as error:
            raise _told(driver, made.sql, error) from error

    def _for(self, dialect: Dialect) -> _Made:
        made = self._made.get(dialect.name)
        if made is None:
            compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
            truths = [
                place
                for place, column in enumerate(getattr(self._statement, "selected_columns", ()))
                if isinstance(column.type, Boolean) and not dialect.supports_native_boolean
            ]
            made = _Made(str(compiled), compiled.params, compiled.positiontup, truths)
            self._made[dialect.name] = made
        return made


@contextmanager
def together(unit: Session) -> Iterator[None]:
    """Ready statements alone: on PostgreSQL they go out together up to the next one whose `rows` are asked for, and an
    error shows there or at the end. Within another one it does nothing."""
    driver = _driver(unit)
    if unit.info.get(_TOGETHER) or not hasattr(driver.connection, "pipeline"):
        yield
        return
    unit.info[_TOGETHER] = True
    try:
        with driver.connection.pipeline():
            yield
    except driver.errors as error:
        raise _told(driver, "", error) from error
    finally:
        unit.info[_TOGETHER] = False


def _driver(unit: Session) -> _Driver:
    unit.flush()
    found: _Driver | None = unit.info.get(_READY)
    if found is None:
        connection = unit.connection()
        raw: Any = connection.connection.driver_connection
        found = _Driver(connection.dialect, raw, raw.cursor(), connection.dialect.loaded_dbapi.Error)
        unit.info[_READY] = found
    return found


def begin_sqlite(connection: Connection, sql: str) -> None:
    """Begin a transaction. Raises sqlalchemy.exc.OperationalError when another one holds the database for too long."""
    raw: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.loaded_dbapi.Error
    try:
        raw.execute(sql)
    except errors as error:
        raise DBAPIError.instance(sql, None, error, errors, dialect=connection.dialect) from error


def _told(driver: _Driver, sql: str, error: Exception) -> BaseException:
    return DBAPIError.instance(sql, None, error, driver.errors, dialect=driver.dialect)


def _values(made: _Made, values: Values) -> Any:
    said = {**made.fixed, **values}
    return said if made.order is None else [said[name] for name in made.order]


def _true(row: tuple[Any, ...], truths: Sequence[int]) -> tuple[Any, ...]:
    found = list(row)
    for place in truths:
        found[place] = None if found[place] is None else bool(found[place])
    return tuple(found)
