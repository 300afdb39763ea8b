"""Address: a block, a building or an address as it is written, with the region it lies in and the days it is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

Kind = Literal["block", "building", "address"]
KINDS: tuple[Kind, ...] = get_args(Kind)  # from the widest to the narrowest


@dataclass(frozen=True, slots=True)
class Address:
    """`parent` is the code of a wider one, or empty; `region` the narrowest region that is known.

    Degrees are WGS-84. Days are ISO; `valid_to` is exclusive; empty: always, for ever.
    """

    code: str
    kind: Kind
    name: str
    parent: str
    region: str
    lon: float | None = None
    lat: float | None = None
    valid_from: str = ""
    valid_to: str = ""

    def valid_on(self, day: date) -> bool:
        """Whether it is true on a day."""
        told = day.isoformat()
        return self.valid_from <= told and (not self.valid_to or told < self.valid_to)
