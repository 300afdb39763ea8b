"""Groups in SQL: by which region, dimension values and parts of a second step the rows of a measure are told apart."""

# ruff: noqa: S608  (SQL is put together of identifiers, checked trees and quoted texts only)
from __future__ import annotations

from dataclasses import dataclass

from metrics.definition import Bundle
from metrics.indicator import Indicator
from metrics.measure import ENTITY, Measure
from metrics.measured import RegionForm
from metrics.source import Source
from metrics.sql_part import Leaf
from metrics.sql_rows import Rows, SourceRows
from metrics.sql_steps import quoted

NOWHERE = "''"  # the region of all rows where none is asked for or known


@dataclass(frozen=True, slots=True)
class Groups:
    """The columns `_g` region, `_d0`.. dimensions and, for a first of two steps, `_p0`.. its parts.

    `base` are the rows that are grouped, `leaves` their columns for expressions. `above` is the table from regions to
    those that they count in, "" if nothing is rolled up.
    """

    source: Source
    base: Rows
    leaves: dict[str, Leaf]
    dimensions: tuple[str, ...]
    per: tuple[str, ...]
    region: str
    above: str

    @staticmethod
    def of(bundle: Bundle, rows: SourceRows, indicator: Indicator, measure: Measure, regions: RegionForm) -> Groups:
        """The groups asked for, as far as the rows of the measure can tell them apart."""
        source = bundle.sources[measure.source]
        registry = rows.registry(source) if measure.agg == "online" else None
        base = registry or rows.of(source.id)
        leaves = {source.entity: Leaf("text", "_e"), **base.leaves}
        region = NOWHERE
        if regions != "none":
            region = _region(bundle, source) if registry is None else _registered_region(bundle, source, registry)
        above = rows.above(indicator.levels) if regions == "tree" and region != NOWHERE else ""
        dimensions = tuple(name for name in indicator.dimensions if name in leaves)
        return Groups(source, base, leaves, dimensions, measure.per, region, above)

    @property
    def by_region(self) -> bool:
        """Whether rows are told apart by region."""
        return self.region != NOWHERE

    @property
    def entity(self) -> int | None:
        """Which part of the second step is the entity."""
        found = [at for at, name in enumerate(self.per) if name in (ENTITY, self.source.entity)]
        return found[0] if found else None

    def part(self, name: str) -> Leaf:
        """The column of a part of the second step."""
        is_entity = name == ENTITY and ENTITY not in self.base.types
        return Leaf("text", "_e") if is_entity else self.leaves[name]

    def columns(self) -> list[str]:
        """The columns of the groups of a row, under the names that all further steps use."""
        found = [f"{self.region} AS _g"]
        found += [f"coalesce({printed(self.leaves[name])}, '') AS _d{at}" for at, name in enumerate(self.dimensions)]
        found += [f"{self.part(name).sql} AS _p{at}" for at, name in enumerate(self.per)]
        return [*found, "origin AS _origin"] if self._apart else found

    def outer(self) -> list[str]:
        """Their names, without the parts of a second step."""
        return ["_g", *(f"_d{at}" for at in range(len(self.dimensions)))]

    def inner(self) -> list[str]:
        """Their names, with the parts of a second step."""
        return [*self.outer(), *(f"_p{at}" for at in range(len(self.per))), *(["_origin"] if self._apart else [])]

    def rolled_up(self, relation: str) -> str:
        """Each row once for every region asked for that it lies in."""
        if not self.above:
            return relation
        return f"(SELECT r.* REPLACE (a.region AS _g) FROM {relation} r JOIN {self.above} a ON a.code = r._g)"

    @property
    def _apart(self) -> bool:
        """Keys of different sources are different, even if they read alike."""
        return self.entity is not None and bool(self.source.union_of)


def _region(bundle: Bundle, source: Source) -> str:
    parts = source.union_of or (source.id,)
    return "_region" if any(bundle.sources[name].region for name in parts) else NOWHERE


def _registered_region(bundle: Bundle, source: Source, registry: Rows) -> str:
    """Of an entity that may be online: as its readings would find it, else as its registry record does."""
    rule = source.region
    if rule is not None and rule.way == "registry" and rule.name in registry.types:
        code = quoted(rule.name)
        return f"CASE WHEN {code} IN (SELECT code FROM regions) THEN {code} ELSE '' END"
    recorded = source.registry_is_source and bundle.sources[source.registry or ""].region
    return "_region" if recorded else NOWHERE


def printed(leaf: Leaf) -> str:
    """A value as the text of a dimension: decimals without trailing zeros, truth values as words."""
    if leaf.kind != "number" or not leaf.scale:
        return f"{leaf.sql}::VARCHAR"
    one = 10**leaf.scale
    return (
        f"CASE WHEN {leaf.sql} % {one} = 0 THEN ({leaf.sql} // {one})::VARCHAR "
        f"ELSE ({leaf.sql}::DOUBLE / {one})::VARCHAR END"
    )
