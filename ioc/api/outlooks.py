"""Outlooks: what is normal of an indicator and what comes, as the engine says it, or a playback as of then."""

from __future__ import annotations

from typing import Any, Final

import redis
import structlog

from ioc.api.definitions import Definitions, away
from ioc.api.problem import Problem
from ioc.api.shapes import BandPoint, ForecastPoint, Outlook
from ioc.api.values import instant
from metrics import keys
from metrics.climb import climbing
from metrics.outlook_entry import OutlookEntry, UnknownOutlookVersion
from metrics.outlook_line import followed
from metrics.series import series_id

ASKED_S: Final = 120  # so long a playback goes on learning what nobody asks for any more


class OutlookReader:
    """Thread-safe. Raises Problem."""

    def __init__(self, client: redis.Redis, definitions: Definitions) -> None:
        self._client, self._definitions = client, definitions

    def read(self, indicator_id: str, world_id: str, region: str) -> Outlook:
        """The outlook of an indicator in a region. Of a playback it is learnt while somebody asks for it, of the whole
        alone; what it says of a moment that is not shown is not told."""
        indicator, world = self._definitions.indicator(indicator_id), self._definitions.world(world_id)
        known = self._definitions.bundle().regions
        if region and region not in known:
            raise Problem(404, "unknown_region", f"没有区域 {region}。", f"There is no region {region}.",
                          field="region", rule="unknown-name")  # fmt: skip
        nothing = Outlook(indicator.id, world.id, region, "none")
        if not followed(indicator) and not climbing(indicator):
            return nothing
        past = world.kind == "playback"
        try:
            if past and followed(indicator):
                asked = keys.engine(world.id, "outlook_asked")
                self._client.sadd(asked, indicator.id)
                self._client.expire(asked, ASKED_S)
            series = [series_id(indicator.id, code) for code in dict.fromkeys((region, ""))]
            told: Any = self._client.hmget(keys.engine(world.id, "outlook"), series)
        except redis.RedisError:
            raise away() from None
        for name, packed in zip(series, told, strict=True):
            if packed is not None:
                try:
                    return _said(nothing, OutlookEntry.unpack(packed))
                except (UnknownOutlookVersion, ValueError, TypeError, KeyError) as problem:
                    structlog.get_logger().warning("outlook_not_read", series=name, error=str(problem))
        whole = not region or not known[region].parent
        learnt = past and whole and followed(indicator)
        return Outlook(indicator.id, world.id, region, "learning") if learnt else nothing


def _said(of: Outlook, entry: OutlookEntry) -> Outlook:
    band = {end: BandPoint(instant(end), low, high, cold) for end, low, high, cold in entry.usual}
    band |= {
        end: BandPoint(instant(end), low, high, cold)
        for end, _, low, high, cold in entry.band
        if low is not None and high is not None
    }
    return Outlook(
        of.indicator, of.world, of.region, "here", instant(entry.at), [band[end] for end in sorted(band)],
        None if entry.forecast_at is None else instant(entry.forecast_at),
        [ForecastPoint(instant(end), value, low, high) for end, value, low, high in entry.forecast],
        None if entry.anomaly is None else instant(entry.anomaly),
        entry.origin,  # type: ignore[arg-type]
        dict(entry.member) or None, entry.value, entry.leads,
    )  # fmt: skip
