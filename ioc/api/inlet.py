"""The inlet: batches of observations from other systems into the observation streams, each once.

What is written, and the answer under an idempotency key, are one transaction: a batch that is sent again after a lost
reply is answered as before and written no second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ioc.api import batch
from ioc.api.definitions import RETRY_S, Definitions, away
from ioc.api.problem import Problem
from ioc.api.shapes import Receipt
from ioc.services.api_tokens import ApiToken
from ioc.sources.declaration import declared, fed_as, has_rows
from ioc.sources.feed import Place
from metrics import keys
from metrics.world import World

KEPT_S = 24 * 3600  # an idempotency key is remembered so long
FULL = 0.9  # of the server's memory: from here on batches wait, so that what runs goes on
MEMORY_CACHED_MS = 1_000
TIMEOUT_S = 5.0
TRIES = 5  # two batches that declare the same origin, or bear the same key, at once
ACCEPTED, REFUSED = 202, 422
FED_WORLDS = ("live", "exercise")  # a replay or a branch is nobody's to feed


@dataclass(frozen=True, slots=True)
class Order:
    """One batch as it was sent. `whole`: accept all rows or none; `key` empty: no idempotency key."""

    token: ApiToken
    source: str
    world: str
    body: bytes
    form: str
    whole: bool
    key: str

    @property
    def digest(self) -> str:
        """What must be the same for a repetition under the same key."""
        told = hashlib.sha256(f"{self.source}\n{self.world}\n{self.form}\n{self.whole}\n".encode())
        told.update(self.body)
        return told.hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to an order; `rules`: rows rejected now, by rule; `repeated`: as before, and nothing was written."""

    status: int
    body: dict[str, Any]
    rules: Mapping[str, int] = field(default_factory=dict)
    repeated: bool = False


class Inlet:
    """Thread-safe. Raises Problem for whatever is not accepted as a whole."""

    def __init__(self, url: str, definitions: Definitions, clock: Callable[[], int]) -> None:
        # A write whose reply was lost is not tried again from here: nobody would know whether it was written.
        self._client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._definitions, self._clock = definitions, clock
        self._memory: tuple[int, float] | None = None  # when it was asked, share in use

    def close(self) -> None:
        self._client.close()

    def take(self, order: Order) -> Outcome:
        """Accept a batch, or say why not. Nothing is written unless the answer is 202."""
        if not order.token.may_feed(order.source):
            raise _forbidden("source", f"令牌不可写 {order.source}", f"the token may not feed {order.source}")
        if not order.token.may_enter(order.world):
            raise _forbidden("world", f"令牌不可进入世界 {order.world}", f"the token may not enter {order.world}")
        world = self._definitions.world(order.world)
        if world.kind not in FED_WORLDS:
            raise _forbidden("world", f"世界 {world.id} 不接收数据", f"the world {world.id} takes no data")
        try:
            return self._take(order, world)
        except redis.OutOfMemoryError:
            raise _full() from None
        except redis.RedisError as error:
            raise (_full() if "OOM" in str(error) else away()) from error

    def _take(self, order: Order, world: World) -> Outcome:
        source = self._definitions.source(order.source, world)
        origin = order.token.origin or "real"
        place = Place(world.id, source.id, origin, source.shards)
        remembered = _memory_key(order) if order.key else ""
        with self._client.pipeline(transaction=True) as pipe:
            for _ in range(TRIES):
                pipe.watch(keys.origins(world.id), *([remembered] if remembered else []))  # type: ignore[no-untyped-call]
                if remembered and (told := cast(Any, pipe.get(remembered))):
                    return _repeated(json.loads(told), order)
                self._check_room()
                fresh = self._check_origin(place)
                judged = self._judge(order, world, place)
                late = self._late(judged, world, place)
                status, body = _said(judged, late, order, place)
                entries = batch.payloads(judged, place.shards) if status == ACCEPTED else []
                pipe.multi()
                if fresh and entries:
                    pipe.hset(keys.origins(world.id), source.id, origin)
                for shard, payload, _ in entries:
                    pipe.xadd(place.stream(shard), {"p": payload})
                if remembered:
                    record = {"digest": order.digest, "status": status, "body": body}
                    pipe.set(remembered, json.dumps(record, ensure_ascii=False), ex=KEPT_S)
                try:
                    pipe.execute()
                except redis.WatchError:
                    continue
                return Outcome(status, body, judged.rules)
        raise away()

    def _judge(self, order: Order, world: World, place: Place) -> batch.Judged:
        source = self._definitions.source(place.source, world)
        rows = batch.columns(batch.parse(order.body, order.form), source)
        return batch.judge(rows, source, world.clock.now_ms(self._clock()))

    def _late(self, judged: batch.Judged, world: World, place: Place) -> list[int]:
        """The rows that come too late to count, by the watermark that the engine published last."""
        told: Any = self._client.hget(keys.engine(world.id, "feeds"), place.source)
        mark = json.loads(told).get("watermark_ms") if told else None
        return batch.late(judged, self._definitions.source(place.source, world), mark)

    def _check_origin(self, place: Place) -> bool:
        """Whether the origin is yet to be said. Raises Problem 409 when the rows are said to be of another one."""
        told = self._client.hexists(keys.origins(place.world), place.source)
        before = declared(self._client, place.world, place.source)
        feeding = fed_as(self._client, place.world, place.source, self._clock())
        fed = bool(told) or has_rows(self._client, place)
        if (fed and before != place.origin) or feeding not in (None, place.origin):
            there = feeding if feeding not in (None, place.origin) else before
            raise Problem(
                409, "origin_conflict",
                f"{place.source} 在世界 {place.world} 中已是 {there}，令牌声明为 {place.origin}。",
                f"{place.source} is {there} in the world {place.world}; the token says {place.origin}.",
                field="origin", rule="origin",
            )  # fmt: skip
        return not told

    def _check_room(self) -> None:
        now = self._clock()
        if self._memory is None or not 0 <= now - self._memory[0] < MEMORY_CACHED_MS:
            told: Any = self._client.info("memory")
            limit = int(told.get("maxmemory", 0))
            self._memory = (now, int(told["used_memory"]) / limit if limit else 0.0)
        if self._memory[1] >= FULL:
            raise _full()


def _said(judged: batch.Judged, late: list[int], order: Order, place: Place) -> tuple[int, dict[str, Any]]:
    """Status and body: accepted, the rows that are right; or refused, if there is none or all were to be right."""
    given, told = judged.batch.given, judged.faults[: batch.TOLD]
    wrong = given - len(judged.kept)
    if not judged.kept or (wrong and order.whole):
        problem = Problem(
            REFUSED, "rows_refused", f"{given} 行中 {wrong} 行不合契约，未写入任何一行。",
            f"{wrong} of {given} rows break the contract; none was written.",
            field="rows", rule="contract", rows=[asdict(fault) for fault in told],
        )  # fmt: skip
        return REFUSED, problem.body()
    receipt = Receipt(
        place.world, place.source, place.origin, len(judged.kept), wrong, dict(sorted(judged.rules.items())), told,
        judged.batch.ignored, len(late), late[: batch.TOLD],
    )  # fmt: skip
    return ACCEPTED, asdict(receipt)


def _repeated(record: dict[str, Any], order: Order) -> Outcome:
    if record["digest"] != order.digest:
        raise Problem(
            409, "key_reused", "同一 Idempotency-Key 已用于另一请求。",
            "This Idempotency-Key was used for another request.", field="Idempotency-Key", rule="repeated",
        )  # fmt: skip
    return Outcome(record["status"], record["body"], repeated=True)


def _memory_key(order: Order) -> str:
    return keys.idempotency(order.token.id, hashlib.sha256(order.key.encode()).hexdigest())


def _forbidden(field: str, zh: str, en: str) -> Problem:
    return Problem(403, "forbidden", f"{zh}。", f"{en[0].upper()}{en[1:]}.", field=field, rule="scope")


def _full() -> Problem:
    return Problem(
        503, "bus_full", "数据总线已满，请稍后重试。", "The data bus is full; try again.",
        headers={"Retry-After": str(6 * RETRY_S)},
    )  # fmt: skip
