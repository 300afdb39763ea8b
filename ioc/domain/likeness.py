"""Likeness: whether two reports may be about one thing, by place, time and text, with the reasons in words.

What is not known of one of them counts for nothing; what speaks against it (too far, too long ago) rules it out. A
proposal is a question to a person, never an answer.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

NEAR_M, FAR_M = 100.0, 1_500.0  # the same place; no longer the same place
SOON_MS, LONG_MS = 10 * 60_000, 6 * 3_600_000
WEIGHTS: Final = {"place": 0.4, "time": 0.25, "text": 0.35}
PROPOSED: Final = 0.64  # from here on it is worth a question
EARTH_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class Matter:
    """What is compared of a report. `region`: the narrowest known code, empty for none; `title` with what was said."""

    id: str
    title: str
    at_ms: int
    class_: str = ""
    region: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for it: place, time or text, how much (0..1), in words."""

    kind: str
    share: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """The other one, how alike the two are (0..1), and why."""

    id: str
    score: float
    reasons: tuple[Reason, ...]


def alike(one: Matter, others: Iterable[Matter], most: int = 5) -> tuple[Likeness, ...]:
    """Those that may be the same thing, the likest first."""
    found = [like for other in others if other.id != one.id and (like := compared(one, other)) is not None]
    return tuple(sorted(found, key=lambda like: (-like.score, like.id))[:most])


def compared(one: Matter, other: Matter) -> Likeness | None:
    """How alike two are; None where that is not worth a question."""
    if one.class_ and other.class_ and one.class_ != other.class_:
        return None
    reasons = [reason for reason in (_place(one, other), _time(one, other), _text(one, other)) if reason is not None]
    if any(reason.share <= 0 and reason.kind != "text" for reason in reasons) or len(reasons) < 3:
        return None
    score = sum(WEIGHTS[reason.kind] * reason.share for reason in reasons)
    return Likeness(other.id, round(score, 3), tuple(reasons)) if score >= PROPOSED else None


def _place(one: Matter, other: Matter) -> Reason | None:
    if one.lon is not None and one.lat is not None and other.lon is not None and other.lat is not None:
        metres = distance_m(one.lon, one.lat, other.lon, other.lat)
        share = _falling(metres, NEAR_M, FAR_M)
        return Reason("place", share, f"相距 {metres:.0f} 米", f"{metres:.0f} m apart")
    if not one.region or not other.region:
        return None
    short, long = sorted((one.region, other.region), key=len)
    if one.region == other.region:
        share = 0.9 if len(short) > 9 else 0.6  # a community, or a whole subdistrict
        return Reason("place", share, "同一区域", "in one region")
    if long.startswith(short):
        return Reason("place", 0.5, "一处在另一处之内", "one lies within the other")
    return Reason("place", 0.0, "不在同一区域", "in different regions")


def _time(one: Matter, other: Matter) -> Reason:
    apart = abs(one.at_ms - other.at_ms)
    minutes = apart // 60_000
    return Reason("time", _falling(apart, SOON_MS, LONG_MS), f"相隔 {minutes} 分钟", f"{minutes} min apart")


def _text(one: Matter, other: Matter) -> Reason:
    """Common characters in pairs, of what is common and what is not (Dice)."""
    mine, theirs = _pairs(one.title), _pairs(other.title)
    common = mine & theirs
    total = sum(mine.values()) + sum(theirs.values())
    share = 2 * sum(common.values()) / total if total else 0.0
    words = "、".join(_runs(one.title, other.title)[:4])
    return Reason("text", share, f"文字相近 {share:.0%}：{words}", f"texts {share:.0%} alike: {words}")


def _runs(one: str, other: str) -> list[str]:
    """What both say word for word, in order: for the reader."""
    mine, theirs = _plain(one), _plain(other)
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return [mine[block.a : block.a + block.size] for block in blocks if block.size > 1]


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).lower() if sign.isalnum())


def _pairs(text: str) -> Counter[str]:
    plain = _plain(text)
    return Counter(plain[at : at + 2] for at in range(len(plain) - 1))


def _falling(value: float, full: float, none: float) -> float:
    return min(1.0, max(0.0, (none - value) / (none - full)))


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres over the ground between two points, degrees WGS-84 (haversine on a sphere)."""
    a, b = math.radians(lat), math.radians(other_lat)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))
