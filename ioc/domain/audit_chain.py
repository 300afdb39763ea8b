"""The chain of the audit: each entry carries the digest of itself and of the one before, so no change stays hidden.

An entry that was edited, taken out or put in breaks the chain at its number; entries cut off at the end are missed by
the head, which is kept beside the chain, and by the anchors, which are kept outside the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

GENESIS: Final = "0" * 64  # what stands before the first entry
DIGESTS: Final = ("sha256", "sm3")  # SM3: GB/T 32905, where the platform's cryptography has it
MOST_DETAIL: Final = 16_000  # characters

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

Broken = Literal["edited", "missing", "cut", "anchor", "head"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what, when, from where. `detail` is canonical JSON; `world` is empty for what belongs to none."""

    seq: int
    at_ms: int
    actor: str  # an account, or the program or the login of the command line that acted
    roles: str  # those it held then, with commas
    address: str
    action: str  # a noun and a verb: `role.grant`, `incident.dispatch`
    subject: str  # what it was done to
    world: str
    detail: str

    def digest(self, before: str, how: str = "sha256") -> str:
        """Hex of the digest over the entry before and this one. Raises ValueError for a digest that is not there."""
        if how not in DIGESTS:
            raise ValueError(f"digest: {how!r} is none of {', '.join(DIGESTS)}")
        text = _CANONICAL({"before": before, **self.said()})
        return hashlib.new(how, text.encode()).hexdigest()

    def said(self) -> dict[str, int | str]:
        """What it says, by the names of its fields."""
        return {
            "seq": self.seq, "at_ms": self.at_ms, "actor": self.actor, "roles": self.roles, "address": self.address,
            "action": self.action, "subject": self.subject, "world": self.world, "detail": self.detail,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is stored: how it was digested, and to what."""

    entry: Entry
    how: str
    digest: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """That the chain had reached this number with this digest: kept elsewhere."""

    seq: int
    digest: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry that is not as it was written: its number, and how it is broken.

    `anchor`: the chain fits itself and not what was kept of it elsewhere: it was written anew up to here. `head`: the
    newest entry is not the one that the head names.
    """

    seq: int
    broken: Broken


def faults(links: Iterable[Link], head: Anchor | None, anchors: Iterable[Anchor]) -> Iterator[Fault]:
    """What is broken, in order of the numbers; nothing for a whole chain. `links` by their numbers.

    After a break the chain is followed from what is stored, so that each further break is told too.
    """
    kept: dict[int, set[str]] = {}
    for anchor in anchors:
        kept.setdefault(anchor.seq, set()).add(anchor.digest)
    before, last = GENESIS, 0
    for link in links:
        seq = link.entry.seq
        if seq != last + 1:
            yield Fault(last + 1, "missing")
        elif link.how not in DIGESTS or link.entry.digest(before, link.how) != link.digest:
            yield Fault(seq, "edited")
        elif any(digest != link.digest for digest in kept.get(seq, ())):
            yield Fault(seq, "anchor")
        before, last = link.digest, seq
    if max([*kept, 0 if head is None else head.seq]) > last:
        yield Fault(last + 1, "cut")
    elif last and (head is None or (head.seq, head.digest) != (last, before)):
        yield Fault(last, "head")


def detail_text(detail: Mapping[str, Any]) -> str:
    """Canonical JSON of what is told beside. Raises ValueError when it is too long or no JSON."""
    text = _CANONICAL(detail)
    if len(text) > MOST_DETAIL:
        raise ValueError(f"detail: longer than {MOST_DETAIL} characters")
    return text
