"""A span of time as the language page defines windows: which [start, end) belongs to an instant, in plain datetimes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EVER = -(2**62)


def ms(text: str) -> int:
    """Local time of Shanghai as ms UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * 1000


def local(at: int) -> datetime:
    """The local time of an instant, to the second."""
    return datetime.fromtimestamp(at // 1000, SHANGHAI)


@dataclass(frozen=True)
class Span:
    """`kind` as in a declaration, or `day`, `week`, `month`, `year` for tumbling windows of that period."""

    kind: str
    size: int = 0
    every: int = 0
    max_age: int = 0

    def start(self, end: int) -> int:
        """The first instant of the window; EVER for `all`, and `end - max_age` for the current rows of `now`."""
        if self.kind == "all" or (self.kind == "now" and not self.max_age):
            return EVER
        if self.kind == "now":
            return end - self.max_age
        if self.kind in ("tumbling", "sliding"):
            return end - self.size
        day = local(end - 1).replace(hour=0, minute=0, second=0)
        period = self.kind.removesuffix("_to_date")
        if period == "week":
            day -= timedelta(days=day.isoweekday() - 1)
        elif period == "month":
            day = day.replace(day=1)
        elif period == "year":
            day = day.replace(month=1, day=1)
        return int(day.timestamp()) * 1000

    def ends(self, after: int, until: int) -> Iterator[int]:
        """The grid instants in (after, until]."""
        step = self.every or self.size
        if self.kind in ("day", "week", "month", "year"):
            step = DAY  # a period ends at some midnights
        midnight = int(local(after).replace(hour=0, minute=0, second=0).timestamp()) * 1000
        end = midnight
        while end <= until:
            if end > after and (self.kind not in ("day", "week", "month", "year") or self.start(end + 1) == end):
                yield end
            end += step
