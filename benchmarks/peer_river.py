"""river's detectors on series from standard input; run by the peers' interpreter, which has river and not the product.

In: JSON, a list of lists of numbers. Out: JSON by detector, `scores`: lists like the input, `per_s`: values per second.
"""

from __future__ import annotations

import json
import sys
import time

from river import anomaly, compose, preprocessing


def half_space_trees(values):
    """Trees over the scaled value, as river's guide has it."""
    model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=42))
    for value in values:
        x = {"value": value}
        yield model.score_one(x)
        model.learn_one(x)


def gaussian_scorer(values):
    """The tail of one normal law."""
    model = anomaly.GaussianScorer(grace_period=100)
    for value in values:
        yield float(model.score_one(None, value))
        model.learn_one(None, value)


def main():
    series = json.load(sys.stdin)
    total = sum(map(len, series))
    answer = {}
    for name, score in (("HalfSpaceTrees", half_space_trees), ("GaussianScorer", gaussian_scorer)):
        started = time.perf_counter()
        scores = [list(score(values)) for values in series]
        answer[name] = {"scores": scores, "per_s": total / (time.perf_counter() - started)}
    json.dump(answer, sys.stdout)


main()
