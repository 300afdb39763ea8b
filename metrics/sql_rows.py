"""Rows of sources in SQL: readings without duplicates, versions of records with their time, registries, regions."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.column import Column
from metrics.definition import Bundle
from metrics.formula_types import TEXT, Kind, Type
from metrics.registry import ENTITY, Registry
from metrics.source import Source
from metrics.sql_database import Database
from metrics.sql_order import EVER, NEVER, all_different, followed, in_order, versions
from metrics.sql_part import Leaf
from metrics.sql_steps import quoted

Times: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
_SQL: Final[Mapping[Kind, str]] = {
    "text": "VARCHAR", "bool": "BOOLEAN", "intervals": "STRUCT(s BIGINT, e BIGINT)[]",
    "point": "STRUCT(x BIGINT, y BIGINT)",
    "number": "BIGINT", "time": "BIGINT", "duration": "BIGINT", "null": "BIGINT",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of prepared rows and the columns that expressions may name.

    Readings: `_t` time, `_e` entity, `_order` their place in the order of rows, `_next` time of the entity's next one
    (NEVER if there is none), `_region` ("" if not resolved). Records: the version is in the snapshot of the ends in
    (`_t`, `_next`]; `_e` its key, `_order` the place of the key. Rows that are not `following` have the order 0, and
    such readings the next time NEVER: most measures ask for neither, and both need every row sorted.
    """

    table: str
    types: Mapping[str, Type]
    leaves: Mapping[str, Leaf]
    how: str  # the statement that made it, for people to read
    following: bool = True


class SourceRows:
    """The prepared rows of every source, each made when it is first asked for.

    `tables` have a column per field, `_seq` (arrival) and, where the region is that of a field or a point, `_region`;
    what is in none of them `supply` is asked for, each time it is needed (None: no rows).
    """

    def __init__(
        self,
        bundle: Bundle,
        database: Database,
        tables: Mapping[str, pa.Table],
        supply: Callable[[Source], pa.Table | None] = lambda _: None,
    ) -> None:
        self._bundle = bundle
        self._database = database
        self._tables = dict(tables)
        self._supply = supply
        self._made: dict[str, Rows] = {}
        self._times: dict[str, Times] = {}
        self._following = followed(bundle)
        database.keep("regions", _columns({"code": list(bundle.regions)}))
        self._levels: dict[tuple[str, ...], str] = {}

    def give(self, source: str, rows: pa.Table) -> None:
        """Take the rows of a source; those it had are replaced."""
        self._tables[source] = rows
        self.forget([source])

    def forget(self, sources: Iterable[str]) -> None:
        """Let go of what was prepared of sources, and of what rests on them; it is made anew when it is asked for."""
        going = set(sources)
        for name, source in self._bundle.sources.items():
            if going & {*source.union_of, source.registry if source.registry_is_source else None}:
                going.add(name)
        going |= {name for name, source in self._bundle.sources.items() if going & set(source.union_of)}
        for name in going:
            self._times.pop(name, None)
            made = self._made.pop(name, None)
            if made is not None:
                self._database.execute(f"DROP TABLE {made.table}")

    def of(self, source: str, *, following: bool = False) -> Rows:
        """The prepared rows of a source; `following`: their order and the time of the next one are asked for too."""
        declared = self._bundle.sources[source]
        known = self._made.get(source)
        if known is None or (following and not known.following):
            following = following or source in self._following
            made = self._union(declared, following) if declared.union_of else self._prepared(declared, following)
            self._made[source] = made
        return self._made[source]

    def registry(self, source: Source) -> Rows | None:
        """The registry of a source as versions, `_t` to `_next`; a static one has one version of each entity."""
        if not source.registry:
            return None
        if source.registry_is_source:
            return self.of(source.registry)
        name = f"registry {source.registry}"
        if name not in self._made:
            self._made[name] = self._static(name, self._bundle.registries[source.registry])
        return self._made[name]

    def times(self, source: str) -> Times:
        """The times of all rows of a source (records: the change times of all versions), ascending."""
        if source not in self._times:
            declared = self._bundle.sources[source]
            if declared.union_of:
                self._times[source] = np.sort(np.concatenate([self.times(name) for name in declared.union_of]))
            else:
                self._times[source] = _times(declared, self._given_rows(declared))
        return self._times[source]

    def above(self, levels: Sequence[str]) -> str:
        """A table from region codes to the regions of `levels` that they lie in, and from "" to ""."""
        key = tuple(sorted(set(levels)))
        if key not in self._levels:
            regions = set(self._bundle.regions.of_levels(key))
            pairs = [(code, up) for code in self._bundle.regions for up in self._bundle.regions.path(code)]
            pairs = [("", ""), *((code, up) for code, up in pairs if up in regions)]
            self._levels[key] = name = f"above {' '.join(key)}"
            self._database.keep(name, _columns({"code": [a for a, _ in pairs], "region": [b for _, b in pairs]}))
        return quoted(self._levels[key])

    # ---- one source ----

    def _given_rows(self, source: Source) -> pa.Table | None:
        return self._tables[source.id] if source.id in self._tables else self._supply(source)

    def _prepared(self, source: Source, following: bool) -> Rows:
        raw = f"raw {source.id}"
        types = {name: field.formula_type for name, field in source.fields.items()}
        given = self._given(source, types)
        self._database.keep(raw, given)
        if source.stale_after_ms is not None:
            self._times[source.id] = _times(source, given)
        once = following  # else nothing has to be sorted, if every reading is there once
        if source.kind != "records":
            once = following or not all_different(given, source)
        registry = self.registry(source)
        taken = {} if registry is None else {name: registry.types.get(name, TEXT) for name in source.take}
        wide = {name for name in given.column_names if pa.types.is_decimal(given[name].type)}
        columns = [_plain(name, kind, name in wide) for name, kind in types.items()]
        known = {} if registry is None else registry.types
        columns += [f"g.{quoted(name)}" if name in known else f"NULL::VARCHAR AS {quoted(name)}" for name in taken]
        time = f"r.{quoted(source.time)}" if source.time else f"{EVER}::BIGINT"
        if source.kind == "records":
            time = f"coalesce({time}, {EVER})"
        region = self._region(source, registry, resolved="_region" in given.column_names)
        joined = f"{quoted(raw)} r"
        columns += [f"{time} AS _t", f"r.{quoted(source.entity)} AS _e", f"{region} AS _code", "r._seq AS _seq"]
        if source.kind != "records" and not once:
            columns += ["0::BIGINT AS _order", f"{NEVER}::BIGINT AS _next"]
        elif source.kind != "records":
            joined = f"({in_order(quoted(raw), source)}) n JOIN {joined} ON r._seq = n._seq"
            columns += ["n._order AS _order", "n._next AS _next"]
        if registry is not None:
            joined += (
                f" LEFT JOIN {registry.table} g ON g._e = r.{quoted(source.entity)}"
                f" AND g._t <= {time} AND g._next > {time}"
            )
        how = f"SELECT {', '.join(columns)} FROM {joined}"
        how = (
            f"SELECT q.* EXCLUDE (_code), coalesce(p.code, '') AS _region FROM ({how}) q"
            f" LEFT JOIN regions p ON p.code = q._code"
        )
        if source.kind == "records":
            how = versions(how, source.deleted, following=following)
        made = self._kept(f"rows {source.id}", types | taken, how, following=once)
        self._database.execute(f"DROP TABLE {quoted(raw)}")
        return made

    def _region(self, source: Source, registry: Rows | None, *, resolved: bool) -> str:
        rule = source.region
        if rule is None:
            return "NULL::VARCHAR"
        if rule.way == "registry":
            return f"g.{quoted(rule.name)}" if registry is not None and rule.name in registry.types else "NULL::VARCHAR"
        if resolved:
            return "r._region"
        return f"r.{quoted(rule.name)}" if rule.way == "field" else "NULL::VARCHAR"

    def _given(self, source: Source, types: Mapping[str, Type]) -> pa.Table:
        """The table of a source with all its fields; what it lacks is null."""
        rows = self._given_rows(source)
        if rows is None:
            rows = pa.table({"_seq": pa.array([], pa.int64())})
        for name, kind in types.items():
            for column in (f"{name}_lon", f"{name}_lat") if kind.kind == "point" else (name,):
                if column not in rows.column_names:
                    rows = rows.append_column(column, pa.nulls(rows.num_rows, _ARROW[kind.kind]))
        return rows

    def _union(self, source: Source, following: bool) -> Rows:
        parts = [(name, self.of(name, following=following)) for name in source.union_of]
        types: dict[str, Type] = {name: field.formula_type for name, field in source.fields.items()}
        for name, part in parts:
            renamed = source.rename.get(name, {})
            types |= {renamed.get(own, own): kind for own, kind in part.types.items() if own not in types}
        types["origin"] = TEXT
        selects = []
        for name, part in parts:
            here = {source.rename.get(name, {}).get(own, own): own for own in part.types}
            columns = [
                f"'{name}' AS origin" if column == "origin"
                else f"{quoted(here[column])} AS {quoted(column)}" if column in here
                else f"NULL::{_SQL[kind.kind]} AS {quoted(column)}"
                for column, kind in types.items()
            ]  # fmt: skip
            selects.append(f"SELECT {', '.join(columns)}, _t, _e, _next, _region, _order FROM {part.table}")
        ranked = "origin, _e" if source.kind == "records" else "_t, origin, _e, _order"
        how = " UNION ALL ".join(selects)
        if following:
            how = f"SELECT * EXCLUDE (_order), dense_rank() OVER (ORDER BY {ranked}) AS _order FROM ({how})"
        return self._kept(f"rows {source.id}", types, how, following=following)

    def _static(self, name: str, registry: Registry) -> Rows:
        entities = list(registry.rows)
        columns = {key: _arrow(registry.column(key, entities)) for key in registry.types if key != ENTITY}
        self._database.keep(f"raw {name}", pa.table({"_e": pa.array(entities, pa.string()), **columns}))
        how = f"SELECT *, _e AS {ENTITY}, {EVER}::BIGINT AS _t, {NEVER}::BIGINT AS _next FROM {quoted(f'raw {name}')}"
        return self._kept(name, registry.types, how)

    def _kept(self, name: str, types: Mapping[str, Type], how: str, *, following: bool = True) -> Rows:
        how = f"CREATE OR REPLACE TABLE {quoted(name)} AS {how}"
        self._database.execute(how)
        whole = [column for column, kind in types.items() if kind.kind in ("number", "time", "duration")]
        bounds = [f"min({quoted(column)}), max({quoted(column)})" for column in whole]
        found = self._database.row(f"SELECT {', '.join(bounds)} FROM {quoted(name)}") if whole else ()
        ranges = {column: (found[2 * at] or 0, found[2 * at + 1] or 0) for at, column in enumerate(whole)}
        leaves = {
            column: Leaf(kind.kind, quoted(column), kind.scale or 0, *ranges.get(column, (0, 0)))
            for column, kind in types.items()
        }
        return Rows(quoted(name), types, leaves, how, following)


def _times(source: Source, rows: pa.Table | None) -> Times:
    if rows is None or source.time not in rows.column_names:
        return np.zeros(0, np.int64)
    return np.sort(rows[source.time].drop_null().to_numpy().astype(np.int64))


def _plain(name: str, kind: Type, wide: bool) -> str:
    column = f"r.{quoted(name)}"
    if kind.kind == "point":
        x, y = f"r.{quoted(f'{name}_lon')}", f"r.{quoted(f'{name}_lat')}"
        return f"CASE WHEN {x} IS NOT NULL THEN struct_pack(x := {x}, y := {y}) END AS {quoted(name)}"
    return f"{column}::{'HUGEINT' if wide else _SQL[kind.kind]} AS {quoted(name)}"


_ARROW: Final = {
    "text": pa.string(), "bool": pa.bool_(), "number": pa.int64(), "time": pa.int64(), "point": pa.int64(),
    "intervals": pa.list_(pa.struct([("s", pa.int64()), ("e", pa.int64())])), "duration": pa.int64(),
}  # fmt: skip


def _arrow(column: Column) -> pa.Array:
    known = column.known()
    if column.dictionary is not None:
        words = np.array([*column.dictionary, None], object)
        return pa.array(words[np.where(known, column.values, -1)], pa.string())
    return pa.array(column.values, mask=~known)


def _columns(columns: Mapping[str, Sequence[str]]) -> pa.Table:
    return pa.table({name: pa.array(list(cells), pa.string()) for name, cells in columns.items()})
