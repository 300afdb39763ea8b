"""The second program: measures by SQL over tables of rows, independent of the streaming engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]

from metrics.calendar import ALWAYS, Calendar
from metrics.definition import Bundle
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured import Answer, Counts, Group, Mask, Measured, RegionForm
from metrics.measured_groups import part_of, zero_when_empty
from metrics.region import UNKNOWN
from metrics.source import Source
from metrics.sql_database import Database
from metrics.sql_measure import MeasureQueries, Query
from metrics.sql_rows import SourceRows
from metrics.sql_state import State
from metrics.sql_window import Windows


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows of a query as arrays of one length: window, place in `groups`, value (NaN: null), rows."""

    groups: list[Group]
    window: Counts
    group: Counts
    value: np.ndarray[tuple[int], np.dtype[np.float64]]
    known: Mask
    rows: Counts
    places: tuple[int, ...]  # of its dimensions among those asked
    by_region: bool


class SqlMeasuring:
    """Measures of a bundle's indicators in DuckDB; the tables are as `metrics.row_table` makes them. Rows of sources
    that are not among them are asked of `supply` when they are needed (None: there are none)."""

    def __init__(
        self,
        bundle: Bundle,
        tables: Mapping[str, pa.Table],
        supply: Callable[[Source], pa.Table | None] = lambda _: None,
    ) -> None:
        self._bundle = bundle
        self._database = Database({ALWAYS: Calendar.always(), **bundle.calendars})
        self._rows = SourceRows(bundle, self._database, tables, supply)
        self._queries = MeasureQueries(bundle, self._database, self._rows, Windows(self._database))

    def give(self, source: str, rows: pa.Table) -> None:
        """Take the rows of a source; those it had are replaced. Raises KeyError for an unknown source."""
        self._rows.give(self._bundle.sources[source].id, rows)

    def forget(self, sources: Iterable[str]) -> None:
        """Let go of what was prepared of sources: rows that `supply` gave are asked for again when they are needed."""
        self._rows.forget(sources)

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        """As metrics.measured.Measuring."""
        distinct, back = np.unique(np.array(ends, np.int64), return_inverse=True)
        found = {
            measure.name: self._found(indicator, measure, distinct.tolist(), regions) for measure in indicator.measures
        }
        asked = tuple(range(len(indicator.dimensions)))
        groups = dict.fromkeys(self._always(indicator, regions))
        makers = [one for one in found.values() if one.places == asked and one.by_region == (regions != "none")]
        for one in makers:
            groups |= dict.fromkeys(one.groups)
        answer = Answer(list(groups))
        shape = (len(distinct), len(answer.groups))
        answer.present = np.zeros(shape, np.bool_)
        for one in makers:
            column = np.array([answer.columns[group] for group in one.groups], np.int64)
            filled = one.rows > 0
            answer.present[one.window[filled], column[one.group[filled]]] = True
        for measure in indicator.measures:
            answer.measures[measure.name] = _spread(measure, found[measure.name], answer.groups, len(distinct), back)
        answer.present = answer.present[back]
        return answer

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """As metrics.measured.Measuring."""
        stale_after = self._bundle.sources[source].stale_after_ms
        if stale_after is None:
            return np.zeros(len(ends), np.bool_)
        times, at = self._rows.times(source), np.array(ends, np.int64)
        found: Mask = np.searchsorted(times, at) == np.searchsorted(times, at - stale_after)
        return found

    def state(self, indicator: Indicator, measure: Measure, end: int, regions: RegionForm, group: Group) -> State:
        """What a measure's first step holds of one window and group, from which its value follows."""
        query = self._queries.state(indicator, measure, end, regions)
        rows = self._database.arrow(query.sql)
        places = tuple(at for at, name in enumerate(indicator.dimensions) if name in query.dimensions)
        cut = part_of(group[1], places) or ()
        chosen = []
        for row in rows.to_pylist():
            split = tuple(str(row[f"_d{at}"]) for at in range(len(query.dimensions)))
            if (not query.by_region or row["_g"] == group[0]) and split == cut:
                inner = [str(row[f"_p{at}"]) for at in range(len(measure.per))]
                chosen.append(("\x1f".join(inner), row["_state"], int(row["_rows"])))
        return State.of(chosen, two_steps=bool(measure.per))

    def sql(self, indicator: Indicator, ends: Sequence[int] = (0,), regions: RegionForm = "none") -> str:
        """What is run for an indicator: the statements that prepare its sources, and a query per measure."""
        texts, prepared = [], dict[str, None]()
        for measure in indicator.measures:
            source = self._bundle.sources[measure.source]
            registry = self._rows.registry(source)
            if registry is not None:
                prepared[registry.how] = None
            prepared |= dict.fromkeys(self._rows.of(name).how for name in (*source.union_of, source.id))
            query = self._queries.query(indicator, measure, ends, regions)
            texts.append(f"-- {indicator.id}.{measure.name}\n{query.sql};")
        return "\n\n".join([*(f"{how};" for how in prepared), *texts])

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _found(self, indicator: Indicator, measure: Measure, ends: Sequence[int], regions: RegionForm) -> _Found:
        query = self._queries.query(indicator, measure, ends, regions)
        rows = self._database.arrow(query.sql)
        codes = np.zeros(rows.num_rows, np.int64)
        words: list[list[str]] = []
        for name in ("_g", *(f"_d{at}" for at in range(len(query.dimensions)))):
            column = pc.dictionary_encode(rows[name].combine_chunks())
            column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
            words.append(column.dictionary.to_pylist() or [""])
            codes = codes * len(words[-1]) + column.indices.to_numpy(zero_copy_only=False)
        met, group = np.unique(codes, return_inverse=True)
        value = rows["_value"]
        return _Found(
            [_group(int(code), words, query) for code in met],
            rows["_i"].to_numpy().astype(np.int64), group.astype(np.int64),
            pc.fill_null(value, 0.0).to_numpy().astype(np.float64), pc.is_valid(value).to_numpy().astype(np.bool_),
            rows["_rows"].to_numpy().astype(np.int64),
            tuple(at for at, name in enumerate(indicator.dimensions) if name in query.dimensions), query.by_region,
        )  # fmt: skip

    def _always(self, indicator: Indicator, regions: RegionForm) -> list[Group]:
        if indicator.dimensions or regions == "leaf":
            return []
        if regions == "none":
            return [(UNKNOWN, None)]
        return [(code, None) for code in self._bundle.regions.of_levels(indicator.levels)]


def _group(code: int, words: list[list[str]], query: Query) -> Group:
    cells = []
    for column in reversed(words):
        code, at = divmod(code, len(column))
        cells.append(column[at])
    region, *split = reversed(cells)
    return region, tuple(split) if query.dimensions else None


def _spread(measure: Measure, found: _Found, groups: list[Group], windows: int, back: Counts) -> Measured:
    """One measure for all groups; one that cannot tell some apart gives each of them its total."""
    own = {group: at for at, group in enumerate(found.groups)}
    width = len(found.groups) + 1  # the last column stands for groups it knows nothing of
    value = np.zeros((windows, width))
    known = np.full((windows, width), zero_when_empty(measure))
    rows = np.zeros((windows, width), np.int64)
    value[found.window, found.group] = found.value
    known[found.window, found.group] |= found.known
    rows[found.window, found.group] = found.rows
    columns = [
        own.get((code if found.by_region else UNKNOWN, part_of(split, found.places)), width - 1)
        for code, split in groups
    ]
    at = np.ix_(back, np.array(columns, np.int64))
    return Measured(value[at], known[at], rows[at])
