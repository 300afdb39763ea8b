"""Texts on arrays: dictionary codes that are compared, ordered and chosen as the texts they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.exact import Truth

_ORDERED = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(slots=True)
class Texts:
    """A code into `dictionary` for every row, or one text for all rows."""

    codes: NDArray[Any] | str
    dictionary: Sequence[str] = ()

    def compare(self, operator: str, other: Texts) -> Truth:
        """Where `self operator other` holds; order is that of code points."""
        if operator in ("=", "!="):
            same = self._same(other)
            if operator == "=":
                return same
            return ~same if isinstance(same, np.ndarray) else not same
        left, right, _ = _ranked(self, other)
        found = _ORDERED[operator](left, right)
        return found if isinstance(found, np.ndarray) else bool(found)

    def _same(self, other: Texts) -> Truth:
        if isinstance(self.codes, str) and isinstance(other.codes, str):
            return bool(self.codes == other.codes)
        if isinstance(other.codes, str):
            return _equal_to(self.codes, self.dictionary, other.codes)
        if isinstance(self.codes, str):
            return _equal_to(other.codes, other.dictionary, self.codes)
        if self.dictionary is other.dictionary:
            return np.asarray(self.codes == other.codes)
        left, right, _ = _ranked(self, other)
        return np.asarray(left == right)

    def where(self, mask: NDArray[np.bool_], other: Texts) -> Texts:
        """These texts where the mask is true, the other's elsewhere."""
        if self.dictionary is other.dictionary and not isinstance(self.codes, str) and not isinstance(other.codes, str):
            return Texts(np.where(mask, self.codes, other.codes), self.dictionary)
        left, right, dictionary = _ranked(self, other)
        return Texts(np.where(mask, left, right), dictionary)


def _equal_to(codes: Any, dictionary: Sequence[str], text: str) -> Truth:
    try:
        code = dictionary.index(text)
    except ValueError:
        return False
    found: NDArray[np.bool_] = codes == code
    return found


def _ranked(one: Texts, two: Texts) -> tuple[Any, Any, list[str]]:
    """Codes of both into one sorted dictionary."""
    texts = {
        text for side in (one, two) for text in (side.dictionary if not isinstance(side.codes, str) else [side.codes])
    }
    dictionary = sorted(texts)
    rank = {text: number for number, text in enumerate(dictionary)}
    return _recoded(one, rank), _recoded(two, rank), dictionary


def _recoded(side: Texts, rank: dict[str, int]) -> Any:
    if isinstance(side.codes, str):
        return np.int32(rank[side.codes])
    # One place more, for code -1 and for an empty dictionary: those rows are null.
    table = np.array([*(rank[text] for text in side.dictionary), 0], dtype=np.int32)
    return table[side.codes]
