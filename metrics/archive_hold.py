"""The hold: streams keep what the archive has not yet written, for as long as an archiver may be expected back.

The archiver registers itself and its positions; whoever trims asks here. A hold that is given up (the archiver is away
for too long, or the server runs out of memory) is said in the log and by `state`; the archiver records the gap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import structlog

from metrics import keys
from metrics.stream import order

VERSION = 1
HOLD_MS = 6 * 3_600_000  # default: an archiver that was away for a night's shift loses nothing
MEMORY_SHARE = 0.7  # default: of the server's memory; above it a late archive is worth less than the live values
_CALM = 0.9  # a hold given up for memory comes back below this share of the bound: it does not flap
State = Literal["none", "held", "away", "memory"]


@dataclass(frozen=True, slots=True)
class Registration:
    """An archiver: when it was last seen (real ms), how long and up to which share of the server's memory streams wait
    for it, and the worlds it archives (None: all)."""

    at: int
    hold_ms: int = HOLD_MS
    memory_share: float = MEMORY_SHARE
    worlds: tuple[str, ...] | None = None

    def to_json(self) -> str:
        return json.dumps({"v": VERSION, **asdict(self)})

    @staticmethod
    def from_json(text: bytes) -> Registration | None:
        """None when another version of this program wrote it: then nobody is known to be waited for."""
        raw = json.loads(text)
        if raw.pop("v", None) != VERSION:
            return None
        worlds = raw.pop("worlds")
        return Registration(**raw, worlds=None if worlds is None else tuple(worlds))


class Server(Protocol):
    """What is asked of the data bus."""

    def get(self, name: str, /) -> Any: ...
    def hmget(self, name: str, keys: list[str], /) -> Any: ...
    def info(self, section: str, /) -> Any: ...


class Hold:
    """What trimming must leave for the archive of one world."""

    def __init__(self, client: Server, world: str) -> None:
        self._client = client
        self._world = world
        self.state: State = "none"

    def floors(self, floors: Mapping[str, str], real_ms: int) -> dict[str, str]:
        """The ids below which streams may be trimmed, given those below which nobody else needs them.

        Raises what the server does. A stream that a registered archiver has not yet seen is not trimmed at all.
        """
        if not floors:
            return {}
        told: Any = self._client.get(keys.ARCHIVE)
        registration = Registration.from_json(told) if told else None
        state = self._judge(registration, real_ms)
        if state != self.state:
            log = structlog.get_logger()
            (log.warning if state in ("away", "memory") else log.info)("archive_hold", world=self._world, state=state)
            self.state = state
        if state != "held":
            return dict(floors)
        written: Any = self._client.hmget(keys.archive(self._world), list(floors))
        return {
            key: min(floor, "0-0" if place is None else place.decode(), key=order)
            for (key, floor), place in zip(floors.items(), written, strict=True)
        }

    def _judge(self, registration: Registration | None, real_ms: int) -> State:
        if registration is None or (registration.worlds is not None and self._world not in registration.worlds):
            return "none"
        if real_ms - registration.at > registration.hold_ms:
            return "away"
        memory: Any = self._client.info("memory")
        limit = memory.get("maxmemory") or memory.get("total_system_memory") or 0
        share = registration.memory_share * (_CALM if self.state == "memory" else 1)
        return "memory" if limit and memory["used_memory"] > share * limit else "held"
