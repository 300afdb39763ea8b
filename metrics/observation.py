"""A columnar batch of observations: the engine's only input, and the dictionary that makes text dense integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from metrics.column import Column


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one source in the order they arrived; all arrays have one length.

    `time` is event time in ms UTC. `entity` holds codes into `entities`, never negative. `fields` has a column for
    each declared field other than the time and entity field; a field without any value may be absent. `arrival_ms` is
    the real time at which the batch was read.
    """

    source: str
    time: NDArray[np.int64]
    entity: NDArray[np.int32]
    entities: Sequence[str]
    fields: Mapping[str, Column]
    arrival_ms: int = 0

    @property
    def rows(self) -> int:
        return len(self.time)


class Dictionary(Sequence[str]):
    """Text to dense code, append-only: a code changes its meaning only when its owner renumbers all of them.

    The state of a source owns one for its entities, so that arrays can be indexed by code for as long as it lives.
    """

    __slots__ = ("_codes", "_texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: list[str] = list(texts)
        self._codes: dict[str, int] = {text: code for code, text in enumerate(self._texts)}

    @overload
    def __getitem__(self, code: int) -> str: ...
    @overload
    def __getitem__(self, code: slice) -> list[str]: ...
    def __getitem__(self, code: int | slice) -> str | list[str]:
        return self._texts[code]

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def code(self, text: str) -> int:
        """The code of `text`, a new one if it was never seen."""
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self._texts)
            self._texts.append(text)
        return code

    def get(self, text: str) -> int | None:
        """The code of `text` if it was seen."""
        return self._codes.get(text)

    def keep(self, kept: NDArray[np.int64]) -> None:
        """Leave out all codes but these (ascending); they become 0, 1, 2, ..."""
        self._texts[:] = [self._texts[code] for code in kept.tolist()]
        self._codes = {text: code for code, text in enumerate(self._texts)}

    def ranks(self) -> NDArray[np.int64]:
        """The place of each text among all in code point order, by code."""
        order = sorted(range(len(self._texts)), key=self._texts.__getitem__)
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        return ranks

    def codes(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The code of each text, new ones where needed: with `take`, the map from a foreign dictionary to this one."""
        if texts is self:
            return np.arange(len(self._texts), dtype=np.int32)
        codes = list(map(self._codes.get, texts))
        if None in codes:
            codes = [self.code(text) for text in texts]
        return np.array(codes, np.int32)
