"""A topic: what a browser subscribes to, `<world>/<scene>`, and the patterns that permit it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # worlds and scenes are ids of our own; 64 covers every one


class TopicError(ValueError):
    """A text is not a topic."""


@dataclass(frozen=True, slots=True, order=True)
class Topic:
    """One scene of one world."""

    world: str
    scene: str

    def __str__(self) -> str:
        return f"{self.world}/{self.scene}"

    @staticmethod
    def parse(text: str) -> Topic:
        """Raises TopicError when `text` is not `<world>/<scene>` in the characters of ids."""
        world, slash, scene = text.partition("/")
        if not (slash and NAME.fullmatch(world) and NAME.fullmatch(scene)):
            raise TopicError(f"not a topic: {text[:80]!r}")
        return Topic(world, scene)


def permits(patterns: Iterable[str], topic: Topic) -> bool:
    """Whether one of the patterns of a ticket covers the topic; `*` stands for any one world or any one scene."""
    for pattern in patterns:
        world, _, scene = pattern.partition("/")
        if world in ("*", topic.world) and scene in ("*", topic.scene):
            return True
    return False
