"""An indicator as its page shows it: what it means, how it is computed, what it rests on, whom it serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ioc.packs import bundle as packs
from ioc.queries.composition import LEVELS, UnknownIndicator, newest
from ioc.queries.home import Named
from ioc.queries.library import Entry, Key, of_kind
from ioc.queries.tasks import Feed, Measured, indicators, sources, tasks


@dataclass(frozen=True, slots=True)
class Base:
    """A base count: its name, the source it is folded from, and how, as declared."""

    id: str
    zh: str
    en: str
    source: str
    rule: str


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """`facts`: name of a declared key -> its text; `window` and `levels` as declared, for a page to say in its words.
    `limits`: level -> value as declared. `above`: the indicators that it is computed from, `below`: those that are
    computed from it."""

    measured: Measured
    version: int
    scene: Named
    formula: str
    facts: Mapping[str, str]
    window: Mapping[str, str]
    levels: tuple[str, ...]
    limits: Mapping[str, str]
    bases: tuple[Base, ...]
    feeds: tuple[Feed, ...]
    situations: tuple[Named, ...]
    tasks: tuple[tuple[int, str, str], ...]
    above: tuple[Named, ...] = ()
    below: tuple[Named, ...] = ()


RULE = ("agg", "field", "at", "where", "per", "having", "then", "within", "scale")
FACTS = ("owner", "direction", "dimensions", "min_samples", "samples", "tags")


def indicator_view(name: str, found: Mapping[Key, Entry]) -> IndicatorView:
    """Of its newest version. Raises UnknownIndicator."""
    tables, scenes = _declared()
    if name not in tables:
        raise UnknownIndicator(name)
    table, measured = tables[name], indicators()[name]
    limits = table.get("thresholds", {})
    target = {"target": _text(table["target"]["value"])} if "value" in table.get("target", {}) else {}
    return IndicatorView(
        measured=measured, version=table.get("version", 1), scene=scenes[table["scene"]],
        formula=table.get("formula", ""),
        facts={key: _text(table[key]) for key in FACTS if key in table} | target,
        window=dict(table.get("window", {})), levels=tuple(table.get("levels", ())),
        limits={level: _text(limits[level]) for level in LEVELS if level in limits}
        | ({"on": _text(limits["on"])} if "on" in limits else {}),
        bases=tuple(
            Base(key, row.get("zh", key), row.get("en", key), row.get("source", table.get("source", "")), _rule(row))
            for key, row in table.get("measures", {}).items()
        ),
        feeds=tuple(sources()[source] for source in measured.sources),
        situations=tuple(
            Named(f"{each.scene}/{each.id}", each.body["zh"], each.body["en"])
            for each in of_kind(found, "situation") if each.body is not None and name in each.body["indicators"]
        ),
        tasks=tuple((task.id, task.zh, task.en) for task in tasks() if measured in task.indicators),
        above=_named(reads(table, tables), tables),
        below=_named([other for other, one in tables.items() if name in reads(one, tables)], tables),
    )  # fmt: skip


def reads(table: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The indicators that a declared one reads itself: by a measure over their values, or by name in its formula."""
    measures = table.get("measures", {})
    over = [row.get("source", table.get("source", "")) for row in measures.values()]
    found = {source.removeprefix("indicator:") for source in over if source.startswith("indicator:")}
    found |= set(re.findall(r"[A-Za-z_]\w*", table.get("formula", ""))) & tables.keys() - measures.keys()
    return tuple(name for name in tables if name in found and name != table["id"])


def _named(names: Iterable[str], tables: Mapping[str, Mapping[str, Any]]) -> tuple[Named, ...]:
    return tuple(Named(name, tables[name]["zh"], tables[name].get("en", name)) for name in names)


@cache
def _declared() -> tuple[Mapping[str, Mapping[str, Any]], Mapping[str, Named]]:
    bundle = packs.build()
    return newest(bundle["indicators"]), {row["id"]: Named(row["id"], row["zh"], row["en"]) for row in bundle["scenes"]}


def _rule(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{key} = {_text(row[key])}" for key in RULE if key in row)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
