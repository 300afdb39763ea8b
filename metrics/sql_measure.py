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
from metrics.measure import Measure
from metrics.measured import RegionForm
from metrics.sql_database import Database
from metrics.sql_expression import Expression
from metrics.sql_function import FUNCTIONS
from metrics.sql_group import Groups
from metrics.sql_number import Term
from metrics.sql_order import EVER, follows
from metrics.sql_rows import SourceRows
from metrics.sql_second_step import SecondStep
from metrics.sql_state import state
from metrics.sql_steps import Steps
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

    def state(self, indicator: Indicator, measure: Measure, end: int, regions: RegionForm) -> Query:
        """The state of a measure's first step in one window: `_state` as text (`metrics.sql_state`) and `_rows`, for
        each group and, in two steps, each of its combinations `_p0`.."""
        instants = self._windows.of(measure.window_of(indicator), [end])
        return _Writer(self, indicator, measure, instants, regions).state()


class _Writer:
    """What stands at hand while one query is written. Each step is a named relation over the one before."""

    def __init__(
        self, of: MeasureQueries, indicator: Indicator, measure: Measure, instants: Instants, regions: RegionForm
    ) -> None:
        self.bundle, self.database, self.rows = of.bundle, of.database, of.rows
        self.measure, self.instants = measure, instants
        self.source = self.bundle.sources[measure.source]
        if measure.agg != "online":
            of.rows.of(measure.source, following=follows(measure, instants.window))
        self.groups = Groups.of(of.bundle, of.rows, indicator, measure, regions)
        self.base = self.groups.base
        self.parts: list[tuple[str, str]] = []
        self.whole = False  # whether rows are wanted as they are, none merged
        self.counted = False  # whether rows are already merged upwards, and different values counted
        self.lasting = False  # whether they stand for the windows from `_lo` up to `_hi`
        self.second = SecondStep(of.database, of.rows, self.groups, measure, instants)
        self.now = Term("_end", instants.low, instants.high)

    def query(self) -> Query:
        self._first_step()
        self._grouped()
        if self.measure.per:
            steps = self.second.lasting_steps if self.lasting else self.second.steps
            self.parts += steps(self.parts[-1][0])
        text = ",\n".join(f"{name} AS (\n  {sql}\n)" for name, sql in self.parts)
        sql = f"WITH {text}\nSELECT _i, {', '.join(self.groups.outer())}, _value, _rows FROM {self.parts[-1][0]}"
        return Query(sql, self.groups.dimensions, self.groups.by_region)

    def state(self) -> Query:
        self.whole = True
        self._first_step()
        keys = ", ".join(self.groups.inner())
        relation = self.groups.rolled_up("spread")
        self._add("stated", f"SELECT {keys}, {state(self.measure)} FROM {relation} GROUP BY ALL")
        steps = ",\n".join(f"{name} AS (\n  {sql}\n)" for name, sql in self.parts)
        return Query(f"WITH {steps}\nSELECT * FROM stated", self.groups.dimensions, self.groups.by_region)

    def _first_step(self) -> None:
        if self.measure.agg == "online":
            self._registered()
        elif self.measure.agg == "dwell":
            self._states()
        else:
            self._folded_rows()

    def _add(self, name: str, sql: str) -> str:
        self.parts.append((name, sql))
        return name

    def _expression(self, steps: Steps, *, now: bool) -> Expression:
        return Expression(
            self.groups.leaves, steps, FUNCTIONS, now=self.now if now else None, calendars=self.database.suffixes,
            wide=self.database.by_rows,
        )  # fmt: skip

    # ---- first step: rows and the windows they lie in ----

    def _folded_rows(self) -> None:
        measure, kind = self.measure, self.instants.window.kind
        asked = [node for node in (measure.where, measure.field, *measure.fields) if node is not None]
        late = any(uses_now(node) for node in asked)  # then the rows are chosen once they are in their windows
        steps = Steps()
        of = self._expression(steps, now=False)
        columns, conditions = self.groups.columns(), []
        if late:
            used = sorted(set().union(*(names(node) for node in asked)))
            columns += list(
                dict.fromkeys(self.groups.leaves[name].sql for name in used if self.groups.leaves[name].sql != "_e")
            )
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
        elif not self.whole and measure.agg in fold.RUNNING and kind != "tumbling":
            keys = self.groups.inner()
            self._add("below", fold.merged(measure.agg, keys, self.groups.rolled_up("placed")))
            if measure.agg in fold.DISTINCT:
                self._add("changes", fold.value_changes(keys, "below"))
            self.counted, self.lasting = True, bool(measure.per) and self.second.stays
            spreading = fold.lasting if self.lasting else fold.running
            self._add("spread", spreading(measure.agg, keys, self.parts[-1][0]))
        elif not self.whole and measure.agg in fold.EXTREMES and kind != "tumbling":
            self._add("merged", fold.merged(measure.agg, self.groups.inner(), "placed"))
            self._add("spread", spread("merged"))
        else:
            self._add("spread", f"SELECT *, 1 AS _c FROM {spread('placed')}")

    def _choose_late(self) -> None:
        steps = Steps()
        value, conditions = self._value(self._expression(steps, now=True))
        self._add("timed", f"SELECT r.*, w._s, w._end FROM {spread('placed')} r JOIN {self.instants.ends} w USING (_i)")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        columns = ["_i", *self.groups.inner(), "_t", *value, "1 AS _c"]
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
        columns = [*self.groups.columns(), f"{begin} AS _b", f"{end} AS _f", f"{end} - 1 AS _newest"]
        where = " AND ".join(conditions)
        self._add("states", f"SELECT {', '.join(columns)} FROM {steps.over(self.base.table)} WHERE {where}")
        self._add("placed", placed(self.instants, "states", ["_b"], "", "_newest"))
        first, last = "greatest(r._b, w._s)", "least(r._f, w._end)"
        length = f"{last} - {first}"
        if measure.calendar:
            length = f"worked_{self.database.suffixes[measure.calendar]}({first}, {last}, NULL)"
        keys = ", ".join(f"r.{name}" for name in self.groups.inner())
        cut = f"SELECT r._i, {keys}, {length} AS _v FROM {spread('placed')} r JOIN {self.instants.ends} w USING (_i)"
        self._add("spread", f"SELECT *, 1 AS _c FROM ({cut}) WHERE _v > 0")

    def _registered(self) -> None:
        """Online: the current registry row of each entity, and whether the entity was heard."""
        measure, late = self.measure, self.measure.where is not None and uses_now(self.measure.where)
        steps = Steps()
        condition = "TRUE" if measure.where is None or late else self._expression(steps, now=False).truth(measure.where)
        columns = ["*"] if late else [*self.groups.columns(), "_e", "_t", "_next"]
        relation = steps.over(self.base.table)
        self._add("registered", f"SELECT {', '.join(columns)} FROM {relation} WHERE {condition}")
        self._add("placed", placed(self.instants, "registered", ["_t"], "_next", ""))
        current = spread("placed")
        if late and measure.where is not None:
            steps = Steps()
            condition = self._expression(steps, now=True).truth(measure.where)
            timed = f"(SELECT r.*, w._end FROM {current} r JOIN {self.instants.ends} w USING (_i))"
            relation = steps.over(timed)
            current = f"(SELECT _i, _e, {', '.join(self.groups.columns())} FROM {relation} WHERE {condition})"
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
        names_ = self.groups.inner()
        relation = "spread" if self.counted else self.groups.rolled_up("spread")
        folded = fold.aggregate(self.measure, counted=self.counted)
        windows = "_lo, _hi" if self.lasting else "_i"
        self._add("grouped", f"SELECT {windows}, {', '.join(names_)}, {folded} FROM {relation} GROUP BY ALL")
        if fold.is_percentile(self.measure.agg):
            self._add("ranked", f"FROM {fold.percentile('grouped', self.measure.p or 0.0, self.measure.scale)}")
