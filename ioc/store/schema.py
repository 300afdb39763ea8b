"""The schema of the database: brought to this program's version at each start, or refused by name."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ioc.store import (  # noqa: F401 - their tables belong to the schema
    alarm_tables,
    approval_table,
    audit_table,
    dossier_tables,
    intake_table,
    means_tables,
    message_tables,
    outbox_table,
    plan_tables,
    position_table,
    proposal_table,
    rehearsal_table,
    response_tables,
    review_tables,
    second_factor_tables,
)
from ioc.store.tables import Table
from ioc.store.unit import Store

logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces its engine at each start

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 0x4C484943  # an arbitrary number that only this product's migrations lock on PostgreSQL


class UnknownSchema(RuntimeError):
    """The database was written by another version of this program."""


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def revision(store: Store) -> str | None:
    """The revision the database is at; None for an empty one."""
    with store.read() as unit:
        return MigrationContext.configure(unit.connection()).get_current_revision()


def head() -> str:
    """The revision this program needs."""
    return _scripts().get_current_head() or ""


def upgrade(store: Store, to: str = "head") -> tuple[str | None, str]:
    """Bring the database to `head()`, or up to an earlier revision, in one transaction; (revision before, after).

    Several processes may call it at once: the second waits and then has nothing to do.
    Raises UnknownSchema when the database is at a revision this program does not have.
    """
    scripts = _scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    with store.engine.begin() as connection:
        if not store.sqlite:
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # who comes second waits for the first, however long
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before not in known:
            raise UnknownSchema(f"database revision {before} is not known to this program; it knows {head()}")
        if to not in known | {"head"}:
            raise UnknownSchema(f"database revision {to} is not known to this program; it knows {head()}")
        config = Config()
        with EnvironmentContext(config, scripts, fn=lambda current, _: scripts._upgrade_revs(to, current)) as runs:
            runs.configure(connection=connection, target_metadata=Table.metadata, transactional_ddl=True)
            runs.run_migrations()
    return before, head() if to == "head" else to
