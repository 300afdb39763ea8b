"""Roll-ups and the periods of their pieces: which slots there are, how long each is kept, what a piece's name covers.

A slot is named by its end and holds the windows that end in (end - size, end]; a day is a day in Asia/Shanghai. The
pieces of a roll-up are files by hour, day, month or year, whose names begin alike: a piece whose name another one's
begins with has taken that one in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, Literal

from metrics.archive import ROLLUP, Life
from metrics.clock import LOCAL_OFFSET_MS

DAY_MS = 86_400_000
Unit = Literal["hour", "day", "month", "year"]
_FORMATS: Final[Mapping[Unit, str]] = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
_LOCAL = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))


@dataclass(frozen=True, slots=True)
class Slot:
    """One roll-up. `keep_ms`: slots older than this, against the newest one, are dropped (None: never); `units`: what
    a piece covers, from the ones that are still being written to the settled ones."""

    name: str
    size_ms: int
    keep_ms: int | None
    units: tuple[Unit, ...]


SLOTS: Final[Mapping[str, Slot]] = {
    slot.name: slot
    for slot in (
        Slot("1m", 60_000, 14 * DAY_MS, ("hour", "day")),
        Slot("15m", 900_000, 90 * DAY_MS, ("hour", "day")),
        Slot("1h", 3_600_000, 366 * DAY_MS, ("day", "month")),
        Slot("1d", DAY_MS, None, ("day", "month", "year")),
    )
}


@dataclass(frozen=True, slots=True)
class Period:
    """An hour, day, month or year of local time: the instants (begin, end], ms."""

    name: str
    unit: Unit
    begin: int
    end: int

    def holds(self, other: Period) -> bool:
        return self.begin <= other.begin and other.end <= self.end and self.name != other.name


@dataclass(frozen=True, slots=True)
class Piece:
    path: Path
    period: Period


def period_at(unit: Unit, at_ms: int) -> Period:
    """The period in which an instant lies: begin < at <= end."""
    inside = datetime.fromtimestamp((at_ms - 1) / 1000, UTC).astimezone(_LOCAL)
    begin = inside.replace(minute=0, second=0, microsecond=0)
    if unit == "hour":
        end = begin + timedelta(hours=1)
    else:
        begin = begin.replace(hour=0)
        end = begin + timedelta(days=1)
    if unit == "month":
        begin = begin.replace(day=1)
        end = (begin + timedelta(days=31)).replace(day=1)
    elif unit == "year":
        begin = begin.replace(month=1, day=1)
        end = begin.replace(year=begin.year + 1)
    return Period(begin.strftime(_FORMATS[unit]), unit, _ms(begin), _ms(end))


def period_of(name: str) -> Period | None:
    """The period of a name; None when it is none."""
    for unit, form in _FORMATS.items():
        try:
            begin = datetime.strptime(name, form).replace(tzinfo=_LOCAL)
        except ValueError:
            continue
        found = period_at(unit, _ms(begin) + 1)
        return found if found.name == name else None
    return None


def folder(root: Path, life: Life, slot: Slot) -> Path:
    return life.folder(root) / ROLLUP / slot.name


def every_piece(root: Path, life: Life, slot: Slot) -> list[Piece]:
    """All pieces of a roll-up in order of time, superseded ones too."""
    named = [(path, period_of(path.stem)) for path in folder(root, life, slot).glob("*.parquet")]
    found = [Piece(path, period) for path, period in named if period is not None]
    return sorted(found, key=lambda piece: (piece.period.begin, -piece.period.end))


def in_force(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces that no other one has taken in: each slot is in one of them. In order of time."""
    kept: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.period.begin, -piece.period.end)):
        if not kept or not kept[-1].period.holds(piece.period):
            kept.append(piece)
    return kept


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
