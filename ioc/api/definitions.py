"""The definitions in force, and the worlds there are, as the interface knows them: read from the bus, kept a little."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import redis

from ioc.api.problem import Problem
from metrics import keys
from metrics.definition import Bundle, load
from metrics.indicator import Indicator
from metrics.source import Source
from metrics.world import LIVE_WORLD, UnknownWorldVersion, World

CACHED_MS = 2_000
RETRY_S = 5


class Definitions:
    """Thread-safe. `bundle` and `world` raise Problem 503 while the bus is away and nothing is known."""

    def __init__(self, client: redis.Redis, clock: Callable[[], int]) -> None:
        self._client, self._clock = client, clock
        self._lock = threading.Lock()
        self._asked_ms: int | None = None
        self._text: bytes = b""
        self._bundle: Bundle | None = None

    def bundle(self) -> Bundle:
        """The bundle in force. One that was published is taken over within CACHED_MS; without the bus, the last one."""
        with self._lock:
            now = self._clock()
            if self._bundle is None or self._asked_ms is None or not 0 <= now - self._asked_ms < CACHED_MS:
                try:
                    told: Any = self._client.get(keys.BUNDLE)
                except redis.RedisError:
                    told = None
                    if self._bundle is None:
                        raise away() from None
                if told and told != self._text:
                    self._bundle, self._text = load(json.loads(told)), told
                self._asked_ms = now
            if self._bundle is None:
                raise Problem(
                    503, "no_definitions", "引擎尚未发布定义，请稍后重试。", "No definitions are in force yet.",
                    headers={"Retry-After": str(RETRY_S)},
                )  # fmt: skip
            return self._bundle

    def world(self, name: str) -> World:
        """A world by its id. Raises Problem 404, 503."""
        try:
            told: Any = self._client.hget(keys.WORLDS, name)
            if told:
                return World.from_json(told)
        except redis.RedisError:
            raise away() from None
        except UnknownWorldVersion as error:
            raise Problem(503, "unavailable", "世界版本不识。", f"{error}.") from None
        if name == LIVE_WORLD.id:
            return LIVE_WORLD
        raise Problem(
            404, "unknown_world", f"没有世界 {name}。", f"There is no world {name}.", field="world", rule="unknown-name"
        )

    def source(self, name: str, world: World) -> Source:
        """A source that has a stream, as it is declared in a world. Raises Problem 404, 503."""
        known = self.bundle().sources.get(name)
        if known is None or known.union_of or known.indicator_of:
            raise Problem(
                404, "unknown_source", f"没有可写的数据源 {name}。", f"There is no source {name} to feed.",
                field="source", rule="unknown-name",
            )  # fmt: skip
        variant = world.variants.get(name)
        return known.of_variant(variant) if variant in known.variants else known  # type: ignore[arg-type]

    def indicator(self, name: str) -> Indicator:
        """The newest version of an indicator. Raises Problem 404, 503."""
        versions = [one for one in self.bundle().indicators if one.id == name]
        if not versions:
            raise Problem(
                404, "unknown_indicator", f"没有指标 {name}。", f"There is no indicator {name}.",
                field="indicator", rule="unknown-name",
            )  # fmt: skip
        return max(versions, key=lambda one: one.version)


def away() -> Problem:
    """The bus does not answer."""
    return Problem(
        503, "bus_unavailable", "数据总线暂无应答，请稍后重试。", "The data bus does not answer; try again.",
        headers={"Retry-After": str(RETRY_S)},
    )  # fmt: skip
