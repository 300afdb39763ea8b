"""`channels.toml` in the data directory: by which channels people outside are told, and who is behind which.

Secrets do not stand in it: it names the file or the environment variable that holds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from ioc.packs.escalation import Kind
from ioc.packs.files import PackErrors, line, read
from ioc.packs.language import Closed, Text
from ioc.packs.life_cycles import Id
from ioc.sources.connect.connectors_file import SecretTable

FILE: Final = "channels.toml"
LIVE: Final = "live"
_WHO = re.compile(r"(?:person|role|unit|org|post):[^*\s]*\*?")
_SLOT = re.compile(r"\{([a-z_]+)\}")


def _who(text: str) -> str:
    if _WHO.fullmatch(text) is None:
        raise ValueError(
            "person:NAME, role:ROLE, unit:ID, org:NAME or post:LEVEL:CODE; a * at the end: all that begin so"
        )
    return text


class ChannelTable(Closed):
    """A channel: an address in the form of apprise with `{name}` for each secret. `per_minute`: what it takes.

    `exercises`: whether worlds other than the live one may use it; they may not unless it is said.
    """

    zh: Text | None = None
    en: Text | None = None
    kind: Kind
    url: Annotated[str, Field(min_length=5, max_length=1000)]
    secret: dict[Id, SecretTable] = Field(default_factory=dict)
    per_minute: Annotated[int, Field(ge=1, le=10_000)] = 20
    exercises: bool = False


class ReachTable(Closed):
    """Who is behind which channels, those tried first named first."""

    who: Annotated[str, AfterValidator(_who)]
    channels: Annotated[list[Id], Field(min_length=1, max_length=10)]


class ChannelsFile(Closed):
    """The file."""

    channel: dict[Id, ChannelTable] = Field(default_factory=dict)
    reach: list[ReachTable] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of a data directory, and who is reached by which."""

    channel: Mapping[str, ChannelTable]
    reach: Sequence[ReachTable]

    def ways(self, recipient: str, kinds: Sequence[str], world: str) -> tuple[str, ...]:
        """The channels to a recipient, in the order of the kinds that are asked for (none: as the file has them).

        Where none of these kinds leads there, any that does: an order by mail is better than none. The first entry
        that names the recipient counts.
        """
        found = next((each.channels for each in self.reach if _meant(each.who, recipient)), [])
        open_ = [name for name in found if world == LIVE or self.channel[name].exercises]
        fitting = [name for kind in kinds for name in open_ if self.channel[name].kind == kind]
        return tuple(dict.fromkeys(fitting or open_))


def load(home: Path) -> Channels:
    """The channels of a data directory; none without the file. Raises PackErrors."""
    path = home / FILE
    if not path.exists():
        return Channels({}, ())
    found = read(path, ChannelsFile, home).model
    faults = []
    for name, channel in found.channel.items():
        for slot in sorted(set(_SLOT.findall(channel.url)) ^ set(channel.secret)):
            faults.append(
                line(FILE, f"channel.{name}.secret", "unknown-name", f"{{{slot}}} and its secret belong together")
            )
    faults += [
        line(FILE, f"reach.{number}.channels", "unknown-name", f"there is no channel '{name}'")
        for number, each in enumerate(found.reach, 1)
        for name in each.channels
        if name not in found.channel
    ]
    if faults:
        raise PackErrors(faults)
    return Channels(found.channel, tuple(found.reach))


def _meant(who: str, recipient: str) -> bool:
    return recipient.startswith(who[:-1]) if who.endswith("*") else recipient == who
