"""One measure as one query: rows of a source, placed into windows, grouped, folded, and folded once more."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metrics import sql_fold as fold
from metrics.definition import Bundle
from metrics.formula import Node, Surroundings, check, names, uses_now
from metrics.formula_types import Type
from metrics.indicator import Indicator
from metrics.measure import ENTITY, Measure
from metrics.measured import RegionForm
from metrics.sql_database import Database
from metrics.sql_expression import Expression, Leaf
from metrics.sql_function import FUNCTIONS
from metrics.sql_number import Term
from metrics.sql_rows import EVER, Rows, SourceRows
from metrics.sql_steps import Steps, quoted
from metrics.sql_window import Instants, Windows, placed, spread


@dataclass(frozen=True, slots=True)
class Query:
    """SQL with a row per window and group that holds rows: `_i`, `_g` region, `_d0`.. dimensions, `_value`, `_rows`."""

    sql: str
    dimensions: tuple[str, ...]
    by_region: bool


class MeasureQueries:
    """Writes the queries of measures over prepared rows."""

    def __init__(self, bundle: Bundle, database: Database, rows: SourceRows, windows: Windows) -> None:
        self.bundle = bundle
        self.database = database
        self.rows = rows
        self._windows = windows

    def query(self, indicator: Indicator, measure: Measure, ends: Sequence[int], regions: RegionForm) -> Query:
        """A measure in the windows of its own or its indicator's kind; `ends` are ascending and distinct."""
        instants = self._windows.of(measure.window_of(indicator), ends)
        return _Writer(self, indicator, measure, instants, regions).query()


class _Writer:
    """What stands at hand while one query is written. Each step is a named relation over the one before."""

    def __init__(
        self, of: MeasureQueries, indicator: Indicator, measure: Measure, instants: Instants, regions: RegionForm
    ) -> None:
        self.bundle, self.database, self.rows = of.bundle, of.database, of.rows
        self.measure, self.instants = measure, instants
        self.source = self.bundle.sources[measure.source]
        self.registry = self.rows.registry(self.source)
        self.online = measure.agg == "online"
        self.base: Rows = self.registry if self.online and self.registry is not None else self.rows.of(measure.source)
        self.leaves: dict[str, Leaf] = dict(self.base.leaves)
        self.leaves.setdefault(self.source.entity, Leaf("text", "_e"))
        self.dimensions = tuple(name for name in indicator.dimensions if name in self.leaves)
        self.form, self.levels = regions, indicator.levels
        self.region = "''" if regions == "none" else self._region()
        self.parts: list[tuple[str, str]] = []
        self.counted = False  # whether rows are already merged upwards, and different values counted
        self.now = Term("_end", instants.low, instants.high)

    def query(self) -> Query:
        if self.online:
            self._registered()
        elif self.measure.agg == "dwell":
            self._states()
        else:
            self._folded_rows()
        self._grouped()
        if self.measure.per:
            self._second_step()
        dimensions = "".join(f", _d{at}" for at in range(len(self.dimensions)))
        steps = ",\n".join(f"{name} AS (\n  {sql}\n)" for name, sql in self.parts)
        sql = f"WITH {steps}\nSELECT _i, _g{dimensions}, _value, _rows FROM {self.parts[-1][0]}"
        return Query(sql, self.dimensions, self.region != "''")

    # ---- names and groups ----

    def _add(self, name: str, sql: str) -> str:
        self.parts.append((name, sql))
        return name

    def _region(self) -> str:
        if not self.online:
            named = self.source.union_of or (self.source.id,)
            return "_region" if any(self.bundle.sources[name].region for name in named) else "''"
        rule = self.source.region
        if rule is not None and rule.way == "registry" and rule.name in self.base.types:
            code = quoted(rule.name)
            return f"CASE WHEN {code} IN (SELECT code FROM regions) THEN {code} ELSE '' END"
        recorded = self.source.registry_is_source and self.bundle.sources[self.source.registry or ""].region
        return "_region" if recorded else "''"

    def _keys(self) -> list[str]:
        """The columns of the groups of a row, under the names that all further steps use."""
        keys = [f"{self.region} AS _g"]
        for at, name in enumerate(self.dimensions):
            keys.append(f"coalesce({self.leaves[name].sql}::VARCHAR, '') AS _d{at}")
        for at, name in enumerate(self.measure.per):
            keys.append(f"{self.leaves[name].sql if self._is_field(name) else '_e'} AS _p{at}")
        if self._by_entity and self.source.union_of:
            keys.append("origin AS _origin")  # keys of different sources stay apart
        return keys

    def _key_names(self, *, inner: bool) -> list[str]:
        names_ = ["_g", *(f"_d{at}" for at in range(len(self.dimensions)))]
        if inner:
            names_ += [f"_p{at}" for at in range(len(self.measure.per))]
            if self._by_entity and self.source.union_of:
                names_.append("_origin")
        return names_

    def _is_field(self, name: str) -> bool:
        return name in self.leaves and not (name == ENTITY and ENTITY not in self.base.types)

    @property
    def _by_entity(self) -> bool:
        return any(name in (ENTITY, self.source.entity) for name in self.measure.per)

    def _expression(self, steps: Steps, *, now: bool) -> Expression:
        return Expression(
            self.leaves, steps, FUNCTIONS, now=self.now if now else None, calendars=self.database.suffixes,
            wide=self.database.by_rows,
        )  # fmt: skip

    # ---- first step: rows and the windows they lie in ----

    def _folded_rows(self) -> None:
        measure, kind = self.measure, self.instants.window.kind
        asked = [node for node in (measure.where, measure.field, *measure.fields) if node is not None]
        late = any(uses_now(node) for node in asked)  # then the rows are chosen once they are in their windows
        steps = Steps()
        of = self._expression(steps, now=False)
        columns, conditions = self._keys(), []
        if late:
            used = sorted(set().union(*(names(node) for node in asked)))
            columns += list(dict.fromkeys(self.leaves[name].sql for name in used if self.leaves[name].sql != "_e"))
        at = None
        if measure.at is not None and kind != "now":
            at = steps.name(of.instant(measure.at).sql)
            conditions.append(f"{at} IS NOT NULL")
            columns.append(f"{at} AS _at")
        columns += ["_t", "_next", "_e"]
        if measure.agg in fold.ORDERED:
            columns.append(f"{self._order(of, steps)} AS _o")
        if kind == "now" and not measure.records:
            age = self.instants.window.max_age_ms
            columns.append(f"least(_next, _t + {age}) AS _until" if age is not None else "_next AS _until")
        if not late:
            value, chosen = self._value(of)
            columns += value
            conditions += chosen
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        self._add("chosen", f"SELECT {', '.join(columns)} FROM {steps.over(self.base.table)}{where}")
        after, before, begun = ["_t"], "", "_t"
        if measure.records:
            after, before, begun = (["_t"] if at is None else ["_t", "_at"]), "_next", "_at"
        elif kind == "now":
            before = "_until"
        self._add("placed", placed(self.instants, "chosen", after, before, "" if kind in ("now", "all") else begun))
        if late:
            self._choose_late()
        elif measure.agg in fold.RUNNING and kind != "tumbling":
            keys = self._key_names(inner=True)
            self._add("below", fold.merged(measure.agg, keys, self._rolled_up("placed")))
            if measure.agg in fold.DISTINCT:
                self._add("changes", fold.value_changes(keys, "below"))
            self._add("spread", fold.running(measure.agg, keys, self.parts[-1][0]))
            self.counted = True
        elif measure.agg in fold.EXTREMES and kind != "tumbling":
            self._add("merged", fold.merged(measure.agg, self._key_names(inner=True), "placed"))
            self._add("spread", spread("merged"))
        else:
            self._add("spread", f"SELECT *, 1 AS _c FROM {spread('placed')}")

    def _choose_late(self) -> None:
        steps = Steps()
        value, conditions = self._value(self._expression(steps, now=True))
        self._add("timed", f"SELECT r.*, w._s, w._end FROM {spread('placed')} r JOIN {self.instants.ends} w USING (_i)")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        columns = ["_i", *self._key_names(inner=True), "_t", *value, "1 AS _c"]
        if self.measure.agg in fold.ORDERED:
            columns.append("_o")
        self._add("spread", f"SELECT {', '.join(columns)} FROM {steps.over('timed')}{where}")

    def _order(self, of: Expression, steps: Steps) -> str:
        if not self.measure.records:
            return "_order"
        at = f"coalesce({steps.name(of.instant(self.measure.at).sql)}, {EVER})" if self.measure.at else "0"
        return f"{{'at': {at}, 'key': _order}}"

    def _value(self, of: Expression) -> tuple[list[str], list[str]]:
        """The column `_v` and the conditions of folded rows: `where` is true, and the field is not null."""
        measure = self.measure
        conditions = [] if measure.where is None else [of.truth(measure.where)]
        fields = measure.fields or (() if measure.field is None else (measure.field,))
        if not fields:
            return [], conditions
        if measure.agg in fold.DISTINCT or measure.agg == "count":
            cells = [of.steps.name(of.value(node, self._scale(node))) for node in fields]
            conditions += [f"{cell} IS NOT NULL" for cell in cells]
            if measure.agg == "count":
                return [], conditions
            if len(cells) == 1:
                return [f"{cells[0]} AS _v"], conditions
            return [f"struct_pack({', '.join(f'c{at} := {cell}' for at, cell in enumerate(cells))}) AS _v"], conditions
        value = of.steps.name(of.number(fields[0], measure.scale).sql)
        return [f"{value} AS _v"], [*conditions, f"{value} IS NOT NULL"]

    def _scale(self, node: Node) -> int:
        """The decimals by which values are told apart."""
        types: dict[str, Type] = dict(self.base.types)
        found = check(node, types, "row", around=Surroundings(frozenset(self.database.suffixes)))
        if found.kind != "number":
            return 0
        return self.measure.scale if found.scale is None else found.scale

    def _states(self) -> None:
        """Dwell: the part of each row's state inside each window, in ms."""
        measure, steps = self.measure, Steps()
        of = self._expression(steps, now=False)
        begin, end = "_t", "_next"
        if measure.records:
            ever = steps.name(of.instant(measure.at).sql) if measure.at is not None else "NULL"
            begin = f"CASE WHEN _t > {EVER} THEN _t ELSE {ever} END"
        else:
            hold = measure.hold_ms or 2 * (self.source.period_ms or 0)
            end = f"least(_next, _t + {hold})"
        begin, end = steps.name(begin), steps.name(end)
        conditions = [f"{begin} < {end}"]
        if measure.where is not None:
            conditions.append(of.truth(measure.where))
        columns = [*self._keys(), f"{begin} AS _b", f"{end} AS _f", f"{end} - 1 AS _newest"]
        where = " AND ".join(conditions)
        self._add("states", f"SELECT {', '.join(columns)} FROM {steps.over(self.base.table)} WHERE {where}")
        self._add("placed", placed(self.instants, "states", ["_b"], "", "_newest"))
        first, last = "greatest(r._b, w._s)", "least(r._f, w._end)"
        length = f"{last} - {first}"
        if measure.calendar:
            length = f"worked_{self.database.suffixes[measure.calendar]}({first}, {last}, NULL)"
        keys = ", ".join(f"r.{name}" for name in self._key_names(inner=True))
        cut = f"SELECT r._i, {keys}, {length} AS _v FROM {spread('placed')} r JOIN {self.instants.ends} w USING (_i)"
        self._add("spread", f"SELECT *, 1 AS _c FROM ({cut}) WHERE _v > 0")

    def _registered(self) -> None:
        """Online: the current registry row of each entity, and whether the entity was heard."""
        measure, late = self.measure, self.measure.where is not None and uses_now(self.measure.where)
        steps = Steps()
        condition = "TRUE" if measure.where is None or late else self._expression(steps, now=False).truth(measure.where)
        columns = ["*"] if late else [*self._keys(), "_e", "_t", "_next"]
        relation = steps.over(self.base.table)
        self._add("registered", f"SELECT {', '.join(columns)} FROM {relation} WHERE {condition}")
        self._add("placed", placed(self.instants, "registered", ["_t"], "_next", ""))
        current = spread("placed")
        if late and measure.where is not None:
            steps = Steps()
            condition = self._expression(steps, now=True).truth(measure.where)
            timed = f"(SELECT r.*, w._end FROM {current} r JOIN {self.instants.ends} w USING (_i))"
            relation = steps.over(timed)
            current = f"(SELECT _i, _e, {', '.join(self._keys())} FROM {relation} WHERE {condition})"
        readings = f"(SELECT _e, _t, _t + {measure.within_ms} AS _until FROM {self.rows.of(self.source.id).table})"
        heard = spread(placed(self.instants, readings, ["_t"], "_until", ""))
        self._add("heard", f"SELECT DISTINCT _i, _e, 1 AS _heard FROM {heard}")
        self._add(
            "spread",
            f"SELECT r.*, coalesce(h._heard, 0) AS _v, 1 AS _c FROM {current} r LEFT JOIN heard h USING (_i, _e)",
        )

    # ---- groups ----

    def _grouped(self) -> None:
        """Rows below a region are merged before anything is made of them."""
        names_ = self._key_names(inner=True)
        relation = "spread" if self.counted else self._rolled_up("spread")
        folded = fold.aggregate(self.measure, counted=self.counted)
        self._add("grouped", f"SELECT _i, {', '.join(names_)}, {folded} FROM {relation} GROUP BY ALL")
        if fold.is_percentile(self.measure.agg):
            self._add("ranked", f"FROM {fold.percentile('grouped', self.measure.p or 0.0, self.measure.scale)}")

    def _rolled_up(self, relation: str) -> str:
        """Each row once for every region asked for that it lies in."""
        if self.form != "tree" or self.region == "''":
            return relation
        above = self.rows.above(self.levels)
        return f"(SELECT r.* REPLACE (a.region AS _g) FROM {relation} r JOIN {above} a ON a.code = r._g)"

    # ---- second step ----

    def _second_step(self) -> None:
        measure, relation = self.measure, self.parts[-1][0]
        nodes = [node for node in (measure.having, measure.each) if node is not None]
        used: set[str] = set().union(*(names(node) for node in nodes))
        leaves = {"value": Leaf("number", "_value", None)}
        for at, name in enumerate(measure.per):
            leaf = self.leaves[name] if self._is_field(name) else Leaf("text", "_e")
            leaves[name] = Leaf(leaf.kind, f"_p{at}", leaf.scale, leaf.low, leaf.high)
        taken = sorted(name for name in used - set(leaves) if self._by_entity and name in self.source.take)
        if taken and self.registry is not None:
            relation = self._with_taken(relation, taken, leaves)
        steps = Steps()
        of = Expression(
            leaves, steps, FUNCTIONS, is_exact=False, now=self.now, calendars=self.database.suffixes,
            wide=self.database.by_rows,
        )  # fmt: skip
        result = "_value" if measure.each is None else of.double(measure.each)
        keep = ["_value IS NOT NULL"] + ([] if measure.having is None else [of.truth(measure.having)])
        result = f"CASE WHEN {' AND '.join(keep)} THEN {result} END"
        keys = ", ".join(self._key_names(inner=False))
        if any(uses_now(node) for node in nodes) and "_end" not in relation:
            relation = f"(SELECT r.*, w._end FROM {relation} r JOIN {self.instants.ends} w USING (_i))"
        self._add("mapped", f"SELECT _i, {keys}, _rows, {result} AS _w FROM {steps.over(relation)}")
        self._add("folded", f"SELECT _i, {keys}, {fold.then(measure.then)} FROM mapped GROUP BY ALL")
        if measure.then == "percentile":
            self._add("placed_among", f"FROM {fold.percentile('folded', measure.then_p or 0.0, 0)}")

    def _with_taken(self, relation: str, taken: Sequence[str], leaves: dict[str, Leaf]) -> str:
        """The registry fields of the entity as of the end of the window."""
        assert self.registry is not None  # noqa: S101  # the caller looked
        entity = next(at for at, name in enumerate(self.measure.per) if name in (ENTITY, self.source.entity))
        columns = []
        for at, name in enumerate(taken):
            leaf = self.registry.leaves.get(name)
            if leaf is None:
                leaves[name] = Leaf("text", "NULL::VARCHAR")
                continue
            columns.append(f"k.{quoted(name)} AS _k{at}")
            leaves[name] = Leaf(leaf.kind, f"_k{at}", leaf.scale, leaf.low, leaf.high)
        return (
            f"(SELECT r.*, w._end, {', '.join(columns) or 'NULL AS _k'} FROM {relation} r"
            f" JOIN {self.instants.ends} w USING (_i)"
            f" LEFT JOIN {self.registry.table} k ON k._e = r._p{entity} AND k._t < w._end AND k._next >= w._end)"
        )
