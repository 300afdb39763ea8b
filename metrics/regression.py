"""Many small regressions at once, each leaning on all of them: recursive ridge regression with a pooled prior.

For each (horizon, series) the weighted normal equations are kept; old rows are forgotten. The pooled coefficients of a
horizon come from the sum over its series. A series' own coefficients see, beside its own rows, `POOL_ROWS` rows' worth
of the pool: (A_i + k A/n) b_i = (m_i + k A/n b_pool). A young series follows the pool, an old one itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

KEEP = 0.9995  # per row: 2,000 rows of memory, three weeks of quarters of an hour
YOUNG = 3.0  # of n rows a memory of n / 3: the first rows were seen while level and shape were hardly known
POOL_ROWS = 400.0
RIDGE = 3.0  # rows' worth of belief in the prior coefficients

Numbers = NDArray[np.float64]


class PooledRegression:
    """Coefficients (horizons, series, features), each beginning as `prior` (features,)."""

    def __init__(self, horizons: int, series: int, prior: Numbers) -> None:
        width = len(prior)
        self.prior = prior
        self.gram = np.zeros((horizons, series, width, width))
        self.moment = np.zeros((horizons, series, width))
        self.rows = np.zeros(())
        self.coefficients = np.tile(prior, (horizons, series, 1))

    def learn(self, features: Numbers, target: Numbers, weight: Numbers) -> None:
        """One row for each target: `features` (horizons, series, features), `target` and `weight` (horizons, series).

        Weight 0: there is no row; the target may then be NaN.
        """
        self.rows += 1
        rows = float(self.rows)
        keep = min(KEEP, rows / (rows + YOUNG))
        weighted = features * weight[..., None]
        self.gram *= keep
        self.gram += weighted[..., :, None] * features[..., None, :]
        self.moment *= keep
        self.moment += weighted * np.where(weight > 0, target, 0.0)[..., None]

    def fit(self) -> None:
        """Solve for the coefficients."""
        ridge = RIDGE * np.eye(len(self.prior))
        pooled = self.gram.sum(1) + ridge
        rows = np.maximum(pooled[:, 0, 0], 1.0)  # the first feature is the constant 1: its square counts the rows
        common = np.linalg.solve(pooled, (self.moment.sum(1) + ridge @ self.prior)[:, :, None])
        prior_gram = POOL_ROWS * pooled / rows[:, None, None]
        prior_moment = prior_gram @ common
        self.coefficients[...] = np.linalg.solve(
            self.gram + prior_gram[:, None], self.moment[..., None] + prior_moment[:, None]
        )[..., 0]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The memory."""
        return {"gram": self.gram, "moment": self.moment, "rows": self.rows, "coefficients": self.coefficients}
