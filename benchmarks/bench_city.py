"""The cost of the simulated city: rows a second and core by source beside the floor, and its share of a core when live.

Run: `python -m benchmarks.bench_city [--quick]`. `generated`: rows made and packed; `packed`: the same rows packed
alone, which any producer must do. The live share is CPU time of slices of one second of all sources, in a row.
"""

from __future__ import annotations

import time

from benchmarks.size import sized
from ioc.packs.bundle import build
from ioc.sources.city.city import City
from ioc.sources.city.model import Model
from ioc.sources.city.rhythm import HOUR_MS

START = 1_780_243_200_000 + 10 * HOUR_MS  # Monday 2026-06-01 10:00 in Shanghai
RATES = (3_000, 20_000, 100_000)
SECONDS = 20


def main() -> None:
    bundle = build()
    began = time.process_time()
    city = City(bundle)
    print(f"{len(city.models)} sources, {city.per_s:.0f} rows/s; built in {time.process_time() - began:.1f} s")
    print(f"{'source':14} {'rows':>9} {'generated/s':>12} {'packed/s':>12}")
    for name, model in sorted(city.models.items()):
        print(_line(name, model, sized(5_000, 50_000)))
    for rate in sized(RATES[:1], RATES):
        print(live(City(bundle, rate=rate), rate))


def _line(name: str, model: Model, rows: int) -> str:
    """At least an hour, at most a day, and about so many rows."""
    span = int(min(24.0 * HOUR_MS, max(20_000.0, rows / max(model.per_s, 1e-6) * 1000.0)))
    model.rows(START - 1, START)  # what a day needs once is not the cost of a row
    began = time.process_time()
    found = model.rows(START, START + span)
    if found is None:
        return f"{name:14} {0:9}"
    parts = list(found.chunks(8_192))
    for part in parts:
        part.payload()
    generated = time.process_time() - began
    began = time.process_time()
    for part in parts:
        part.payload()
    packed = time.process_time() - began
    return f"{name:14} {len(found):9} {len(found) / generated:12,.0f} {len(found) / max(packed, 1e-9):12,.0f}"


def live(city: City, rate: int) -> str:
    """The share of a core that slices of one second take."""
    slices = [START + at * 1000 for at in range(SECONDS + 1)]
    for model in city.models.values():
        model.rows(START - 1000, START)
    began, rows = time.process_time(), 0
    for after in slices[:-1]:
        for model in city.models.values():
            found = model.rows(after, after + 1000)
            if found is not None:
                rows += len(found)
                for part in found.chunks(8_192):
                    part.payload()
    share = (time.process_time() - began) / SECONDS
    return f"live at {rate}/s: {rows / SECONDS:,.0f} rows/s cost {share * 100:.1f} % of a core"


if __name__ == "__main__":
    main()
