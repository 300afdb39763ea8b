"""The outbox: what the next commit of a world publishes; of each series and window only the newest word."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping

import msgpack

from metrics.alarm_event import AlarmEvent
from metrics.basis import Basis
from metrics.checkpoint import DEAD_LETTERS, Outputs
from metrics.clock import WorldClock
from metrics.outlook_entry import OutlookEntry
from metrics.raw import Reject
from metrics.remark import Remark, pack
from metrics.value import Value
from metrics.value_form import pack_columns, pack_each
from metrics.values import Values
from metrics.words import Words

VERSION = "1"
VALUES_KEPT_MS = 600_000  # real time: a reader that was away for longer starts from `latest`
DAY_MS = 86_400_000
COMPLETED_KEPT_MS = 49 * 3_600_000  # world time: today and yesterday on the wall, with an hour to spare


class Outbox:
    """Gathers values, alarms and dead letters between two commits; of values only the newest word on each window."""

    def __init__(self) -> None:
        self._values: list[Values] = []
        self._gone: set[str] = set()
        self._letters: deque[tuple[str, ...]] = deque(maxlen=DEAD_LETTERS)
        self._alarms: list[tuple[str, str, str]] = []  # every one: what is told is never coalesced
        self._forecasts: list[Value] = []
        self._outlooks: dict[str, OutlookEntry] = {}
        self._remarks: list[Remark] = []
        self._told: tuple[str, int] | None = None  # the basis that was said last, and on which day

    def __len__(self) -> int:
        return sum(map(len, self._values)) + len(self._letters) + len(self._alarms) + len(self._outlooks)

    def add(self, values: Iterable[Values]) -> None:
        """Values as a step said them."""
        for part in values:
            self._values.append(part)
            if self._gone:
                self._gone -= {part.series.heads[line].name for line in part.line.tolist()}

    def forget(self, series: Iterable[str]) -> None:
        """Series of groups that were given up: they leave `latest`, unless something is said of them again.

        The entry of `values` names them (`gone`, after its values), for readers that hold the newest of each series.
        """
        self._gone.update(series)

    def tell(self, events: Iterable[AlarmEvent]) -> None:
        """Alarm events, in order."""
        self._alarms += [(event.id, event.fingerprint, event.to_json()) for event in events]

    def foresee(self, forecasts: Iterable[Value], outlooks: Mapping[str, OutlookEntry]) -> None:
        """What comes and what is normal: forecasts go with the values, but are never the latest word on a series."""
        self._forecasts += forecasts
        self._outlooks |= outlooks

    def remark(self, remark: Remark | None) -> None:
        """Rows that did not count, or at another time than they say; every one, in order of arrival."""
        if remark is not None:
            self._remarks.append(remark)

    def reject(self, source: str, shard: int, rejects: Iterable[Reject]) -> None:
        """Dead letters; when there are more than the stream keeps, the oldest give way."""
        for one in rejects:
            self._letters.append((source, str(shard), one.entry, str(one.row), one.field, one.rule, one.value))

    def empty(
        self,
        clock: WorldClock,
        real_ms: int,
        positions: Mapping[str, Mapping[str, str]],
        watermarks: Mapping[str, int],
        feeds: Mapping[str, str],
        *,
        basis: Basis,
    ) -> Outputs:
        """What the commit at `real_ms` publishes; afterwards the outbox holds nothing.

        `basis`: what the values rest on beside rows; `positions`: source -> shard -> id of the last entry counted;
        `feeds`: source -> JSON.
        """
        frame: dict[str, str | bytes] = {
            "v": VERSION,
            "at": str(real_ms),
            "now": str(clock.now_ms(real_ms)),
            "bundle": basis.bundle,
            "basis": basis.digest,
            "positions": json.dumps(positions),
            "watermarks": json.dumps(dict(watermarks)),
        }
        told = Values.joined(self._values)
        words = Words.of(told)
        said = told if len(words.newest) == len(told) else told.take(words.newest)
        completed = told if len(words.completed) == len(told) else told.take(words.completed).narrowed()
        if self._forecasts:
            foreseen = Values.of(self._forecasts)
            said = Values.joined([said, foreseen.take(Words.of(foreseen).newest)])
        # entries are dated in real time; a world that runs faster than real time fills its hours sooner
        kept_ms = int(COMPLETED_KEPT_MS / max(clock.speed, 1e-3))
        columns = pack_columns(said)
        latest = pack_each(told.take(words.latest))
        gone = sorted(self._gone)
        left: dict[str, bytes] = {"gone": msgpack.packb(gone)} if gone else {}
        outputs = Outputs(
            values=frame | {"b": columns} | left if len(said) or gone else None,
            completed=frame | {"b": columns if completed is said else pack_columns(completed)}
            if len(completed)
            else None,
            latest={name: word for name, word in latest.items() if name not in self._gone} if self._gone else latest,
            gone=gone,
            feeds=feeds,
            alarms=self._alarms,
            dead=list(self._letters),
            values_from_ms=max(0, real_ms - VALUES_KEPT_MS),
            completed_from_ms=max(0, real_ms - kept_ms),
            intake=self._intake(real_ms, basis),
            outlook={series: entry.pack() for series, entry in self._outlooks.items()},
        )
        self._values, self._forecasts, self._outlooks, self._alarms, self._remarks = [], [], {}, [], []
        self._letters.clear()
        self._gone = set()
        return outputs

    def _intake(self, real_ms: int, basis: Basis) -> dict[str, str | bytes] | None:
        """Remarks, and the basis when it is another one; also once a day, for whoever has not kept the older ones."""
        told = basis.digest, real_ms // DAY_MS
        entry: dict[str, str | bytes] = {"v": VERSION, "at": str(real_ms)}
        if self._remarks:
            entry["b"] = pack(self._remarks)
        if told != self._told:
            entry |= {"digest": basis.digest, "basis": basis.to_json()}
            self._told = told
        return entry if len(entry) > 2 else None
