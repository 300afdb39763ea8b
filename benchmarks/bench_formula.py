"""Formulas on a batch of 65,536 rows: rows per second beside pandas.eval and a plain Python loop.

Run with `python -m benchmarks.bench_formula`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd

from metrics.evaluation import Column, evaluate, evaluate_exact, evaluate_where
from metrics.formula import parse

ROWS = 65_536
REPEATS = 30


def rate(run: Callable[[], object], rows: int = ROWS, repeats: int = REPEATS) -> str:
    run()
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return f"{rows / best / 1e6:10.1f} M rows/s"


def main() -> None:
    random = np.random.default_rng(1)
    classes = ["expressway", "arterial", "secondary"]
    speed = random.integers(100, 8_000, ROWS)
    vehicles = random.integers(0, 60, ROWS)
    length = random.integers(100, 5_000, ROWS)
    codes = random.integers(0, 3, ROWS).astype(np.int32)
    columns = {
        "speed": Column(speed, None, 2),
        "vehicles": Column(vehicles, None, 0),
        "length_km": Column(length, None, 3),
        "class": Column(codes, None, None, classes),
    }
    frame = pd.DataFrame({"speed": speed / 100, "vehicles": vehicles, "length_km": length / 1000, "code": codes})
    where, field, formula = (
        parse("class = 'arterial' and speed > 0"),
        parse("vehicles * length_km / speed"),
        parse("100 * speed / (vehicles + 1)"),
    )
    few = 2_000
    triples = list(zip(vehicles[:few].tolist(), length[:few].tolist(), speed[:few].tolist(), strict=True))

    def loop() -> list[int]:
        return [round(Fraction(v * km * 100, 1000 * kmh) * 10**9) for v, km, kmh in triples]

    print(f"where    arrays       {rate(lambda: evaluate_where(where, columns, ROWS))}")
    print(f"where    pandas.eval  {rate(lambda: frame.eval('code == 1 and speed > 0'))}")
    print(f"exact    arrays       {rate(lambda: evaluate_exact(field, columns, ROWS, 9))}")
    print(f"exact    Python loop  {rate(loop, few, 3)}")
    print(f"float64  arrays       {rate(lambda: evaluate(formula, columns, ROWS))}")
    print(f"float64  pandas.eval  {rate(lambda: frame.eval('100 * speed / (vehicles + 1)'))}")


if __name__ == "__main__":
    main()
