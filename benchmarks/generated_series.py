"""Generated series with injected anomalies, labelled by the benchmark's rule: what was tuned must hold here.

Families differ in period (none, day, day and week, odd hours), noise law (normal, Laplace, Student t, Poisson, gamma
bursts, random walk), step (5 min to 1 h) and length; anomalies in kind (spike, dip, level shift, burst of variance,
flat line, lost season, higher rate of bursts, slow drift). Quiet series have a day, a week and noise, and no anomaly.
Everything follows from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.nab_score import Labelled

Floats = NDArray[np.float64]
START = datetime(2015, 3, 2, tzinfo=UTC)
WINDOW_SHARE = 0.1  # all windows of a file together, as in the benchmark


def _day(rows: int, step_min: int) -> Floats:
    return 2 * np.pi * np.arange(rows) * step_min / 1440.0


def _smooth_noise(random: np.random.Generator, rows: int, memory: float) -> Floats:
    """AR(1) of unit variance."""
    out = np.empty(rows)
    state = random.normal()
    kick = np.sqrt(1 - memory**2)
    for row, noise in enumerate(random.normal(size=rows) * kick):
        state = memory * state + noise
        out[row] = state
    return out


def _demand(random: np.random.Generator, rows: int, step_min: int) -> Floats:
    """Rides or calls: a day with two peaks, quiet weekends, a smooth disturbance."""
    day = _day(rows, step_min)
    weekend = (np.arange(rows) * step_min // 1440 % 7) >= 5
    shape = 1.2 - np.cos(day) - 0.45 * np.cos(2 * day + 0.6)
    return 8000 * shape * np.where(weekend, 0.8, 1.0) + 500 * _smooth_noise(random, rows, 0.9)


def _mentions(random: np.random.Generator, rows: int, step_min: int) -> Floats:
    """Counts with a weak day and bursts of heavy-tailed size."""
    rate = 20 * (1.1 - np.cos(_day(rows, step_min))) + 2
    counts = random.poisson(rate * random.gamma(3.0, 1 / 3.0, rows)).astype(float)
    bursts = random.random(rows) < 0.003
    return counts + bursts * (random.pareto(2.5, rows) * 40).round()


def _machine(random: np.random.Generator, rows: int, step_min: int) -> Floats:  # noqa: ARG001
    """A temperature: slow wandering, no period."""
    return 85 + 5 * _smooth_noise(random, rows, 0.998) + 0.6 * random.normal(size=rows)


def _occupancy(random: np.random.Generator, rows: int, step_min: int) -> Floats:
    """A loop detector: a day, zero at night, skewed noise."""
    level = np.maximum(0.0, 12 * (0.9 - np.cos(_day(rows, step_min))))
    return np.asarray((level * random.gamma(6.0, 1 / 6.0, rows)).round(2))


def _server(random: np.random.Generator, rows: int, step_min: int) -> Floats:  # noqa: ARG001
    """A load: flat with heavy-tailed noise."""
    return np.asarray(40 + 3 * random.standard_t(3, rows))


def _batch(random: np.random.Generator, rows: int, step_min: int) -> Floats:  # noqa: ARG001
    """Idle, and a job every few odd hours."""
    every = int(random.integers(40, 130))
    job = np.arange(rows) % every < int(random.integers(2, 9))
    return np.asarray(job * 60.0 * random.uniform(0.9, 1.1, rows) + random.laplace(2.0, 0.3, rows))


def _clean(random: np.random.Generator, rows: int, step_min: int) -> Floats:  # noqa: ARG001
    """A day without noise."""
    return np.asarray(50 + 30 * np.sin(_day(rows, step_min)))


def _speed(random: np.random.Generator, rows: int, step_min: int) -> Floats:
    """Road speeds: peaks slow them down, gaps of sensors repeat the last value."""
    day = _day(rows, step_min)
    dip = np.exp(3 * (np.cos(day - 2.2) - 1)) + 1.2 * np.exp(4 * (np.cos(day - 4.7) - 1))
    return np.asarray(np.maximum(3, 55 - 25 * dip + 4 * _smooth_noise(random, rows, 0.7) + random.laplace(0, 2, rows)))


FAMILIES: dict[str, tuple[Callable[[np.random.Generator, int, int], Floats], int, int]] = {
    "demand": (_demand, 30, 7000),
    "mentions": (_mentions, 5, 12000),
    "machine": (_machine, 5, 12000),
    "occupancy": (_occupancy, 5, 3000),
    "server": (_server, 5, 4000),
    "batch": (_batch, 5, 4000),
    "clean": (_clean, 15, 3000),
    "speed": (_speed, 15, 2500),
}


def _inject(kind: str, values: Floats, first: int, random: np.random.Generator, step_min: int) -> None:
    """Change `values` in place from row `first` on."""
    rows = len(values)
    day = 1440 // step_min
    seen = values[:first]
    force = random.uniform(0.4, 1.0)  # some are hard to see
    spread = force * (float(np.subtract(*np.percentile(seen, [95, 5]))) or 1.0)
    tail = force * float(seen.max() - seen.min())
    few = int(random.integers(2, 8))
    long = int(np.clip(rows * random.uniform(0.015, 0.06), 12, rows - first))
    sign = random.choice([-1.0, 1.0])
    if kind == "spike":
        values[first : first + few] += tail * random.uniform(0.6, 1.5)
    elif kind == "dip":
        values[first : first + few] -= tail * random.uniform(0.5, 1.0)
    elif kind == "shift":
        values[first:] += sign * spread * random.uniform(0.7, 1.3)
    elif kind == "noise":
        values[first : first + long] += random.normal(size=long) * spread * random.uniform(0.6, 1.2)
    elif kind == "flat":
        values[first : first + max(long, day // 2)] = values[first]
    elif kind == "season":
        stretch = min(day, rows - first)
        values[first : first + stretch] = np.median(seen) + 0.1 * (values[first : first + stretch] - np.median(seen))
    elif kind == "bursts":
        hits = first + np.flatnonzero(random.random(long) < 0.25)
        values[hits] += tail * random.uniform(0.3, 0.7, len(hits))
    elif kind == "drift":
        values[first : first + long] += sign * spread * random.uniform(1.0, 2.0) * np.linspace(0, 1, long)


KINDS = ("spike", "dip", "shift", "noise", "flat", "season", "bursts", "drift")


def generate(seed: int, per_family: int = 4) -> list[Labelled]:
    """`per_family` files of each family; about one in six has no anomaly, the others one to three."""
    files = []
    for family, (make, step_min, rows) in FAMILIES.items():
        for number in range(per_family):
            random = np.random.default_rng([seed, list(FAMILIES).index(family), number])
            values = make(random, rows, step_min)
            count = int(random.choice([0, 1, 1, 2, 2, 3]))
            width = int(rows * WINDOW_SHARE / max(count, 1))
            starts = np.sort(random.choice(np.arange(2, 10), count, replace=False)) * rows // 10
            windows = []
            for start in starts.tolist():
                first = start + int(random.integers(0, max(1, rows // 10 - width)))
                _inject(str(random.choice(KINDS)), values, first, random, step_min)
                begin = max(first - width // 4, windows[-1][1] + 1 if windows else 0)
                windows.append((begin, min(begin + width, rows - 1)))
            stamps = [(START + timedelta(minutes=step_min * row)).strftime("%Y-%m-%d %H:%M:%S") for row in range(rows)]
            files.append(Labelled(f"{family}/{number}", stamps, values, windows))
    return files


def quiet(seed: int, step_min: int, count: int, days: int = 21) -> tuple[Floats, NDArray[np.int64]]:
    """Values and minutes since a Monday 00:00, both (rows, series): each begins at an hour of the week of its own."""
    random = np.random.default_rng([seed, step_min])
    rows = days * 1440 // step_min
    values, minutes = np.empty((rows, count)), np.empty((rows, count), np.int64)
    for number in range(count):
        minutes[:, number] = int(random.integers(168)) * 60 + np.arange(rows) * step_min
        first, second = random.uniform(0, 2 * np.pi, 2)
        day = 2 * np.pi * minutes[:, number] / 1440.0
        shape = 1 + 0.5 * np.cos(day + first) + random.uniform(0.0, 0.3) * np.cos(2 * day + second)
        weekend = minutes[:, number] // 1440 % 7 >= 5
        usual = 100 * shape * np.where(weekend, random.uniform(0.5, 0.95), 1.0)
        noise = (
            random.normal(size=rows),
            random.laplace(0.0, 0.7, rows),
            _smooth_noise(random, rows, np.exp(-step_min / 120.0)),  # is forgotten over two hours
            random.normal(size=rows) * usual / 100,
        )[number % 4]
        values[:, number] = usual + random.uniform(2.0, 10.0) * noise
    return values, minutes
