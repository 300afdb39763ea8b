"""Who has a screen: of all claims on it the one that holds now. A function of the set of claims and of the clock.

Nothing here remembers: whatever the order in which claims, tablets and emergencies came, however often one of them was
told, and whichever process asks after whichever restart, the same set at the same moment shows the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Literal

from ioc.domain.screen_view import View, view

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31})?")  # a wall, or `wall.zone`
MINUTE_MS = 60_000


class Right(IntEnum):
    """By what right a screen is had; the greater one goes before."""

    ROTATION = 0
    LEADER = 1
    DUTY = 2
    EMERGENCY = 3


# So long does a claim live without being renewed: nobody has to remember to give a wall back.
LASTS_MS: Final[Mapping[Right, int]] = {
    Right.LEADER: 10 * MINUTE_MS,
    Right.DUTY: 60 * MINUTE_MS,
    Right.EMERGENCY: 60 * MINUTE_MS,  # and no longer than the emergency in which it was made
}
Mode = Literal["rotation", "pinned", "leader", "duty", "emergency"]
MODES: Final[Mapping[Right, Mode]] = {Right.LEADER: "leader", Right.DUTY: "duty", Right.EMERGENCY: "emergency"}


@dataclass(frozen=True, slots=True)
class Turn:
    """A scene of the rotation and for how long it stands; an empty scene is the overview."""

    scene: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Screen:
    """A wall, or a zone of one (`main.left`), and what it shows by itself. A zone without turns has its wall's."""

    name: str
    zh: str = ""
    en: str = ""
    width_mm: int = 6000
    distance_mm: int = 6000  # from which it is read
    rotation: tuple[Turn, ...] = ()
    pinned: str | None = None  # this scene and no rotation; "" is the overview
    reload_at: str = "03:30"  # local time of the nightly reload; empty: never

    @property
    def wall(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's wish to show something. Of each person there is one by each right on each screen."""

    screen: str
    right: Right
    by: str  # name of the account
    title: str  # as shown
    view: View
    made_ms: int
    until_ms: int

    @property
    def key(self) -> tuple[str, Right, str]:
        return (self.screen, self.right, self.by)

    def to_json(self) -> dict[str, Any]:
        return {"screen": self.screen, "right": int(self.right), "by": self.by, "title": self.title,
                "view": self.view.to_json(), "made_ms": self.made_ms, "until_ms": self.until_ms}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Emergency:
    """A condition of a world that takes its screens; `until_ms` is None while it stands."""

    id: str
    world: str
    scene: str
    zh: str
    en: str
    since_ms: int
    until_ms: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "world": self.world, "scene": self.scene, "zh": self.zh, "en": self.en,
                "since_ms": self.since_ms, "until_ms": self.until_ms}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """What a screen shows, by what right, since when and until when (None: until something changes)."""

    view: View
    right: Right
    mode: Mode
    by: str
    title: str
    since_ms: int
    until_ms: int | None
    emergency: Emergency | None = None


def newer(one: Claim, other: Claim) -> Claim:
    """Of two claims of one key the one that counts: the later; of one millisecond the greater text, whoever asks."""
    return max(one, other, key=lambda claim: (claim.made_ms, claim.view.text, claim.until_ms, claim.title))


def resolve(
    screen: Screen,
    claims: Iterable[Claim],
    emergencies: Iterable[Emergency],
    now_ms: int,
    *,
    wall: Screen | None = None,
    worlds: tuple[str, ...] = ("live",),
) -> Shown:
    """What the screen shows at `now_ms`.

    The greatest (right, second in which it was made, zone before wall, name of who made it) holds. `wall` is the wall
    of a zone; `worlds` are those of the deployment: their emergencies take every screen, those of another world only
    a screen that shows it. Claims by the right of an emergency count while one stands that began before them.
    """
    mine = [
        claim for claim in _one_each(claims) if claim.until_ms > now_ms and claim.screen in (screen.name, screen.wall)
    ]
    calm = max((claim for claim in mine if claim.right < Right.EMERGENCY), key=_rank, default=None)
    base = _by_itself(screen, wall, now_ms) if calm is None else _of(calm)
    standing = [each for each in emergencies if each.until_ms is None or each.until_ms > now_ms]
    taken = max(
        (each for each in standing if each.world in worlds or each.world == base.view.world),
        key=lambda each: (each.world in worlds, each.since_ms // 1000, each.id),
        default=None,
    )
    if taken is None:
        return base
    steered = [
        claim for claim in mine if claim.right is Right.EMERGENCY and claim.made_ms // 1000 >= taken.since_ms // 1000
    ]
    if steered:
        held = _of(max(steered, key=_rank))
        return Shown(held.view, held.right, held.mode, held.by, held.title, held.since_ms, taken.until_ms, taken)
    view = View(scene=taken.scene, world="" if taken.world in worlds[:1] else taken.world)
    return Shown(view, Right.EMERGENCY, "emergency", "", "", taken.since_ms, taken.until_ms, taken)


def turn(rotation: tuple[Turn, ...], now_ms: int) -> tuple[str, int, int]:
    """The scene whose turn it is, since when and until when: by the clock alone, so that all screens turn at once."""
    second = now_ms // 1000
    begun = second - second % sum(each.seconds for each in rotation)
    for each in rotation:
        if second < begun + each.seconds:
            break
        begun += each.seconds
    return each.scene, begun * 1000, (begun + each.seconds) * 1000


def claim(raw: Mapping[str, Any]) -> Claim:
    """A claim from the JSON of `to_json`. Raises ValueError, KeyError, TypeError."""
    return Claim(
        str(raw["screen"]), Right(raw["right"]), str(raw["by"]), str(raw["title"]), view(raw["view"]),
        int(raw["made_ms"]), int(raw["until_ms"]),
    )  # fmt: skip


def emergency(raw: Mapping[str, Any]) -> Emergency:
    """An emergency from the JSON of `to_json`. Raises ValueError, KeyError, TypeError."""
    until = raw["until_ms"]
    return Emergency(
        str(raw["id"]), str(raw["world"]), str(raw["scene"]), str(raw["zh"]), str(raw["en"]), int(raw["since_ms"]),
        None if until is None else int(until),
    )  # fmt: skip


def _one_each(claims: Iterable[Claim]) -> list[Claim]:
    found: dict[tuple[str, Right, str], Claim] = {}
    for each in claims:
        found[each.key] = newer(each, found[each.key]) if each.key in found else each
    return list(found.values())


def _rank(claim: Claim) -> tuple[Right, int, bool, str]:
    """Seconds and not milliseconds: two tablets in one second are decided by names, not by the faster network."""
    return (claim.right, claim.made_ms // 1000, "." in claim.screen, claim.by)


def _of(claim: Claim) -> Shown:
    return Shown(claim.view, claim.right, MODES[claim.right], claim.by, claim.title, claim.made_ms, claim.until_ms)


def _by_itself(screen: Screen, wall: Screen | None, now_ms: int) -> Shown:
    own = screen if screen.rotation or screen.pinned is not None or wall is None else wall
    if own.pinned is not None or not own.rotation:
        return Shown(View(scene=own.pinned or ""), Right.ROTATION, "pinned", "", "", 0, None)
    scene, since, until = turn(own.rotation, now_ms)
    return Shown(View(scene=scene), Right.ROTATION, "rotation", "", "", since, until)
