"""Entered values: numbers that people wrote down for a region, each valid from an instant on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.measured import Mask, Numbers
from metrics.watermark import BEGINNING


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as entered; `region` empty: of no region; `valid_from_ms` ALWAYS: always; `value` None: withdrawn."""

    name: str
    region: str
    valid_from_ms: int
    value: float | None


class Entered:
    """All entered values by name and region; of equal instants the later entry rules."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        found: dict[tuple[str, str], list[Entry]] = {}
        for entry in entries:
            found.setdefault((entry.name, entry.region), []).append(entry)
        self._since: dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
        self._values: dict[tuple[str, str], tuple[Numbers, Mask]] = {}
        for key, several in found.items():
            several.sort(key=lambda entry: entry.valid_from_ms)
            self._since[key] = np.array([entry.valid_from_ms for entry in several], np.int64)
            values = np.array([entry.value or 0.0 for entry in several])
            self._values[key] = values, np.array([entry.value is not None for entry in several])

    def of_region(self, name: str, region: str, ends: Sequence[int]) -> tuple[Numbers, Mask, Mask]:
        """At each end the value with the newest `valid_from < end`, whether it is a number, and whether there is an
        entry at all; shape (ends,)."""
        since = self._since.get((name, region))
        if since is None:
            nothing = np.zeros(len(ends), np.bool_)
            return np.zeros(len(ends)), nothing, nothing
        place = np.searchsorted(since, np.array(ends, np.int64), side="left") - 1
        there = place >= 0
        values, given = self._values[name, region]
        place = np.maximum(place, 0)
        return np.where(there & given[place], values[place], 0.0), there & given[place], there

    def of_all(self, name: str, root: str | None, ends: Sequence[int]) -> tuple[Numbers, Mask]:
        """The value for the ungrouped total: that of the root, else the one without region; shape (ends,)."""
        value, known, _ = self.of_region(name, "", ends)
        if root is None:
            return value, known
        own, own_known, there = self.of_region(name, root, ends)
        return np.where(there, own, value), np.where(there, own_known, known)


def read_entries(texts: Iterable[bytes | str]) -> list[Entry]:
    """Entries from their JSON (`name`, `region`, `valid_from` in ms or null for always, `value` or null); one that is
    not of this form is left out: nobody but the centre writes them."""
    found = []
    for text in texts:
        try:
            raw = json.loads(text)
            since, value = raw["valid_from"], raw["value"]
            found.append(
                Entry(
                    str(raw["name"]), str(raw.get("region") or ""), ALWAYS if since is None else int(since),
                    None if value is None else float(value),
                )
            )  # fmt: skip
        except (ValueError, KeyError, TypeError):
            continue
    return found


NOTHING = Entered()
ALWAYS = BEGINNING
