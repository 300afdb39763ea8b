"""The ground of a forecast: which values it was learnt from, as far as they were published by its commit.

A forecast is no fold of the rows of a window: it is the word of a model that has taken in every complete window of
its indicator, in all regions, since it was begun, and that is kept in the engine's checkpoint only. So its voucher says
what it rests on, and does not compute it anew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from metrics.archive_published import Published, Said

SUFFIX = "~forecast"  # of the name under which the forecasts of an indicator are published


@dataclass(frozen=True, slots=True)
class ForecastGround:
    """`windows`: complete windows of this region that were published with a value up to the commit of the forecast,
    from the one that ends at `first_end` to the one at `last_end`; None: the archive holds none any more."""

    said: Said
    indicator: str
    windows: int
    first_end: int | None
    last_end: int | None

    def to_json(self) -> dict[str, Any]:
        """With the published value itself; `recomputed` is null."""
        own = {"indicator": self.indicator, "version": self.said.version, "region": self.said.region}
        rests_on = {**own, "windows": self.windows, "first_end": self.first_end, "last_end": self.last_end}
        return {"v": 1, "name": self.said.name, "said": asdict(self.said), "rests_on": rests_on, "recomputed": None}


def is_forecast(indicator: str) -> bool:
    """Whether values of this name are forecasts."""
    return indicator.endswith(SUFFIX)


def ground_of(published: Published, said: Said) -> ForecastGround:
    """What a forecast rests on. Raises duckdb.Error when a file is damaged."""
    indicator = said.indicator.removesuffix(SUFFIX)
    known = published.said(
        "indicator = ? AND version = ? AND region = ? AND dims = ? AND value IS NOT NULL"
        " AND quality <> 'provisional' AND _ms <= ?",
        [indicator, said.version, said.region, said.dims, said.commit_ms],
    )
    ends = {one.window_end for one in known}
    return ForecastGround(said, indicator, len(ends), min(ends, default=None), max(ends, default=None))
