"""The account of an evaluation's rows: how many were read, and how many do not count as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ioc.offline.source_file import Rejected
from metrics import compiler
from metrics.definition import Bundle
from metrics.engine import State
from metrics.intake import Intake
from metrics.observation import Batch
from metrics.plan import REGION
from metrics.rows import Rows
from metrics.stream_measuring import NO_LATENESS


@dataclass(slots=True)
class Account:
    """Of one file: `read` rows, those `rejected` by rule; of the accepted ones `duplicate` readings, and of the rest
    those whose entity was `unregistered` at their time and those whose region is `nowhere` in the region table."""

    read: int
    rejected: Mapping[str, int]
    duplicate: int = 0
    unregistered: int = 0
    nowhere: int = 0

    def sentences(self, name: str) -> Iterator[str]:
        """Rows read, and every count that is not zero."""
        yield f"读入 read: {name}: {self.read}"
        if self.rejected:
            rules = ", ".join(f"{rule} {count}" for rule, count in sorted(self.rejected.items()))
            yield f"拒收 rejected: {name}: {rules}"
        for title, count in (
            ("重复 duplicate", self.duplicate),
            ("未注册 unregistered", self.unregistered),
            ("区域未知 region unknown", self.nowhere),
        ):
            if count:
                yield f"{title}: {name}: {count}"


def accounts(bundle: Bundle, rows: Mapping[str, Sequence[Batch]], rejected: Sequence[Rejected]) -> dict[str, Account]:
    """By source, for every source with rows. Nothing is late: as in every evaluation, all rows count."""
    sources = {name: replace(source, lateness_ms=NO_LATENESS, idle_ms=None) for name, source in bundle.sources.items()}
    state = State(compiler.compile(replace(bundle, sources=sources, indicators=())))
    found = {}
    # Registries first: what a reading takes from its registry does not depend on the order of the files.
    for name in sorted(rows, key=lambda name: sources[name].kind != "records"):
        intake, rules = state.intakes[name], dict[str, int]()
        nowhere = sum(_take(intake, batch, bundle) for batch in rows[name])
        for one in rejected:
            if one.source == name:
                rules[one.rule] = rules.get(one.rule, 0) + 1
        counters = intake.counters
        read = counters.rows + sum(rules.values())
        found[name] = Account(read, rules, counters.duplicate, counters.unregistered, nowhere)
    return {name: found[name] for name in rows}


def _take(intake: Intake, batch: Batch, bundle: Bundle) -> int:
    """Fold a batch in; the rows of it that count and have no region."""
    again = [finding.rows for finding in intake.take(batch, 0) if finding.kind == "duplicate"]
    rule = intake.source.region
    if rule is None:
        return 0
    rows = Rows(batch, intake.entities.dictionary.codes(batch.entities), intake)
    if again:
        new = np.ones(batch.rows, np.bool_)
        new[np.concatenate(again)] = False
        rows.keep(new)
    column = rows.column(rule.name if rule.way == "field" else REGION)
    here = np.array([*(code in bundle.regions for code in column.dictionary or ()), False], np.bool_)
    placed: NDArray[np.bool_] = column.known() & here[column.values]
    return len(rows) - int(placed.sum())
