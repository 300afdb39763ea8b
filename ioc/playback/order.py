"""The order of a playback: which world's past is wanted, from which moment on, how fast, and as it was known when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from metrics.archive_cells import Known

VERSION: Final = 1
FASTEST: Final = 600.0
PREFIX: Final = "playback-"
KNOWN: Final[tuple[Known, ...]] = ("then", "now")


class WrongOrder(ValueError):
    """What was asked cannot be shown; `field` is the part that is wrong, the message says why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True)
class Order:
    """`at_ms`: the moment to go to, of the world's time; `speed` 0: it stands; `number` grows with each change, and
    `seek` is the number of the last one that went to another moment or knowledge. `by`: who asked last."""

    id: str
    world: str
    at_ms: int
    speed: float = 1.0
    known: Known = "then"
    by: str = ""
    made_ms: int = 0
    number: int = 0
    seek: int = 0

    @staticmethod
    def of(world: str, at_ms: object, speed: object, known: object, *, by: str, now_ms: int) -> Order:
        """A new one. The same wishes give the same id, so that screens with one address show one playback.

        Raises WrongOrder."""
        moment, pace, knowledge = _moment(at_ms, now_ms), _speed(speed), _known(known)
        words = f"{world}|{moment}|{pace:g}|{knowledge}"
        name = PREFIX + hashlib.sha256(words.encode()).hexdigest()[:10]
        return Order(name, world, moment, pace, knowledge, by, now_ms)

    def changed(self, wishes: dict[str, object], shown_ms: int, *, by: str, now_ms: int) -> Order:
        """With other wishes: `at`, `speed`, `known`, those that are given; `shown_ms` is the moment that is shown.

        Raises WrongOrder."""
        if unknown := set(wishes) - {"at", "speed", "known"}:
            raise WrongOrder(min(unknown), f"unknown: {', '.join(sorted(unknown))}")
        at_ms = _moment(wishes["at"], now_ms) if "at" in wishes else shown_ms
        speed = _speed(wishes["speed"]) if "speed" in wishes else self.speed
        known = _known(wishes["known"]) if "known" in wishes else self.known
        number = self.number + 1
        seek = number if "at" in wishes or known != self.known else self.seek
        return Order(self.id, self.world, at_ms, speed, known, by, self.made_ms, number, seek)

    def to_json(self) -> str:
        return json.dumps({"v": VERSION, **asdict(self)}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str | bytes) -> Order:
        """Raises ValueError for another version."""
        raw: dict[str, Any] = json.loads(text)
        if raw.pop("v", None) != VERSION:
            raise ValueError("an order of another version")
        return Order(**raw)


def _moment(at_ms: object, now_ms: int) -> int:
    if not isinstance(at_ms, int) or isinstance(at_ms, bool) or not 0 <= at_ms <= now_ms + 86_400_000 * 366:
        raise WrongOrder("at", "whole milliseconds since 1970, UTC")
    return at_ms


def _speed(speed: object) -> float:
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not (speed == 0 or 1 <= speed <= FASTEST):
        raise WrongOrder("speed", f"0 or 1 to {FASTEST:g}")
    return float(speed)


def _known(known: object) -> Known:
    for each in KNOWN:
        if known == each:
            return each
    raise WrongOrder("known", "then or now")
