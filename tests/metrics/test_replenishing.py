"""A definition that comes later is filled from the archive while the world goes on, and says why where it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from metrics import keys
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.worker import Worker
from tests.conftest import wait_until
from tests.metrics.archive_world import archiving
from tests.metrics.worker_world import INDICATORS, MINUTE, NOON, WORLD, Row, bundle, open_world, send_plain, working

pytestmark = pytest.mark.service
HOUR = {"kind": "sliding", "size": "30m", "every": "1m"}
LATER = [
    {"id": "H", "source": "traffic", "window": HOUR, "formula": "s",
     "measures": {"s": {"agg": "sum", "field": "speed"}}},
    {"id": "P", "source": "traffic", "window": HOUR, "formula": "p",
     "measures": {"p": {"agg": "percentile", "p": 50, "field": "speed"}}},
    {"id": "E", "source": "traffic", "window": {"kind": "all", "every": "1m"}, "formula": "n",
     "measures": {"n": {"agg": "count", "where": "speed > 1"}}},
]  # fmt: skip


def defined(client: redis.Redis, indicators: Sequence[Any], digest: str) -> None:
    client.set(keys.BUNDLE, bundle(indicators, digest).replace('"lateness": "26h"', '"lateness": "1m"'))


def minutes(first: int, behind: int) -> list[Row]:
    """A reading of each of three roads in each minute, the second one sent twice."""
    rows = [
        (NOON + at * MINUTE + 1_000 * road, f"LH{road:03d}", 100 + at + road)
        for at in range(first, behind)
        for road in range(3)
    ]
    return [row for row in rows for _ in range(1 + (row[1] == "LH001"))]


def _entries(client: redis.Redis) -> Any:
    return client.xrange(keys.engine(WORLD, "completed"))


def said(client: redis.Redis, indicator: str, end: int) -> Value | None:
    found = [
        value
        for _, fields in _entries(client)
        for value in unpack_values(fields[b"b"])
        if (value.indicator, value.window_end) == (indicator, end)
    ]
    return found[-1] if found else None


def told(worker: Worker) -> list[tuple[str, str]]:
    serving = worker.servings.get(WORLD)
    filling = serving.replenishing if serving is not None else None
    return [] if filling is None else [(fact.source, fact.state) for fact in filling.facts]


def run(client: redis.Redis, url: str, archive: Path | None, *, archived: bool) -> dict[str, Value | None]:
    """Twenty minutes under one definition, then others come; what is said of the window ten minutes later."""
    open_world(client)
    defined(client, INDICATORS[:1], "one")
    end = NOON + 30 * MINUTE

    def live() -> dict[str, Value | None]:
        with working(url, archive=archive) as worker:
            send_plain(client, minutes(0, 20))
            wait_until(lambda: said(client, "N", NOON + 19 * MINUTE) is not None, "the next step of the story")
            if archived:
                stream = keys.observations(WORLD, "traffic")
                newest = client.xinfo_stream(stream)["last-generated-id"]
                wait_until(lambda: client.hget(keys.archive(WORLD), stream) == newest, "the next step of the story")
            defined(client, [*INDICATORS[:1], *LATER], "two")
            wait_until(
                lambda: worker.in_force == "two" and bool(told(worker) or archive is None), "the next step of the story"
            )
            send_plain(client, minutes(20, 31))
            wanted = [("traffic", "filled" if archived else "lacking")]
            wait_until(lambda: archive is None or told(worker) == wanted, "the next step of the story")
            send_plain(client, minutes(31, 33))
            wait_until(lambda: said(client, "P", end + MINUTE) is not None, "the next step of the story")
            if archived:
                wait_until(
                    lambda: getattr(said(client, "P", end), "value", None) is not None, "the next step of the story"
                )
            return {str(one["id"]): said(client, str(one["id"]), end) for one in LATER}

    if not archived:
        return live()
    assert archive is not None
    with archiving(url, archive):
        return live()


def test_windows_of_later_definitions_are_filled_from_the_archive(
    redis_client: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    found = run(redis_client, valkey_url, tmp_path, archived=True)
    speeds = [(100 + at + road) / 10 for at in range(30) for road in range(3)]
    values = {name: value.value for name, value in found.items() if value is not None}
    assert values["H"] == pytest.approx(sum(speeds), rel=1e-12)
    assert values["P"] == pytest.approx(sorted(speeds)[44] / 2 + sorted(speeds)[45] / 2, rel=1e-12)
    assert values["E"] == 90.0
    assert [value.quality for value in found.values() if value is not None] == ["complete"] * 3


def test_without_an_archive_they_have_no_data_until_they_are_full(redis_client: redis.Redis, valkey_url: str) -> None:
    found = run(redis_client, valkey_url, None, archived=False)
    assert [(one.value, one.quality) for one in found.values() if one is not None] == [(None, "no_data")] * 3
