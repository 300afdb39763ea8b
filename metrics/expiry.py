"""Expiry: codes that nothing refers to any more are given up and the rest renumbered: memory follows the active keys.

A code is live while the state holds something under it that a later value may depend on:

- entities: of an identity within lateness, a folded pane, a kept row (so of a current record), or a live key;
- keys: of a pane with a folded row, or a kept row;
- texts: of a live key or a kept row;
- identities with a name: within lateness, or of a kept row;
- groups: of a region or the total, of a key that has a code, shown in a window that is kept, remembered for
  comparisons, or with an alarm that is raised, pending or remembered.

Whatever was given up is as if it had never been seen: when it comes again it has a new code and the same values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.alarm_desk import Member
from metrics.formula import Surroundings, problems
from metrics.identity import Identities
from metrics.intake import Intake
from metrics.keeping import key_name, mark_name
from metrics.layout import Groups, Layout
from metrics.measure import ENTITY
from metrics.named import NamedIdentities
from metrics.plan import Key
from metrics.publication import Publication
from metrics.register import Register
from metrics.series import series_id

FLOOR = 4_096  # codes of a list below which nothing is won: some 100 KB with all their arrays
IDLE_SHARE = 0.5  # of its codes: so renumbering costs little for each code that ever came
LOOK_MS = 600_000  # of the world's clock, between two looks; sooner where a list has doubled since the last one

Live = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Renumbering:
    """`kept`: the old codes that stay, ascending; `codes`: the new code of each old one, -1 for those that are gone."""

    kept: NDArray[np.int64]
    codes: NDArray[np.int32]

    @staticmethod
    def of(live: Live) -> Renumbering:
        """Leave out all that is not live."""
        codes = np.cumsum(live, dtype=np.int32) - np.int32(1)
        return Renumbering(np.flatnonzero(live), np.where(live, codes, np.int32(-1)))


class Expiry:
    """The rule for one state. A list of at least `floor` codes of which more than `idle_share` are not live is
    renumbered, and with it all lists of its source; looked at each `every_ms`, and when the longest list has doubled.
    `given_up`: codes by list (`entities/ID`, `texts/ID/FIELD`, `keys/ID/COLUMNS`, `identities/ID`,
    `groups/ID@VERSION`) since this state was made."""

    def __init__(self, intakes: Mapping[str, Intake], publications: Sequence[Publication]) -> None:
        self.floor, self.idle_share, self.every_ms = FLOOR, IDLE_SHARE, LOOK_MS
        self.given_up: Counter[str] = Counter()
        self.gone: list[str] = []  # series of the groups that the last look gave up
        self.live: dict[str, int] = {}  # codes of each list that were live at the last look
        self._intakes = intakes
        self._publications = publications
        self._groups: dict[int, tuple[Groups, list[Publication]]] = {}
        self._layouts: dict[int, tuple[Layout, str, Key]] = {}  # with the source and the key that it spreads
        for publication in publications:
            for layout, part in zip(publication.deriver.layouts, publication.plan.measures, strict=True):
                self._layouts[id(layout)] = layout, part.source, part.key
                self._groups.setdefault(id(layout.groups), (layout.groups, []))
            groups = publication.deriver.groups
            self._groups.setdefault(id(groups), (groups, []))[1].append(publication)
        self._looked_ms: int | None = None
        self._limit = 0

    def held(self) -> dict[str, int]:
        """How many codes each list has."""
        found = {name: len(one) for intake in self._intakes.values() for name, one in lists_of(intake).items()}
        return found | {f"groups/{one.plan.id}": len(one.deriver.groups) for one in self._publications}

    def look(self, now_ms: int) -> frozenset[str]:
        """Give up what is due; the names of the lists that are others now, as in a checkpoint."""
        waited = self._looked_ms is None or not 0 <= now_ms - self._looked_ms < self.every_ms
        longest = self._longest()
        if longest < self.floor or not (waited or longest >= self._limit):
            return frozenset()
        changed: set[str] = set()
        stays: dict[tuple[str, Key], Live] = {}  # the keys that keep a code
        gone: dict[tuple[str, Key], Renumbering] = {}
        for name, intake in self._intakes.items():
            live = _live_of(intake)
            self.live |= {one: int(mask.sum()) for one, mask in live.items()}
            if self._due(live):
                maps = {one: Renumbering.of(mask) for one, mask in live.items()}
                gone |= {(name, key): maps[_list_name(intake, key)] for key in intake.keys if key}
                self.given_up.update({one: len(each.codes) - len(each.kept) for one, each in maps.items()})
                changed |= {one for one in maps if not one.startswith("identities/")}
                _renumber(intake, maps)
            for key, keys in intake.keys.items():
                stays[name, key] = gone[name, key].codes >= 0 if (name, key) in gone else np.ones(len(keys), np.bool_)
        masks = {which: self._live_groups(which, stays) for which in self._groups}
        for layout, name, key in self._layouts.values():
            if (name, key) in gone:
                layout.recode_keys(gone[name, key].codes)
        for which, mask in masks.items():
            _, publications = self._groups[which]
            names = {f"groups/{one.plan.id}" for one in publications}
            self.live |= dict.fromkeys(names, int(mask.sum()))
            if self._due({"": mask}):
                self._give_up_groups(which, mask)
                self.given_up.update(dict.fromkeys(names, int((~mask).sum())))
                changed |= names
        self._looked_ms, self._limit = now_ms, 2 * self._longest()
        return frozenset(changed)

    def _longest(self) -> int:
        sizes = [len(one) for intake in self._intakes.values() for one in lists_of(intake).values()]
        return max([*sizes, *(len(groups) for groups, _ in self._groups.values())], default=0)

    def _due(self, live: Mapping[str, Live]) -> bool:
        return any(
            len(mask) >= self.floor and len(mask) - int(mask.sum()) > self.idle_share * len(mask)
            for mask in live.values()
        )

    def _live_groups(self, which: int, stays: Mapping[tuple[str, Key], Live]) -> Live:
        groups, publications = self._groups[which]
        live = groups.lasting()
        live[: groups.always] = True
        for publication in publications:
            live |= publication.live()
        for layout, name, key in self._layouts.values():
            if layout.groups is groups:
                live |= layout.used(stays[name, key])
        return live

    def _give_up_groups(self, which: int, live: Live) -> None:
        groups, publications = self._groups[which]
        renumbering = Renumbering.of(live)
        self.gone += self._series_of([groups.named[code] for code in np.flatnonzero(~live).tolist()], groups)
        for publication in publications:
            publication.keep(renumbering.kept)
        for keeper in {id(one.keeper): one.keeper for one in publications if one.keeper is not None}.values():
            keeper.keep(renumbering.kept)
        for layout, _, _ in self._layouts.values():
            layout.recode_groups(renumbering.codes, groups)
        groups.keep(renumbering.kept)

    def _series_of(self, members: Sequence[Member], groups: Groups) -> list[str]:
        """What the indicators with these groups say of some of them, unless a version with other groups does so too."""
        found: list[str] = []
        versions = [one for one in self._publications if not one.plan.inner]
        for name in {one.plan.indicator.id for one in versions if one.deriver.groups is groups}:
            others = [one for one in versions if one.plan.indicator.id == name and one.deriver.groups is not groups]
            held = {member for one in others for member in one.deriver.groups.named}
            found += [series_id(name, *member) for member in members if member not in held]
        return found


def lists_of(intake: Intake) -> dict[str, Any]:
    """The lists of codes of a source, by name."""
    name = intake.source.id
    found: dict[str, Any] = {f"entities/{name}": intake.entities.dictionary}
    found |= {f"texts/{name}/{column}": texts for column, texts in intake.texts.items()}
    found |= {_list_name(intake, key): keys for key, keys in intake.keys.items() if key not in ((), (ENTITY,))}
    if isinstance(intake.identities, NamedIdentities):
        found[f"identities/{name}"] = intake.identities.names
    return found


def _list_name(intake: Intake, key: Key) -> str:
    return f"entities/{intake.source.id}" if key == (ENTITY,) else f"keys/{intake.source.id}/{','.join(key)}"


def _live_of(intake: Intake) -> dict[str, Live]:
    """Which codes of each list are live."""
    name = intake.source.id
    live = {one: np.zeros(len(codes), np.bool_) for one, codes in lists_of(intake).items()}
    entities, ledger = live[f"entities/{name}"], None if intake.kept is None else intake.kept.ledger
    for scan in intake.plan.scans:
        if scan.key:
            mask = live[_list_name(intake, scan.key)]
            for folded in intake.panes[scan.id].panes.values():
                mask[: len(folded)] |= folded.count > 0
    if ledger is not None:
        entities[ledger["entity"]] = True
        for key in intake.keys:
            if key and key_name(key) in ledger:
                codes = ledger[key_name(key)]
                live[_list_name(intake, key)][codes[codes >= 0]] = True
        for column in _text_columns(intake):
            mask, cells = live[f"texts/{name}/{column}"], ledger[column]
            mask[cells[(cells >= 0) & (cells < len(mask))].astype(np.int64)] = True
    if isinstance(intake.identities, Identities):
        entities |= intake.identities.live(len(entities))
    else:
        live[f"identities/{name}"] |= intake.identities.live()
        if ledger is not None and "identity" in ledger:
            live[f"identities/{name}"][ledger["identity"]] = True
    for key, keys in intake.keys.items():
        if key not in ((), (ENTITY,)):
            table = keys.table()[live[_list_name(intake, key)]]
            for at, column in enumerate(key):
                (entities if column == ENTITY else live[f"texts/{name}/{column}"])[table[:, at]] = True
    for column in intake.texts:
        live[f"texts/{name}/{column}"][:1] = True  # the text of null
    return live


def _text_columns(intake: Intake) -> list[str]:
    """The ledger columns that hold codes of texts."""
    plan = intake.plan
    if plan.kept is None or intake.kept is None:
        return []
    scope, around = intake.source.scope(plan.registry), Surroundings(frozenset(plan.calendars))
    found = [column for column, raw in intake.kept.keeping.raws.items() if raw.kind in ("text", "intervals", "point")]
    for node in plan.kept.marks:
        kind, _ = problems(node, scope, "row", around=around)
        if kind is not None and kind.kind in ("text", "intervals", "point"):
            found.append(mark_name(node))
    return found


def _renumber(intake: Intake, maps: Mapping[str, Renumbering]) -> None:
    """Give up codes of a source wherever they stand but in layouts."""
    name = intake.source.id
    entities = maps[f"entities/{name}"]
    if intake.kept is not None:
        ledger = intake.kept.ledger
        for column in _text_columns(intake):
            ledger.recode(column, maps[f"texts/{name}/{column}"].codes)
        for key in intake.keys:
            if key and key_name(key) in ledger:
                ledger.recode(key_name(key), maps[_list_name(intake, key)].codes)
        ledger.recode("entity", entities.codes)
        if "identity" in ledger:
            ledger.recode("identity", maps[f"identities/{name}"].codes)
        if isinstance(intake.kept, Register):
            intake.kept.keep_keys(entities.kept)
    for scan in intake.plan.scans:
        panes = intake.panes[scan.id]
        if scan.key:
            kept = maps[_list_name(intake, scan.key)].kept
            panes.panes = {index: folded.kept(kept) for index, folded in panes.panes.items()}
            panes.dirty.update(panes.panes)
    for key, keys in intake.keys.items():
        if key not in ((), (ENTITY,)):
            parts = [maps[f"entities/{name}" if one == ENTITY else f"texts/{name}/{one}"].codes for one in key]
            keys.keep(maps[_list_name(intake, key)].kept, parts)
    if isinstance(intake.identities, Identities):
        intake.identities.keep(entities.kept, entities.codes)
    else:
        intake.identities.keep(maps[f"identities/{name}"].kept)
    intake.entities.keep(entities.kept)
    for column, texts in intake.texts.items():
        texts.keep(maps[f"texts/{name}/{column}"].kept)
