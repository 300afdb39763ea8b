"""A transition whose process is killed, whose database is held by another or has no room holds wholly or not at all,
and whoever makes it again makes it once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ioc.packs.handling import handling
from ioc.queries.audit import verify
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.services.refusals import OutdatedDossier
from ioc.store import unit as units
from ioc.store.audit_table import AuditRow
from ioc.store.dossier_tables import DossierSegmentRow, DossierStepRow, NoticeRow
from ioc.store.outbox_table import OutboxRow
from ioc.store.ready import Ready
from ioc.store.unit import Store
from tests.conftest import wait_until

T0 = 1_790_000_000_000
INCIDENT = handling().cycles["incident"]
TABLES = (DossierStepRow, DossierSegmentRow, AuditRow, OutboxRow, NoticeRow)


def opened(store: Store) -> dossiers.Dossier:
    what = Received("incident", "东门积水", T0, class_="natural", region="440303003")
    return dossiers.receive(store, INCIDENT, what, by="li", now_ms=T0)


def verified(store: Store, dossier_id: str) -> dossiers.Dossier:
    said = {"class": "natural", "level": 3}
    return dossiers.act(
        store, INCIDENT, dossier_id, "verify", said, version=1, permissions=["incident.handle"], by="li", now_ms=T0 + 1
    )


def written(store: Store, dossier_id: str) -> tuple[int, ...]:
    """The version of the dossier, and how many rows there are of what a transition writes."""
    with store.read() as unit:
        counts = [unit.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]
    return (dossiers.find(store, dossier_id).version, *counts)


def killed_at(url: str, dossier_id: str, statement: int) -> bool:
    """Make the transition in a process of its own that is killed before its nth statement, the commit among them, or
    after them all; whether it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    try:
        store, seen = Store(url), [0]

        def count(*_: Any) -> None:
            seen[0] += 1
            if seen[0] == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        def counted(method: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any) -> Any:
                count()
                return method(*given)

            return call

        Ready.run, Ready.rows = counted(Ready.run), counted(Ready.rows)  # type: ignore[method-assign]
        event.listen(Session, "before_commit", count)
        event.listen(Session, "after_commit", count)
        verified(store, dossier_id)
    finally:
        os._exit(0)


def test_a_transition_killed_at_each_of_its_statements_holds_wholly_or_not_at_all(store: Store):
    url = store.engine.url.render_as_string(hide_password=False)
    undisturbed = opened(store).id
    base = written(store, undisturbed)
    verified(store, undisturbed)
    whole = tuple(after - at for after, at in zip(written(store, undisturbed), base, strict=True))
    found: set[tuple[int, ...]] = set()
    statement = 0
    while True:
        statement += 1
        dossier_id = opened(store).id
        base = written(store, dossier_id)
        store.engine.dispose()  # no connection is shared with the other process
        killed = killed_at(url, dossier_id, statement)
        now = written(store, dossier_id)
        if killed and now == base:
            assert verified(store, dossier_id).version == 2
        elif killed:
            with pytest.raises(OutdatedDossier):
                verified(store, dossier_id)
        found.add(tuple(after - at for after, at in zip(now, base, strict=True)))
        assert verify(store)[1] == []
        if not killed:
            break
    assert whole[:4] == (1, 1, 1, 1)
    assert statement > 8
    assert found == {(0,) * len(whole), whole}


def test_a_sqlite_that_another_one_holds_refuses_a_transition_and_takes_it_again(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
):
    found = opened(sqlite_store)
    monkeypatch.setattr(units, "BUSY_S", 0.1)
    hasty = Store(str(sqlite_store.engine.url))
    with sqlite_store.write() as holder:
        holder.execute(text("SELECT 1"))
        with pytest.raises(OperationalError, match="locked"):
            verified(hasty, found.id)
        assert dossiers.find(hasty, found.id) == found
    assert verified(hasty, found.id).version == 2
    assert verify(hasty)[1] == []
    hasty.close()


@pytest.mark.service
@pytest.mark.parametrize("empty_store", ["postgresql"], indirect=True)
def test_a_postgresql_that_another_one_holds_is_waited_for(store: Store):
    found = opened(store)
    done: list[int] = []
    with store.write() as holder:
        holder.execute(text("SELECT 1 FROM audit_head FOR UPDATE"))
        other = threading.Thread(target=lambda: done.append(verified(store, found.id).version))
        other.start()
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as look:  # each look is new
            wait_until(lambda: look.scalar(waiting), "the transition waits")
        assert dossiers.find(store, found.id) == found
        assert not done
    other.join()
    assert done == [2]
    assert verify(store)[1] == []


@pytest.mark.service
@pytest.mark.parametrize("empty_store", ["postgresql"], indirect=True)
def test_a_postgresql_that_another_one_holds_for_too_long_refuses_a_transition_and_takes_it_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    found = opened(store)
    monkeypatch.setattr(units, "BUSY_S", 0.1)
    hasty = Store(store.engine.url.render_as_string(hide_password=False))
    with store.write() as holder:
        holder.execute(text("SELECT 1 FROM audit_head FOR UPDATE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            verified(hasty, found.id)
    assert dossiers.find(hasty, found.id) == found
    assert verified(hasty, found.id).version == 2
    assert verify(hasty)[1] == []
    hasty.close()


def test_on_a_full_disk_nothing_is_changed_that_cannot_be_audited_and_looking_goes_on(sqlite_store: Store):
    found = opened(sqlite_store)

    def room(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # no page more than there are

    event.listen(sqlite_store.engine, "connect", room)
    sqlite_store.engine.dispose()
    held = [found.id]

    def fill() -> None:
        for _ in range(1_000):  # until the pages that there are have no room
            held.append(opened(sqlite_store).id)

    with pytest.raises(OperationalError, match="full"):
        fill()
    assert written(sqlite_store, found.id)[3] == len(held)
    assert dossiers.find(sqlite_store, found.id) == found
    assert verify(sqlite_store)[1] == []
    event.remove(sqlite_store.engine, "connect", room)
    sqlite_store.engine.dispose()
    assert verified(sqlite_store, found.id).version == 2
