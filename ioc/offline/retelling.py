"""Retelling: many indicators computed over an archive, and written as if they had been published then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ioc.offline.sweep import Sweep
from metrics.archive import Life
from metrics.archive_columns import Run
from metrics.archive_evidence import Evidence
from metrics.archive_retold import Ground, Retold
from metrics.archive_rollup import RollUp
from metrics.clock import monotonic_s
from metrics.definition import Bundle
from metrics.indicator import Indicator
from metrics.voucher_ground import dated

MEMORY = "2GB"  # of the roll-ups; what is more goes to disk


@dataclass(frozen=True, slots=True)
class Progress:
    """One indicator is done, the `number`-th of `of`: how many values it has, and how long it took."""

    indicator: Indicator
    number: int
    of: int
    values: int
    seconds: float


def retell(
    root: Path, life: Life, bundle: Bundle, ids: Sequence[str], ground: Ground, *,
    instants: Callable[[Indicator, bool], Sequence[int]],
    told: Callable[[Progress], object] = lambda _: None,
) -> int:  # fmt: skip
    """Compute the indicators and write their values; returns how many. `instants`: the ascending window ends of an
    indicator, of its regions in total (False) or split by its dimensions (True). An indicator whose `told` raises
    KeyboardInterrupt is the last one. Raises ArchiveNotWritten."""
    whole = replace(bundle, sources={name: dated(source) for name, source in bundle.sources.items()})
    sweep, retold, values = Sweep(whole, Evidence(root, life), ids), Retold(root, life, ground, whole.calendars), 0
    for number, name in enumerate(sweep.ordered(), 1):
        began = monotonic_s()
        runs: dict[int, tuple[Indicator, list[Run]]] = {}
        for grouping in sweep.groupings(name):
            ends = instants(sweep.indicator(name), bool(grouping.dimensions))
            for found in sweep.answers(name, ends, grouping):
                runs.setdefault(found.indicator.version, (found.indicator, []))[1].append(found.run())
        sweep.done(name)
        count = sum(retold.write(indicator, some) for indicator, some in runs.values())
        values += count
        told(Progress(sweep.indicator(name), number, len(ids), count, monotonic_s() - began))
    sweep.close()
    return values


def roll_up(root: Path, life: Life) -> int:
    """Make the roll-ups of what was retold, before anything is published; returns how many pieces."""
    with duckdb.connect(config={"threads": 2, "memory_limit": MEMORY, "temp_directory": str(root / ".spill")}) as one:
        one.execute("SET enable_progress_bar = false")
        return RollUp(root, life, one).begin()
