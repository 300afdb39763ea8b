"""The board: all screens and the living claims on them, as the services write it down and the gateway reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from ioc.domain.screen_right import Claim, Emergency, Screen, Shown, Turn, claim, resolve

VERSION: Final = 1


class UnknownBoardVersion(ValueError):
    """The board was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Board:
    """Screens by name, and claims. `worlds` are those of the deployment; an address that names none means the first."""

    screens: Mapping[str, Screen] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    worlds: tuple[str, ...] = ("live",)

    def shown(self, name: str, emergencies: Iterable[Emergency], now_ms: int) -> Shown | None:
        """What a screen shows at a moment; None for a screen that there is not."""
        screen = self.screens.get(name)
        if screen is None:
            return None
        wall = self.screens.get(screen.wall) if screen.wall != name else None
        return resolve(screen, self.claims, emergencies, now_ms, wall=wall, worlds=self.worlds)

    def to_json(self) -> str:
        return json.dumps(
            {
                "v": VERSION, "worlds": list(self.worlds),
                "screens": [screen_json(each) for each in self.screens.values()],
                "claims": [each.to_json() for each in self.claims],
            },
            ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip


def board(text: str | bytes) -> Board:
    """The board that was written down. Raises UnknownBoardVersion, ValueError, KeyError, TypeError."""
    raw = json.loads(text)
    if raw.get("v") != VERSION:
        raise UnknownBoardVersion(f"board version {raw.get('v')!r} is not {VERSION}")
    screens = [_screen(each) for each in raw["screens"]]
    return Board(
        {each.name: each for each in screens}, tuple(claim(each) for each in raw["claims"]), tuple(raw["worlds"])
    )


def screen_json(screen: Screen) -> dict[str, Any]:
    """A screen as plain JSON."""
    return asdict(screen) | {"rotation": turns_json(screen.rotation)}


def turns_json(turns: Iterable[Turn]) -> list[list[str | int]]:
    return [[each.scene, each.seconds] for each in turns]


def turns(raw: Iterable[Any]) -> tuple[Turn, ...]:
    """Turns from `turns_json`. Raises ValueError, TypeError."""
    return tuple(Turn(str(scene), int(seconds)) for scene, seconds in raw)


def _screen(raw: Mapping[str, Any]) -> Screen:
    return Screen(**{**raw, "rotation": turns(raw["rotation"])})
