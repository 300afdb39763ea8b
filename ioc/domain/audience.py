"""An audience: whom a move or a rung tells, by a name, and who that is for a dossier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

NOBODY: Final = "role:duty"  # who is told in the place of somebody that there is not: the desk never closes


@dataclass(frozen=True, slots=True)
class Audience:
    """`which`: the role, or the level of the post. `asks`: what they are told wants an answer."""

    id: str
    zh: str
    en: str
    kind: Literal["owner", "role", "units", "org", "post"]
    which: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What of a dossier says who its audiences are. `units`: those that were sent last. `on_duty`: role -> accounts
    on duty now, where the roster says who that is; else everybody of the role is told."""

    owner: str = ""
    org: str = ""
    region: str = ""
    units: Sequence[str] = ()
    on_duty: Mapping[str, Sequence[str]] = field(default_factory=dict)


def recipients(audience: Audience, about: About, region_of: Callable[[str, str], str]) -> tuple[str, ...]:
    """`person:li`, `role:leader`, `unit:u1`, `org:水务局`, `post:subdistrict:440303001`; never nobody.

    `region_of(code, level)`: the region of that level in which a region lies, empty where there is none.
    """
    found: tuple[str, ...]
    match audience.kind:
        case "owner":
            found = (f"person:{about.owner}",) if about.owner else ()
        case "role":
            here = about.on_duty.get(audience.which, ())
            found = tuple(f"person:{name}" for name in here) or (f"role:{audience.which}",)
        case "units":
            found = tuple(f"unit:{unit}" for unit in dict.fromkeys(about.units))
        case "org":
            found = (f"org:{about.org}",) if about.org else ()
        case "post":
            code = region_of(about.region, audience.which) if audience.which != "city" else "city"
            found = (f"post:{audience.which}:{code}",) if code else ()
    return found or (NOBODY,)
