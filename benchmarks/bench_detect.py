"""The anomaly detector: its score by the rules of the benchmark, how far that holds elsewhere, its calm and its speed.

Run with `python -m benchmarks.bench_detect`. river runs in an environment of its own: its interpreter is named by
IOC_PEERS_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_series import generate, quiet
from benchmarks.nab_score import PROFILES, STANDARD, Labelled, Sweep, read, sweep
from ioc.sources.series import read as read_series
from metrics.anomaly import ALARM_SCORE, SLOTS, Detector, slot_of
from metrics.clock import LOCAL_OFFSET_MS
from metrics.window import MINUTE_MS

NAB = Path(__file__).resolve().parents[2] / "shared/data/nab"
PEERS = os.environ.get("IOC_PEERS_PYTHON", ".make/peers/bin/python")
SPEED_SERIES = (1, 100, 2_000, 50_000)
SPEED_SECONDS = 2.0
SCALAR_PER_S = (
    78_000  # points/s of a likelihood detector in scalar Python, measured on 2 cores before this one was made
)
SEEDS = (101, 102, 103)
HALVES = 200
QUIET_SEED, QUIET_SERIES = 31, 30  # of each step
Scores = list[NDArray[np.float64]]


def scored(files: Sequence[Labelled]) -> Scores:
    """The scores of every row, all files side by side: series do not know each other."""
    rows = max(len(file.values) for file in files)
    values = np.full((rows, len(files)), np.nan)
    slots = np.zeros((rows, len(files)), np.int64)
    for column, file in enumerate(files):
        lines = ["timestamp,value", *(f"{stamp},0" for stamp in file.timestamps)]
        values[: len(file.values), column] = file.values
        slots[: len(file.values), column] = slot_of(read_series(lines).times + LOCAL_OFFSET_MS)
    detector = Detector(len(files))
    scores = np.stack([detector.step(values[row], slots[row]).score for row in range(rows)])
    return [scores[: len(file.values), column] for column, file in enumerate(files)]


def line(name: str, sweeps: Sequence[Sweep], more: str = "") -> None:
    print(f"  {name:<34}" + "".join(f"{found.best()[1]:>10.1f}" for found in sweeps) + f"   {more}")


def holds(files: Sequence[Labelled], scores: Scores) -> None:
    """The threshold of some files on the others: halves drawn at random, and one category left out."""

    def of(chosen: Sequence[int]) -> Sweep:
        return sweep([files[at] for at in chosen], [scores[at] for at in chosen], STANDARD)

    random = np.random.default_rng(7)
    told, kept = [], []
    for _ in range(HALVES):
        order = random.permutation(len(files)).tolist()
        tune, judge = order[: len(files) // 2], order[len(files) // 2 :]
        threshold, best = of(tune).best()
        told.append(best)
        kept.append(of(judge).at(threshold))
    print(f"  threshold from one half of the files: {np.mean(told):.1f} there, {np.mean(kept):.1f} on the other half "
          f"(standard deviation {np.std(kept):.1f}, {HALVES} halves)")  # fmt: skip
    for category in sorted({file.category for file in files if file.counted()}):
        inside = [at for at, file in enumerate(files) if file.category == category]
        others = [at for at in range(len(files)) if at not in inside]
        print(f"  threshold without {category:<24} {of(inside).at(of(others).best()[0]):6.1f} on it "
              f"({of(inside).best()[1]:.1f} with a threshold of its own)")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calm:
    """Of quiet series: alarms per series and day once slots are known, and on the days after; inside the band there."""

    after_two_days: float
    later: float
    inside: float


def calm(seed: int, step_min: int, series: int) -> Calm:
    """How calm the detector is on `series` quiet series."""
    values, minutes = quiet(seed, step_min, series)
    slots = slot_of(minutes * MINUTE_MS)
    detector = Detector(series)
    alarms, inside = np.zeros(values.shape), np.zeros(values.shape)
    for row, (value, slot) in enumerate(zip(values, slots, strict=True)):
        found = detector.step(value, slot)
        alarms[row], inside[row] = found.alarm, (found.low <= value) & (value <= found.high)
    day = 1440 // step_min
    return Calm(
        float(alarms[2 * day : 3 * day].sum(axis=0).mean()),
        float(alarms[3 * day :].mean() * day),
        float(inside[3 * day :].mean()),
    )


def speed() -> None:
    random = np.random.default_rng(1)
    for series in SPEED_SERIES:
        detector = Detector(series)
        values = random.normal(size=(64, series))
        for row in range(64):
            detector.step(values[row], row % SLOTS)
        rows, started = 0, time.process_time()
        while time.process_time() - started < SPEED_SECONDS:
            detector.step(values[rows % 64], rows // 3 % SLOTS)
            rows += 1
        rate = rows * series / (time.process_time() - started)
        kept = sum(array.nbytes for array in detector.state().values()) / series
        print(
            f"  {series:>6} series side by side {rate:>14,.0f} series-updates/s of one core, {kept:,.0f} bytes a series"
        )
    print(f"  scalar reference            {SCALAR_PER_S:>14,} points/s")


def river(files: Sequence[Labelled]) -> None:
    if not Path(PEERS).exists():
        print(f"  river: no interpreter at {PEERS} (IOC_PEERS_PYTHON); not compared")
        return
    script = Path(__file__).with_name("peer_river.py")
    series = json.dumps([file.values.tolist() for file in files])
    told = subprocess.run([PEERS, str(script)], input=series, capture_output=True, text=True, check=False)
    if told.returncode:
        print(f"  river failed: {told.stderr.strip().splitlines()[-1]}")
        return
    for name, answer in json.loads(told.stdout).items():
        scores = [np.array(each) for each in answer["scores"]]
        line(f"river {name}", [sweep(files, scores, profile) for profile in PROFILES],
             f"{answer['per_s']:,.0f} values/s")  # fmt: skip


def main() -> None:
    print("  normalised score, one threshold   " + "".join(f"{name:>10}" for name in ("standard", "low FP", "low FN")))
    if NAB.exists():
        files = read(NAB)
        scores = scored(files)
        sweeps = [sweep(files, scores, profile) for profile in PROFILES]
        line(
            f"benchmark, {len(files)} series",
            sweeps,
            "best threshold " + ", ".join(f"{s.best()[0]:.2f}" for s in sweeps),
        )
        print(
            f"  {'... at the default ' + str(ALARM_SCORE):<34}" + "".join(f"{s.at(ALARM_SCORE):>10.1f}" for s in sweeps)
        )
        river(files)
        holds(files, scores)
    else:
        print(f"  {NAB} is absent: the benchmark's series are not scored", file=sys.stderr)
    for seed in SEEDS:
        made = generate(seed)
        found = scored(made)
        sweeps = [sweep(made, found, profile) for profile in PROFILES]
        at = ", ".join(f"{s.at(ALARM_SCORE):.1f}" for s in sweeps)
        line(f"generated, seed {seed}, {len(made)} series", sweeps, f"at the default {ALARM_SCORE}: {at}")
    for step_min in (15, 60):
        of = calm(QUIET_SEED, step_min, QUIET_SERIES)
        print(
            f"  {QUIET_SERIES} quiet series of {step_min} min: {of.after_two_days:.3f} alarms a series in the "
            f"hours 48 to 72, {of.later:.3f} a day later; {of.inside:.1%} inside the band"
        )
    speed()


if __name__ == "__main__":
    main()
