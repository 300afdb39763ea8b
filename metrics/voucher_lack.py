"""The lack behind a value: what it rests on that the archive does not hold any more, or never held.

What is surely lacking forbids the check: rows that retention removed prove nothing, neither for a value nor against it.
What may be lacking forbids only an accusation: a value that comes out the same all the same is proven.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from metrics.archive import Kind, Life, Strand, every_part, in_force, shards
from metrics.archive_ledger import gaps
from metrics.archive_published import Said
from metrics.archive_taken import Taken, taken
from metrics.clock import LOCAL_OFFSET_MS
from metrics.definition import Bundle
from metrics.derived_source import EVER_MS, comparison_ms
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.reference import indicators_of
from metrics.stream import order
from metrics.voucher_scope import Need, derived, needs
from metrics.watermark import BEGINNING

_LOCAL = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is lacking, as a sentence in both languages."""

    zh: str
    en: str


@dataclass(slots=True)
class Lacks:
    """What the archive of one life lacks; what it finds out it remembers."""

    root: Path
    life: Life
    _taken: dict[str, Taken] = field(default_factory=dict)
    _shards: dict[str, list[Strand]] = field(default_factory=dict)

    def surely(
        self, bundle: Bundle, versions: Versions, indicator: Indicator, end: int,
        positions: Mapping[str, Mapping[str, str]],
    ) -> list[Lack]:  # fmt: skip
        """Of the value of a window that ends at `end`, read up to `positions` (source -> shard -> id)."""
        found = self.rows(needs(bundle, versions, indicator, end), positions)
        gone = self._said("completed").removed_ms
        earliest = end - comparison_ms(indicator, versions)
        instants = [since for since in derived(bundle, versions, indicator, end).values() if since <= gone]
        if earliest < end:
            instants.append(earliest)
        instants += list(_referred(versions, indicator, earliest))
        if gone > BEGINNING and any(at <= gone for at in instants):
            found.append(_removed("completed", gone))
        return found

    def rows(self, wanted: Mapping[str, Need], positions: Mapping[str, Mapping[str, str]] | None = None) -> list[Lack]:
        """Of rows of sources; `positions` None: up to the end."""
        found = []
        for source, need in wanted.items():
            for strand in self._of(source):
                known = self._known(strand)
                last = known_end(known) if positions is None else positions.get(source, {}).get(str(strand.shard))
                if last is None or not known.lacks(need.since, need.exact, last):
                    continue
                if known.removed_ms > BEGINNING and need.since <= known.removed_ms:
                    found.append(_removed(strand.name, known.removed_ms))
                else:
                    found.append(_condensed(strand.name, known))
        return found

    def perhaps(self, bundle: Bundle, versions: Versions, indicator: Indicator, said: Said) -> list[Lack]:
        """What may be the cause when a value comes out otherwise: entries that the archive missed, remarks and
        provisional values of the time that have gone."""
        positions: Mapping[str, Mapping[str, str]] = json.loads(said.positions)
        wanted = needs(bundle, versions, indicator, said.window_end)
        found = [*self._missed(wanted, positions), *self._unremarked(wanted, positions)]
        gone, complete = self._said("values").removed_ms, self._said("completed").removed_ms
        earliest = said.window_end - comparison_ms(indicator, versions)
        if gone > BEGINNING and any(at <= gone for at in _referred(versions, indicator, earliest)):
            found.append(_removed("values", gone))
        if said.value is None and complete > BEGINNING and any(need.since <= complete for need in wanted.values()):
            found.append(_removed("completed", complete))  # when the definitions came into force is not known any more
        return found

    def _missed(self, wanted: Mapping[str, Need], positions: Mapping[str, Mapping[str, str]]) -> Iterator[Lack]:
        missed = gaps(self.root, self.life)
        for source, need in wanted.items():
            for strand in self._of(source):
                last = positions.get(source, {}).get(str(strand.shard), "0-0")
                for gap in missed:
                    if gap.stream == strand.name and order(gap.after) < order(last):
                        parts = in_force(every_part(strand.folder(self.root)))
                        until = [
                            one.last_ms for one in parts if gap.until is None or order(one.after) < order(gap.until)
                        ]
                        if need.since <= max(until, default=EVER_MS):
                            yield _gap(gap.stream, gap.missing, gap.after)
        for gap in missed:
            if gap.stream == "intake":
                yield _gap(gap.stream, gap.missing, gap.after)

    def _unremarked(self, wanted: Mapping[str, Need], positions: Mapping[str, Mapping[str, str]]) -> Iterator[Lack]:
        """Remarks are made after the rows of which they speak: rows older than the removed ones may lack theirs."""
        known = self._known(Strand(self.life, "intake"))
        if order(known.removed) == (0, 0):
            return
        for source, need in wanted.items():
            for strand in self._of(source) if source in positions else ():
                for part in in_force(every_part(strand.folder(self.root))):
                    if part.last_ms >= need.since and order(part.after) < order(known.removed):
                        yield _removed("intake", known.removed_ms)
                        return

    def _said(self, kind: Kind) -> Taken:
        return self._known(Strand(self.life, kind))

    def _known(self, strand: Strand) -> Taken:
        if strand.name not in self._taken:
            self._taken[strand.name] = taken(self.root, strand)
        return self._taken[strand.name]

    def _of(self, source: str) -> list[Strand]:
        if source not in self._shards:
            self._shards[source] = shards(self.root, self.life, source)
        return self._shards[source]


def words(lacks: Sequence[Lack]) -> tuple[str, str]:
    """All of them in a sentence, Chinese and English."""
    told = list(dict.fromkeys(lacks))
    return (
        f"档案缺少该值所依据的内容：{'；'.join(one.zh for one in told)}。",
        f"the archive lacks what the value rests on: {'; '.join(one.en for one in told)}",
    )


def known_end(known: Taken) -> str:
    """An entry behind everything that has been taken."""
    return max(known.removed, known.condensed, "1-0", key=order)


def _referred(versions: Versions, indicator: Indicator, at_ms: int) -> Iterator[int]:
    """The ends of the windows of other indicators that a formula reads at an instant."""
    for name in indicators_of(indicator.formula):
        newest = versions.newest(name, at_ms)
        if newest is not None:
            yield newest[1]


def _removed(name: str, at_ms: int) -> Lack:
    at = _text(at_ms)
    return Lack(f"{name}：{at} 及以前的已按保留期删除", f"{name}: what is up to {at} was removed by retention")


def _condensed(name: str, known: Taken) -> Lack:
    at = _text(known.condensed_ms)
    return Lack(
        f"{name}：{at} 及以前每个键只留最新一行", f"{name}: up to {at} only the newest row of each key was kept"
    )


def _gap(name: str, missing: int, after: str) -> Lack:
    return Lack(f"{name}：{after} 之后缺 {missing} 条", f"{name}: {missing} entries after {after} were never archived")


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_LOCAL).isoformat(timespec="seconds")
