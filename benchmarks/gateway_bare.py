"""The floor of the gateway's benchmark: a server that does nothing but `websockets.broadcast` the same payload."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from websockets.asyncio.server import broadcast, serve
from websockets.typing import Subprotocol

from ioc.live import frame
from metrics.value import Value

PACE_S = 0.25
MINUTES_5 = 300_000


def values(cells: int) -> list[Value]:
    stamp = time.time() * 1000
    return [
        Value("T2r", 1, "440303", (("road", f"LH{number:03d}"),), 0, MINUTES_5, stamp, "provisional", 1)
        for number in range(cells)
    ]


async def main(port: int, cells: int) -> None:
    async def stay(ws: Any) -> None:
        await ws.wait_closed()

    async with serve(
        stay, "127.0.0.1", port, compression=None, backlog=2048, subprotocols=[Subprotocol("ioc.live.v1")]
    ) as server:
        seq = 0
        while True:
            seq += 1
            cells_now = [frame.cell(value, None) for value in values(cells)]
            made = frame.delta("live/traffic", seq, int(time.time() * 1000), cells=cells_now, series={})
            broadcast(server.connections, frame.encode(made), text=True)
            await asyncio.sleep(PACE_S)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
