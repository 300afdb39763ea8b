"""What a definition may refer to: sources, registries, calendars, regions and other indicators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from metrics.formula import Surroundings, Type
from metrics.registry import Registry
from metrics.source import Field, RegionRule, Source

INDICATOR = "indicator:"  # begins the name of a source whose rows are the values of an indicator
VALUE_SCALE = 9  # of the values of an indicator as rows


@dataclass(frozen=True, slots=True)
class Head:
    """What others need to know of an indicator before it is read: of its newest version."""

    id: str
    version: int
    unit: str | None
    dimensions: tuple[str, ...]
    window: str

    @staticmethod
    def of(raw: Any) -> Head | None:
        """As far as the table says it; its own reading finds what is wrong with it."""
        if not isinstance(raw, Mapping) or not isinstance(raw.get("id"), str):
            return None
        version, unit, window = raw.get("version", 1), raw.get("unit"), raw.get("window")
        dimensions = raw.get("dimensions")
        return Head(
            raw["id"],
            version if isinstance(version, int) else 1,
            unit if isinstance(unit, str) else None,
            tuple(one for one in dimensions if isinstance(one, str)) if isinstance(dimensions, list | tuple) else (),
            str(window.get("kind", "")) if isinstance(window, Mapping) else "",
        )

    def as_source(self) -> Source:
        """Its complete values as readings: one row per window, region as resolved and combination of dimensions."""
        fields = {
            "time": Field("time", "time", required=True),
            "entity": Field("entity", "text", required=True),
            **{name: Field(name, "text") for name in self.dimensions},
            "region": Field("region", "text"),
            "value": Field("value", "decimal", scale=VALUE_SCALE, unit=self.unit),
            "samples": Field("samples", "int", required=True),
        }
        return Source(
            INDICATOR + self.id, "time", "entity", fields, {}, region=RegionRule("field", "region"),
            indicator_of=self.id, identity=("time", "entity", "region", *self.dimensions),
        )  # fmt: skip


@dataclass(slots=True)
class Known:
    """Everything that definitions may name. `attributes`: the numbers that regions have, None if no table is known."""

    sources: dict[str, Source]
    registries: Mapping[str, Registry] = field(default_factory=dict)
    attributes: frozenset[str] | None = None
    calendars: frozenset[str] = frozenset()
    heads: Mapping[str, Head] = field(default_factory=dict)

    def source(self, name: str) -> Source | None:
        """A declared source, or the values of an indicator."""
        if name not in self.sources and name.startswith(INDICATOR):
            head = self.heads.get(name.removeprefix(INDICATOR))
            if head is not None:
                self.sources[name] = head.as_source()
        return self.sources.get(name)

    def source_names(self) -> list[str]:
        """What may stand under `source`."""
        return [*self.sources, *(INDICATOR + name for name in self.heads)]

    def registered(self, source: Source) -> Mapping[str, Type] | None:
        """The fields of a source's registry; None if it has none."""
        if not source.registry:
            return None
        if source.registry in self.registries:
            return self.registries[source.registry].types
        found = self.sources.get(source.registry)
        return None if found is None else found.scope()

    def around(self, measures: Iterable[str] = (), functions: frozenset[str] | None = None) -> Surroundings:
        """What an expression may refer to besides its names."""
        indicators = {name: Type("number", unit=head.unit, nullable=True) for name, head in self.heads.items()}
        return Surroundings(self.calendars, self.attributes, indicators, frozenset(measures), functions)


def heads(tables: Iterable[Any]) -> dict[str, Head]:
    """The newest version of each indicator."""
    found: dict[str, Head] = {}
    for raw in tables:
        head = Head.of(raw)
        if head is not None and (head.id not in found or found[head.id].version < head.version):
            found[head.id] = head
    return found
