"""A topic: what a browser subscribes to, and what permits it: `<world>/<scene>[/<layer>]`, `<world>/overview`,
`<world>/desk` or `screens/<screen>`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SCREENS = "screens"  # in place of a world: what a screen is told to show; no world has this name
DESK = "desk"  # in place of a scene: which incidents, cases and alarms changed; no scene has this name
OVERVIEW = "overview"  # in place of a scene: of all scenes what the overview shows; no scene has this name
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # worlds and scenes are ids of our own; 64 covers every one


class TopicError(ValueError):
    """A text is not a topic."""


@dataclass(frozen=True, slots=True, order=True)
class Topic:
    """One scene of one world, one layer of its map, the overview of a world, or one screen."""

    world: str
    scene: str
    layer: str = ""

    def __str__(self) -> str:
        return f"{self.world}/{self.scene}" + (f"/{self.layer}" if self.layer else "")

    @staticmethod
    def parse(text: str) -> Topic:
        """Raises TopicError when `text` is not `<world>/<scene>[/<layer>]` in the characters of ids."""
        parts = text.split("/")
        if len(parts) not in {2, 3} or not all(NAME.fullmatch(part) for part in parts):
            raise TopicError(f"not a topic: {text[:80]!r}")
        return Topic(*parts)


def permits(patterns: Iterable[str], topic: Topic) -> bool:
    """Whether one of the patterns of a ticket covers the topic; `*` stands for any one world or any one scene. Who may
    see a scene may see the layers of its map."""
    for pattern in patterns:
        world, _, scene = pattern.partition("/")
        if (world == topic.world or (world == "*" and topic.world != SCREENS)) and scene in ("*", topic.scene):
            return True
    return False
