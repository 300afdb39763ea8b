"""The city: every simulated source of every scene that a bundle declares, under one set of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ioc.sources.city import (
    emergency,
    governance,
    incidents,
    livelihood,
    operations,
    renewal,
    safety,
    sensors,
    services,
    traffic,
)
from ioc.sources.city.conditions import Conditions
from ioc.sources.city.ground import Ground
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Readings
from ioc.sources.city.script import Script
from ioc.sources.city.town import STANDING, Town
from ioc.sources.rows import Rows
from ioc.sources.simulation import SEED

RATE = 3_000  # rows a second of all sources together
OTHERS = 20.0  # of which about so many come from all but sensors and cameras
LONGEST_MS = 240_000  # sensors report at least so often: their contract says five minutes
SCENES: Sequence[Callable[[Ground], list[Model]]] = (
    governance.models, renewal.models, services.models, livelihood.models, traffic.models, sensors.models,
    safety.models, emergency.models, incidents.models, operations.models,
)  # fmt: skip


class City:
    """Models by source. `left_out` are the sources that the city could feed and the bundle does not declare."""

    def __init__(
        self,
        bundle: Mapping[str, Any],
        *,
        seed: int = SEED,
        rate: float = RATE,
        script: Script | None = None,
        intervals: Mapping[str, int] | None = None,
    ) -> None:
        """`intervals`: source -> how often each of its entities reports instead, ms. Raises ValueError if the bundle
        has no outlines of subdistricts."""
        town = Town(bundle["outlines"], bundle["regions"], seed)
        self.conditions = Conditions(town.codes, town.centres, seed, script)
        roads = bundle["registries"].get(str(bundle["sources"].get("traffic", {}).get("registry", "")), [])
        ground = Ground(town, self.conditions, seed, interval_ms(rate), roads)
        found = [model for scene in SCENES for model in scene(ground)]
        found = [thinned(model, (intervals or {}).get(model.source)) for model in found]
        declared = bundle["sources"]
        self.models: dict[str, Model] = {
            one.source: Declared(one, declared[one.source], self.conditions) for one in found if one.source in declared
        }
        self.left_out = tuple(one.source for one in found if one.source not in declared)

    @property
    def per_s(self) -> float:
        """About how many rows a second all models give."""
        return sum(model.per_s for model in self.models.values())


class Declared:
    """A model as its source's declaration has it: fields that it does not declare are not sent, nor while silent."""

    def __init__(self, model: Model, declaration: Mapping[str, Any], conditions: Conditions) -> None:
        self._model, self._conditions = model, conditions
        roles = {declaration.get(role) for role in ("time", "entity", "key", "changed")}
        self._fields = frozenset(declaration["fields"]) - roles
        self.source, self.per_s = model.source, model.per_s

    def opening(self, at_ms: int) -> Rows | None:
        """See Model."""
        return self._sent(self._model.opening(at_ms))

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        """See Model."""
        return self._sent(self._model.rows(after_ms, until_ms))

    def _sent(self, rows: Rows | None) -> Rows | None:
        if rows is None:
            return None
        silent = self._conditions.silent(self.source, rows.time)
        if silent.any():
            rows = rows.take((~silent).nonzero()[0])
        fields = {name: column for name, column in rows.fields.items() if name in self._fields}
        return Rows(rows.time, rows.entity, fields) if len(rows) else None


def thinned(model: Model, interval: int | None) -> Model:
    """A model whose entities report once in so long; one that has no interval stays as it is."""
    return model.every(interval) if interval and isinstance(model, Readings | traffic.Roads) else model


def interval_ms(rate: float) -> int:
    """How often each sensor and camera reports, so that all sources together give `rate` rows a second."""
    many = sum(_counts(STANDING["devices"])) + sum(_counts(STANDING["cameras"]))
    heard = 0.98  # of what is due, see readings.Faults
    return int(min(LONGEST_MS, max(1.0, many * heard * 1000.0 / max(1.0, rate - OTHERS))))


def _counts(table: Mapping[str, Any]) -> Iterable[int]:
    return (int(count) for count in table.values())
