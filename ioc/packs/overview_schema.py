"""The shape of `overview.toml`: what the overview shows of all scenes, as closed models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ioc.packs.language import Closed, Name, Text
from ioc.packs.schema import WallMap

When = Literal["always", "calm", "response", "wide"]


class OverviewItem(Closed):
    """An indicator in one of the overview's places.

    `when`: always, only while no response is in force (calm), only while one is (response), or only where the wall is
    wide enough for more than the rest (wide).
    """

    indicator: Name
    when: When = "always"


class OverviewScene(Closed):
    """A scene's row: its numbers in their order, and one more where there is room (`wide`).

    An indicator of the scene that is over its limit takes a place before them, the worst first.
    """

    id: Name
    numbers: Annotated[list[Name], Field(min_length=1, max_length=4)]
    wide: Name | None = None


class OverviewList(Closed):
    """A panel of rows, one indicator each."""

    id: Name
    zh: Text
    en: Text
    when: When = "always"
    indicators: Annotated[list[Name], Field(min_length=1)]


class OverviewMatter(Closed):
    """Records that matter as they are, not as numbers: the entities of a layer, as `scene/layer`.

    Fields of the layer's source, which its `shows` must name: `begun` (time), `ends` (time after which it is over),
    `waits` (time, empty while nobody has been sent), `stages` (times; the last one reached is told), `who` (text).
    """

    kind: Literal["incident", "warning"]
    layer: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")]
    begun: Name
    ends: Name | None = None
    waits: Name | None = None
    stages: list[Name] = Field(default_factory=list)
    who: Name | None = None


class OverviewFile(Closed):
    """What the overview shows of all scenes; every name is an indicator's id unless said otherwise.

    `response`: the indicator of the response level, split by plan; above 0 it is the one filled block. `elsewhere`:
    indicators that have a place of their own, so that the list of what matters now leaves them out. `map.areas` shades
    the subdistricts, `map.roads` colours the roads.
    """

    response: Name | None = None
    elsewhere: list[Name] = Field(default_factory=list)
    matter: list[OverviewMatter] = Field(default_factory=list)
    fact: list[OverviewItem] = Field(default_factory=list)
    scene: Annotated[list[OverviewScene], Field(min_length=1)]
    map: WallMap | None = None
    trend: list[OverviewItem] = Field(default_factory=list)
    list_: list[OverviewList] = Field(default_factory=list, alias="list")
