"""The connector for OGC SensorThings services (OGC 15-078r6 and 18-088): observations are asked for as they come.

Each look asks for what was observed since the newest known observation less an overlap, in order, page by page; what
the overlap brings again is known by its id. A page is on the bus before it is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote, urlencode

from ioc.api.batch import object_of
from ioc.sources.connect.fetch import Fetcher, FetchError
from ioc.sources.connect.landing import Landing
from ioc.sources.connect.mapping import at
from ioc.sources.connect.memory import Memory
from metrics.clock import monotonic_s, real_ms
from metrics.numeral import FINE
from metrics.timestamp import parse_times

LOOK_S: Final = 1.0
PAGE: Final = 1_000  # observations asked for at once; a service may give fewer
PAGES: Final = 500  # of one look: what is left comes with the next
MOST_SEEN: Final = 200_000  # ids that are remembered within the overlap
ACCEPT: Final = "application/json"
EXPAND: Final = "Datastream($expand=Thing)"


class NoAnswer(ValueError):
    """The service's answer has not the form of the standard; the text says what is missing."""


@dataclass(slots=True)
class SensorThingsWay:
    """The field `result` of the source takes the results, its entity what lies at `entity` in an observation, which
    comes with its datastream and thing. `filter`: an expression of the service. `since_ms`: how far back the first
    look goes, None: to the beginning."""

    url: str
    result: str
    entity: str
    filter: str
    every_s: float
    overlap_ms: int
    since_ms: int | None
    fetcher: Fetcher
    memory: Memory
    times: Decimal | None = None
    const: Mapping[str, str] = field(default_factory=dict)
    kind: str = "sensorthings"
    _after_ms: int | None = None  # phenomenon time of the newest observation that is on the bus
    _seen: dict[str, int] = field(default_factory=dict)  # id -> its time, ms

    def run(self, landing: Landing) -> None:
        """See Way. Raises Stopped, OSError, UnknownMemory."""
        kept = self.memory.load()
        self._after_ms, self._seen = kept.get("after_ms"), dict(kept.get("seen", {}))
        due_s, reached = monotonic_s(), False
        while not landing.stop.is_set():
            if monotonic_s() >= due_s:
                try:
                    self._look(landing)
                    reached = True
                except FetchError as error:
                    reached = False
                    landing.away("unreachable", str(error))
                except NoAnswer as error:
                    reached = False
                    landing.away("failed", f"{self.url}: {error}")
                due_s = monotonic_s() + self.every_s
            if reached:
                landing.alive(newest=self._after_ms)
            landing.stop.wait(LOOK_S)

    def question(self, now_ms: int) -> str:
        """The address of the first page."""
        after = self._after_ms
        if after is None and self.since_ms is not None:
            after = now_ms - self.since_ms
        parts = [f"({self.filter})"] if self.filter else []
        if after is not None:
            parts.append(f"phenomenonTime gt {_iso(after - self.overlap_ms)}")
        asked = {"$expand": EXPAND, "$orderby": "phenomenonTime asc", "$top": str(PAGE)}
        if parts:
            asked["$filter"] = " and ".join(parts)
        query = urlencode(asked, quote_via=quote, safe="$(),'/:")
        return f"{self.url.rstrip('/')}/Observations?{query}"

    def _look(self, landing: Landing) -> None:
        """All pages that there are. Raises FetchError, NoAnswer, Stopped."""
        address, asked = self.question(real_ms()), set[str]()
        while address and address not in asked and len(asked) < PAGES:
            asked.add(address)
            landing.working()
            page = self.fetcher.get(address, ACCEPT)
            try:
                content = object_of(page.body.decode("utf-8-sig"))
            except ValueError as error:
                raise NoAnswer(f"no JSON: {error}") from None
            found = content.get("value") if isinstance(content, dict) else None
            if not isinstance(found, list):
                raise NoAnswer("no list 'value'")
            self._land(found, landing)
            following = content.get("@iot.nextLink") or content.get("@nextLink") or ""
            address = following if isinstance(following, str) else ""

    def _land(self, found: list[Any], landing: Landing) -> None:
        """The observations of a page that are new, on the bus, then remembered."""
        rows, seen = [], dict[str, int]()
        for one in found:
            name = str(one.get("@iot.id", one.get("@id", ""))) if isinstance(one, dict) else ""
            if name and name in self._seen:
                continue
            row = self.row(one)
            rows.append(row)
            if name:
                seen[name] = _ms(row["t"]) if isinstance(row, dict) else 0
        landing.rows(rows)
        landing.settle()
        self._seen |= seen
        known = [time for time in seen.values() if 0 < time <= real_ms() + self.overlap_ms]
        if known:
            self._after_ms = max(*known, self._after_ms or 0)
        edge = (self._after_ms or 0) - 2 * self.overlap_ms
        kept = [(name, time) for name, time in self._seen.items() if time >= edge or time == 0]
        self._seen = dict(kept[-MOST_SEEN:])
        if seen:
            self.memory.keep({"after_ms": self._after_ms, "seen": self._seen})

    def row(self, one: Any) -> Any:
        """The row of an observation; what is none stays as it is and is told."""
        if not isinstance(one, dict):
            return one
        time, result = one.get("phenomenonTime"), one.get("result")
        if isinstance(time, str):
            time = time.rpartition("/")[2]  # of a span its end: then the result is known
        if self.times is not None and isinstance(result, str):
            with suppress(InvalidOperation):  # the contract will say that this is no number
                result = format(Decimal(result) * self.times, "f")
        return {**self.const, "t": time, "k": at(one, self.entity), self.result: result}


def _ms(text: Any) -> int:
    """ms UTC of a time; 0 where there is none."""
    if not isinstance(text, str):
        return 0
    times, state = parse_times([text.encode()])
    return int(times[0]) if state[0] == FINE else 0


def _iso(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"
