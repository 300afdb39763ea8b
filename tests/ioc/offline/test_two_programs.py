"""Both programs give equal values for generated definitions and rows (`IOC_EXAMPLES=5000` for a long run)."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, note, settings

from metrics.declaration import DefinitionErrors
from tests.ioc.offline.generated import World, worlds

EXAMPLES = int(os.environ.get("IOC_EXAMPLES", "60"))


def equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(world=worlds())
def test_stream_and_sql_answer_alike(world: World) -> None:
    try:
        bundle = world.bundle()
    except DefinitionErrors:
        assume(False)
        return
    with tempfile.TemporaryDirectory() as folder:
        stream = world.answer("stream", Path(folder), bundle)
        sql = world.answer("sql", Path(folder), bundle)
    differing = {
        key: (stream.get(key), sql.get(key))
        for key in sorted(stream.keys() | sql.keys(), key=str)
        if key not in stream or key not in sql or not all(map(equal, stream[key], sql[key]))
    }
    for key, (one, other) in differing.items():
        note(f"{key}: stream {one}, sql {other}")
    assert not differing
