"""How good and how fast the forecast and the seasonal band are, beside simple rules, statsforecast and river.

Run with `python -m benchmarks.bench_forecast`. The series are the real road speeds where they are (variable IOC_ROADS,
a wide CSV with 0 for missing), else generated ones of the same size. Every forecast is made before its truth is read.
The peers run in an interpreter of their own (variable IOC_PEERS_PYTHON); without it they are left out, which is said.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from ioc.sources.table import read
from metrics.baseline import Baseline
from metrics.forecast import Forecaster

ROADS = Path(os.environ.get("IOC_ROADS", "../shared/data/luohu_roads/speed_2015-01-01_to_24.csv"))
PEERS = Path(os.environ.get("IOC_PEERS_PYTHON", ".make/peers/bin/python"))
STEP, DAY, WEEK = 900_000, 96, 672
AHEAD = [1, 2, 3, 4]
WARM_DAYS = 14  # the score begins with the origins after them
SAMPLE_EVERY = 119  # every so many rows is an origin of the peers, which fit anew at each; spread over the day
MANY, MANY_STEPS = 50_000, 200
BEGIN = 1_420_041_600_000  # 2015-01-01 in Shanghai


def series() -> tuple[str, np.ndarray]:
    """(rows, series), NaN where missing."""
    if ROADS.exists():
        with ROADS.open(encoding="utf-8") as lines:
            return f"real road speeds, {ROADS.name}", read(lines, ["0"]).values
    random = np.random.default_rng(1)
    rows = np.arange(24 * DAY)[:, None]
    drift = np.cumsum(random.normal(0, 0.3, (24 * DAY, 40)), 0)
    drift -= np.linspace(0, 1, 24 * DAY)[:, None] * drift[-1]
    shape = 8 * np.sin(rows / DAY * 2 * np.pi + random.uniform(0, 1, 40)) * np.where(rows // DAY % 7 < 5, 1, 0.5)
    values = 40 + shape + 0.3 * drift + random.standard_t(4, (24 * DAY, 40)) * 3
    values[random.random(values.shape) < 0.06] = np.nan
    return "generated series (the real road speeds are not here)", values


def held(values: np.ndarray) -> np.ndarray:
    out = values.copy()
    out[0] = np.where(np.isnan(out[0]), np.nanmean(values, 0), out[0])
    for row in range(1, len(out)):
        out[row] = np.where(np.isnan(out[row]), out[row - 1], out[row])
    return out


def errors(truth: np.ndarray, said: np.ndarray) -> str:
    missed = (truth - said)[~np.isnan(truth)]
    return f"{np.sqrt(np.mean(missed**2)):7.3f} {np.mean(np.abs(missed)):6.3f}"


def accuracy(values: np.ndarray) -> None:
    forecaster = Forecaster(STEP, values.shape[1], AHEAD)
    started = time.perf_counter()
    said = [forecaster.step(BEGIN + row * STEP, each) for row, each in enumerate(values)]
    seconds = time.perf_counter() - started
    filled = held(values)
    origins = np.arange(WARM_DAYS * DAY, len(values) - max(AHEAD))
    truth = np.stack([values[origins + ahead] for ahead in AHEAD], 1)
    ours, low, high = (np.stack([getattr(said[row], name) for row in origins])
                       for name in ("expected", "low", "high"))  # fmt: skip
    last = np.repeat(filled[origins][:, None], len(AHEAD), 1)
    week = np.stack([filled[origins + ahead - WEEK] for ahead in AHEAD], 1)
    print(f"{len(origins)} origins after {WARM_DAYS} days; RMSE and MAE at {[15 * each for each in AHEAD]} minutes")
    rules = {"forecast": ours, "last value": last, "same slot last week": week, "mean of both": (last + week) / 2}
    for name, each in rules.items():
        print(f"  {name:22}", *(errors(truth[:, at], each[:, at]) for at in range(len(AHEAD))), sep="   ")
    inside = (truth >= low) & (truth <= high)
    shares = [f"{inside[:, at][~np.isnan(truth[:, at])].mean():.3f}" for at in range(len(AHEAD))]
    print("  share inside 95 %     ", *(f"{share:>14}" for share in shares), sep="   ")
    updates = values.size / seconds
    print(f"  {updates:,.0f} series-updates/s with {len(AHEAD)} horizons each and their regressions")
    peers(filled, truth[::SAMPLE_EVERY], ours[::SAMPLE_EVERY], origins[::SAMPLE_EVERY])


def peers(filled: np.ndarray, truth: np.ndarray, ours: np.ndarray, origins: np.ndarray) -> None:
    if not PEERS.exists():
        print(f"  statsforecast and river are left out: there is no {PEERS} (IOC_PEERS_PYTHON)")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "values.npy", filled)
        np.save(folder / "origins.npy", origins)
        script = Path(__file__).with_name("peer_forecast.py")
        run = subprocess.run([PEERS, script, folder], capture_output=True, text=True, check=False)
        if run.returncode:
            print(f"  the peers failed: {run.stderr[-500:]}")
            return
        facts = json.loads(run.stdout.splitlines()[-1])
        print(f"{len(origins)} origins, for which statsforecast fits each series anew on the two weeks before")
        print(f"  {'forecast':22}", *(errors(truth[:, at], ours[:, at]) for at in range(len(AHEAD))), sep="   ")
        for model in ("SeasonalNaive week", "AutoETS", "MSTL day"):
            theirs = np.load(folder / f"{model}.npy")
            line = (errors(truth[:, at], theirs[:, at]) for at in range(len(AHEAD)))
            print(f"  {model:22}", *line, f"{facts[model] * 1e3:.1f} ms a fit", sep="   ")
        print(f"river HoltWinters, forecast and learn: {facts['river updates/s']:,.0f} series-updates/s")


def band(values: np.ndarray) -> None:
    baseline = Baseline(STEP, values.shape[1])
    bands = [baseline.step(BEGIN + row * STEP, each) for row, each in enumerate(values)][3 * DAY :]
    truth = values[3 * DAY :]
    inside = np.stack([(row >= each.low) & (row <= each.high) for row, each in zip(truth, bands, strict=True)])
    shares = np.array([inside[:, at][~np.isnan(truth[:, at])].mean() for at in range(truth.shape[1])])
    share = inside[~np.isnan(truth)].mean()
    print(f"band: {share:.3f} inside, {shares.min():.3f} .. {shares.max():.3f} by series, after three days")


def rate() -> None:
    random = np.random.default_rng(2)
    values = random.normal(40, 5, (20, MANY))
    baseline = Baseline(STEP, MANY)
    best = 0.0
    for turn in range(MANY_STEPS // 20):
        started = time.perf_counter()
        for row, each in enumerate(values):
            baseline.step(BEGIN + (20 * turn + row) * STEP, each)
        best = max(best, values.size / (time.perf_counter() - started))
    held_mb = sum(array.nbytes for array in baseline.saved().values()) / 2**20
    print(f"band and update of {MANY:,} series: {best:,.0f} series-updates/s on one core, {held_mb:.0f} MB of state")


def main() -> None:
    name, values = series()
    print(f"{name}: {values.shape[0]} rows x {values.shape[1]} series, {np.isnan(values).mean():.1%} missing")
    accuracy(values)
    band(values)
    rate()


if __name__ == "__main__":
    main()
