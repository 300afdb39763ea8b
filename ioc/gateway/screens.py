"""Screens at the gateway: what each one shows now, told to everybody who follows it, and pointers passed through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ioc.domain.preemption import standing
from ioc.domain.screen_board import Board, board
from ioc.domain.screen_right import NAME, Emergency, Shown
from ioc.live import frame
from metrics.clock import WorldClock

if TYPE_CHECKING:
    from ioc.gateway.hub import Hub, Listener

POINTER_MS: Final = 5_000  # a stroke that is older points at something else by now
MOST_POINTS: Final = 64


@dataclass(slots=True)
class Screens:
    """All screens. `take` a board, `look` at the emergencies, `tell` what changed. Implements no socket.

    Nothing is told before it is known whether there is an emergency (`ready`): a gateway that starts anew must not
    give the screens back for a second.
    """

    encode: Callable[[frame.Frame], bytes]
    ready: bool = False
    emergencies: tuple[Emergency, ...] = ()
    _board: Board | None = None
    _text: bytes | None = None
    _followers: dict[str, set[Listener]] = field(default_factory=dict)
    _told: dict[str, tuple[int, Mapping[str, object]]] = field(default_factory=dict)  # screen -> seq and what it was

    def take(self, text: bytes | None) -> None:
        """What is written down of the screens. Raises ValueError (also of another version), KeyError, TypeError."""
        if text is not None and text != self._text:
            self._board = board(text)
            self._text = text

    def look(self, hub: Hub, real_now_ms: int) -> None:
        """Which emergencies stand, by the values that the hub holds: in the deployment's worlds and those shown."""
        if self._board is None or hub.catalog is None:
            return
        own = self._board.worlds
        loaded = hub.vitals.valkey and all(world in hub.rooms for world in own if world in hub.vitals.worlds)
        self.ready = self.ready or loaded
        worlds = dict.fromkeys((*own, *(claim.view.world for claim in self._board.claims if claim.view.world)))
        self.emergencies = tuple(found for world in worlds for found in _emergencies(hub, world, real_now_ms))

    def follow(self, listener: Listener, screen: str) -> None:
        self._followers.setdefault(screen, set()).add(listener)

    def leave(self, listener: Listener, screen: str | None = None) -> None:
        """The listener follows this screen (None: any) no more."""
        for name in [screen] if screen is not None else list(self._followers):
            followers = self._followers.get(name)
            if followers is not None:
                followers.discard(listener)
                if not followers:
                    del self._followers[name]
                    self._told.pop(name, None)

    def following(self) -> dict[str, int]:
        """How many follow each screen, by topic."""
        return {f"screens/{name}": len(listeners) for name, listeners in self._followers.items()}

    def tell(self, real_now_ms: int) -> None:
        """What a screen shows, to its followers, where it is something else than before."""
        if not self.ready:
            return
        for name, listeners in list(self._followers.items()):
            before = self._told.get(name)
            now = self._of(name, real_now_ms)
            if before is not None and before[1] == now:
                continue
            self._told[name] = (0 if before is None else before[0] + 1, now)
            wire = self._wire(name, real_now_ms)
            for listener in list(listeners):
                listener.deliver(f"screens/{name}", wire)

    def snapshot(self, name: str, real_now_ms: int) -> bytes | None:
        """What a screen shows, for a follower that has just come; None while that is not known."""
        if not self.ready:
            return None
        if name not in self._told:
            self._told[name] = (0, self._of(name, real_now_ms))
        return self._wire(name, real_now_ms)

    def point(self, message: Mapping[str, Any], real_now_ms: int) -> bool:
        """Pass a stroke on to those who follow the screen, if it comes from who has it; says whether it was."""
        stroke = _stroke(message, real_now_ms)
        if stroke is None or self._board is None:
            return False
        name = str(message["screen"])
        shown = self._board.shown(name, self.emergencies, real_now_ms)
        if shown is None or not _leads(shown, message):
            return False
        topic = f"screens/{name}"
        wire = self.encode({"v": frame.VERSION, "op": "pointer", "topic": topic, "at": real_now_ms, **stroke})
        for listener in list(self._followers.get(name, ())):
            listener.deliver(topic, wire)
        return True

    def _wire(self, name: str, real_now_ms: int) -> bytes:
        seq, now = self._told[name]
        return self.encode(
            {"v": frame.VERSION, "op": "screen", "topic": f"screens/{name}", "seq": seq, "at": real_now_ms, **now}
        )

    def _of(self, name: str, real_now_ms: int) -> dict[str, object]:
        found = self._board or Board()
        shown = found.shown(name, self.emergencies, real_now_ms)
        if shown is None:
            return {"screen": None, "shown": None}
        screen = found.screens[name]
        return {
            "screen": {"zh": screen.zh, "en": screen.en, "reload_at": screen.reload_at},
            "shown": shown_json(shown, name),
        }


def shown_json(shown: Shown, name: str) -> dict[str, object]:
    """What a screen shows, as its followers are told: no account names, an address to go to."""
    place, emergency = shown.view.place, shown.emergency
    return {
        "mode": shown.mode, "title": shown.title, "since": shown.since_ms, "until": shown.until_ms,
        "to": shown.view.address(name), "scene": shown.view.scene, "layers": list(shown.view.layers),
        "place": None if place is None else {"lon": place.lon, "lat": place.lat, "label": place.label},
        "emergency": None if emergency is None else {"zh": emergency.zh, "en": emergency.en},
    }  # fmt: skip


def heard(data: bytes) -> Mapping[str, Any] | None:
    """A message of the channel, or None for one that nobody understands."""
    try:
        message = json.loads(data)
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.get("v") == 1 else None


def _emergencies(hub: Hub, world: str, real_now_ms: int) -> Iterable[Emergency]:
    room, known = hub.rooms.get(world), hub.vitals.worlds.get(world)
    if room is None or known is None or known.kind in ("playback", "whatif"):
        return  # whoever looks at the past or at what might be chooses what to look at
    now_ms = known.clock.now_ms(real_now_ms)
    for rule in room.catalog.preemption:
        scene = room.catalog.scenes.get(rule.indicator)
        if scene not in room.boards:
            continue
        for region in sorted({*room.catalog.roots, ""}):
            stands = standing(room.boards[scene].points(f"{rule.indicator}|{region}|"), rule.at_least, now_ms)
            if stands is not None:
                since, until = (None if each is None else _real(known.clock, each) for each in stands)
                yield Emergency(rule.id, world, rule.scene, rule.zh, rule.en, since or 0, until)
                break


def _real(clock: WorldClock, world_ms: int) -> int:
    """The real time at which a world's clock shows this; of one that stands still, the moment it stands at."""
    return clock.real_ms + (round((world_ms - clock.event_ms) / clock.speed) if clock.speed > 0 else 0)


def _leads(shown: Shown, message: Mapping[str, Any]) -> bool:
    """Whether it comes from who has the screen; in an emergency that nobody leads yet, from a duty officer."""
    if shown.by:
        return bool(message.get("by") == shown.by)
    return shown.mode == "emergency" and message.get("holds") is True


def _stroke(message: Mapping[str, Any], real_now_ms: int) -> dict[str, object] | None:
    screen, at, points = message.get("screen"), message.get("at"), message.get("points")
    if not isinstance(screen, str) or not NAME.fullmatch(screen) or not isinstance(at, int):
        return None
    if not -POINTER_MS <= real_now_ms - at <= POINTER_MS or not isinstance(points, list) or len(points) > MOST_POINTS:
        return None
    return {"stroke": str(message.get("stroke", ""))[:32], "points": points, "end": bool(message.get("end"))}
