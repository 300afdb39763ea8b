"""Forecasts by statsforecast and updates by river, run by the peers' own interpreter: see bench_forecast.

python peer_forecast.py FOLDER: reads `values.npy` (rows, series; no gaps) and `origins.npy` (row numbers) there, writes
`NAME.npy` (origins, 4, series) for each model, prints JSON of seconds and updates/s.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from river.time_series import HoltWinters
from statsforecast.models import MSTL, AutoETS, SeasonalNaive

DAY, WEEK, HORIZON = 96, 672, 4
UPDATES = 20_000


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    values, origins = np.load(folder / "values.npy"), np.load(folder / "origins.npy")
    facts: dict[str, float] = {}
    models = {
        "SeasonalNaive week": lambda: SeasonalNaive(season_length=WEEK),
        "AutoETS": lambda: AutoETS(season_length=1),
        "MSTL day": lambda: MSTL(season_length=DAY),
    }
    for name, model in models.items():
        started = time.perf_counter()
        out = np.empty((len(origins), HORIZON, values.shape[1]))
        for place, origin in enumerate(origins):
            for series in range(values.shape[1]):
                past = np.ascontiguousarray(values[max(0, origin + 1 - 2 * WEEK) : origin + 1, series])
                out[place, :, series] = model().forecast(past, HORIZON)["mean"]
        np.save(folder / f"{name}.npy", out)
        facts[name] = (time.perf_counter() - started) / out.shape[0] / out.shape[2]
    river = HoltWinters(alpha=0.2, beta=0.01, gamma=0.1, seasonality=DAY)
    for value in values[: 2 * DAY, 0]:
        river.learn_one(value)
    numbers = np.resize(values[:, 0], UPDATES).tolist()
    started = time.perf_counter()
    for value in numbers:
        river.forecast(horizon=1)
        river.learn_one(value)
    facts["river updates/s"] = UPDATES / (time.perf_counter() - started)
    print(json.dumps(facts))


main()
