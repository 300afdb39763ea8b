"""The keeper of the archive: rolls up, merges and removes, from time to time, beside the archiver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import structlog

from metrics import archive_tenures
from metrics.archive import Life, lives, strands, worlds
from metrics.archive_compaction import EVER_MS, Retention, merge, sweep, sweep_life, sweep_pieces
from metrics.archive_lasting import condense, lasting
from metrics.archive_rollup import RollUp
from metrics.archive_standing import Standings
from metrics.archive_taken import UnknownTakenVersion
from metrics.clock import real_ms
from metrics.definition import Bundle

PERIOD_S = 60.0  # roll-ups are at most so much behind the archive
MEMORY = "1GB"  # of DuckDB; what is more goes to disk


@dataclass(slots=True)
class Chores:
    """What was done since the start."""

    turns: int = 0
    hours: int = 0  # hours rolled up
    standings: int = 0  # days of which was made what stood at each hour
    tenures: int = 0  # days of a source of the map of which was made which row stood when
    merged: int = 0  # parts and pieces made of smaller ones
    removed: int = 0  # files deleted
    failures: int = 0
    trouble: str = ""  # why the last turn failed for some world; empty: it did not


class Keeper:
    """Looks after all lives below a folder; `present` says which lives are being archived now (world -> started_ms)."""

    def __init__(
        self,
        root: Path,
        present: Callable[[], Mapping[str, int]],
        retention: Retention | None = None,
        definitions: Callable[[], Bundle | None] = lambda: None,
    ) -> None:
        """`definitions`: those in force; while they are not known no observations go."""
        self._root, self._present, self._retention = root, present, retention or Retention()
        self._definitions = definitions
        self._log = structlog.get_logger()
        self.chores = Chores()

    def run(self, stop: threading.Event, period_s: float = PERIOD_S) -> None:
        """Work every `period_s` seconds until `stop` is set."""
        while not stop.wait(period_s):
            self.turn(real_ms())

    def turn(self, now_ms: int) -> None:
        """Look after every life once. What goes wrong with one does not reach the others and is tried again."""
        trouble = ""
        for world in worlds(self._root):
            for life in lives(self._root, world):
                try:
                    self._look_after(life, now_ms)
                except (OSError, duckdb.Error, UnknownTakenVersion) as error:
                    trouble = f"{world}: {error}"
                    self.chores.failures += 1
                    self._log.error("archive_not_kept", world=world, error=str(error))
        self.chores.turns += 1
        self.chores.trouble = trouble

    def _look_after(self, life: Life, now_ms: int) -> None:
        root, chores, retention = self._root, self.chores, self._retention
        if self._present().get(life.world) != life.started_ms and sweep_life(root, life, now_ms, retention):
            self._log.info("world_removed_from_archive", world=life.world, started_ms=life.started_ms)
            return
        spill = str(root / ".spill")
        with duckdb.connect(config={"threads": 1, "memory_limit": MEMORY, "temp_directory": spill}) as connection:
            roll_up = RollUp(root, life, connection)
            chores.hours += len(roll_up.update())
            chores.merged += roll_up.settle()
        definitions = self._definitions()
        if definitions is not None:
            whole = {code for code, region in definitions.regions.items() if not region.parent}
            standings = Standings(root, life, whole)
            chores.standings += len(standings.update())
            chores.removed += standings.sweep(now_ms, retention.keep_ms("completed"))
            chores.tenures += archive_tenures.update(root, life, definitions)
            chores.removed += archive_tenures.sweep(root, life, definitions, now_ms, retention.keep_ms("completed"))
        lasts = None if definitions is None else lasting(definitions)
        for strand in strands(root, life):
            chores.merged += merge(root, strand, now_ms)
            keep_ms = retention.keep_ms(strand.kind)
            if strand.kind == "intake":
                keep_ms = retention.remarks_ms(None if lasts is None else lasts.values())
            elif strand.kind == "observations":
                rule = None if lasts is None else lasts.get(strand.source)
                if rule == "newest":
                    chores.merged += condense(root, strand, now_ms, keep_ms)
                if rule is not None or lasts is None:  # nobody knows yet what is asked for: nothing goes
                    keep_ms = retention.lasting_ms if rule == "rows" else EVER_MS
            chores.removed += sweep(root, strand, now_ms, keep_ms)
        chores.removed += sweep_pieces(root, life, now_ms)
