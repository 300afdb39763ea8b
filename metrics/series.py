"""Series: the lines of values of some indicator versions, numbered in the order in which they came to be known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import msgpack
import numpy as np
from numpy.typing import NDArray

Lines = NDArray[np.int32]  # places in the heads of a Series
Dims = tuple[tuple[str, str], ...]


class Head:
    """What all values of a line have in common; `region` and `dims` as of `metrics.value.Value`."""

    __slots__ = ("_packed", "dims", "dims_text", "indicator", "name", "region", "version")

    def __init__(self, indicator: str, version: int, region: str, dims: Dims) -> None:
        self.indicator, self.version, self.region, self.dims = indicator, version, region, dims
        self.dims_text = ",".join(f"{name}={value}" for name, value in dims)
        self.name = f"{indicator}|{region}|{self.dims_text}"
        self._packed: bytes | None = None

    @property
    def packed(self) -> bytes:
        """msgpack of its four fields, one behind the other."""
        if self._packed is None:
            fields = (self.indicator, self.version, self.region, self.dims)
            self._packed = b"".join(msgpack.packb(field) for field in fields)
        return self._packed


class Series:
    """Lines by number; they are only ever appended."""

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        self.heads: list[Head] = list(heads)

    def add(self, head: Head) -> int:
        """A further line; its number."""
        self.heads.append(head)
        return len(self.heads) - 1


class Numbering:
    """One number for each name of a series, whoever speaks of it; 0, 1, ... in the order of their first mention."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._known: WeakKeyDictionary[Series, NDArray[np.int32]] = WeakKeyDictionary()

    def of(self, series: Series) -> NDArray[np.int32]:
        """The number of each line."""
        known = self._known.get(series)
        if known is None or len(known) < len(series.heads):
            first = 0 if known is None else len(known)
            numbers = self._numbers
            fresh = [numbers.setdefault(head.name, len(numbers)) for head in series.heads[first:]]
            added = np.array(fresh, np.int32)
            known = self._known[series] = added if known is None else np.concatenate([known, added])
        return known

    def __len__(self) -> int:
        return len(self._numbers)

    def keep(self, kept: NDArray[np.int32]) -> None:
        """Forget all numbers but these (ascending); they become 0, 1, 2, ..."""
        names = list(self._numbers)
        self._numbers = {names[number]: at for at, number in enumerate(kept.tolist())}
        self._known.clear()

    def find(self, name: str) -> int | None:
        """The number of a series, None if it was never mentioned."""
        return self._numbers.get(name)


def series_id(indicator: str, region: str, dims: Sequence[tuple[str, str]] = ()) -> str:
    """`indicator|region|name=value,...`: unique, because ids and codes hold neither `|` nor `=`."""
    return f"{indicator}|{region}|{','.join(f'{name}={value}' for name, value in dims)}"
