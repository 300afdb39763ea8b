"""Groups and layouts: which published groups (region, dimensions) the rows of a key count in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.intake import Intake
from metrics.keyspace import Codes, at_rows
from metrics.measure import ENTITY
from metrics.plan import IndicatorPlan, MeasurePlan
from metrics.region import UNKNOWN, Regions
from metrics.rows import printed

Group = tuple[str, tuple[str, ...] | None]  # region code, values of the dimensions; None: not split by dimensions
Index = NDArray[np.int64]


class Groups:
    """The groups of an indicator as dense codes; every published region has one from the start.

    They are only appended, but for expiry, which leaves out split groups.
    """

    def __init__(self, plan: IndicatorPlan, regions: Regions) -> None:
        self.all: list[Group] = []
        self.named: list[tuple[str, tuple[tuple[str, str], ...]]] = []  # with the names of the dimensions
        self._dimensions = plan.indicator.dimensions
        self._index: dict[Group, int] = {}
        if plan.has_region:
            for code in regions.of_levels(plan.levels):
                self.add((code, None))
        else:
            self.add((UNKNOWN, None))
        self.always = len(self.all)  # groups below this are published at every instant, empty or not

    def __len__(self) -> int:
        return len(self.all)

    def add(self, group: Group) -> int:
        """The code of a group, a new one if it was never seen."""
        code = self._index.get(group)
        if code is None:
            code = self._index[group] = len(self.all)
            self.all.append(group)
            region, split = group
            named = tuple(zip(self._dimensions, split, strict=True)) if split is not None else ()
            self.named.append((region, named))
        return code

    def get(self, group: Group) -> int:
        """The code of a group, -1 if it was never seen."""
        return self._index.get(group, -1)

    def lasting(self) -> NDArray[np.bool_]:
        """Those that are no split: there are as many as there are regions."""
        return np.array([split is None for _, split in self.all], np.bool_)

    def keep(self, kept: Index) -> None:
        """Leave out all groups but these (ascending)."""
        self.all[:] = [self.all[code] for code in kept.tolist()]
        self.named[:] = [self.named[code] for code in kept.tolist()]
        self._index = {group: code for code, group in enumerate(self.all)}


class Layout:
    """How the keys of one measure spread over groups. It grows and shrinks with the keys, and depends on nothing else.

    Key `pair_key[i]` counts in cell `pair_cell[i]`. In one step a cell is a group; with `per` a cell is a group and a
    combination of the `per` columns: cell c belongs to group `cell_group[c]`, and key `cell_key[c]` has its columns.
    """

    def __init__(self, plan: IndicatorPlan, measure: MeasurePlan, regions: Regions, shared: Groups) -> None:
        self._plan = plan
        self._measure = measure
        self._regions = regions
        self._levels = frozenset(plan.levels)
        complete = measure.dimensions == plan.indicator.dimensions and measure.has_region == plan.has_region
        # A measure that cannot tell all groups apart has groups of its own and makes none appear.
        self.groups = shared if complete else Groups(plan, Regions())
        self._shared = shared
        self._projected: list[int] = []
        self._known = 0
        self._cells: dict[tuple[int, tuple[str, ...]], int] = {}
        self.pair_key: Index = np.empty(0, np.int64)
        self.pair_cell: Index = np.empty(0, np.int64)
        self.cell_group: Index = np.empty(0, np.int64)
        self.cell_key: Index = np.empty(0, np.int64)
        self._offsets: Index = np.zeros(1, np.int64)  # the pairs of key k are those from offset k to offset k + 1

    @property
    def cells(self) -> int:
        return len(self.cell_group) if self._measure.measure.per else len(self.groups)

    def extend(self, intake: Intake) -> None:
        """Take in the keys that came since the last call."""
        keys = intake.keys[self._measure.key]
        if len(keys) == self._known:
            return
        since, self._known = self._known, len(keys)
        leaves = self._texts(intake, self._region_name(intake), since)
        dimensions = [self._texts(intake, name, since) for name in self._measure.dimensions]
        per = [self._texts(intake, name, since) for name in self._measure.measure.per]
        pairs: list[tuple[int, int]] = []
        groups: list[int] = []
        owners: list[int] = []
        for at in range(self._known - since):
            split = tuple(texts[at] for texts in dimensions)
            combination = tuple(texts[at] for texts in per)
            for region in self._regions_of(leaves[at] if leaves else None):
                for group in (None, split) if split else (None,):
                    code = self.groups.add((region, group))
                    if not per:
                        pairs.append((since + at, code))
                        continue
                    cell = self._cells.setdefault((code, combination), len(self._cells))
                    pairs.append((since + at, cell))
                    if cell == len(self.cell_group) + len(groups):
                        groups.append(code)
                        owners.append(since + at)
        table = np.array(pairs, np.int64).reshape(-1, 2)
        self.pair_key = np.concatenate([self.pair_key, table[:, 0]])
        self.pair_cell = np.concatenate([self.pair_cell, table[:, 1]])
        self.cell_group = np.concatenate([self.cell_group, np.array(groups, np.int64)])
        self.cell_key = np.concatenate([self.cell_key, np.array(owners, np.int64)])
        self._offsets = np.searchsorted(self.pair_key, np.arange(self._known + 1))

    def used(self, keys: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The groups that some of these keys count in, shape (groups,)."""
        found = np.zeros(len(self.groups), np.bool_)
        cells = self.pair_cell[keys[self.pair_key]]
        found[self.cell_group[cells] if self._measure.measure.per else cells] = True
        return found

    def recode_keys(self, codes: NDArray[np.int32]) -> None:
        """The new code of each key, -1 for those that are gone; the order stays."""
        known = codes[: self._known].astype(np.int64)
        stays = known[self.pair_key] >= 0
        self.pair_key, self.pair_cell = known[self.pair_key[stays]], self.pair_cell[stays]
        self._known = int((known >= 0).sum())
        self._offsets = np.searchsorted(self.pair_key, np.arange(self._known + 1))
        if self._measure.measure.per:
            left, first, self.pair_cell = np.unique(self.pair_cell, return_index=True, return_inverse=True)
            cells = np.full(len(self.cell_group), -1)
            cells[left] = np.arange(len(left))
            self.cell_group, self.cell_key = self.cell_group[left], self.pair_key[first]
            renewed = zip(self._cells, cells.tolist(), strict=True)  # cells were added in the order of their codes
            self._cells = {cell: code for cell, code in renewed if code >= 0}

    def recode_groups(self, codes: NDArray[np.int32], groups: Groups) -> None:
        """The new code of each of these groups; all that are in use have one."""
        self._projected.clear()
        if groups is not self.groups:
            return
        wide = codes.astype(np.int64)
        if self._measure.measure.per:
            self.cell_group = wide[self.cell_group]
            named = zip(self.cell_group.tolist(), self._cells.items(), strict=True)
            self._cells = {(group, combination): cell for group, ((_, combination), cell) in named}
        else:
            self.pair_cell = wide[self.pair_cell]

    def project(self) -> Index | None:
        """For each shared group the measure's own group, -1 where it has none; None if they are the same."""
        if self.groups is self._shared:
            return None
        for region, split in self._shared.all[len(self._projected) :]:
            self._projected.append(self.groups.get(self._own(region, split)))
        # Own groups may have come later than the shared ones that want them.
        for at, code in enumerate(self._projected):
            if code < 0:
                self._projected[at] = self.groups.get(self._own(*self._shared.all[at]))
        return np.array(self._projected, np.int64)

    def spread(self, keys: Codes) -> tuple[Index, Index]:
        """Rows with these keys, once for each cell they count in: (which row, which cell)."""
        counts = self._offsets[keys + 1] - self._offsets[keys]
        rows = np.repeat(np.arange(len(keys)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self.pair_cell[self._offsets[keys][rows] + within]

    def columns(self, intake: Intake, wanted: Sequence[str], cells: Index, ends: Index) -> dict[str, Column]:
        """The `per` and registry columns of cells, as of the end of the window of each; shape (cells,)."""
        owners = self.cell_key[cells]
        return {name: self._cell_column(intake, name, owners, ends) for name in wanted}

    def _cell_column(self, intake: Intake, name: str, owners: Index, ends: Index) -> Column:
        source, table = intake.source, intake.keys[self._measure.key]
        registry = intake.registry
        if registry is not None and name in source.take and name not in self._measure.measure.per:
            found = registry.version_of(intake.entities.dictionary, table.part(ENTITY)[owners], ends - 1)
            return registry.register.keeping.raw(registry.register.ledger, name, found)
        column = self._column(intake, name, owners)
        kind = source.fields[name].type if name in source.fields else "text"
        if name in (ENTITY, source.entity) or kind in ("text", "category") or column.dictionary is None:
            return column
        return _typed(column, kind, source.fields[name].scale)

    def _own(self, region: str, split: tuple[str, ...] | None) -> Group:
        mine = self._measure.dimensions
        kept = None
        if split is not None and mine:
            kept = tuple(split[self._plan.indicator.dimensions.index(name)] for name in mine)
        return region if self._measure.has_region else UNKNOWN, kept

    def _regions_of(self, leaf: str | None) -> tuple[str, ...]:
        if leaf is None:
            return (UNKNOWN,)
        path = self._regions.path(leaf)
        if not path:
            return (UNKNOWN,)
        return tuple(code for code in path if self._regions[code].level in self._levels)

    def _region_name(self, intake: Intake) -> str | None:
        """The column that tells the region; what a fixed registry says is found by the entity."""
        column, rule = self._measure.region, intake.source.region
        return rule.name if column == ENTITY and rule is not None and rule.way == "registry" else column

    def _texts(self, intake: Intake, name: str | None, since: int) -> list[str]:
        if name is None:
            return []
        count = self._known - since
        column = self._column(intake, name, np.arange(since, self._known))
        known = column.known()
        if column.dictionary is not None:
            return [column.dictionary[column.values[at]] if known[at] else "" for at in range(count)]
        return [printed(column.values[at], column) if known[at] else "" for at in range(count)]

    def _column(self, intake: Intake, name: str, keys: Index) -> Column:
        source = intake.source
        table = intake.keys[self._measure.key]
        if name in (ENTITY, source.entity):
            return Column(table.part(ENTITY)[keys], dictionary=table.dictionary(ENTITY))
        if name in table.columns:
            codes = table.part(name)[keys]
            return Column(codes, codes > 0, dictionary=table.dictionary(name))
        return at_rows(intake.entities.column(name), table.part(ENTITY)[keys])


def _typed(column: Column, kind: str, scale: int) -> Column:
    """A `per` field that is no text, from its text in the key."""
    texts, known = column.dictionary or (), column.known()
    if kind == "bool":
        flags = np.array([text == "true" for text in texts], np.bool_)
        return Column(flags[column.values], known)
    cells = np.array([int(Decimal(text).scaleb(scale)) if text else 0 for text in texts], np.int64)
    return Column(cells[column.values], known, None if kind == "time" else scale)
