"""The registrar: which worlds exist and which definitions are in force, as the server says now."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import redis
import structlog

from metrics import keys
from metrics.definition import Bundle, DefinitionErrors, UnknownBundleVersion, load
from metrics.world import LIVE_WORLD, World


class Registrar:
    """Reads `ioc:worlds` and `ioc:bundle`. What cannot be used is named in the log once; what was in force stays."""

    def __init__(self, client: redis.Redis, only: Collection[str] | None = None, register: bool = True) -> None:
        """`register` False: a mere reader, which leaves it to the engine to register the world `live`."""
        self._client = client
        self._register = register
        self._only = only
        self._log = structlog.get_logger()
        self._raw_bundle: bytes | None = None  # as read last, sound or not
        self._raw_worlds: dict[bytes, bytes] = {}
        self.bundle: Bundle | None = None
        self.worlds: dict[str, World] = {}

    @property
    def raw_bundle(self) -> bytes | None:
        """The bundle as it was read last, sound or not."""
        return self._raw_bundle

    def read(self) -> bool:
        """Read both; True if other definitions came into force. Registers an absent world `live`."""
        raw: Any = self._client.hgetall(keys.WORLDS)
        if self._register and LIVE_WORLD.id.encode() not in raw and (self._only is None or LIVE_WORLD.id in self._only):
            self._client.hsetnx(keys.WORLDS, LIVE_WORLD.id, LIVE_WORLD.to_json())
            raw = self._client.hgetall(keys.WORLDS)
        if raw != self._raw_worlds:
            self._raw_worlds = raw
            self.worlds = {}
            for name, text in raw.items():
                self._add(name.decode("utf-8", "replace"), text)
        told: Any = self._client.get(keys.BUNDLE)
        if told is None or told == self._raw_bundle:
            return False
        self._raw_bundle = told
        try:
            self.bundle = load(json.loads(told))
        except (DefinitionErrors, UnknownBundleVersion, ValueError, TypeError) as error:
            self._log.error("bundle_refused", error=str(error))
            return False
        return True

    def _add(self, name: str, text: bytes) -> None:
        if self._only is not None and name not in self._only:
            return
        try:
            world = World.from_json(text)
            if world.id != name:
                raise ValueError(f"it calls itself {world.id!r}")
            if world.kind == "playback":
                return  # the past of another world, shown again: nothing comes in, nothing is computed
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._log.error("world_refused", world=name, error=str(error))
            return
        self.worlds[name] = world
