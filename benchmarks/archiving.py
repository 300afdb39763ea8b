"""The archiver beside a benchmark: a process of its own, and what of the readings is in its parts."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import redis

from benchmarks.served import STREAM, WORLD, until
from metrics import keys
from metrics.archive import Life, Part, every_part, in_force, shards

LIFE = Life(WORLD, 1)
_CHILD = """
import sys, threading, os
from pathlib import Path
from metrics.archiver import Archiver, Options
os.nice(5)
Archiver(sys.argv[1], Path(sys.argv[2]), Options(part_s=0.25), ["bench"]).run(threading.Event())
"""


@dataclass(frozen=True)
class Archiving:
    """An archiver that is stopped just before it begins to read; nice, as `ioc archive` is."""

    process: subprocess.Popen[bytes]
    client: redis.Redis
    root: Path
    rows: int

    def go(self) -> Callable[[], object]:
        """Let it read; returns what waits until the newest reading is in a part."""
        self.process.send_signal(signal.SIGCONT)
        return self.rest

    def rest(self) -> None:
        """Wait until the newest reading is in a part, and check that every reading is in one."""
        last: Any = self.client.xinfo_stream(STREAM)["last-generated-id"]
        until(lambda: any(part.last == last.decode() for part in self.parts()))
        assert self.held() == self.rows

    def parts(self) -> list[Part]:
        """The parts in force."""
        found = []
        for strand in shards(self.root, LIFE, "traffic"):
            found += in_force(every_part(strand.folder(self.root)))
        return found

    def held(self) -> int:
        """Readings in the parts."""
        return sum(pq.read_metadata(part.path).num_rows for part in self.parts())

    def size(self) -> int:
        """Bytes of the parts."""
        return sum(part.path.stat().st_size for part in self.parts())


@contextlib.contextmanager
def archiver(client: redis.Redis, url: str, rows: int) -> Iterator[Archiving]:
    """An archiver over a prepared server, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        process = subprocess.Popen([sys.executable, "-c", _CHILD, url, home], stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            until(lambda: client.exists(keys.archive(WORLD)))
            process.send_signal(signal.SIGSTOP)
            yield Archiving(process, client, Path(home), rows)
        finally:
            process.kill()
            process.wait()
            client.delete(keys.archive(WORLD), keys.ARCHIVE)


def alone(client: redis.Redis, url: str, rows: int) -> tuple[float, float]:
    """The archiver alone, until the newest reading is in a part: readings a second, bytes a reading."""
    with archiver(client, url, rows) as running:
        start, before = time.perf_counter(), running.held()
        running.go()()
        elapsed = time.perf_counter() - start
        return (rows - before) / elapsed, running.size() / rows
