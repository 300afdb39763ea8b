"""Alarm events go into the archive as they were told, and come back each once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import redis

from metrics import keys
from metrics.alarm_event import AlarmEvent
from metrics.archive import Life, Strand, every_part
from metrics.archive_alarms import ALARMS, events, told
from metrics.archive_compaction import Retention, merge, sweep
from tests.conftest import wait_until
from tests.metrics.archive_world import LIFE, archived, archiving
from tests.metrics.worker_world import NOON, WORLD, open_world

EVENT = AlarmEvent(
    world=WORLD, indicator="A", version=2, region="440303", dims=(("road", "LH001"),), condition="level", kind="raised",
    level_before=None, level_after="red", value=12.5, z=None, limit=10.0, window_start=NOON, window_end=NOON + 60_000,
    at=NOON + 60_000, begun=NOON + 60_000, number=0, samples=7, revision=1, quality="complete", origin="real",
)  # fmt: skip
CLEARED = replace(EVENT, kind="cleared", level_before="red", level_after=None, value=3.0, number=1, at=NOON + 120_000)


def fields(event: AlarmEvent) -> dict[str, str]:
    return {"v": "1", "id": event.id, "fingerprint": event.fingerprint, "e": event.to_json()}


def test_an_event_is_a_row_that_says_all_of_it() -> None:
    raw = [part.encode() for pair in fields(EVENT).items() for part in pair]
    rows = told([(b"5-1", raw)])
    assert rows.table.schema == ALARMS
    assert rows.span() == (EVENT.at, EVENT.at)
    (row,) = rows.table.to_pylist()
    assert (row["_ms"], row["_seq"], row["id"], row["dims"]) == (5, 1, EVENT.id, "road=LH001")
    assert (row["level_before"], row["level_after"], row["value"], row["samples"]) == (None, "red", 12.5, 7)


@pytest.mark.service
def test_events_are_archived_once_and_read_once_also_when_they_were_told_twice(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    stream = keys.engine(WORLD, "alarms")
    open_world(redis_client)
    for event in (EVENT, CLEARED):
        redis_client.xadd(stream, fields(event))  # type: ignore[arg-type]
    with archiving(valkey_url, tmp_path):
        wait_until(lambda: archived(tmp_path, "alarms").num_rows == 2, "both are archived")
    redis_client.xadd(stream, fields(CLEARED))  # type: ignore[arg-type]
    with archiving(valkey_url, tmp_path):
        wait_until(lambda: archived(tmp_path, "alarms").num_rows == 3, "what came meanwhile is archived")
    assert events(tmp_path, LIFE) == [EVENT, CLEARED]
    assert events(tmp_path, LIFE, from_ms=CLEARED.at) == [CLEARED]
    assert events(tmp_path, Life(WORLD, 2)) == []


@pytest.mark.service
def test_events_are_merged_and_kept_for_as_long_as_is_asked(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    stream, strand = keys.engine(WORLD, "alarms"), Strand(LIFE, "alarms")
    open_world(redis_client)
    for number in range(3):
        with archiving(valkey_url, tmp_path):
            redis_client.xadd(stream, fields(replace(EVENT, number=number)))  # type: ignore[arg-type]
            wait_until(lambda seen=number + 1: archived(tmp_path, "alarms").num_rows == seen, "it is archived")  # type: ignore[misc]
    newest = max(int(part.last.split("-")[0]) for part in every_part(strand.folder(tmp_path)))
    assert merge(tmp_path, strand, newest + 2 * 86_400_000) == 1
    assert [one.number for one in events(tmp_path, LIFE)] == [0, 1, 2]
    sweep(tmp_path, strand, newest + 9 * 86_400_000, Retention(alarms=30).keep_ms("alarms"))
    assert len(events(tmp_path, LIFE)) == 3
    sweep(tmp_path, strand, newest + 40 * 86_400_000, Retention(alarms=30).keep_ms("alarms"))
    assert events(tmp_path, LIFE) == []
