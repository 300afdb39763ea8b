"""The evaluation of offices: what the indicators that are split by office alone said of each at a moment.

Nothing is computed here: every figure is the published value, as the archive holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ioc.packs import bundle as packs
from ioc.queries.composition import newest
from ioc.queries.home import Named
from ioc.queries.units import unit_in
from ioc.queries.wall import DISTRICT
from ioc.queries.walls import compositions
from metrics.archive import Life
from metrics.archive_history import ArchiveHistory
from metrics.archive_period import SLOTS

BY: Final = "org"
SCORE: Final = "分"  # the unit of a score: it stands first and says who is worst
NONE_YET: Final = {"zh": "未派部门", "en": "No office yet"}
REACH_MS: Final = 2 * 3_600_000  # the seldomest of them is told each hour; what is older is not of that moment


class NoEvaluation(LookupError):
    """No indicator of this scene is split by office alone."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A column: an indicator, over which time it is (`window` as declared) and what it should reach (None: nothing)."""

    id: str
    zh: str
    en: str
    unit: str
    decimals: int
    direction: str
    window: Mapping[str, str]
    target: float | None

    def unit_in(self, lang: str) -> str:
        """The unit as this language writes it."""
        return unit_in(self.unit, lang)

    def misses(self, value: float) -> bool:
        """Whether a value does not reach the target."""
        if self.target is None:
            return False
        return value < self.target if self.direction == "up" else value > self.target


@dataclass(frozen=True, slots=True)
class Figure:
    """A published value; `value` None: fewer samples than it takes, or no data."""

    value: float | None
    window_end_ms: int
    samples: int
    quality: str
    origin: str


@dataclass(frozen=True, slots=True)
class Office:
    """An office with a figure for each measure (None: nothing was published of it), and how many miss their target."""

    id: str
    zh: str
    en: str
    figures: tuple[Figure | None, ...]
    missed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Offices at a moment, those that miss most first; `whole`: the same of all of them together, as walls show it;
    `scenes`: those that have an evaluation."""

    world: str
    scene: Named
    scenes: tuple[Named, ...]
    at_ms: int
    measures: tuple[Measure, ...]
    whole: tuple[Figure | None, ...]
    offices: tuple[Office, ...]


def evaluation(archive: Path, life: Life, scene: str, at_ms: int, now_ms: int, *, world: str) -> Evaluation:
    """The offices as published up to a moment. Raises NoEvaluation, and what ArchiveHistory raises."""
    scenes, columns = _declared()
    if scene not in columns:
        raise NoEvaluation(scene)
    measures, slot = columns[scene], _slot(now_ms - at_ms)
    reach = max(REACH_MS, SLOTS[slot].size_ms)
    told: dict[str, dict[str, Figure]] = {}
    history = ArchiveHistory(archive)
    try:
        for measure in measures:
            table = history.groups(life, measure.id, DISTRICT, at_ms - reach, at_ms, slot=slot)
            for row in table.to_pylist():
                told.setdefault(row["dims"], {})[measure.id] = _figure(row)
    finally:
        history.close()
    whole = told.pop("", {})
    named = {of: compositions().get(of, {}).get("names", {}).get(BY, {}) for of in columns}
    names: dict[str, Any] = {key: said for of in named.values() for key, said in of.items()}
    names[""] = NONE_YET
    by_office = {dims.partition("=")[2]: figures for dims, figures in told.items()}
    offices = [_office(name, names.get(name, {}), figures, measures) for name, figures in by_office.items()]
    return Evaluation(
        world, next(each for each in scenes if each.id == scene), scenes, at_ms, measures,
        tuple(whole.get(measure.id) for measure in measures), tuple(sorted(offices, key=_worst_first)),
    )  # fmt: skip


def _figure(row: Mapping[str, Any]) -> Figure:
    """Of a slot whose last window was without a value the value of an earlier one is not told."""
    value = None if row["quality"] == "no_data" else row["value"]
    end = row["end"] if row["window_end"] is None else row["window_end"]
    return Figure(value, end, row["samples"], row["quality"], row["origin"])


def _office(name: str, said: Mapping[str, str], found: Mapping[str, Figure], measures: tuple[Measure, ...]) -> Office:
    figures = tuple(found.get(measure.id) for measure in measures)
    pairs = zip(measures, figures, strict=True)
    missed = sum(1 for measure, of in pairs if of is not None and of.value is not None and measure.misses(of.value))
    return Office(name, said.get("zh", name), said.get("en", name), figures, missed)


def _worst_first(office: Office) -> tuple[Any, ...]:
    first = office.figures[0]
    value = first.value if first is not None else None
    return (-office.missed, value is None, value or 0.0, office.id)


def _slot(age_ms: int) -> str:
    """The finest roll-up that is kept for so long."""
    return next(slot.name for slot in SLOTS.values() if slot.keep_ms is None or age_ms < slot.keep_ms)


@cache
def _declared() -> tuple[tuple[Named, ...], Mapping[str, tuple[Measure, ...]]]:
    bundle = packs.build()
    found: dict[str, list[Measure]] = {}
    for table in newest(bundle["indicators"]).values():
        if table.get("dimensions") == [BY]:
            found.setdefault(table["scene"], []).append(_measure(table))
    columns = {of: tuple(sorted(rows, key=lambda row: row.unit != SCORE)) for of, rows in found.items()}
    return tuple(Named(row["id"], row["zh"], row["en"]) for row in bundle["scenes"] if row["id"] in columns), columns


def _measure(table: Mapping[str, Any]) -> Measure:
    return Measure(
        table["id"], table["zh"].removesuffix("（按部门）"), table["en"].removesuffix(" by office"), table["unit"],
        table.get("decimals", 0), table.get("direction", "context"), dict(table["window"]),
        table.get("target", {}).get("value"),
    )  # fmt: skip
