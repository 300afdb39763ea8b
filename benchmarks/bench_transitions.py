"""Transitions of dossiers with clock, step, audit, outbox and notice, beside bare commits on the same disk, in one run.

Two floors, both as durable as the product (what is told to hold is on the disk): a commit of one row, and the rows of
one transition written by the driver with ready SQL, that asks nothing, checks nothing and knows the numbers beforehand.
The three take turns, so that what else the machine does falls on all. Then 100 open incidents with 50 transitions/s.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.postgres import postgres
from benchmarks.size import sized
from ioc.packs.handling import handling
from ioc.security.identity import new_id
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.store import schema
from ioc.store.unit import Store
from metrics.clock import real_ms

OPEN = 100
ASKED_S = 50  # transitions a second of the load line
WORKERS = 4
ROUNDS = sized(2, 5)
TURN_S = sized(0.5, 1.5)
LOAD_S = sized(4.0, 20.0)
MAY = ("incident.handle",)
SAID = {"minutes": 1, "reason": "bench"}
BARE = (  # what one extension changes
    "UPDATE dossier SET version = version + 1, changed_ms = ? WHERE id = ?",
    "UPDATE dossier_segment SET owed_ms = owed_ms + 60000 WHERE dossier_id = ? AND visit = 1 AND number = 0",
    'INSERT INTO dossier_step (dossier_id, number, move, "from", "to", by_name, at_ms, said) '
    "VALUES (?, ?, 'extend', 'reported', 'reported', 'bench', ?, '{}')",
    "INSERT INTO audit (seq, at_ms, actor, roles, address, action, subject, world, detail, how, digest) "
    "VALUES (?, ?, 'bench', '', '', 'incident.extend', ?, 'live', '{}', 'sha256', ?)",
    "UPDATE audit_head SET digest = ?, at_ms = ? WHERE id = 1",
    "INSERT INTO outbox (world, source, entity, at_ms, fields, made_ms, sent_ms) VALUES ('live', 'incident', ?, ?, ?, ?, NULL)",  # noqa: E501
    "INSERT INTO notice (id, dossier_id, step, audience, made_ms, sent_ms) VALUES (?, ?, ?, 'owner', ?, NULL)",
)


def made(store: Store) -> list[dossiers.Dossier]:
    """OPEN incidents that were just received."""
    cycle = handling().cycles["incident"]
    return [
        dossiers.receive(
            store, cycle, Received("incident", f"事件 {number}", real_ms(), level=1 + number % 4, region="440303003"),
            by="bench", now_ms=real_ms(),
        )
        for number in range(OPEN)
    ]  # fmt: skip


def extend(store: Store, dossier_id: str, version: int) -> int:
    """One transition; the version that the dossier has then."""
    return dossiers.act(
        store, handling().cycles["incident"], dossier_id, "extend", SAID, version=version, permissions=MAY, by="bench",
        now_ms=real_ms(),
    ).version  # fmt: skip


def transitions(store: Store) -> Callable[[], None]:
    """One after the other, over all dossiers."""
    versions = {each.id: each.version for each in made(store)}
    ids = itertools.cycle(versions)

    def one() -> None:
        dossier_id = next(ids)
        versions[dossier_id] = extend(store, dossier_id, versions[dossier_id])

    return one


def bare(store: Store, *, whole: bool) -> Callable[[], None]:
    """A commit by the driver: the rows of a transition, or one row."""
    dossier_id = dossiers.find(store, made(store)[0].id).id
    raw: Any = store.engine.raw_connection()
    cursor = raw.cursor()
    mark = "?" if store.sqlite else "%s"
    sentences = [each.replace("?", mark) for each in BARE]
    row = sentences[5].replace("'live'", "'bare'")
    numbers = itertools.count(10_000_000)

    def one() -> None:
        now, number, digest = real_ms(), next(numbers), "0" * 64
        if store.sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        if whole:
            said: tuple[tuple[Any, ...], ...] = (
                (now, dossier_id), (dossier_id,), (dossier_id, number, now), (number, now, dossier_id, digest),
                (digest, now), (dossier_id, now, "{}" * 100, now), (new_id(), dossier_id, number, now),
            )  # fmt: skip
            for sentence, values in zip(sentences, said, strict=True):
                cursor.execute(sentence, values)
        else:
            cursor.execute(row, (dossier_id, now, "{}" * 100, now))
        raw.commit()

    return one


def rates(of: dict[str, Callable[[], None]]) -> Iterator[tuple[str, float, float]]:
    """Times a second of each in the best of its turns, and ms of the processor of one in all of them."""
    best, used, counts = dict.fromkeys(of, 0.0), dict.fromkeys(of, 0.0), dict.fromkeys(of, 0)
    for _ in range(ROUNDS):
        for name, one in of.items():
            count, began, before = 0, time.perf_counter(), time.thread_time()
            while (past := time.perf_counter() - began) < TURN_S:
                one()
                count += 1
            best[name] = max(best[name], count / past)
            used[name] += time.thread_time() - before
            counts[name] += count
    for name, rate in best.items():
        yield name, rate, 1000 * used[name] / counts[name]


def load(store: Store) -> tuple[float, Any]:
    """OPEN incidents, ASKED_S transitions a second by WORKERS officers: how many there were a second, ms of each."""
    mine = [made(store)[number::WORKERS] for number in range(WORKERS)]
    delays: list[float] = []
    began = time.perf_counter()

    def work(which: int) -> None:
        versions = {each.id: each.version for each in mine[which]}
        for number, dossier_id in enumerate(itertools.cycle(versions)):
            due = began + (number * WORKERS + which) / ASKED_S
            if due > began + LOAD_S:
                return
            time.sleep(max(0.0, due - time.perf_counter()))
            versions[dossier_id] = extend(store, dossier_id, versions[dossier_id])
            delays.append((time.perf_counter() - due) * 1000)

    workers = [threading.Thread(target=work, args=(which,)) for which in range(WORKERS)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return len(delays) / (time.perf_counter() - began), np.percentile(delays, [50, 99])


def measure(kind: str, store: Store) -> None:
    """All lines of one database."""
    schema.upgrade(store)
    one_row, rows, ours = "commits of one row", "commits of the same rows", "transitions with audit"
    turns = list(rates({one_row: bare(store, whole=False), rows: bare(store, whole=True), ours: transitions(store)}))
    found = {name: rate for name, rate, _ms in turns}
    for name, rate, busy_ms in turns:
        beside = f"   {found[ours] / rate:.0%} of it are transitions" if name != ours else "   (aim >= 50 %)"
        print(f"{kind:<11}{name:<26}{rate:8.0f} /s{busy_ms:7.2f} ms of the processor{beside}")
    rate, (p50, p99) = load(store)
    print(f"{kind:<11}{OPEN} open incidents, {ASKED_S}/s asked: {rate:.1f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    store.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ioc-bench-", dir="/tmp") as home:
        measure("SQLite", Store(f"sqlite:///{home}/ioc.sqlite3"))
    try:
        with postgres() as url:
            measure("PostgreSQL", Store(url))
    except FileNotFoundError as missing:
        print(missing)


if __name__ == "__main__":
    main()
