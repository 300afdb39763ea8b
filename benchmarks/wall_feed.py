"""All that a wall can be told at once, as the engine writes it: every value of the overview, and points that move."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field

import msgpack
import numpy as np
import redis

from ioc.packs.bundle import build
from metrics import keys
from metrics.clock import real_ms
from metrics.value import Value
from metrics.value_form import pack_columns
from metrics.values import Values
from metrics.whereabouts_row import Row
from tests.centre import Centre

POINTS = 2_000
STEP_MS = 300_000
KEPT = 588  # 49 h of them
LAYER = "emergency/units"
KINDS = ("police", "fire", "medical", "rescue", "flood", "warden")
WEST, SOUTH, WIDE, TALL = 114.08, 22.54, 0.12, 0.07  # of the district, degrees


@dataclass
class Feed:
    """Says everything at `pace` times a second, each time with another value and another place. A thread: start it with
    `with`."""

    centre: Centre
    pace: float = 2.0
    said: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        admin = json.loads((self.centre.home / "connections.json").read_text())["admin"]
        self._client = redis.Redis.from_url(admin)
        brief = build()["overview"]
        parts = [row["code"] for row in build()["regions"] if row["level"] == "subdistrict"]
        self._lines = brief["lines"]
        self._series = [(name, "440303") for name in brief["whole"]]
        self._series += [(name, code) for name in brief["parts"] for code in parts]
        chance = np.random.default_rng(7)
        self._at = chance.uniform(0, 1, (POINTS, 2))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Feed:
        self._tell()
        end = real_ms() // STEP_MS * STEP_MS
        told = [
            self._value(name, "440303", end - at * STEP_MS, 10 + at % 20) for name in self._lines for at in range(KEPT)
        ]
        self._client.xadd(keys.engine("live", "completed"), _entry(told))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._tell()
            due = max(due + 1 / self.pace, time.monotonic())
            self._stop.wait(due - time.monotonic())

    def _tell(self) -> None:
        self.said += 1
        end = real_ms() // STEP_MS * STEP_MS
        values = [
            self._value(name, region, end, 10 + (self.said + at) % 90) for at, (name, region) in enumerate(self._series)
        ]
        self._at = (self._at + 0.001) % 1
        lon, lat = 1e7 * (WEST + WIDE * self._at[:, 0]), 1e7 * (SOUTH + TALL * self._at[:, 1])
        rows = {
            f"U{at}": Row(
                end, (int(lon[at]), int(lat[at])), "440303", KINDS[at % len(KINDS)], hollow=at % 3 == 0
            ).plain()
            for at in range(POINTS)
        }
        pipe = self._client.pipeline(transaction=False)
        pipe.xadd(keys.engine("live", "values"), _entry(values), maxlen=1_000)
        moves = {"v": "1", "at": str(real_ms()), "b": msgpack.packb({LAYER: rows})}
        pipe.xadd(keys.engine("live", "moves"), moves, maxlen=100)
        pipe.execute()

    @staticmethod
    def _value(name: str, region: str, end: int, number: float) -> Value:
        return Value(
            name, 1, region, (), end - STEP_MS, end, float(number), "complete", 50, same_time_1d=float(number - 1)
        )


def _entry(values: list[Value]) -> dict[str, object]:
    now = real_ms()
    return {
        "v": "1",
        "at": now,
        "now": now,
        "positions": "{}",
        "watermarks": "{}",
        "b": pack_columns(Values.of(values)),
    }
