"""The second step of a measure in SQL: results of parts are kept or dropped, mapped, and folded."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metrics import sql_fold as fold
from metrics.formula import Node, names, uses_now
from metrics.measure import Measure
from metrics.sql_database import Database
from metrics.sql_expression import Expression
from metrics.sql_function import FUNCTIONS
from metrics.sql_group import Groups
from metrics.sql_number import Term
from metrics.sql_part import Leaf
from metrics.sql_rows import SourceRows
from metrics.sql_steps import Steps, quoted
from metrics.sql_window import Instants


@dataclass(frozen=True, slots=True)
class SecondStep:
    """`having`, `each` and `then` over the results `_value` of the parts of each group."""

    database: Database
    rows: SourceRows
    groups: Groups
    measure: Measure
    instants: Instants

    @property
    def stays(self) -> bool:
        """Whether the result of a part follows from its value alone, and folds without being listed: then parts that
        stay the same over many windows need no row in each of them."""
        return self.measure.then != "percentile" and not self._taken and not self._by_the_clock

    @property
    def _nodes(self) -> list[Node]:
        return [node for node in (self.measure.having, self.measure.each) if node is not None]

    @property
    def _taken(self) -> list[str]:
        """The registry fields of the entity that are asked for."""
        parts = {"value", *self.measure.per}
        used: set[str] = set().union(*(names(node) for node in self._nodes))
        return sorted(name for name in used - parts if name in self.groups.source.take)

    @property
    def _by_the_clock(self) -> bool:
        return any(uses_now(node) for node in self._nodes)

    def steps(self, relation: str) -> list[tuple[str, str]]:
        """Named relations over `relation`, the last one with `_value` and `_rows` of each group."""
        return self._steps(relation, lasting=False)

    def lasting_steps(self, relation: str) -> list[tuple[str, str]]:
        """The same over a relation with windows from `_lo` up to `_hi`, of a measure that `stays`."""
        return self._steps(relation, lasting=True)

    def _steps(self, relation: str, *, lasting: bool) -> list[tuple[str, str]]:
        measure = self.measure
        leaves = {"value": Leaf("number", "_value", None)}
        for at, name in enumerate(measure.per):
            leaf = self.groups.part(name)
            leaves[name] = Leaf(leaf.kind, f"_p{at}", leaf.scale, leaf.low, leaf.high)
        if self._taken or self._by_the_clock:
            relation = self._at_the_end(relation, self._taken, leaves)
        steps, now = Steps(), Term("_end", self.instants.low, self.instants.high)
        of = Expression(
            leaves, steps, FUNCTIONS, is_exact=False, now=now, calendars=self.database.suffixes,
            wide=self.database.by_rows,
        )  # fmt: skip
        result = "_value" if measure.each is None else of.double(measure.each)
        keep = ["_value IS NOT NULL"] + ([] if measure.having is None else [of.truth(measure.having)])
        result = f"CASE WHEN {' AND '.join(keep)} THEN {result} END"
        keys = ", ".join(self.groups.outer())
        if lasting:
            mapped = f"SELECT _lo, _hi, {keys}, _rows, {result} AS _w FROM {steps.over(relation)}"
            return [("mapped", mapped), ("folded", fold.then_lasting(measure.then, self.groups.outer(), "mapped"))]
        found = [
            ("mapped", f"SELECT _i, {keys}, _rows, {result} AS _w FROM {steps.over(relation)}"),
            ("folded", f"SELECT _i, {keys}, {fold.then(measure.then)} FROM mapped GROUP BY ALL"),
        ]
        if measure.then == "percentile":
            found.append(("ranked_parts", f"FROM {fold.percentile('folded', measure.then_p or 0.0, 0)}"))
        return found

    def _at_the_end(self, relation: str, taken: Sequence[str], leaves: dict[str, Leaf]) -> str:
        """With the end of the window, and with registry fields of the entity as of then."""
        registry, entity = self.rows.registry(self.groups.source), self.groups.entity
        columns, joined = ["r.*", "w._end"], ""
        for at, name in enumerate(taken):
            leaf = None if registry is None else registry.leaves.get(name)
            if leaf is None or entity is None:
                leaves[name] = Leaf("text", "NULL::VARCHAR")
                continue
            columns.append(f"k.{quoted(name)} AS _k{at}")
            leaves[name] = Leaf(leaf.kind, f"_k{at}", leaf.scale, leaf.low, leaf.high)
        if registry is not None and len(columns) > 2:
            match = f"k._e = r._p{entity} AND k._t < w._end AND k._next >= w._end"
            joined = f" LEFT JOIN {registry.table} k ON {match}"
        return f"(SELECT {', '.join(columns)} FROM {relation} r JOIN {self.instants.ends} w USING (_i){joined})"
