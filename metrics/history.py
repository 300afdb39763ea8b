"""The recent past of every series: complete values as published, for comparisons with an earlier instant."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

import redis

from metrics import keys
from metrics.value import Value, unpack_values

DAY_MS = 86_400_000
KEEP_MS = 49 * 3_600_000  # what the completed stream keeps: a start finds no more than that
_PAGE = 512  # entries of the completed stream in one reply


class History:
    """Complete values per series and window end; the latest revision wins. 16 bytes a value."""

    def __init__(self, keep_ms: int = KEEP_MS) -> None:
        self._keep_ms = keep_ms
        self._series: dict[str, tuple[array[int], array[float], array[int]]] = {}

    def __call__(self, series: str, window_end: int) -> float | None:
        """The value of the window that ends there; None where there is none or it is null."""
        line = self._series.get(series)
        if line is None:
            return None
        ends, values, _ = line
        place = bisect_left(ends, window_end)
        if place == len(ends) or ends[place] != window_end:
            return None
        value = values[place]
        return None if value != value else value  # noqa: PLR0124  NaN stands for null

    def add(self, values: Iterable[Value]) -> None:
        """Remember complete values; an older revision than the known one is ignored."""
        for value in values:
            line = self._series.get(value.series)
            if line is None:
                line = self._series[value.series] = (array("q"), array("d"), array("q"))
            ends, numbers, revisions = line
            number = float("nan") if value.value is None else value.value
            if not ends or value.window_end > ends[-1]:  # as nearly always
                ends.append(value.window_end)
                numbers.append(number)
                revisions.append(value.revision)
                continue
            place = bisect_left(ends, value.window_end)
            if place < len(ends) and ends[place] == value.window_end:
                if value.revision >= revisions[place]:
                    numbers[place], revisions[place] = number, value.revision
                continue
            ends.insert(place, value.window_end)
            numbers.insert(place, number)
            revisions.insert(place, value.revision)

    def forget(self, now_ms: int) -> None:
        """Drop what is older than the history keeps, and series that have nothing younger."""
        oldest = now_ms - self._keep_ms
        for series, (ends, numbers, revisions) in list(self._series.items()):
            place = bisect_left(ends, oldest)
            if place == len(ends):
                del self._series[series]
            elif place:
                del ends[:place], numbers[:place], revisions[:place]

    def reload(self, client: redis.Redis, world: str) -> None:
        """Read the completed values that are still published."""
        key, position = keys.engine(world, "completed"), "-"
        while True:
            page = client.execute_command("XRANGE", key, position, "+", "COUNT", _PAGE)  # type: ignore[no-untyped-call]
            entries = page.items() if isinstance(page, dict) else page
            last = None
            for entry_id, fields in entries or ():
                last = entry_id
                table = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
                self.add(unpack_values(table[b"b"]))
            if last is None:
                return
            position = "(" + last.decode()
