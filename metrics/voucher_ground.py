"""The ground of a voucher: definitions and basis, and what both programs need to take rows that were judged already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metrics.archive_published import Said
from metrics.basis import Basis
from metrics.column import Column
from metrics.definition import Bundle
from metrics.in_force import Versions
from metrics.observation import Batch
from metrics.plan import IndicatorPlan
from metrics.source import Field, Source
from metrics.watermark import BEGINNING

CHANGED = "_changed"  # stands for the change time of records that name no field for it: they changed when they arrived
# Makes identities unique: the engine has forgotten one that is older than the lateness, and counts it again.
ARRIVED = "_arrived"


@dataclass(frozen=True, slots=True)
class Ground:
    """The definitions of a basis in a world, and the plan that the engine made of them."""

    raw: Mapping[str, Any]
    bundle: Bundle
    basis: Basis
    plans: Mapping[tuple[str, int], IndicatorPlan]
    versions: Versions

    def mark(self, said: Said) -> int:
        """The watermark of an indicator at the commit of a value, ms UTC: that of the source which is least far."""
        watermarks = json.loads(said.watermarks)
        mine = [self.bundle.sources[name] for name in self.plans[said.indicator, said.version].sources]
        # The rows of a union come by its parts: it is as far as the least of them.
        parts = [name for source in mine for name in source.union_of or (source.id,)]
        return min((watermarks.get(name, BEGINNING) for name in parts), default=said.world_now)


def as_counted(bundle: Bundle) -> Bundle:
    """The definitions for rows that the engine's intake has judged already."""
    return replace(bundle, sources={name: _judged(source) for name, source in bundle.sources.items()})


def dated(source: Source) -> Source:
    """With a field for the change time of records that have none of their own, for tables of rows."""
    if source.kind == "records" and not source.time and not source.union_of:
        return replace(source, time=CHANGED, fields={**source.fields, CHANGED: Field(CHANGED, "time")})
    return source


def _judged(source: Source) -> Source:
    source = dated(source)
    if not source.union_of and source.identity and not source.indicator_of:
        fields = {**source.fields, ARRIVED: Field(ARRIVED, "text")}
        return replace(source, identity=(*source.identity, ARRIVED), fields=fields)
    return source


def told_apart(batch: Batch, source: Source) -> Batch:
    if ARRIVED not in source.identity:
        return batch
    numbers = Column(np.arange(batch.rows, dtype=np.int32), None, None, [f"{at:010d}" for at in range(batch.rows)])
    return replace(batch, fields={**batch.fields, ARRIVED: numbers})
