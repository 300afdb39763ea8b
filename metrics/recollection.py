"""Recollection: earlier values of an indicator that comparisons ask for, from what was published of it; pure.

A definition that begins to compare with an indicator that has long been said finds nothing remembered of it: what was
said of its complete windows is its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.intake import Intake
from metrics.publication import Publication
from metrics.reference import indicators_of
from metrics.watermark import BEGINNING

Row = Mapping[str, Any]  # region, dims (`name=value,...`), window_end, value (None: null)


@dataclass(frozen=True, slots=True)
class Recollection:
    """Windows of an indicator version that end in (after_ms, until_ms]."""

    indicator: str
    version: int
    after_ms: int
    until_ms: int

    @property
    def source(self) -> str:
        """How it is called among what is filled."""
        return f"indicator:{self.indicator}"


def forgotten(publications: Iterable[Publication], intakes: Mapping[str, Intake]) -> list[Recollection]:
    """What is asked for of indicators of which nothing is remembered, in a world that has begun."""
    found = []
    for publication in publications:
        kept, one = publication.remembered.get(""), publication.plan.indicator
        newest = max((intakes[name].watermark.newest_ms for name in publication.plan.sources), default=BEGINNING)
        if kept is not None and not len(kept) and newest > BEGINNING:
            found.append(Recollection(one.id, one.version, newest - kept.keep_ms, newest))
    return found


def recollect(one: Recollection, rows: Iterable[Row], publications: Iterable[Publication]) -> int:
    """Remember published values, the newest word on each; what is known by now stays. Returns how many windows were
    recollected. What compares with them is said again."""
    publications = list(publications)
    mine = next(each for each in publications if _is(each, one))
    groups, windows = mine.deriver.groups, dict[int, list[tuple[int, float | None]]]()
    for row in rows:
        if mine.plan.in_force(row["window_end"]):
            split = tuple(part.partition("=")[2] for part in row["dims"].split(",")) if row["dims"] else None
            if split is None and groups.get((row["region"], None)) < 0:  # a region that is published no more
                continue
            code = groups.add((row["region"], split))
            windows.setdefault(row["window_end"], []).append((code, row["value"]))
    for end, said in windows.items():
        value, known = np.zeros(len(groups)), np.zeros(len(groups), np.bool_)
        for code, number in said:
            value[code], known[code] = number or 0.0, number is not None
        mine.remembered[""].fill(end, value, known)
    for each in publications if windows else ():
        if _is(each, one) or one.indicator in indicators_of(each.plan.indicator.formula):
            each.agenda.waiting |= set(each.records)
            each.agenda.changed = True
    return len(windows)


def _is(publication: Publication, one: Recollection) -> bool:
    plan = publication.plan
    return not plan.inner and (plan.indicator.id, plan.indicator.version) == (one.indicator, one.version)
