"""An archiver on a real server, and what the archive must hold: what was sent and what was published."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import redis

from metrics import keys
from metrics.archive import Life, Strand, every_part, in_force
from metrics.archive_observations import Wanted, rows
from metrics.archiver import Archiver, Options
from metrics.value_form import unpack_values
from tests.metrics.worker_world import ROOT, WORLD, _tied

LIFE = Life(WORLD, 1)
QUICK = Options(part_rows=3_000, part_s=0.1)


@contextmanager
def archiving(url: str, root: Path, options: Options = QUICK, worlds: Sequence[str] = (WORLD,)) -> Iterator[Archiver]:
    """An archiver in a thread of this process."""
    archiver, stop = Archiver(url, root, options, worlds), threading.Event()
    thread = threading.Thread(target=archiver.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield archiver
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


_CHILD = """
import sys, threading
from pathlib import Path
from metrics.archiver import Archiver, Options
Archiver(sys.argv[1], Path(sys.argv[2]), Options(part_rows=700, part_s=0.02), [sys.argv[3]]).run(threading.Event())
"""


def archiver_process(url: str, root: Path) -> subprocess.Popen[bytes]:
    """An archiver in a process of its own, to be killed."""
    return subprocess.Popen([sys.executable, "-c", _CHILD, url, str(root), WORLD], cwd=ROOT, preexec_fn=_tied)  # noqa: PLW1509


def observed(root: Path, life: Life = LIFE) -> list[tuple[int, str, int]]:
    """All archived readings as (time, road, speed * 10), in stream order."""
    table = rows(root, Wanted(life, "traffic"))
    if not table.num_rows:
        return []
    return list(zip(*(table.column(name).to_pylist() for name in ("t", "k", "speed")), strict=True))


def archived(root: Path, kind: str, life: Life = LIFE) -> pa.Table:
    """All rows of a stream of the engine, in its order."""
    parts = in_force(every_part(Strand(life, kind).folder(root)))  # type: ignore[arg-type]
    return pa.concat_tables([pq.read_table(part.path) for part in parts]) if parts else pa.table({"_ms": []})


def archived_places(root: Path, kind: str) -> list[tuple[str, int]]:
    """(entry id, row) of every archived row, in order."""
    table = archived(root, kind)
    names = ("_ms", "_seq", "_row")
    return (
        [(f"{ms}-{seq}", row) for ms, seq, row in zip(*(table.column(one).to_pylist() for one in names), strict=True)]
        if table.num_rows
        else []
    )


def published_places(client: redis.Redis, kind: str) -> list[tuple[str, int]]:
    """(entry id, row) of every published value that the stream still holds."""
    return [
        (entry_id.decode(), row)
        for entry_id, fields in client.xrange(keys.engine(WORLD, kind))
        for row in range(len(unpack_values(fields[b"b"])))
    ]


def position(client: redis.Redis, stream: str) -> Any:
    """What the archiver says of a stream on the server."""
    return client.hget(keys.archive(WORLD), stream)
