"""Gazetteer: all names of regions, communities, blocks, buildings and addresses of a day; code, text or point -> chain.

A chain goes from what was found up to the district: address, building, block, community, committee, subdistrict,
district; what nobody has said is left out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ioc.geo.address import Address
from ioc.geo.address_text import CONTAINED, OTHER_NUMBER, contains, features, normal, same_numbers
from ioc.geo.plane import METRES_PER_DEGREE
from ioc.geo.region import Regions

LEAST = 0.5  # likeness below which nothing is offered
SURE = 0.9  # a single candidate as good as this is the answer
NEAR_M = 50.0  # a building further from a point than this is not offered for it
_ALIKE = 0.9  # likeness of texts that have everything in common without being equal
_SHORT = 3  # names of fewer characters are meant exactly or not at all


@dataclass(frozen=True, slots=True)
class Step:
    """A link of a chain; `level` is that of a region, or block, building, address."""

    code: str
    level: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Community:
    """The community that a committee belongs to, as the district says; its code may be unknown."""

    code: str
    zh: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a text may mean: its code, likeness 0..1 and chain. `metres`: from the point that was asked for."""

    code: str
    chain: tuple[Step, ...]
    score: float
    metres: float | None = None


class Gazetteer:
    """Names and places; `communities` maps committees. Regions without a community have none in their chain."""

    def __init__(
        self, regions: Regions, communities: Mapping[str, Community], addresses: Iterable[Address] = ()
    ) -> None:
        self._regions = regions
        self._communities = communities
        self._addresses = {each.code: each for each in addresses}
        self._district = regions.root.zh

    def __len__(self) -> int:
        """How many blocks, buildings and addresses are known."""
        return len(self._addresses)

    def of_code(self, code: str) -> tuple[Step, ...] | None:
        """The chain of a region, an address or a community; None for a code that nobody uses."""
        if code in self._addresses:
            return self._climb(self._addresses[code])
        if code in self._regions:
            return self._line(code)
        homes = sorted(home for home, community in self._communities.items() if code and community.code == code)
        return self._of_community(homes) if homes else None

    def of_text(self, text: str, most: int = 5) -> list[Candidate]:
        """What a text may mean, the likeliest first; nothing where nothing is alike enough."""
        asked, root = normal(text, self._district), self._regions.root.code
        if not asked:
            return [Candidate(root, self._line(root), 1.0)] if normal(text) else []
        named, rest = self._named(asked)
        found: dict[str, float] = {}
        for owner, alike in self._alike(rest or asked):
            elsewhere = named and not any(step.code in named for step in self._chain_of(owner))
            found[owner] = max(alike * (OTHER_NUMBER if elsewhere else 1.0), found.get(owner, 0.0))
        for code in named:
            found[f"region:{code}"] = (len(asked) - len(rest)) / len(asked)
        better = [
            Candidate(self._code_of(owner), self._chain_of(owner), round(score, 3))
            for owner, score in found.items()
            if score >= LEAST or owner.partition(":")[2] in named
        ]
        return sorted(better, key=lambda one: (-one.score, -len(one.chain), one.code))[:most]

    def near(self, lon: float, lat: float) -> Candidate | None:
        """The nearest block, building or address within NEAR_M of a point (degrees WGS-84); None: there is none."""
        codes, places = self._points
        if not len(codes):
            return None
        away = np.hypot(*((places - np.array([lon, lat])) * np.array(METRES_PER_DEGREE)).T)
        at = int(np.argmin(away))
        metres = float(away[at])
        if metres > NEAR_M:
            return None
        return Candidate(codes[at], self._climb(self._addresses[codes[at]]), 0.0, round(metres, 1))

    def _climb(self, address: Address) -> tuple[Step, ...]:
        """Up through its parents, then the narrowest region that any of them names."""
        chain: list[Step] = []
        line: tuple[Step, ...] = ()
        one: Address | None = address
        while one is not None and all(step.code != one.code for step in chain):
            chain.append(Step(one.code, one.kind, one.name, one.name))
            named = self._line(one.region) if one.region in self._regions else ()
            line = named if len(named) > len(line) else line
            one = self._addresses.get(one.parent)
        return (*chain, *line)

    def _line(self, code: str) -> tuple[Step, ...]:
        chain = [Step(region.code, region.level, region.zh, region.en) for region in self._regions.line(code)]
        community = self._communities.get(code)
        if community is not None:
            chain.insert(0, Step(community.code, "community", community.zh, community.en or community.zh))
        return tuple(chain)

    def _of_community(self, homes: list[str]) -> tuple[Step, ...]:
        """A community of one committee lies in it; of several, in what these have in common."""
        if len(homes) == 1:
            return self._line(homes[0])
        community, *_ = self._line(homes[0])
        shared = set.intersection(*({region.code for region in self._regions.line(home)} for home in homes))
        return (community, *(step for step in self._line(homes[0])[1:] if step.code in shared))

    def _chain_of(self, owner: str) -> tuple[Step, ...]:
        kind, _, key = owner.partition(":")
        if kind == "address":
            return self._climb(self._addresses[key])
        return self._line(key) if kind == "region" else self._of_community(key.split(","))

    def _code_of(self, owner: str) -> str:
        kind, _, key = owner.partition(":")
        return self._communities[key.split(",")[0]].code if kind == "community" else key

    def _named(self, asked: str) -> tuple[set[str], str]:
        """The regions that a form names in full, and the form without their names."""
        codes: set[str] = set()
        for form, code in self._titles:
            if form in asked:
                asked = asked.replace(form, "", 1)
                codes.add(code)
        below = {above.code for code in codes for above in self._regions.line(code)[1:]}
        return codes - below, asked

    @cached_property
    def _titles(self) -> list[tuple[str, str]]:
        """Forms that can mean nothing but a region (翠竹街道), each of one region alone, the longest first."""
        owners: dict[str, set[str]] = {}
        for region in self._regions:
            for name in {region.zh, region.zh.removesuffix("居民委员会")}:
                if name.endswith(("街道", "社区", "居民委员会", "居委会")):
                    owners.setdefault(normal(name), set()).add(region.code)
        alone = [(form, code) for form, (code, *others) in owners.items() if not others]
        return sorted(alone, key=lambda one: -len(one[0]))

    @cached_property
    def _forms(self) -> tuple[list[str], list[str]]:
        """All forms there are, and whose each is: `region:CODE`, `address:CODE`, `community:COMMITTEES`."""
        pairs: dict[tuple[str, str], None] = {}
        for region in self._regions:
            for name in (region.zh, region.zh.removesuffix("居民委员会"), region.short_zh, region.en):
                pairs[normal(name), f"region:{region.code}"] = None
        homes: dict[Community, list[str]] = {}
        for committee, community in sorted(self._communities.items()):
            homes.setdefault(community, []).append(committee)
        for community, committees in homes.items():
            for name in filter(None, (community.zh, community.zh.removesuffix("社区"), community.en)):
                pairs[normal(name), "community:" + ",".join(committees)] = None
        for one in self._addresses.values():
            pairs[normal(one.name, self._district), f"address:{one.code}"] = None
            above = self._addresses.get(one.parent)
            if above is not None and not one.name.startswith(above.name):
                pairs[normal(above.name + one.name, self._district), f"address:{one.code}"] = None
        known = [pair for pair in pairs if pair[0]]
        return [form for form, _ in known], [owner for _, owner in known]

    @cached_property
    def _features(self) -> tuple[dict[str, NDArray[np.int32]], NDArray[np.int32]]:
        """Feature -> forms that have it; how many features each form has."""
        places: dict[str, list[int]] = {}
        counts = np.zeros(len(self._forms[0]), np.int32)
        for at, form in enumerate(self._forms[0]):
            has = features(form)
            counts[at] = len(has)
            for feature in has:
                places.setdefault(feature, []).append(at)
        return {feature: np.array(found, np.int32) for feature, found in places.items()}, counts

    def _alike(self, asked: str) -> list[tuple[str, float]]:
        """Owners of forms that are alike, with how alike: the share of common features, lowered by other numbers."""
        places, counts = self._features
        has = features(asked)
        hits = [places[feature] for feature in has if feature in places]
        if not hits:
            return []
        common = np.bincount(np.concatenate(hits), minlength=len(counts))
        dice = 2.0 * common / (counts + len(has))
        least = np.flatnonzero((dice >= LEAST / 2) | (common == counts))
        forms, owners = self._forms
        found = []
        for at in least[np.argsort(-dice[least], kind="stable")[:200]]:
            form, owner = forms[at], owners[at]
            if form == asked:
                score = 1.0
            elif owner.startswith("address:") and contains(form, asked):
                score = CONTAINED + (1 - CONTAINED) * len(form) / len(asked) * 0.9
            elif len(form) < _SHORT:
                continue
            else:
                score = float(dice[at]) * _ALIKE * (1.0 if same_numbers(form, asked) else OTHER_NUMBER)
            found.append((owner, score))
        return found

    @cached_property
    def _points(self) -> tuple[list[str], NDArray[np.float64]]:
        placed = [each for each in self._addresses.values() if each.lon is not None and each.lat is not None]
        return [each.code for each in placed], np.array([(each.lon, each.lat) for each in placed], np.float64)


def answer(candidates: list[Candidate]) -> Candidate | None:
    """The candidate that a text certainly means: good enough, and none other as good. None: a person must choose."""
    if not candidates or candidates[0].score < SURE:
        return None
    first, *others = candidates
    rivals = (each for each in others if not _within(first, each) and not _within(each, first))
    rival = next(rivals, None)
    return first if rival is None or rival.score < first.score else None


def _within(inner: Candidate, outer: Candidate) -> bool:
    return any(step.code == outer.code for step in inner.chain)
