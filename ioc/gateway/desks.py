"""Desks at the gateway: who follows the desk of a world, and which incidents, cases and alarms each is told of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ioc.live import frame
from ioc.live.topic import DESK

if TYPE_CHECKING:
    from ioc.gateway.catalog import Catalog
    from ioc.gateway.hub import Listener

VERSION: Final = 1
Audience = frozenset[str]  # regions that may be seen, with all below them
Change = tuple[str, str, int, str]  # kind, id, version, region


@dataclass(slots=True)
class Channel:
    """Who follows the desk of a world and may see the same; `seq` counts what they were told."""

    listeners: set[Listener] = field(default_factory=set)
    seq: int = 0


@dataclass(slots=True)
class Desks:
    """All desks. Frames carry names and versions: a page fetches what it may see. Implements no socket."""

    encode: Callable[[frame.Frame], bytes]
    _channels: dict[tuple[str, Audience], Channel] = field(default_factory=dict)

    def follow(self, listener: Listener, world: str, audience: Audience) -> None:
        self._channels.setdefault((world, audience), Channel()).listeners.add(listener)

    def leave(self, listener: Listener, world: str | None = None) -> None:
        """The listener follows the desk of this world (None: any) no more."""
        for key in [key for key in self._channels if world in {None, key[0]}]:
            channel = self._channels[key]
            channel.listeners.discard(listener)
            if not channel.listeners:
                del self._channels[key]

    def following(self) -> dict[str, int]:
        """How many follow each desk, by topic."""
        counts: dict[str, int] = {}
        for (world, _), channel in self._channels.items():
            topic = f"{world}/{DESK}"
            counts[topic] = counts.get(topic, 0) + len(channel.listeners)
        return counts

    def snapshot(self, world: str, audience: Audience, real_now_ms: int) -> bytes | None:
        """For a follower that has just come, or that lost frames: look at everything."""
        channel = self._channels.get((world, audience))
        return None if channel is None else self._wire(world, channel, None, real_now_ms)

    def tell(self, news: Mapping[str, list[Change] | None], catalog: Catalog | None, real_now_ms: int) -> None:
        """What changed, by world (None: look at everything), to who may see it."""
        for (world, audience), channel in self._channels.items():
            if world not in news:
                continue
            changes = _within(news[world], audience, catalog)
            if changes is None or changes:
                self._tell(world, channel, changes, real_now_ms)

    def doubt(self, real_now_ms: int) -> None:
        """News may have been lost: everybody looks at everything."""
        for (world, _), channel in self._channels.items():
            self._tell(world, channel, None, real_now_ms)

    def _tell(self, world: str, channel: Channel, changes: list[Change] | None, real_now_ms: int) -> None:
        channel.seq += 1
        wire = self._wire(world, channel, changes, real_now_ms)
        for listener in list(channel.listeners):
            listener.deliver(f"{world}/{DESK}", wire)

    def _wire(self, world: str, channel: Channel, changes: list[Change] | None, real_now_ms: int) -> bytes:
        told = None if changes is None else [{"kind": kind, "id": name, "version": at} for kind, name, at, _ in changes]
        return self.encode(
            {"v": frame.VERSION, "op": "desk", "topic": f"{world}/{DESK}", "seq": channel.seq, "at": real_now_ms,
             "changed": told}
        )  # fmt: skip


def heard(data: bytes) -> Mapping[str, list[Change] | None] | None:
    """A message of the channel, or None for one that nobody understands."""
    try:
        message = json.loads(data)
        if message.get("v") != VERSION:
            return None
        return {
            str(world): None if changes is None else [_change(each) for each in changes]
            for world, changes in message["changed"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _change(raw: Any) -> Change:
    kind, name, version, region = raw
    return str(kind), str(name), int(version), str(region)


def _within(changes: list[Change] | None, audience: Audience, catalog: Catalog | None) -> list[Change] | None:
    """Those that people who may see these regions may know of. Without a catalog nobody knows where a region lies: then
    everybody looks for himself."""
    if changes is None or catalog is None:
        return None
    return changes if catalog.sees_all(audience) else [each for each in changes if catalog.holds(audience, each[3])]
