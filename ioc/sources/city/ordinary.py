"""Ordinary days: what goes wrong in a city that nobody has written a script for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ioc.sources import draw
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS
from ioc.sources.city.shock import Shock
from ioc.sources.city.town import STANDING

# kind -> (how many a day, shortest and longest in minutes, least and greatest value): plausible, all assumed
RATES = {
    "metro_failure": (0.05, 20, 90, 0.4, 0.9),
    "crowd": (0.25, 40, 180, 0.6, 1.8),
    "gas_leak": (0.6, 15, 120, 22.0, 60.0),
    "evacuation": (0.3, 60, 240, 30.0, 220.0),
    "smell": (0.08, 60, 300, 2.0, 6.0),
}
STATIONS = tuple(place["zh"] for row in STANDING["zone"] if row["kind"] == "station" for place in row["places"])
PLAZAS = tuple(place["zh"] for row in STANDING["zone"] if row["kind"] == "plaza" for place in row["places"])


def day(number: int, seed: int, codes: Sequence[str]) -> tuple[Shock, ...]:
    """The shocks that begin on one day (UTC days since 1970); pure in the seed and the day."""
    found: list[Shock] = []
    for kind, (rate, shortest, longest, least, most) in RATES.items():
        key = draw.keys_of(f"ordinary/{kind}", seed, 1)
        count = int(draw.poisson(key, np.array([number]), 1, np.array([rate]))[0])
        for at in range(count):
            share = [float(draw.uniform(key, np.array([number * 16 + at]), stream)[0]) for stream in range(2, 6)]
            # between 6 and 23 o'clock in Shanghai: UTC 22 .. 15
            start = number * DAY_MS + int((-2.0 + 17.0 * share[0]) * HOUR_MS)
            lasts = int((shortest + (longest - shortest) * share[1]) * MINUTE_MS)
            value = least + (most - least) * share[2]
            found.append(Shock(kind, start, start + lasts, value, lasts // 4, (_target(kind, share[3], codes),)))
    return tuple(found)


def _target(kind: str, share: float, codes: Sequence[str]) -> str:
    names: Sequence[str] = STATIONS if kind == "metro_failure" else PLAZAS if kind == "crowd" else codes
    return names[min(len(names) - 1, int(share * len(names)))]
