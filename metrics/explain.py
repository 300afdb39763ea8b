"""Explaining a plan: per source what is folded and kept and for whom, and what each indicator costs; as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from metrics.engine import State
from metrics.formula import text
from metrics.intake import Intake
from metrics.keeping import columns_of
from metrics.ledger import Ledger
from metrics.plan import IndicatorPlan, Plan, Scan, SourcePlan

_LISTS = ("entities", "texts", "keys", "identities")


def explain(plan: Plan, state: State | None = None) -> dict[str, Any]:
    """The plan; with the state also rows, keys, bytes (of arrays and chunks, not of Python objects), and seconds spent
    on each indicator with its share of all. Without a state these are absent."""
    users: dict[str, set[str]] = {}
    readers: dict[tuple[str, str], set[str]] = {}
    for part in plan.indicators:
        for one in part.measures:
            if one.scan:
                users.setdefault(one.scan, set()).add(part.id)
                continue
            for column in columns_of(one.measure, one.key):
                readers.setdefault((one.source, column), set()).add(part.id)
    spent = sum(seconds for seconds, _ in state.spent.values()) if state is not None else 0.0
    return {
        "v": 1,
        "hash": plan.hash,
        "sources": [
            _source(one, users, readers, None if state is None else state.intakes[name])
            | ({} if state is None else {"codes": _codes(state, (f"{list_}/{name}" for list_ in _LISTS))})
            for name, one in plan.sources.items()
        ],
        "indicators": [_indicator(part, state, spent) for part in plan.indicators],
    }


def _codes(state: State, names: Iterable[str]) -> list[dict[str, Any]]:
    """The lists of codes: how many are held, how many of them were live at the last look (None: it is too short to be
    looked at), how many were given up."""
    held, expiry, wanted = state.expiry.held(), state.expiry, tuple(names)
    return [
        {"list": name, "held": count, "live": expiry.live.get(name), "given_up": expiry.given_up[name]}
        for name, count in sorted(held.items())
        if name in wanted or name.startswith(tuple(f"{one}/" for one in wanted))
    ]


def _source(
    plan: SourcePlan, users: Mapping[str, set[str]], readers: Mapping[tuple[str, str], set[str]], intake: Intake | None
) -> dict[str, Any]:
    source, kept = plan.source, None if intake is None else intake.kept
    found: dict[str, Any] = {
        "source": source.id, "zh": source.zh, "en": source.en, "kind": source.kind,
        "scans": [_scan(scan, users.get(scan.id, set()), intake) for scan in plan.scans],
    }  # fmt: skip
    columns = sorted({column for name, column in readers if name == source.id})
    found["kept"] = None
    if plan.kept is not None:
        found["kept"] = {
            "columns": [{"column": one, "used_by": sorted(readers[source.id, one])} for one in columns],
            "fields": [raw.name for raw in plan.kept.raws],
        }
    if intake is not None:
        found |= {
            "rows": intake.counters.rows, "entities": len(intake.entities), "identities": len(intake.identities),
        }  # fmt: skip
        if kept is not None and found["kept"] is not None:
            found["kept"] |= {"rows": len(kept.ledger), "bytes": _bytes_of(kept.ledger)}
    return found


def _scan(scan: Scan, used_by: Iterable[str], intake: Intake | None) -> dict[str, Any]:
    fields = scan.marks if scan.field is None else (scan.field,)
    found: dict[str, Any] = {
        "scan": scan.id, "field": ", ".join(map(text, fields)) or None, "scale": scan.scale,
        "where": None if scan.where is None else text(scan.where), "pane_ms": scan.pane_ms, "key": list(scan.key),
        "folds": sorted(scan.folds), "used_by": sorted(used_by),
    }  # fmt: skip
    if intake is not None:
        panes = list(intake.panes[scan.id].panes.values())
        arrays = [part for one in panes for part in (one.count, one.sum, one.min, one.max) if part is not None]
        sketches = [part for one in panes for part in (one.ranks, one.registers) if part is not None]
        arrays += [array for one in sketches for array in (one.key, *one.columns)]
        found |= {
            "panes": len(panes), "keys": len(intake.keys[scan.key]), "bytes": sum(array.nbytes for array in arrays),
        }  # fmt: skip
    return found


def _bytes_of(ledger: Ledger) -> int:
    return sum(ledger[name].nbytes for name in ledger.names)


def _indicator(part: IndicatorPlan, state: State | None, spent: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "indicator": part.indicator.id, "version": part.indicator.version, "zh": part.indicator.zh,
        "en": part.indicator.en, "formula": text(part.indicator.formula),
        "measures": [
            {"measure": one.measure.name, "source": one.source, "scan": one.scan or None} for one in part.measures
        ],
    }  # fmt: skip
    if state is not None:
        publication = next(one for one in state.publications if one.plan is part)
        seconds, steps = state.spent.get(part.id, (0.0, 0))
        found |= {
            "groups": len(publication.deriver.groups),
            "groups_given_up": state.expiry.given_up[f"groups/{part.id}"], "windows": len(publication.records),
            "seconds": seconds, "steps": steps, "share": seconds / spent if spent else 0.0,
        }  # fmt: skip
    return found


def printed(found: Mapping[str, Any]) -> Iterable[str]:
    """The explanation as lines for people, Chinese first."""
    yield f"计划 plan {found['hash'][:12] or '-'}"
    for source in found["sources"]:
        yield ""
        state = ""
        if "rows" in source:
            state = f"  行 rows {source['rows']}  实体 entities {source['entities']}  去重 seen {source['identities']}"
        yield f"来源 source {source['source']} {source['zh']} {source['en']} ({source['kind']}){state}"
        for scan in source["scans"]:
            what = f"{'+'.join(scan['folds'])}({scan['field'] or '*'})"
            where = f" where {scan['where']}" if scan["where"] else ""
            of = f"窗格 pane {scan['pane_ms']} ms  键 key {','.join(scan['key']) or '-'}"
            yield f"  扫描 scan {scan['scan']}  {what}{where}  {of}"
            if "panes" in scan:
                yield f"    窗格 panes {scan['panes']}  键 keys {scan['keys']}  字节 bytes {scan['bytes']}"
            yield f"    用于 used by {' '.join(scan['used_by'])}"
        kept = source["kept"]
        if kept is not None:
            state = f"  行 rows {kept['rows']}  字节 bytes {kept['bytes']}" if "rows" in kept else ""
            yield f"  保留行 kept rows{state}  字段 fields {' '.join(kept['fields']) or '-'}"
            for column in kept["columns"]:
                yield f"    列 column {column['column']}  用于 used by {' '.join(column['used_by'])}"
        for one in source.get("codes", ()):
            live = "-" if one["live"] is None else one["live"]
            state = f"持有 held {one['held']}  活动 live {live}  已释放 given up {one['given_up']}"
            yield f"  编码 codes {one['list']}  {state}"
    for one in found.get("filling", ()):
        line = (
            f"补齐 filling {one['source']}  {one['state']}  行 rows {one['rows']}  为 for {' '.join(one['asked_by'])}"
        )
        yield line + (f"  {one['why']}" if one["why"] else "")
    yield ""
    for one in sorted(found["indicators"], key=lambda one: -one.get("seconds", 0.0)):
        line = f"指标 indicator {one['indicator']}@{one['version']} {one['zh']} {one['en']}"
        if "seconds" in one:
            each = 1_000 * one["seconds"] / max(one["steps"], 1)
            line += f"  组 groups {one['groups']} (已释放 given up {one['groups_given_up']})"
            line += f"  每步 per step {each:.3f} ms  占比 share {one['share']:.1%}"
        yield line
