"""The connector for MQTT: topics of a broker, JSON payloads. A message is acknowledged when the bus has its rows.

The broker keeps what is not acknowledged (a session that lasts, QoS 1) and sends it again after a broken connection;
what comes twice counts once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiomqtt

from ioc.api.batch import object_of
from ioc.services.outward import Allowed, Refused, Resolve, addresses
from ioc.sources.connect.landing import Landing
from ioc.sources.connect.mapping import Shape, Unmapped

MOST_BYTES: Final = 256 * 1024  # of a payload
MOST_WAITING: Final = 10_000  # messages; above it those that the broker does not keep (QoS 0) are left out and counted
TOGETHER: Final = 2_000  # messages that are landed at once
LOOK_S: Final = 1.0
FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.5, 30.0
KEEPALIVE_S, TIMEOUT_S = 20, 10.0


@dataclass(slots=True)
class MqttWay:
    """`client` names the session that the broker keeps; no two programs may use one."""

    url: str
    topics: Sequence[str]
    qos: int
    shape: Shape
    client: str
    allowed: Allowed
    user: str | None = None
    password: str | None = None
    resolve: Resolve = addresses
    kind: str = "mqtt"
    connects: int = 0
    messages: int = 0
    left_out: int = 0
    _wait_s: float = field(default=FIRST_BACKOFF_S)

    def run(self, landing: Landing) -> None:
        """See Way. Raises Stopped."""
        asyncio.run(self._main(landing))

    async def _main(self, landing: Landing) -> None:
        """Connect, again with a doubled wait after each failure, until the stop."""
        while not landing.stop.is_set():
            try:
                asked, at = await asyncio.to_thread(self.allowed.address, self.url, self.resolve)
                async with self._session(asked[1], at, asked[2], tls=asked[0] == "mqtts") as session:
                    for topic in self.topics:
                        await session.subscribe(topic, qos=self.qos)
                    self.connects += 1
                    await self._serve(session, landing)
            except (aiomqtt.MqttError, Refused, OSError, ValueError) as error:
                landing.away("unreachable", f"{self.url}: {error}")
            until = self._wait_s
            self._wait_s = min(2 * self._wait_s, LAST_BACKOFF_S)
            while until > 0 and not landing.stop.is_set():
                await asyncio.sleep(min(until, LOOK_S))
                until -= LOOK_S
                if landing.error:
                    landing.away("unreachable", landing.error)

    def _session(self, host: str, at: str, port: int, *, tls: bool) -> _Session:
        return _Session(
            host, at, port, identifier=self.client, username=self.user, password=self.password, clean_session=False,
            keepalive=KEEPALIVE_S, timeout=TIMEOUT_S, logger=logging.getLogger("ioc.mqtt"),
            tls_context=ssl.create_default_context() if tls else None,
        )  # fmt: skip

    async def _serve(self, session: _Session, landing: Landing) -> None:
        """Land what comes until the connection or the process ends. Raises MqttError, Stopped."""
        waiting: list[aiomqtt.Message] = []
        came = asyncio.Event()

        async def listen() -> None:
            async for message in session.messages:
                if message.qos == 0 and len(waiting) >= MOST_WAITING:
                    self.left_out += 1
                else:
                    waiting.append(message)
                    came.set()

        listening = asyncio.create_task(listen())
        try:
            while not landing.stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(came.wait(), LOOK_S)
                came.clear()
                if listening.done():
                    listening.result()  # why it has ended
                while waiting:
                    some = waiting[:TOGETHER]
                    await asyncio.to_thread(self._land, some, landing)  # may wait for the bus; the broker must not
                    if listening.done():  # another connection has other numbers: there they come again
                        listening.result()
                    for message in some:
                        session.acknowledge(message)
                    del waiting[: len(some)]
                    self.messages += len(some)
                    self._wait_s = FIRST_BACKOFF_S
                landing.alive(messages=self.messages, connects=self.connects, left_out=self.left_out)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await listening

    def _land(self, messages: Sequence[aiomqtt.Message], landing: Landing) -> None:
        """All rows of the messages, on the bus when it returns. Raises Stopped."""
        rows: list[Any] = []
        for message in messages:
            topic, payload = message.topic.value, bytes(message.payload)
            if not payload:  # so a broker is told to forget a retained message
                continue
            try:
                if len(payload) > MOST_BYTES:
                    raise Unmapped(f"more than {MOST_BYTES} bytes")
                rows += self.shape.of(object_of(payload.decode("utf-8-sig")), topic.split("/"))
            except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, another form
                landing.unreadable(f"{topic}: {error}", payload)
        landing.rows(rows)
        landing.settle()


class _Session(aiomqtt.Client):
    """A connection to the address that was judged, whose messages are acknowledged one by one.

    The library has no public way to either; it is pinned by version, and tests hold both.
    """

    def __init__(self, host: str, at: str, port: int, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._client.manual_ack_set(True)
        connect = lambda: socket.create_connection((at, port), timeout=TIMEOUT_S)  # noqa: E731
        self._client._create_socket_connection = connect  # type: ignore[method-assign]

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that it need not keep the message."""
        if message.qos:
            self._client.ack(message.mid, message.qos)
