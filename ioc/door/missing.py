"""What an address names that there is not, and what there is instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import redis

from ioc.queries.worlds import worlds
from metrics.world import UnknownWorldVersion

LONGEST: Final = 40  # characters of what was asked for that are repeated
KINDS: Final = {
    "live": ("实时", "live"), "replay": ("回放", "replay"), "exercise": ("演练", "exercise"),
    "whatif": ("推演", "what if"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """A place that there is: its address and its names."""

    href: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Missing:
    """That something is not there, in both languages, and the places that one may go to instead."""

    zh: str
    en: str
    choices: Sequence[Choice]


Find = Callable[[str, str | None, str], Missing | None]  # path, `?world=`, `?lang=` -> what is missing there


def no_page(asked: str, choices: Sequence[Choice], lang: str) -> Missing:
    """Of a page that takes a name: `asked` is none of the names."""
    name = asked[:LONGEST]
    return Missing(f"没有“{name}”，现有：", f"There is no “{name}”. There are:", [_in(each, lang) for each in choices])


def no_world(client: redis.Redis, path: str, asked: str | None, shown: str, lang: str) -> Missing | None:
    """None where no world is asked for, where there is that world (`shown` is the one of the deployment, which may be
    waited for), and while nobody can tell."""
    if not asked or asked == shown:
        return None
    try:
        known = worlds(client)
    except (redis.RedisError, UnknownWorldVersion):
        return None
    if asked in known:
        return None
    choices = [
        Choice(f"{quote(path)}?{urlencode({'world': each.id})}", *(_named(each.id, each.kind, at) for at in (0, 1)))
        for each in known.values()
    ]
    name = asked[:LONGEST]
    return Missing(
        f"没有“{name}”这个世界，现有：",
        f"There is no world “{name}”. There are:",
        [_in(each, lang) for each in choices],
    )


def _named(name: str, kind: str, at: int) -> str:
    said = KINDS[kind][at]
    return said if name == kind else f"{said} {name}"


def _in(choice: Choice, lang: str) -> Choice:
    """The choice in the language that was asked for."""
    if lang != "en":
        return choice
    return Choice(f"{choice.href}{'&' if '?' in choice.href else '?'}lang=en", choice.zh, choice.en)
