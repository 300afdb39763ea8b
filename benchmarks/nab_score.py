"""The scoring rules of the Numenta Anomaly Benchmark: a window is worth what its first detection is worth.

Source: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark" (2015), and
the rules of its sweep over thresholds: the first 15 % of a file (at most 750 rows) are a probation that is not scored;
inside a window only the best (= first) detection counts, +sigmoid of its place in the window; a window without one
costs `fn`; every detection outside costs `fp`, less while it closely follows a window; one threshold for all files;
100 * (score - null) / (perfect - null), where null detects nothing and perfect detects at the first row of each window.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROBATION_SHARE = 0.15
PROBATION_ROWS = 5000  # of longer files, the probation is this many rows' share
FAR = 3.0  # so many window widths after a window a false detection costs its full weight


@dataclass(frozen=True)
class Profile:
    """What a detection, a missed window and a false detection are worth."""

    name: str
    tp: float
    fn: float
    fp: float


STANDARD = Profile("standard", 1.0, 1.0, 0.11)
LOW_FP = Profile("reward_low_FP_rate", 1.0, 1.0, 0.22)
LOW_FN = Profile("reward_low_FN_rate", 1.0, 2.0, 0.11)
PROFILES = (STANDARD, LOW_FP, LOW_FN)


@dataclass(frozen=True)
class Labelled:
    """One file: its values and the windows of its anomalies as (first row, last row), both inside."""

    name: str
    timestamps: list[str]
    values: NDArray[np.float64]
    windows: list[tuple[int, int]]

    @property
    def category(self) -> str:
        return self.name.split("/", maxsplit=1)[0]

    @property
    def probation(self) -> int:
        """Rows at the beginning that are not scored."""
        return int(min(np.floor(PROBATION_SHARE * len(self.values)), PROBATION_SHARE * PROBATION_ROWS))

    def counted(self) -> list[tuple[int, int]]:
        """The windows that end after the probation."""
        return [(first, last) for first, last in self.windows if last >= self.probation]


def read(folder: Path) -> list[Labelled]:
    """Every series below `folder`/data that `folder`/windows.json knows, by name."""
    labels: Mapping[str, list[list[str]]] = json.loads((folder / "windows.json").read_text())
    found = []
    for path in sorted((folder / "data").glob("*/*.csv")):
        name = f"{path.parent.name}/{path.name}"
        with path.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        stamps = [row["timestamp"] for row in rows]
        place = {datetime.fromisoformat(stamp): row for row, stamp in reversed(list(enumerate(stamps)))}
        windows = [
            (place[datetime.fromisoformat(first)], place[datetime.fromisoformat(last)]) for first, last in labels[name]
        ]
        found.append(Labelled(name, stamps, np.array([float(row["value"]) for row in rows]), windows))
    return found


def sigmoid(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Worth of a detection at `place`: -1 is the first row of a window, 0 its end, beyond `FAR` it is -1."""
    return np.where(place > FAR, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, FAR))) - 1.0)


def row_worth(series: Labelled) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Per row its worth before weights, and the number of the counted window it is in (-1: none, -2: probation)."""
    rows = len(series.values)
    at = np.arange(rows)
    worth = np.full(rows, -1.0)
    owner = np.full(rows, -1, np.int64)
    best = float(sigmoid(np.array([-1.0]))[0])
    for number, (first, last) in enumerate(series.windows):
        width = last - first + 1
        worth[first : last + 1] = sigmoid(-(last - at[first : last + 1] + 1) / width) / best
        owner[first : last + 1] = number
        after = series.windows[number + 1][0] if number + 1 < len(series.windows) else rows
        worth[last + 1 : after] = sigmoid((at[last + 1 : after] - last) / (width - 1.0))
    owner[: series.probation] = -2
    return worth, owner


@dataclass(frozen=True)
class Sweep:
    """The score of every threshold, thresholds descending; normalised to 0 (null) .. 100 (perfect)."""

    thresholds: NDArray[np.float64]
    scores: NDArray[np.float64]

    def best(self) -> tuple[float, float]:
        """(threshold, score) of the best one."""
        at = int(np.argmax(self.scores))
        return float(self.thresholds[at]), float(self.scores[at])

    def at(self, threshold: float) -> float:
        """The score when every row with score >= threshold is a detection."""
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        return float(self.scores[place]) if place >= 0 else 0.0


def sweep(files: Sequence[Labelled], scores: Iterable[NDArray[np.float64]], profile: Profile) -> Sweep:
    """Every possible threshold over all files at once.

    A row changes the total when the threshold falls to its score: outside windows by its cost, inside by what it is
    better than the best row of its window with a higher score.
    """
    levels, gains = [], []
    windows = 0
    for series, score in zip(files, scores, strict=True):
        worth, owner = row_worth(series)
        outside = owner == -1
        levels.append(score[outside])
        gains.append(worth[outside] * profile.fp)
        for number, (_, last) in enumerate(series.windows):
            inside = np.flatnonzero(owner == number)
            if last < series.probation or not inside.size:
                continue
            windows += 1
            # of equal scores the first row in time, the worthiest, comes first
            order = inside[np.lexsort((inside, -score[inside]))]
            reached = np.maximum.accumulate(worth[order] * profile.tp)
            levels.append(score[order])
            gains.append(np.diff(reached, prepend=-profile.fn))
    level, gain = np.concatenate(levels), np.concatenate(gains)
    order = np.argsort(-level, kind="stable")
    total = np.cumsum(gain[order])
    level = level[order]
    ends = np.append(level[1:] != level[:-1], True)  # equal scores cross a threshold together
    scale = 100.0 / (max(windows, 1) * (profile.tp + profile.fn))
    return Sweep(np.concatenate(([np.inf], level[ends])), np.concatenate(([0.0], total[ends] * scale)))
