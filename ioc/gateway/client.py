"""A client: one open socket with its session and its bounded outbox, and the rule by which it is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from ioc.gateway.outbox import Outbox
from ioc.gateway.session import TOO_MUCH, TOO_SLOW, Session
from ioc.gateway.tally import Tally

BUFFER_BYTES = 1024 * 1024  # the cut-off rule: more than this is never held for one client
HIGH_WATER = 64 * 1024  # what the transport may hold before frames wait in the outbox
PING_TICKS = 4  # a client that has nothing to acknowledge is asked this often whether it is there
SILENT_TICKS = 7  # seconds without a sign of reading; with the tick and the ping's delay it stays within 10 s
INBOUND_PER_TICK = 60  # frames of any kind, pings and pongs included; the session's own limit is 20 requests
GOODBYE_S = 2.0  # a closing handshake may take this long

OPEN = State.OPEN


def text_wire(payload: bytes) -> bytes:
    """A text frame as it goes over the socket; without mask and compression it is the same for every client."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def ping_wire(tick: int) -> bytes:
    return Frame(Opcode.PING, tick.to_bytes(8, "big")).serialize(mask=False)


class LiveConnection(ServerConnection):
    """A connection that tells its client when it can write again and that something was heard."""

    client: Client | None = None
    inbound = 0  # frames since the last tick

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.client is not None:
            self.client.pump()

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        self.inbound += 1

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        full = self.transport.get_write_buffer_size() > BUFFER_BYTES
        if not full and self.inbound <= INBOUND_PER_TICK:
            return
        if self.client is None:  # not admitted yet: owed no explanation
            self.transport.abort()
        elif full:
            self.client.check_buffer()  # answers to a flood of pings count like everything else
        else:
            self.client.cut_off("flood", TOO_MUCH)


class Client:
    """Implements the hub's Listener on a socket.

    Frames go straight to the transport while it takes them; else they wait in the outbox. Each second `tick` looks for
    a sign that the other end reads: bytes leaving the buffer, an answer to a ping, a frame.
    """

    __slots__ = ("_alive_tick", "_asked", "_big", "_left", "_snapshot", "_tally", "_written", "ended", "outbox",
                 "regions", "session", "ws")  # fmt: skip

    def __init__(
        self, ws: LiveConnection, session: Session, tally: Tally, snapshot: Callable[[Client, str], bytes | None]
    ) -> None:
        self.ws, self.session, self.outbox = ws, session, Outbox()
        self.regions = session.grant.regions
        self.ended = False
        self._tally, self._snapshot = tally, snapshot
        self._written = 0  # bytes given to the transport, ever
        self._left = 0  # of these, bytes that had left it at the last tick
        self._big = 0  # size of the frame last written: one snapshot alone is never too much
        self._alive_tick: int | None = None
        self._asked = False
        ws.client = self

    def deliver(self, topic: str, wire: bytes) -> None:
        if self.outbox.empty and not self.ws.paused:
            self._write(wire)
        elif not self.ended:
            self._tally.coalesced += self.outbox.add(topic, wire)
            self.check_buffer()

    def owe(self, topic: str) -> None:
        self._tally.coalesced += self.outbox.owe(topic)
        self.pump()

    def pulse(self, wire: bytes) -> None:
        if self.outbox.empty and not self.ws.paused:
            self._write(wire)
        else:
            self.outbox.pulse(wire)

    def reply(self, wire: bytes) -> None:
        """A frame about no topic, in order after what waits."""
        if self.outbox.empty and not self.ws.paused:
            self._write(wire)
        elif not self.ended:
            self.outbox.note(wire)
            self.check_buffer()

    def pump(self) -> None:
        """Write what waits while the transport takes it."""
        while not (self.outbox.empty or self.ws.paused or self.ended):
            wire = self.outbox.take(self._make_snapshot)
            if wire is not None:
                self._write(wire)

    def tick(self, now: int, ping: bytes) -> None:
        """Look for a sign of reading; `now` counts the gateway's own seconds, so that its pauses blame nobody."""
        if self.ended:
            return
        transport = self.ws.transport
        waiting = transport.get_write_buffer_size()
        left = self._written - waiting
        if self._alive_tick is None or self.ws.inbound or (waiting and left > self._left):
            self._alive_tick, self._asked = now, False
        self._left, self.ws.inbound = left, 0
        if now - self._alive_tick > SILENT_TICKS and (waiting or self._asked):
            self.cut_off("silent", TOO_SLOW)
        elif not waiting and not self._asked and now - self._alive_tick >= PING_TICKS:
            self._asked = True
            transport.write(ping)

    def check_buffer(self) -> None:
        """Cut off a client for which more is held than the rule allows."""
        held = self.ws.transport.get_write_buffer_size() + self.outbox.bytes
        if held > BUFFER_BYTES and held > self._big + HIGH_WATER:
            self.cut_off("buffer", TOO_SLOW)

    def cut_off(self, why: str, code: int) -> None:
        """Close without waiting for the other end; what is held for it is let go."""
        if not self.ended:
            self._tally.cut_off[why] += 1
            self.end(code, why)

    def end(self, code: int, why: str) -> None:
        """Close with this code where the socket still takes it, else abort."""
        if self.ended:
            return
        self.ended = True
        self.outbox = Outbox()
        transport = self.ws.transport
        if self.ws.protocol.state is not OPEN or transport.get_write_buffer_size():
            transport.abort()
            return
        self.ws.protocol.send_close(code, why)
        self.ws.send_data()
        asyncio.get_running_loop().call_later(GOODBYE_S, transport.abort)

    def _write(self, wire: bytes) -> None:
        if self.ended or self.ws.protocol.state is not OPEN:
            return
        self.ws.transport.write(wire)
        self._big = len(wire)
        self._written += len(wire)
        self._tally.delivered += 1
        self._tally.bytes += len(wire)

    def _make_snapshot(self, topic: str) -> bytes | None:
        wire = self._snapshot(self, topic)
        if wire is not None:
            self._tally.snapshots += 1
        return wire


def offered(headers: Any) -> list[str]:
    """The subprotocols a request offers; a malformed header offers none that we know."""
    return [name.strip() for line in headers.get_all("Sec-WebSocket-Protocol") for name in line.split(",")]
