"""Region: the tree of district, subdistricts and committees, and what is known of each.

Population and area are known for the district only; below it they are None until somebody enters them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

RegionLevel = Literal["district", "subdistrict", "committee", "community", "block"]
LEVELS: tuple[RegionLevel, ...] = get_args(RegionLevel)  # from the widest to the narrowest

SHIPPED = Path(__file__).resolve().parent.parent / "packs" / "regions" / "regions.toml"

_TEXTS = frozenset({"code", "level", "zh", "en"})
_OPTIONAL = frozenset({"parent", "population", "population_year", "population_source"})
_AREA = frozenset({"area_km2", "area_year", "area_source"})


class RegionTableError(Exception):
    """The region table breaks its own rules; `lines` names file and key of each fault."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Region:
    """One region; `parent` is empty for the root. Population counts residents, area is km2; None = unknown."""

    code: str
    parent: str
    level: RegionLevel
    zh: str
    en: str
    population: int | None = None
    population_year: int | None = None
    population_source: str | None = None
    area_km2: float | None = None
    area_year: int | None = None
    area_source: str | None = None

    @property
    def short_zh(self) -> str:
        """The name as said: 桂园 for 桂园街道, 红岭社区 for 红岭社区居民委员会."""
        return self.zh.removesuffix("居民委员会").removesuffix("街道") or self.zh


class Regions:
    """The whole tree, in code order within a level, widest level first."""

    def __init__(self, regions: Iterable[Region], file: str = "regions") -> None:
        """Raises RegionTableError unless codes are unique and parents wider, with exactly one root."""
        ordered = sorted(regions, key=lambda region: (LEVELS.index(region.level), region.code))
        self._by_code: Mapping[str, Region] = MappingProxyType({region.code: region for region in ordered})
        faults = list(_faults(ordered, self._by_code, file))
        if faults:
            raise RegionTableError(faults)

    def __iter__(self) -> Iterator[Region]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __getitem__(self, code: str) -> Region:
        """Raises KeyError for a code that the table lacks."""
        return self._by_code[code]

    def get(self, code: str) -> Region | None:
        return self._by_code.get(code)

    @cached_property
    def root(self) -> Region:
        """The district."""
        return next(region for region in self if not region.parent)

    def at(self, level: RegionLevel) -> tuple[Region, ...]:
        """All regions of a level, in code order."""
        return tuple(region for region in self if region.level == level)

    def children(self, code: str) -> tuple[Region, ...]:
        """Regions directly below, in code order."""
        return tuple(region for region in self if region.parent == code)

    def line(self, code: str) -> tuple[Region, ...]:
        """The region and all above it, the root last. Raises KeyError."""
        region = self[code]
        chain = [region]
        while region.parent:
            region = self[region.parent]
            chain.append(region)
        return tuple(chain)

    def named(self, name: str, level: RegionLevel) -> Region | None:
        """The only region of the level that is called so, in full or in short; None if there is none or several."""
        found = [region for region in self.at(level) if name in {region.zh, region.short_zh}]
        return found[0] if len(found) == 1 else None


def load(path: Path = SHIPPED) -> Regions:
    """The tree in a regions.toml. Raises RegionTableError, OSError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    faults = [f"{path.name}: {key}: unknown-key: no such table" for key in table if key != "region"]
    regions = []
    for row in table.get("region", []):
        wrong = _row_faults(row, path.name)
        faults += wrong
        if not wrong:
            regions.append(Region(**{"parent": "", **row}))
    if faults:
        raise RegionTableError(faults)
    return Regions(regions, path.name)


@cache
def shipped() -> Regions:
    """The tree of this product."""
    return load()


def _row_faults(row: Mapping[str, Any], file: str) -> list[str]:
    who = f"{file}:{row.get('code', '?')}"
    faults = [f"{who}.{key}: unknown-key" for key in sorted(row.keys() - _TEXTS - _OPTIONAL - _AREA)]
    faults += [
        f"{who}.{key}: missing-key" for key in sorted(_TEXTS) if not isinstance(row.get(key), str) or not row[key]
    ]
    if row.get("level") not in LEVELS:
        faults.append(f"{who}.level: range: one of {', '.join(LEVELS)}")
    for figure in ("population", "area_km2"):
        value = row.get(figure)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
            faults.append(f"{who}.{figure}: range: a number above 0, or no key at all where it is unknown")
    return faults


def _faults(ordered: list[Region], by_code: Mapping[str, Region], file: str) -> Iterator[str]:
    if len(by_code) != len(ordered):
        seen: set[str] = set()
        for region in ordered:
            if region.code in seen:
                yield f"{file}:{region.code}.code: duplicate"
            seen.add(region.code)
    roots = [region.code for region in ordered if not region.parent]
    if len(roots) != 1:
        yield f"{file}: exactly one region has no parent, here {len(roots)}: {', '.join(roots)}"
    for region in ordered:
        if not region.parent:
            continue
        parent = by_code.get(region.parent)
        if parent is None:
            yield f"{file}:{region.code}.parent: unknown-name: there is no region '{region.parent}'"
        elif LEVELS.index(parent.level) >= LEVELS.index(region.level):
            yield f"{file}:{region.code}.parent: range: a {parent.level} cannot hold a {region.level}"
