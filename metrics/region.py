"""The region tree: who lies in whom, and which region of a level a place belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

LEVELS = ("district", "subdistrict", "committee", "community", "block")
PUBLISHED_LEVELS = ("district", "subdistrict", "committee")
UNKNOWN = ""  # the region of rows whose region cannot be resolved


class RegionError(ValueError):
    """The region table does not form one tree; `code` names the row."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Region:
    """One region; `attributes` are numbers such as population or area_km2, where known."""

    code: str
    parent: str
    level: str
    zh: str = ""
    en: str = ""
    attributes: Mapping[str, float] = field(default_factory=dict)


class Regions(Mapping[str, Region]):
    """All regions by code, in table order. Raises RegionError for a doubled code, a lost parent or a cycle."""

    def __init__(self, regions: Iterable[Region] = (), additive: Sequence[str] = ()) -> None:
        self._regions: dict[str, Region] = {}
        for region in regions:
            if not region.code or region.code in self._regions:
                raise RegionError(region.code, "a region code is empty or stands twice")
            self._regions[region.code] = region
        self.additive = frozenset(additive)
        self._paths: dict[str, tuple[str, ...]] = {}
        for code in self._regions:
            self._paths[code] = self._climb(code)
        self._children: dict[str, list[str]] = {}
        for region in self._regions.values():
            self._children.setdefault(region.parent, []).append(region.code)

    def __getitem__(self, code: str) -> Region:
        return self._regions[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._regions)

    def __len__(self) -> int:
        return len(self._regions)

    def path(self, code: str) -> tuple[str, ...]:
        """The region and its ancestors up to the root; empty for an unknown code."""
        return self._paths.get(code, ())

    def of_levels(self, levels: Sequence[str]) -> tuple[str, ...]:
        """Codes of all regions of these levels, in table order."""
        return tuple(code for code, region in self._regions.items() if region.level in levels)

    @property
    def root(self) -> str | None:
        """The single region without a parent; None if there is none or several."""
        roots = self._children.get("", [])
        return roots[0] if len(roots) == 1 else None

    def attribute(self, code: str, name: str) -> float | None:
        """An attribute of a region; an empty additive one is the sum of the children if all have it."""
        region = self._regions.get(code)
        if region is None:
            return None
        if name in region.attributes:
            return region.attributes[name]
        children = self._children.get(code, [])
        if name not in self.additive or not children:
            return None
        parts = [self.attribute(child, name) for child in children]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def _climb(self, code: str) -> tuple[str, ...]:
        path = [code]
        while parent := self._regions[path[-1]].parent:
            if parent not in self._regions:
                raise RegionError(path[-1], f"parent {parent!r} is not in the region table")
            if parent in path:
                raise RegionError(code, "its parents form a circle")
            path.append(parent)
        return tuple(path)
