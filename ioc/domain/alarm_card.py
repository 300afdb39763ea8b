"""Cards: alarms that belong together, by place, time and cause, so that a person reads ten things and not ten thousand.

A card takes alarms for a while from its first one (its window, in the time of the alarms). A window that has ended is
locked: what comes later, also of an earlier time, opens a card of its own, so that a card that was read and handed over
is never another one afterwards. In a flood cards are wide: one for each scene in the whole district, and one for feeds
that are lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FEED: Final = "feed"  # the cause of what is not known any more
UNKNOWN: Final = "other"  # of an indicator that no pack declares
FEED_CONDITIONS: Final = frozenset({"no_data", "stale"})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why alarms of an indicator belong together: an event type, or else its scene; `family` is the class of an
    emergency, empty where it is none."""

    id: str
    zh: str
    en: str
    scene: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A region with the ones above it: `subdistrict` is empty for the district and what is nowhere."""

    code: str
    district: str
    subdistrict: str


@dataclass(frozen=True, slots=True)
class Key:
    """What alarms of one card share: a region and a cause. `wide`: a card of a flood."""

    place: str
    cause: str
    wide: bool = False


def key(cause: Cause, place: Place, condition: str, *, flood: bool) -> Key:
    """The card that an alarm belongs on. In a flood: by scene alone; what is lost is one card at any time."""
    if condition in FEED_CONDITIONS:
        return Key(place.district, FEED, flood)
    if flood:
        return Key(place.district, cause.scene, wide=True)
    return Key(place.subdistrict or place.district, cause.id)


def lies_over(lost: Mapping[tuple[str, str], object], indicator: str, chain: tuple[str, ...]) -> bool:
    """Whether the feed of an alarm's indicator is lost, in its region or one above it (`chain`): what the alarm says is
    then what was known last. `lost`: indicators and regions of which nothing is heard."""
    return any((indicator, region) in lost for region in chain)
