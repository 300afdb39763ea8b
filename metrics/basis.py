"""The basis of values: what they rest on beside observations: program, definitions, variants, entered values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics.entered import Entered, read_entries

VERSION = 1


class UnknownBasisVersion(ValueError):
    """A basis was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Basis:
    """`engine`: version of the program; `bundle`: hash of the definitions; `variants`: source -> variant that the world
    names; `entries`: JSON of each value entered by hand, in the order in which they count."""

    engine: str
    bundle: str
    variants: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """16 hex digits that name it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    @property
    def entered(self) -> Entered:
        """The entered values."""
        return Entered(read_entries(self.entries))

    def to_json(self) -> str:
        """Canonical: the same basis has the same text."""
        table = {
            "v": VERSION, "engine": self.engine, "bundle": self.bundle, "variants": dict(self.variants),
            "entered": list(self.entries),
        }  # fmt: skip
        return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str | bytes) -> Basis:
        """Raises UnknownBasisVersion."""
        raw = json.loads(text)
        if raw.get("v") != VERSION:
            raise UnknownBasisVersion(f"basis version {raw.get('v')!r} is not {VERSION}")
        return Basis(raw["engine"], raw["bundle"], raw["variants"], tuple(raw["entered"]))
