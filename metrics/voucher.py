"""The voucher of a published value: everything it rests on, so that anybody can compute it anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from metrics.archive_evidence import Counted, Evidence
from metrics.archive_published import Said
from metrics.entered import Entry, read_entries
from metrics.formula import names, parse
from metrics.formula_syntax import Call, text
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.measured_groups import MeasuredGroups
from metrics.reference import text_of
from metrics.sql_measuring import SqlMeasuring
from metrics.sql_state import MEANINGS
from metrics.stream import order
from metrics.voucher_check import Checked, Checker, Engine, asked_of
from metrics.voucher_ground import Ground
from metrics.voucher_scope import behind
from metrics.watermark import BEGINNING

VERSION = 1


@dataclass(frozen=True, slots=True)
class MeasureState:
    """One measure of the value. `state`: what its first step holds, as `meaning` says, whole numbers at `scale`; with
    `combinations` SHA-256 over the states of so many of them. `window_start` None: no beginning."""

    source: str
    agg: str
    where: str
    scale: int
    window_start: int | None
    window_end: int
    state: str
    meaning: str
    rows: int
    combinations: int | None
    value: float | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source. `shards`: (first, last] of its stream positions; `rows` counted of these; `remarked`: how many rows
    were late, duplicate, moved, dated or in the future; `rejected` by rule."""

    shards: Mapping[str, tuple[str, str]]
    watermark: int | None
    rows: int
    remarked: Mapping[str, int]
    rejected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Voucher:
    """What section 8 of the language asks of a voucher; hashes are SHA-256 of canonical JSON."""

    world: str
    said: Said
    definition: str
    engine: str
    measures: Mapping[str, MeasureState]
    sources: Mapping[str, SourceState]
    regions: str
    registries: Mapping[str, str]
    calendars: Mapping[str, str]
    entered: tuple[Entry, ...]
    checked: Checked
    program: Engine
    missing: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As plain JSON data, version 1."""
        said = asdict(self.said)
        for name in ("positions", "watermarks"):
            del said[name]
        start = None if self.said.window_start <= BEGINNING else self.said.window_start
        found = {
            "v": VERSION, "name": self.said.name, "world": self.world, **said, "window_start": start,
            "definition": self.definition, "engine": self.engine,
            "measures": {name: asdict(one) for name, one in self.measures.items()},
            "sources": {name: asdict(one) for name, one in self.sources.items()},
            "regions": self.regions, "registries": dict(self.registries), "calendars": dict(self.calendars),
            "entered": [_since_ever(asdict(one)) for one in self.entered],
            "used": [asdict(one) for one in self.checked.used],
            "missing": list(self.missing),
        }  # fmt: skip
        one = self.checked
        found["recomputed"] = {
            "program": self.program, "value": one.value, "samples": one.samples, "quality": one.quality,
            "same": one.same, "equal": one.equal, "young": one.young,
        }  # fmt: skip
        return found


def issue(checker: Checker, evidence: Evidence, world: str, said: Said, engine: Engine = "sql") -> Voucher:
    """The voucher of a value, recomputed. Raises NotRecomputable."""
    ground = checker.ground(said)
    (checked,) = checker.check([said], engine)
    rows = checker.rows([said])
    positions, watermarks = json.loads(said.positions), json.loads(said.watermarks)
    indicator = ground.plans[said.indicator, said.version].indicator
    sources = {}
    for name, counted in rows.items():
        here = positions.get(name, {})
        sources[name] = SourceState(
            _shards(counted, here), watermarks.get(name), counted.batch.rows, dict(counted.remarked),
            evidence.rejected(name, here),
        )  # fmt: skip
    raw = ground.raw
    used = {ground.bundle.sources[name].registry for name in rows} - {None}
    return Voucher(
        world, said, definition_hash(ground, indicator), ground.basis.engine,
        _measures(checker, ground, rows, said, indicator), sources, _hash(raw.get("regions") or []),
        {name: _hash(one) for name, one in (raw.get("registries") or {}).items() if name in used},
        {name: _hash(one) for name, one in (raw.get("calendars") or {}).items()},
        _entered(ground, said, indicator), checked, engine, evidence.missing(rows),
    )  # fmt: skip


def definition_hash(ground: Ground, indicator: Indicator) -> str:
    """SHA-256 of the definition of a version with everything that it refers to: other indicators, in all versions, and
    the sources of all of them."""
    by_id: dict[str, list[Indicator]] = {}
    for one in ground.bundle.indicators:
        by_id.setdefault(one.id, []).append(one)
    by_id[indicator.id] = [indicator]
    ids = behind(by_id, indicator.id)
    tables = [
        table
        for table in ground.raw.get("indicators") or ()
        if table["id"] in ids and (table["id"] != indicator.id or table.get("version", 1) == indicator.version)
    ]
    wanted = dict.fromkeys(name for one in ids for version in by_id[one] for name in version.sources)
    for name in list(wanted):
        source = ground.bundle.sources[name]
        wanted |= dict.fromkeys([*source.union_of, *([source.registry or ""] if source.registry_is_source else [])])
    declared = ground.raw.get("sources") or {}
    tables.sort(key=lambda table: (table["id"], table.get("version", 1)))
    return _hash({"indicators": tables, "sources": {name: declared[name] for name in wanted if name in declared},
                  "variants": dict(ground.basis.variants)})  # fmt: skip


def _measures(
    checker: Checker, ground: Ground, rows: Mapping[str, Counted], said: Said, indicator: Indicator
) -> dict[str, MeasureState]:
    if not indicator.measures:
        return {}
    program = checker.measuring(ground, rows, [said], "sql")
    assert isinstance(program, SqlMeasuring)  # noqa: S101  # as asked for
    asked, group = asked_of(ground, said), (said.region, said.split)
    narrowed = replace(indicator, dimensions=asked.dimensions, levels=asked.levels)
    values = MeasuredGroups(ground.bundle, program, narrowed, [said.window_end], asked.regions).measures([group])
    found = {}
    for measure in indicator.measures:
        state = program.state(narrowed, measure, said.window_end, asked.regions, group)
        own = values[measure.name]
        found[measure.name] = MeasureState(
            measure.source, measure.agg, "" if measure.where is None else text(measure.where), measure.scale,
            _start(measure, indicator, said.window_end), said.window_end, state.text, MEANINGS[measure.agg],
            int(own.rows[0, 0]), state.combinations, float(own.value[0, 0]) if own.known[0, 0] else None,
        )  # fmt: skip
    program.close()
    return found


def _start(measure: Measure, indicator: Indicator, end: int) -> int | None:
    start = measure.window_of(indicator).first(end)
    return start if start > BEGINNING else None


def _shards(counted: Counted, positions: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Of each shard the position before the first row that matters, and the last one counted."""
    found = {}
    for shard, last in positions.items():
        mine = np.flatnonzero(counted.shard == int(shard))
        first = last
        if len(mine):
            at = mine[np.lexsort((counted.seq[mine], counted.ms[mine]))[0]]
            ms, seq = int(counted.ms[at]), int(counted.seq[at])
            first = f"{ms}-{seq - 1}" if seq else f"{ms - 1}-{2**64 - 1}"
        found[shard] = (first, max(first, last, key=order))
    return found


def _entered(ground: Ground, said: Said, indicator: Indicator) -> tuple[Entry, ...]:
    """The values entered by hand that the formula reads for this region."""
    calls = [parse(name) for name in sorted(names(indicator.formula))]
    asked = [text_of(call) for call in calls if isinstance(call, Call) and call.function == "entered"]
    grouped = ground.plans[said.indicator, said.version].has_region
    regions = [said.region] if grouped else [ground.bundle.regions.root or "", ""]
    entries = read_entries(ground.basis.entries)
    found = []
    for name in asked:
        for region in regions:
            mine = [one for one in entries if (one.name, one.region) == (name, region)]
            valid = [one for one in mine if one.valid_from_ms < said.window_end]
            if valid:
                found.append(sorted(valid, key=lambda one: one.valid_from_ms)[-1])
                break
    return tuple(found)


def _since_ever(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"valid_from_ms": None} if entry["valid_from_ms"] <= BEGINNING else entry


def _hash(data: Any) -> str:
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
