"""The screens of the gateway's benchmark: a process that holds many sockets and does little with what comes.

It is spoken to in lines of JSON and answers each with one line: `{"readers": [ticket, ...]}` and `{"deaf": [...]}` open
sockets that read, and that never read after their snapshot; `{"drop": true}` lets go of the latter; `{"seconds": s}`
counts for so long and gives the counts of those that read. A ticket may be null: the bare server asks for none.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
import time
from typing import Any

ORIGIN = "http://127.0.0.1:8050"
JOIN_S = 60.0
AT_ONCE = 100  # sockets that open side by side
STAMP = b'"x":'


class Client(asyncio.Protocol):
    """Reads frames with as little work as possible: count, stamp and sequence number of each delta."""

    def __init__(self, ticket: str | None, deaf: bool, joined: asyncio.Future[None]) -> None:
        self.ticket, self.deaf, self.joined = ticket, deaf, joined
        self.buffer = bytearray()
        self.open = False
        self.counting = False
        self.seq: int | None = None
        self.forget()

    def forget(self) -> None:
        """Count anew."""
        self.frames = self.deltas = self.bytes = self.gaps = 0
        self.delays: list[float] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        offered = "ioc.live.v1" + (f", ticket.{self.ticket}" if self.ticket else "")
        transport.write(
            (
                "GET /live HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Origin: {ORIGIN}\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
                f"Sec-WebSocket-Protocol: {offered}\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            assert self.buffer.startswith(b"HTTP/1.1 101"), bytes(self.buffer[:head])
            del self.buffer[: head + 4]
            self.open = True
            if self.ticket:
                payload = b'{"v":1,"op":"subscribe","topics":["live/traffic"]}'
                self.transport.write(bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            else:
                self._joined()
        self._frames()

    def _frames(self) -> None:
        at, end = 0, len(self.buffer)
        while end - at >= 2:
            size, head = self.buffer[at + 1] & 127, 2
            if size == 126:
                head = 4
                if end - at < 4:
                    break
                size = int.from_bytes(self.buffer[at + 2 : at + 4], "big")
            elif size == 127:
                head = 10
                if end - at < 10:
                    break
                size = int.from_bytes(self.buffer[at + 2 : at + 10], "big")
            if end - at < head + size:
                break
            self._frame(self.buffer[at] & 15, at + head, at + head + size)
            at += head + size
        del self.buffer[:at]

    def _frame(self, opcode: int, start: int, end: int) -> None:
        if opcode == 1 and self.counting and not self.deaf:
            self.frames += 1
        if opcode == 9:
            self.transport.write(bytes([0x8A, 0x80 | (end - start), 0, 0, 0, 0]) + self.buffer[start:end])
        elif self.buffer.find(b'"op":"snapshot"', start, start + 40) >= 0:
            self._joined()
            if self.seq is not None:
                self.gaps += 1
        elif self.buffer.find(b'"op":"delta"', start, start + 40) >= 0 and not self.deaf:
            place = self.buffer.find(b'"seq":', start, end) + 6
            seq = int(self.buffer[place : self.buffer.find(b",", place, end)])
            if self.seq is not None and seq != self.seq + 1:
                self.gaps += 1
            self.seq = seq
            if self.counting:
                self.deltas += 1
                self.bytes += end - start
                place = self.buffer.find(STAMP, start, end) + len(STAMP)
                sent = float(self.buffer[place : self.buffer.find(b",", place, end)])
                self.delays.append(time.time() * 1000 - sent)

    def _joined(self) -> None:
        if not self.joined.done():
            self.joined.set_result(None)
            if self.deaf:
                self.transport.pause_reading()

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.joined.done():
            self.joined.set_exception(problem or ConnectionError("closed while joining"))


async def join(port: int, ticket: str | None, *, deaf: bool) -> Client:
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    if deaf:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    joined = loop.create_future()
    _, made = await loop.create_connection(lambda: Client(ticket, deaf, joined), sock=raw)
    await asyncio.wait_for(joined, JOIN_S)
    return made


async def joined(port: int, tickets: list[str | None], *, deaf: bool) -> list[Client]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(ticket: str | None) -> Client:
        async with gate:
            return await join(port, ticket, deaf=deaf)

    return await asyncio.gather(*[one(ticket) for ticket in tickets])


async def counted(readers: list[Client], seconds: float) -> dict[str, Any]:
    """What came in that time; delays in ms from the stamp in a delta to its last byte."""
    for client in readers:
        client.forget()
        client.counting = True
    await asyncio.sleep(seconds)
    for client in readers:
        client.counting = False
    delays = sorted(delay for client in readers for delay in client.delays)
    return {
        "frames": sum(client.frames for client in readers),
        "deltas": sum(client.deltas for client in readers),
        "bytes": sum(client.bytes for client in readers),
        "gaps": sum(client.gaps for client in readers),
        "p50": delays[len(delays) // 2], "p99": delays[len(delays) * 99 // 100], "max": delays[-1],
    }  # fmt: skip


async def main(port: int) -> None:
    readers: list[Client] = []
    deaf: list[Client] = []
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        said: dict[str, Any] = {}
        if "readers" in asked:
            readers += await joined(port, asked["readers"], deaf=False)
        elif "deaf" in asked:
            deaf += await joined(port, asked["deaf"], deaf=True)
        elif "drop" in asked:
            for client in deaf:
                client.transport.abort()
            deaf.clear()
        else:
            said = await counted(readers, asked["seconds"])
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(int(sys.argv[1])))
