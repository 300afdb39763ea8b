"""The schema is made once, is what the tables say, and keeps the administrators apart by itself."""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ioc.store import schema
from ioc.store.tables import PersonRow, RoleGrantRow, Table
from ioc.store.unit import Store


def person(number: int) -> PersonRow:
    return PersonRow(id=f"{number:032d}", name=f"p{number}", title="", created_ms=0)


def grant(number: int, role: str) -> RoleGrantRow:
    return RoleGrantRow(person_id=f"{number:032d}", role=role, granted_ms=0)


def test_an_empty_database_is_brought_to_the_programs_revision_and_stays_there(empty_store: Store):
    assert schema.upgrade(empty_store) == (None, "0019")
    assert schema.upgrade(empty_store) == ("0019", "0019")
    assert schema.revision(empty_store) == schema.head() == "0019"


def test_the_migrations_make_exactly_the_declared_tables(store: Store):
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_processes_that_start_at_once_migrate_once(empty_store: Store):
    outcomes: list[object] = []

    def start() -> None:
        try:
            outcomes.append(schema.upgrade(empty_store))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["('0019', '0019')"] * 3 + ["(None, '0019')"]


def test_a_database_of_a_newer_program_is_refused_by_name(store: Store):
    with store.write() as unit:
        unit.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.UnknownSchema, match="9999"):
        schema.upgrade(store)


@pytest.mark.parametrize(
    ("held", "second"), [("sysadmin", "secadmin"), ("sysadmin", "auditor"), ("auditor", "secadmin")]
)
def test_the_database_itself_refuses_a_second_administrator_role(store: Store, held: str, second: str):
    with store.write() as unit:
        unit.add_all([person(1), person(2)])
        unit.flush()
        unit.add_all([grant(1, held), grant(1, "duty"), grant(2, second)])  # another person may hold it
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.execute(
            text("INSERT INTO role_grant (person_id, role, granted_ms) VALUES (:person, :role, 0)"),
            {"person": f"{1:032d}", "role": second},
        )
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.execute(text("UPDATE role_grant SET role = :role WHERE role = 'duty'"), {"role": second})


def test_the_database_refuses_a_role_that_does_not_exist(store: Store):
    with store.write() as unit:
        unit.add(person(1))
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.add(grant(1, "root"))


def test_a_unit_that_fails_leaves_no_trace(store: Store):
    def fail() -> None:
        with store.write() as unit:
            unit.add(person(1))
            unit.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as unit:
        assert unit.get(PersonRow, f"{1:032d}") is None


def test_readers_go_on_while_a_writer_holds_the_sqlite_database(sqlite_store: Store):
    with sqlite_store.write() as writer:
        writer.add(person(1))
        writer.flush()
        with sqlite_store.read() as reader:
            assert reader.get(PersonRow, f"{1:032d}") is None


def test_the_sqlite_file_is_private_and_in_wal_mode(sqlite_store: Store):
    path = sqlite_store.engine.url.database
    assert path is not None
    with sqlite_store.read() as unit:
        assert unit.scalar(text("PRAGMA journal_mode")) == "wal"
        assert unit.scalar(text("PRAGMA busy_timeout")) == 5000
    import os

    assert os.stat(path).st_mode & 0o777 == 0o600
