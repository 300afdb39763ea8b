"""How alarms are shown and laid aside, as data: `alarm_desk.toml`, and what each indicator's alarms are caused by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from ioc.domain.alarm_card import UNKNOWN, Cause, Place
from ioc.domain.alarm_flood import FloodRule
from ioc.packs.language import Closed
from metrics.value import LEVELS
from metrics.window import parse_duration

if TYPE_CHECKING:
    from ioc.packs.content import Content


def _duration(text: str) -> str:
    parse_duration(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]


class CardTable(Closed):
    window: Duration
    wide: Duration


class AcknowledgeTable(Closed):
    undo: Duration


class ShelfTable(Closed):
    most: Duration


class FloodTable(Closed):
    within: Duration
    over: Annotated[float, Field(gt=0)]
    under: Annotated[float, Field(gt=0)]
    lays_aside: Literal["blue", "yellow", "orange"]
    operators: Annotated[int, Field(ge=1)]


class ListsTable(Closed):
    bad_actors: Annotated[int, Field(ge=1, le=100)]
    stale: Duration
    chattering: Annotated[int, Field(ge=2)]
    chattering_within: Duration


class AlarmDeskFile(Closed):
    """All of it."""

    card: CardTable
    acknowledge: AcknowledgeTable
    shelf: ShelfTable
    flood: FloodTable
    lists: ListsTable


@dataclass(frozen=True, slots=True)
class DeskRules:
    """The file in ms, and what is known of indicators and regions."""

    window_ms: int
    wide_ms: int
    undo_ms: int
    shelf_ms: int
    flood: FloodRule
    operators: int
    bad_actors: int
    stale_ms: int
    chattering: int
    chattering_ms: int
    causes: Mapping[str, Cause]  # by indicator
    scenes: Mapping[str, tuple[str, str]]
    indicators: Mapping[str, tuple[str, str, str]]  # zh, en, unit
    regions: Mapping[str, tuple[str, str, str]]  # parent, zh, en
    district: str

    def cause(self, indicator: str) -> Cause:
        return self.causes.get(indicator, Cause(UNKNOWN, "其他", "other", UNKNOWN))

    def chain(self, region: str) -> tuple[str, ...]:
        """A region and all above it, and the empty one that means all of them."""
        found: list[str] = []
        while region and region not in found:
            found.append(region)
            region = self.regions.get(region, ("", "", ""))[0]
        return (*found, "")

    def place(self, region: str) -> Place:
        """Where a region lies: of an unknown one the district."""
        *above, _ = self.chain(region)
        if not above or above[-1] != self.district:
            return Place(self.district, self.district, "")
        return Place(region, self.district, above[-2] if len(above) > 1 else "")


def desk_rules(content: Content) -> DeskRules:
    """Raises ValueError where the packs have no `alarm_desk.toml`."""
    if content.alarm_desk is None:
        raise ValueError("alarm_desk.toml: 缺少此文件 the packs have no such file")
    file = content.alarm_desk.model
    causes, indicators, scenes = {}, {}, {}
    for pack in content.packs:
        scene = pack.pack.model.scene
        scenes[scene.id] = (scene.zh, scene.en)
        for row in pack.indicators.model.indicator if pack.indicators else ():
            causes[row.id] = Cause(scene.id, scene.zh, scene.en, scene.id)
            indicators[row.id] = (row.zh, row.en, row.unit or "")
    for pack in content.packs:
        for event in pack.pack.model.event:
            for name in event.indicators:
                if name in causes:
                    scene_id = causes[name].scene
                    causes[name] = Cause(event.id, event.zh, event.en, scene_id, event.family or "")
    regions = {row["code"]: (row["parent"], row["zh"], row["en"]) for row in content.region_rows()}
    return DeskRules(
        window_ms=parse_duration(file.card.window),
        wide_ms=parse_duration(file.card.wide),
        undo_ms=parse_duration(file.acknowledge.undo),
        shelf_ms=parse_duration(file.shelf.most),
        flood=FloodRule(
            parse_duration(file.flood.within), file.flood.over, file.flood.under,
            1 + LEVELS.index(file.flood.lays_aside),
        ),
        operators=file.flood.operators,
        bad_actors=file.lists.bad_actors,
        stale_ms=parse_duration(file.lists.stale),
        chattering=file.lists.chattering,
        chattering_ms=parse_duration(file.lists.chattering_within),
        causes=causes,
        scenes=scenes,
        indicators=indicators,
        regions=regions,
        district=next((code for code, (parent, _, _) in regions.items() if not parent), ""),
    )  # fmt: skip


@cache
def shipped_rules() -> DeskRules:
    """Those of the packs as they lie here, read once. Raises PackErrors, ValueError."""
    from ioc.packs.content import load

    return desk_rules(load())
