"""The gateway: published values of every world -> live frames -> browsers; an asyncio shell around its rules."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ioc.gateway.client import HIGH_WATER, Client, LiveConnection, offered, text_wire
from ioc.gateway.desk_watch import DeskWatch
from ioc.gateway.door import Door, Refusal, is_live
from ioc.gateway.hub import Hub
from ioc.gateway.plain import answer, refusal
from ioc.gateway.reader import AWAY, Reader
from ioc.gateway.rounds import Rounds
from ioc.gateway.screen_watch import ScreenWatch
from ioc.gateway.session import End, Grant, Join, Leave, Refresh, Reply, Session
from ioc.gateway.tally import Tally
from ioc.gateway.watch import Watch
from ioc.live import frame
from ioc.live.frame import SUBPROTOCOL
from ioc.version import VERSION
from metrics.clock import monotonic_s, real_ms

PATH = "/live"
CONNECTIONS = 8  # to Valkey for each of reader, watches and door
LINE_S = 10.0  # the longest a screen waits for one of them; its ticket lives 30 s
READ_TIMEOUT_S = 2.0  # a frozen Valkey is noticed after this
MESSAGE_BYTES = 2 * frame.REQUEST_BYTES  # above the session's own limit, so that the session can say why it ends
SEND_BUFFER = 64 * 1024  # of the kernel, which doubles it: bounds what a client that never reads can hold there
BACKLOG = 2048  # a thousand wall screens that come back at once must not be turned away by the kernel


@dataclass(frozen=True, slots=True)
class Config:
    """Where the gateway listens and who may come. `port` 0: any free one."""

    redis_url: str
    host: str = "127.0.0.1"
    port: int = 8051
    origins: frozenset[str] = frozenset()
    metrics_token: str = ""
    most_clients: int = 4_000  # above it a socket is refused by HTTP 503; two cores serve about this many


@dataclass(slots=True)
class Gateway:
    """The process: construct, then `await run(stop)`."""

    config: Config
    tally: Tally = field(default_factory=Tally)
    port: int = 0  # where it listens, once it does
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    clients: set[Client] = field(default_factory=set)
    hub: Hub = field(init=False)
    watch: Watch = field(init=False)
    _reader: Reader = field(init=False)
    _screens: ScreenWatch = field(init=False)
    _desks: DeskWatch = field(init=False)
    _door: Door = field(init=False)
    _connections: list[Redis] = field(default_factory=list)
    _log: Any = field(default_factory=structlog.get_logger)

    def __post_init__(self) -> None:
        self.hub = Hub(lambda made: text_wire(frame.encode(made)), self.tally)
        self._reader = Reader(self._connect(), self.hub, self.tally)
        self._door = Door(self._connect(), self.config.origins)
        self._screens = ScreenWatch(self._connect(), self.hub, self.tally)
        self._desks = DeskWatch(self._connect(), self.hub, self.tally)
        self.watch = Watch(self._connect(), self.hub, self._reader, self.tally, self.facts, real_ms())

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises OSError when the port is in use."""
        listener = socket.create_server((self.config.host, self.config.port), family=_family(self.config.host))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.port = listener.getsockname()[1]
        tasks: list[asyncio.Task[None]] = []
        try:
            server = await self._serve(listener)
            self.listening.set()
            self._log.info("listening", host=self.config.host, port=self.port, pid=os.getpid())
            rounds = Rounds(self.hub, self._reader, self.watch, self._door, self.tally, self.clients)
            runs = (self._reader.run, self.watch.run, self._screens.run, self._desks.run, *rounds.loops())
            tasks = [asyncio.create_task(loop()) for loop in runs]
            stopping = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for client in list(self.clients):
                client.end(1001, "going away")
            server.close()
            await server.wait_closed()
            for task in done - {stopping}:
                task.result()  # a loop that ended has failed: let its error end the process, the supervisor restarts it
        finally:
            await cancelled(tasks)
            for connection in self._connections:
                with suppress(*AWAY):
                    await connection.aclose()
            listener.close()

    def facts(self) -> dict[str, object]:
        """What the heartbeat says."""
        emergencies = [each.to_json() for each in self.hub.screens.emergencies]
        return {"version": VERSION, "port": self.port, "topics": dict(self.hub.topics()), "emergencies": emergencies,
                **self.tally.facts()}  # fmt: skip

    def ready(self) -> dict[str, bool]:
        """What the gateway depends on and whether it is there."""
        return {"valkey": self.hub.vitals.valkey, "bundle": self.hub.catalog is not None}

    def _connect(self) -> Redis:
        # bounded: a thousand screens that come back at once wait in line here instead of opening a thousand connections
        pool = BlockingConnectionPool.from_url(
            self.config.redis_url,
            max_connections=CONNECTIONS,
            timeout=LINE_S,
            protocol=2,
            driver_info=None,
            socket_timeout=READ_TIMEOUT_S,
            socket_connect_timeout=READ_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # whoever asks decides whether to ask again
        )
        made: Redis = Redis.from_pool(pool)
        self._connections.append(made)
        return made

    async def _serve(self, listener: socket.socket) -> Server:
        return await serve(
            self._handle,
            sock=listener,
            backlog=BACKLOG,
            create_connection=LiveConnection,
            compression=None,  # one encoded frame is shared by all; deflate would saturate a core at 1,000 clients
            select_subprotocol=_select,
            process_request=self._answer,
            server_header=None,
            open_timeout=5,
            ping_interval=None,  # see Client.tick
            close_timeout=2,
            max_size=MESSAGE_BYTES,
            write_limit=HIGH_WATER,
        )

    async def _handle(self, ws: ServerConnection) -> None:
        assert isinstance(ws, LiveConnection)  # noqa: S101 - create_connection says so; for the type checker
        request = ws.request
        assert request is not None  # noqa: S101 - the handshake is over
        admitted = await self._door.admit(request.headers.get("Origin"), offered(request.headers))
        if isinstance(admitted, Refusal):
            self.tally.refused[admitted.why] += 1
            self._log.info("socket_refused", why=admitted.why, code=admitted.code)
            await ws.close(admitted.code, admitted.why)
            return
        client = self._enter(ws, admitted)
        try:
            async for message in ws:
                if client.ended:
                    break
                self._receive(client, message)
        except ConnectionClosed:
            pass  # however it went, the client is gone
        finally:
            self._exit(client)

    def _enter(self, ws: LiveConnection, grant: Grant) -> Client:
        client = Client(ws, Session(grant), self.tally, self._snapshot)
        self.clients.add(client)
        self.hub.enter(client)
        self.tally.accepted += 1
        self.tally.clients = len(self.clients)
        self.tally.peak = max(self.tally.peak, self.tally.clients)
        return client

    def _exit(self, client: Client) -> None:
        client.ended = True
        self.clients.discard(client)
        self.hub.exit(client)
        self.tally.clients = len(self.clients)

    def _snapshot(self, client: Client, topic: str) -> bytes | None:
        return self.hub.snapshot(client, topic, real_ms())

    def _receive(self, client: Client, message: str | bytes) -> None:
        self.tally.received += 1
        for effect in client.session.receive(message, monotonic_s()):
            match effect:
                case Join(topic):
                    self.hub.join(client, topic)
                case Refresh(topic):
                    self.tally.resyncs += 1
                    client.owe(str(topic))
                case Leave(topic):
                    self.hub.leave(client, topic)
                    client.outbox.forget(str(topic))
                case Reply(reply):
                    self.tally.denied += reply["op"] == "denied"
                    self.tally.malformed += reply["op"] == "error"
                    client.reply(text_wire(frame.encode(reply)))
                case End(code, why):
                    client.cut_off(why, code)
                    return

    def _answer(self, ws: ServerConnection, request: Request) -> Response | None:
        """HTTP on the socket's port: health, metrics; None lets a socket open."""
        if request.path.partition("?")[0] != PATH:
            return answer(request, ws.remote_address[0], self.ready(), self.tally, self.config.metrics_token)
        if len(self.clients) >= self.config.most_clients:
            self.tally.refused["full"] += 1
            return refusal(503, "full", "连接已满。", "There are too many sockets.")
        return None


async def cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: who is answered in the same moment may swallow it (asyncio.wait_for of 3.11)."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)


def _select(_: ServerConnection, names: Sequence[Subprotocol]) -> Subprotocol:
    if not is_live(names):
        raise NegotiationError(f"this gateway speaks {SUBPROTOCOL}")
    return Subprotocol(SUBPROTOCOL)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
