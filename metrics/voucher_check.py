"""The check of vouchers: published values computed anew from archived rows, by either of the two programs.

What the engine did is repeated from what is written: rows up to the positions of the commit, without those that its
intake remarked on; the definitions, entered values and other indicators' values that stood at the commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from metrics import compiler
from metrics.archive_evidence import Counted, Evidence
from metrics.archive_published import Published, Said
from metrics.as_published import AsPublished, Used
from metrics.conclude import QUALITY_NAMES
from metrics.definition import load
from metrics.derived_source import rows_of
from metrics.formula import names
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measured import Answer, Group, Mask, Measuring, RegionForm
from metrics.observation import Batch
from metrics.reference import Asked
from metrics.row_table import row_table
from metrics.sql_measuring import SqlMeasuring
from metrics.stated_error import Bent, is_approximate
from metrics.stream import order
from metrics.stream_measuring import StreamMeasuring
from metrics.voucher_ground import Ground, as_counted, told_apart
from metrics.voucher_lack import Lack, Lacks, words
from metrics.voucher_scope import derived, scope

Engine = Literal["sql", "stream"]
TOLERANCE = 1e-9  # relative: what the two programs may differ by where they fold floats (section 3.2 of the language)


class NotRecomputable(Exception):
    """What a value rests on is not in the archive, or no program can compute it there. `zh`, `en`: why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class Checked:
    """A published value and what it comes to when it is computed anew. `used`: values of other indicators that it, or
    another value of its region that was computed with it, rests on. `young`: the definitions came into force after the
    window had begun, and the engine said that it had no data for lack of what was before. `between`: what it comes to
    where approximate aggregates are as far off as they may be; empty without such."""

    said: Said
    value: float | None
    samples: int
    quality: str
    used: tuple[Used, ...]
    young: bool = False
    between: tuple[float, ...] = ()

    @property
    def same(self) -> bool:
        """Whether value and samples are the very same."""
        return self.value == self.said.value and self.samples == self.said.samples

    @property
    def equal(self) -> bool:
        """Whether they are the same within what floats may differ by, or within the stated error of a sketch."""
        if self.young:
            return True
        if self.value is None or self.said.value is None or self.samples != self.said.samples:
            return self.same
        room = TOLERANCE * max(abs(self.value), abs(self.said.value))
        least, most = min((self.value, *self.between)), max((self.value, *self.between))
        return least - room <= self.said.value <= most + room


@dataclass(frozen=True, slots=True)
class _Early:
    """A program as asked before a window is over: then its sources are stale as of the clock, not of its end."""

    program: Measuring
    clock_ms: int

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        return self.program.measure(indicator, ends, regions)

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        return self.program.stale(source, [min(end, self.clock_ms) for end in ends])


class Checker:
    """Computes published values of one life anew. `bundle_of`: the definitions of a hash as JSON data, None: unknown.

    Raises NotRecomputable; OSError, pa.ArrowException or duckdb.Error when a file is damaged.
    """

    def __init__(
        self, evidence: Evidence, published: Published, bundle_of: Callable[[str], Mapping[str, Any] | None]
    ) -> None:
        self._evidence, self._published, self._bundle_of = evidence, published, bundle_of
        self._grounds: dict[str, Ground] = {}
        self._lacks = Lacks(evidence.root, evidence.life)

    def ground(self, said: Said) -> Ground:
        """What a value was computed by. Raises NotRecomputable."""
        known = self._grounds.get(said.basis)
        if known is None:
            basis = self._evidence.bases.get(said.basis)
            if basis is None:
                raise NotRecomputable("档案中没有该值的计算依据", "the archive lacks what the value rests on")
            raw = self._bundle_of(basis.bundle)
            if raw is None:
                raise NotRecomputable(f"档案中没有定义包 {basis.bundle}", f"the archive lacks bundle {basis.bundle}")
            bundle = as_counted(load(raw).for_world(basis.variants))
            plans = {(one.indicator.id, one.indicator.version): one for one in compiler.compile(bundle).indicators}
            known = self._grounds[said.basis] = Ground(raw, bundle, basis, plans, Versions(bundle.indicators))
        return known

    def rows(self, cells: Sequence[Said]) -> dict[str, Counted]:
        """The rows that values of one basis may rest on, up to the newest of their positions."""
        ground = self.ground(cells[0])
        since: dict[str, int] = {}
        positions: dict[str, dict[str, str]] = {}
        for said in cells:
            indicator = self._indicator(ground, said)
            here = json.loads(said.positions)
            for source, oldest in scope(ground.bundle, ground.versions, indicator, said.window_end).items():
                since[source] = min(oldest, since.get(source, oldest))
                mine = positions.setdefault(source, {})
                for shard, last in here.get(source, {}).items():
                    mine[shard] = max(last, mine.get(shard, "0-0"), key=order)
        return {
            name: self._evidence.counted(ground.bundle.sources[name], positions[name], since[name]) for name in since
        }

    def check(self, cells: Sequence[Said], engine: Engine = "sql") -> list[Checked]:
        """Each of the cells computed anew, in their order. A cell that rests on what has gone is not computed, and one
        that comes out otherwise where something may be lacking is not accused: either raises NotRecomputable."""
        by_basis: dict[str, list[int]] = {}
        for at, said in enumerate(cells):
            by_basis.setdefault(said.basis, []).append(at)
        found: dict[int, Checked] = {}
        for said in dict.fromkeys(cells):
            _refuse(self._surely(said))
        for places in by_basis.values():
            whole = self.rows([cells[at] for at in places])
            by_commit: dict[tuple[int, str], list[int]] = {}
            for at in places:
                by_commit.setdefault((cells[at].commit_ms, cells[at].positions), []).append(at)
            for members in by_commit.values():
                answers = self._of_commit([cells[at] for at in members], whole, engine)
                found |= dict(zip(members, answers, strict=True))
        for one in found.values():
            if not one.equal:
                ground = self.ground(one.said)
                indicator = self._indicator(ground, one.said)
                _refuse(self._lacks.perhaps(ground.bundle, ground.versions, indicator, one.said))
        return [found[at] for at in range(len(cells))]

    def _surely(self, said: Said) -> list[Lack]:
        ground = self.ground(said)
        indicator = self._indicator(ground, said)
        positions = json.loads(said.positions)
        return self._lacks.surely(ground.bundle, ground.versions, indicator, said.window_end, positions)

    def measuring(
        self, ground: Ground, rows: Mapping[str, Counted], cells: Sequence[Said], engine: Engine
    ) -> Measuring:
        """A program that holds the rows up to the positions of values of one commit."""
        positions = json.loads(cells[0].positions)
        bundle = ground.bundle
        here: dict[str, list[Batch]] = {}
        for name, counted in rows.items():
            batch = told_apart(counted.until(positions.get(name, {})).batch, bundle.sources[name])
            here[name] = [batch] if batch.rows else []
        here |= self._derived(ground, rows, cells, engine)
        if engine == "sql":
            tables = {
                name: row_table(bundle.sources[name], batches, bundle.regions, bundle.outlines)
                for name, batches in here.items()
                if batches
            }
            return SqlMeasuring(bundle, tables)
        program = StreamMeasuring(bundle)
        for name, batches in here.items():
            program.feed(name, batches)
        return program

    def _of_commit(self, cells: Sequence[Said], rows: Mapping[str, Counted], engine: Engine) -> list[Checked]:
        ground = self.ground(cells[0])
        measuring = self.measuring(ground, rows, cells, engine)
        early = _Early(measuring, cells[0].world_now)
        recomputation, *bent = (
            AsPublished(
                ground.bundle, program, ground.basis.entered, sayings=self._published, commit_ms=cells[0].commit_ms
            )
            for program in (early, Bent(early, -1), Bent(early, 1))
        )
        kinds: dict[tuple[str, int, bool], list[int]] = {}
        for at, said in enumerate(cells):
            kinds.setdefault((said.indicator, said.version, said.split is not None), []).append(at)
        found: dict[int, Checked] = {}
        for places in kinds.values():
            mine = {at: cells[at] for at in places}
            found |= _concluded(ground, recomputation, mine)
            if is_approximate(self._indicator(ground, cells[places[0]])):
                for one_way in bent:
                    for at, one in _concluded(ground, one_way, mine).items():
                        further = () if one.value is None else (one.value,)
                        found[at] = replace(found[at], between=(*found[at].between, *further))
        for at, one in found.items():
            if one.said.value is None and one.value is not None and self._is_young(ground, one.said):
                found[at] = replace(one, young=True)
        _close(measuring)
        return [found[at] for at in range(len(cells))]

    def _is_young(self, ground: Ground, said: Said) -> bool:
        """Whether a measure's window began before the engine had these definitions, others having been before them."""
        since = self._published.taken_over(said.bundle)
        indicator = ground.plans[said.indicator, said.version].indicator
        return since is not None and any(
            measure.window_of(indicator).first(said.window_end) - measure.hold_ms < since + indicator.window.pane_ms
            for measure in indicator.measures
        )

    def _indicator(self, ground: Ground, said: Said) -> Indicator:
        plan = ground.plans.get((said.indicator, said.version))
        if plan is None and said.indicator.endswith("~forecast"):
            raise NotRecomputable("预测值没有窗口可重算", "a forecast has no window that could be computed anew")
        if plan is None:
            raise NotRecomputable("定义包中没有该指标版本", "the bundle lacks this version of the indicator")
        return plan.indicator

    def _derived(
        self, ground: Ground, rows: Mapping[str, Counted], cells: Sequence[Said], engine: Engine
    ) -> dict[str, list[Batch]]:
        """The rows of sources that are values of indicators: the windows that had been said to be complete, computed
        anew as well, from what had been read by this commit."""
        since: dict[str, int] = {}
        for said in cells:
            indicator = ground.plans[said.indicator, said.version].indicator
            for name, oldest in derived(ground.bundle, ground.versions, indicator, said.window_end).items():
                since[name] = min(oldest, since.get(name, oldest))
        last, now = max(said.window_end for said in cells), cells[0]
        found: dict[str, list[Batch]] = {}
        for name, oldest in since.items():
            versions: dict[int, list[Said]] = {}
            for first in self._first_complete(ground, name, oldest, last, now.commit_ms):
                here = replace(first, positions=now.positions, commit_ms=now.commit_ms)
                versions.setdefault(first.version, []).append(here)
            for version, windows in versions.items():
                indicator, ends = ground.plans[name, version].indicator, sorted(one.window_end for one in windows)
                measuring = self.measuring(ground, rows, windows, engine)
                recomputation = AsPublished(
                    ground.bundle, measuring, ground.basis.entered, sayings=self._published, commit_ms=now.commit_ms
                )
                concluded = recomputation.concluded(indicator, ends, Asked("leaf", indicator.dimensions))
                batch = rows_of(f"indicator:{name}", indicator, ends, concluded)
                found.setdefault(f"indicator:{name}", []).append(batch)
                _close(measuring)
        return found

    def _first_complete(self, ground: Ground, name: str, oldest: int, last: int, commit_ms: int) -> list[Said]:
        """Of each window of an indicator that ends in (oldest, last] the first word by which it was complete, if that
        was said by this commit."""
        low = max(oldest, self._published.oldest(name))
        ends: dict[int, None] = {}
        for indicator in ground.versions.of(name):
            instants = indicator.window.instants(low, last)
            ends |= dict.fromkeys(end for end in instants if ground.versions.at(name, end) is indicator)
        found = []
        for end, sayings in self._published.of(name, ends).items():
            for one in sayings:
                if one.commit_ms <= commit_ms and ground.mark(one) >= end:
                    found.append(one)
                    break
        return found


def asked_of(ground: Ground, said: Said) -> Asked:
    """The groups among which a value stands, as the engine asks for them."""
    plan = ground.plans[said.indicator, said.version]
    dimensions = plan.indicator.dimensions if said.split is not None else ()
    return Asked("tree" if plan.has_region else "none", dimensions, plan.indicator.levels if plan.has_region else ())


def _refuse(lacks: Sequence[Lack]) -> None:
    if lacks:
        raise NotRecomputable(*words(lacks))


def _concluded(ground: Ground, recomputation: AsPublished, cells: Mapping[int, Said]) -> dict[int, Checked]:
    """Values of one indicator version at one commit, all split by dimensions or none."""
    some = next(iter(cells.values()))
    plan, asked = ground.plans[some.indicator, some.version], asked_of(ground, some)
    ends = sorted({said.window_end for said in cells.values()})
    groups: list[Group] = list(dict.fromkeys((said.region, said.split) for said in cells.values()))
    recomputation.used.clear()
    concluded = recomputation.concluded(plan.indicator, ends, asked, groups)
    columns = {group: at for at, group in enumerate(concluded.groups)}
    mark = ground.mark(some)
    ranked = any(name.startswith("rank(") for name in names(plan.indicator.formula))  # then all groups matter
    found = {}
    for at, said in cells.items():
        row, column = ends.index(said.window_end), columns[said.region, said.split]
        used = tuple(one for one in recomputation.used if ranked or one.region == said.region)
        known, quality = bool(concluded.known[row, column]), QUALITY_NAMES[concluded.quality[row, column]]
        if quality == "complete" and mark < said.window_end:
            quality = "provisional"
        found[at] = Checked(
            said, float(concluded.value[row, column]) if known else None, int(concluded.samples[row, column]), quality,
            used,
        )  # fmt: skip
    return found


def _close(measuring: Measuring) -> None:
    if isinstance(measuring, SqlMeasuring):
        measuring.close()
