"""The streaming program in batch use: rows are fed in order of arrival, nothing is late and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from metrics import compiler
from metrics.definition import Bundle
from metrics.derive import Deriver
from metrics.engine import State, absorb
from metrics.indicator import Indicator
from metrics.measured import Answer, Mask, Measured, RegionForm
from metrics.observation import Batch
from metrics.plan import Plan
from metrics.region import LEVELS, Region, Regions

NO_LATENESS = 1 << 61  # ms: longer than any time


class StreamMeasuring:
    """Measures of a bundle's indicators by the live engine's own intakes, layouts and folds."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._batches: dict[str, list[Batch]] = {name: [] for name in bundle.sources}
        self._states: dict[tuple[object, ...], tuple[State, Plan]] = {}

    def feed(self, source: str, batches: Iterable[Batch]) -> None:
        """Add batches of a source in order of arrival. Raises KeyError for an unknown source."""
        self._batches[source].extend(batches)
        self._states.clear()

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        """As metrics.measured.Measuring."""
        state, plan = self._state(indicator, regions)
        deriver = Deriver(plan.indicators[0], plan.regions)
        answer = deriver.measure(state.intakes, ends)
        split = bool(indicator.dimensions)
        chosen = [at for at, (_, values) in enumerate(answer.groups) if (values is not None) == split]
        return _only(answer, chosen)

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """As metrics.measured.Measuring."""
        stale_after = self._bundle.sources[source].stale_after_ms
        if stale_after is None:
            return np.zeros(len(ends), np.bool_)
        times = self._times(source)
        at = np.array(ends, np.int64)
        found: Mask = np.searchsorted(times, at) == np.searchsorted(times, at - stale_after)
        return found

    def _times(self, source: str) -> NDArray[np.int64]:
        """The times of the rows of a source, sorted; those of a union are those of its parts."""
        names = self._bundle.sources[source].union_of or (source,)
        parts = [batch.time for name in names for batch in self._batches[name]]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def _state(self, indicator: Indicator, regions: RegionForm) -> tuple[State, Plan]:
        """The state that holds what the indicator reads; kept for the next question about the same measures."""
        key = (regions, indicator.levels, indicator.dimensions, indicator.window, indicator.measures)
        found = self._states.get(key)
        if found is not None:
            return found
        plan = compiler.compile(_of_form(self._bundle, indicator, regions))
        state = State(plan)
        names = _reach(plan)
        # Records first: what a reading takes from its registry does not depend on the order of the files.
        for name in sorted(names, key=lambda name: self._bundle.sources[name].kind != "records"):
            absorb(state, self._batches.get(name, ()), 0)
        self._states[key] = state, plan
        return state, plan


def _of_form(bundle: Bundle, indicator: Indicator, regions: RegionForm) -> Bundle:
    """The bundle with one indicator, without lateness, with the regions that are asked for."""
    sources = {}
    for name, source in bundle.sources.items():
        sources[name] = replace(
            source, lateness_ms=NO_LATENESS, idle_ms=None, region=source.region if regions != "none" else None
        )
    tree = bundle.regions
    if regions == "leaf":
        flat = [
            Region(code, "", region.level, region.zh, region.en, region.attributes) for code, region in tree.items()
        ]
        tree = Regions(flat)
        indicator = replace(indicator, levels=LEVELS)
    return replace(bundle, sources=sources, indicators=(indicator,), regions=tree)


def _reach(plan: Plan) -> list[str]:
    """The sources that the indicator reads, with their registries and the parts of unions."""
    waiting, found = list(plan.indicators[0].reads), dict[str, None]()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = None
        source = plan.sources[name].source
        waiting += source.union_of
        if source.registry_is_source:
            waiting.append(source.registry or "")
    return list(found)


def _only(answer: Answer, chosen: Sequence[int]) -> Answer:
    at = np.array(chosen, np.intp)
    measures = {
        name: Measured(found.value[:, at], found.known[:, at], found.rows[:, at])
        for name, found in answer.measures.items()
    }
    return Answer([answer.groups[one] for one in chosen], measures, answer.present[:, at])
