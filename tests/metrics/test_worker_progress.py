"""An engine that has taken worlds over is not ready before it has committed something of each of them."""

from __future__ import annotations

import pytest
import redis

from metrics.worker import Worker
from tests.metrics.worker_world import open_world

pytestmark = pytest.mark.service


def states(worker: Worker) -> dict[str, str]:
    return {name: one.state for name, one in worker.progress.items()}


def test_every_world_is_restored_until_its_first_commit(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client, name="one")
    open_world(redis_client, name="two")
    worker = Worker(valkey_url, worlds=("one", "two", "three"))
    assert worker.restoring
    worker.connected = True
    worker._look()
    assert states(worker) == {"one": "restoring", "two": "restoring"}
    assert not worker.ready
    worker._publish(worker.servings["one"])
    assert states(worker) == {"one": "live", "two": "restoring"}
    assert not worker.ready
    worker._publish(worker.servings["two"])
    assert states(worker) == {"one": "live", "two": "live"}
    assert worker.ready
    open_world(redis_client, name="three")
    worker._registrar.read()
    assert states(worker)["three"] == "restoring"  # known, and not served yet
    worker._reader.close()
    worker._client.close()
