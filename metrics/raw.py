"""Raw rows: the columns that stream entries carry, before any contract; and the rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MAX_TEXT = 256  # bytes of one text
SHOWN = 200  # characters of an offending value that a dead letter keeps

Rule = Literal["form", "version", "size", "missing", "type", "range", "category", "future", "length"]
Kind = Literal["int", "float", "fixed", "coded", "lines"]
Entry = Sequence[Any]  # [id, [name, value, name, value, ...]] as XREAD answers it, all bytes


@dataclass(frozen=True, slots=True)
class Reject:
    """One dead letter: why a row (or, with `row` -1, a whole entry) was not accepted."""

    entry: str
    row: int
    field: str
    rule: Rule
    value: str


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column before any contract.

    int: int64; float: float64, NaN = null; fixed: int64 in units of 10^-scale; coded: int32 codes into `dictionary`,
    -1 = null; lines: `lines` holds the bytes of every row (None or empty = null), `values` is empty.
    """

    kind: Kind
    values: NDArray[Any]
    valid: NDArray[np.bool_] | None = None
    scale: int = 0
    dictionary: Sequence[str] = ()
    lines: Sequence[bytes | None] = ()


@dataclass(frozen=True, slots=True)
class RawRows:
    """A run of consecutive entries of one form; `starts` (entries + 1) says at which row each entry begins."""

    rows: int
    columns: Mapping[str, RawColumn]
    ids: Sequence[bytes]
    starts: NDArray[np.int64]

    def origin(self, row: int) -> tuple[str, int]:
        """The entry id and the row inside that entry."""
        entry = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.ids[entry].decode("latin-1"), row - int(self.starts[entry])


@dataclass(slots=True)
class Decoded:
    """What a read gave: runs in stream order, and the entries that are of neither form."""

    runs: list[RawRows] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def shown(value: object) -> str:
    """At most 200 characters of an offending value, whatever it is."""
    if isinstance(value, bytes):
        return value[: SHOWN * 4].decode("utf-8", "replace")[:SHOWN]
    if isinstance(value, (str, int, float, type(None))):
        return str(value)[:SHOWN] if not isinstance(value, int) or value.bit_length() < 4096 else "integer too long"
    return type(value).__name__
