"""The contract of a source: raw columns become a batch of typed columns; a row that breaks it becomes a reject."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.field_type import READERS, Faults, FieldRule, Mask, field_rule, text_of
from metrics.observation import Batch
from metrics.raw import RawColumn, RawRows, Reject, Rule
from metrics.source import Source

MAX_LETTERS = 10_000  # of one run; the stream of dead letters keeps no more, the counts are always whole


@dataclass(slots=True)
class Admission:
    """What a contract said of one run: `rejected` counts every row by rule, `letters` hold the newest of them.

    `kept`: which rows of the run are in the batch, None: all; `ahead`: places of those refused by the rule `future`.
    """

    batch: Batch | None
    rejected: Counter[Rule] = field(default_factory=Counter)
    letters: list[Reject] = field(default_factory=list)
    kept: Mask | None = None
    ahead: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Contract:
    """The rules of a source. `time` and `entity` travel as `t` and `k`; rows further than `future_ms` ahead of the
    world's clock are rejected. `undated`: a row without time (a record without change time) counts as changed when it
    arrives, by the world's clock."""

    source: str
    time: FieldRule
    entity: FieldRule
    fields: tuple[FieldRule, ...]
    future_ms: int | None
    undated: bool = False

    @staticmethod
    def from_source(source: Source) -> Contract:
        """The contract that a source declares. Raises UnsupportedField."""
        rules = {
            name: field_rule(
                name,
                type=one.type,
                scale=one.scale,
                range=one.range,
                missing=one.missing,
                values=one.values,
                required=one.required,
                datum=one.datum,
            )
            for name, one in source.fields.items()
        }
        return Contract(
            source.id,
            replace(rules[source.time], required=True) if source.time else FieldRule("", "time", required=True),
            replace(rules[source.entity], required=True, naming=True),
            tuple(rule for name, rule in rules.items() if name not in (source.time, source.entity)),
            source.future_ms,
            undated=source.kind == "records",
        )

    @property
    def wanted(self) -> frozenset[str]:
        """The names that the codec must deliver."""
        return frozenset(("t", "k", *(rule.name for rule in self.fields)))

    def admit(self, raw: RawRows, now_ms: int, arrival_ms: int = 0) -> Admission:
        """Type, check and sort out the rows of a run. A row is rejected once, for the first field that is wrong."""
        verdict = _Verdict(raw)
        times, faults = READERS["time"](_given(raw, "t"), replace(self.time, required=not self.undated), raw.rows)
        if times.valid is not None and self.undated:
            times = Column(np.where(times.valid, times.values, now_ms))
        if self.future_ms is not None and raw.rows and int(times.values.max()) > now_ms + self.future_ms:
            faults.append(("future", times.values > now_ms + self.future_ms))
        verdict.add("t", faults)
        entities, faults = READERS["text"](_given(raw, "k"), self.entity, raw.rows)
        verdict.add("k", faults)
        columns: dict[str, Column] = {}
        for rule in self.fields:
            given = raw.columns.get(rule.name)
            if given is None:
                if rule.required:
                    verdict.add(rule.name, [("missing", np.ones(raw.rows, np.bool_))])
                continue
            column, faults = READERS[rule.type](given, rule, raw.rows)
            verdict.add(rule.name, faults)
            columns[rule.name] = column
        keep = verdict.keep()
        if keep is not None:
            times, entities = _only(times, keep), _only(entities, keep)
            columns = {name: _only(column, keep) for name, column in columns.items()}
        out = Admission(None, verdict.rejected, verdict.letters(), keep, verdict.ahead())
        if len(times.values):
            known = entities.dictionary or ()
            out.batch = Batch(self.source, times.values, entities.values, known, columns, arrival_ms)
        return out


# ---- rows that are wrong ----


class _Verdict:
    """The first fault of each row."""

    def __init__(self, raw: RawRows) -> None:
        self.raw = raw
        self.rejected: Counter[Rule] = Counter()
        self._bad: Mask | None = None
        self._blame: list[tuple[str, Rule, NDArray[np.int64]]] = []

    def add(self, name: str, faults: Faults) -> None:
        for rule, mask in faults:
            new = mask if self._bad is None else mask & ~self._bad
            rows = np.flatnonzero(new)
            if rows.size:
                self.rejected[rule] += int(rows.size)
                self._blame.append((name, rule, rows))
                self._bad = new.copy() if self._bad is None else self._bad | new

    def keep(self) -> Mask | None:
        return None if self._bad is None else ~self._bad

    def ahead(self) -> NDArray[np.int64]:
        found = [rows for _, rule, rows in self._blame if rule == "future"]
        return found[0] if found else np.empty(0, np.int64)

    def letters(self) -> list[Reject]:
        found = [
            (int(row), name, rule) for name, rule, rows in self._blame for row in rows[-MAX_LETTERS:]
        ]  # the newest ones
        found.sort()
        letters = []
        for row, name, rule in found[-MAX_LETTERS:]:
            entry, place = self.raw.origin(row)
            letters.append(Reject(entry, place, name, rule, text_of(self.raw.columns.get(name), row)))
        return letters


def _given(raw: RawRows, name: str) -> RawColumn:
    column = raw.columns.get(name)
    return column if column is not None else RawColumn("coded", np.full(raw.rows, -1, np.int32))


def _only(column: Column, keep: Mask) -> Column:
    return replace(column, values=column.values[keep], valid=None if column.valid is None else column.valid[keep])
