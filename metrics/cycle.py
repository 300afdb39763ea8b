"""Cycles: indicators that need their own values, through formulas or through sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metrics.indicator_declaration import ReadIndicator


def add_cycles(found: Sequence[ReadIndicator]) -> None:
    """Note each reference that is part of a cycle, at the place where it stands."""
    needs: dict[str, set[str]] = {}
    for one in found:
        own = needs.setdefault(one.table.name, set())
        own |= {name for name, _ in one.references} | {name for name, _ in one.derived}
    reach = {name: _reachable(name, needs) for name in needs}
    for one in found:
        mine = one.table.name
        for name, column in one.references:
            if mine in reach.get(name, ()) or name == mine:
                en, zh = _said(mine, name)
                one.table.fault("formula", "cycle", en, column, zh=zh)
        for name, place in one.derived:
            if mine in reach.get(name, ()) or name == mine:
                en, zh = _said(mine, name)
                one.table.fault(place, "cycle", en, zh=zh)


def _said(mine: str, other: str) -> tuple[str, str]:
    return f"'{other}' needs the value of '{mine}' itself", f"'{other}' 自身也需要 '{mine}' 的值"


def _reachable(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(needs.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(needs.get(one, ()))
    return found
