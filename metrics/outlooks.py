"""The outlooks of a world in a checkpoint: those of its versions, and those of versions that are no longer declared.

A later version of the same indicator goes on with one that is gone, or ends its anomalies; without such a version they
are withdrawn. Until that is done its fields stay.
"""

from __future__ import annotations

from collections.abc import Mapping

from metrics.outlook import Outlook
from metrics.outlook_line import Line


class Outlooks:
    """`declared`: by `ID@VERSION`. `left`: those that nobody goes on with, to be withdrawn."""

    def __init__(self, declared: Mapping[str, Outlook]) -> None:
        self._declared = declared
        self._gone: dict[str, tuple[Outlook, list[str]]] = {}  # with the names of their fields
        self._stray: list[str] = []
        self.left: list[tuple[Line, Outlook]] = []

    def changed(self) -> dict[str, bytes | None]:
        """Fields `ID@VERSION/KEY` that differ from the last call; None: delete."""
        out: dict[str, bytes | None] = dict.fromkeys(self._stray)
        self._stray = []
        for name, (outlook, fields) in list(self._gone.items()):
            if outlook.closed:
                out |= dict.fromkeys(fields)
                del self._gone[name]
        self.left = [(line, outlook) for line, outlook in self.left if not outlook.closed]
        for name, outlook in self._declared.items():
            out |= {f"{name}/{key}": memory for key, memory in outlook.changed().items()}
        return out

    def snapshot(self) -> dict[str, bytes]:
        """All fields; does not count as a look at the changes."""
        gone = {name: outlook for name, (outlook, _) in self._gone.items() if not outlook.closed}
        return {
            f"{name}/{key}": memory
            for name, outlook in [*gone.items(), *self._declared.items()]
            for key, memory in outlook.snapshot().items()
        }

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Take the outlooks over from fields. Raises `metrics.memory.UnknownMemoryVersion`, ValueError, KeyError."""
        memories: dict[str, dict[str, bytes]] = {}
        for tail, payload in fields.items():
            name, _, key = tail.partition("/")
            memories.setdefault(name, {})[key] = payload
        past: dict[str, Outlook] = {}
        for name, memory in memories.items():
            if name in self._declared:
                self._declared[name].load(memory)
                continue
            found = Outlook.past(memory)
            names = [f"{name}/{key}" for key in memory]
            if found.closed:
                self._stray += names
            else:
                past[name] = found
                self._gone[name] = found, names
        for found in sorted(past.values(), key=lambda one: one.line.version, reverse=True):
            heir = self._heir(found.line.indicator)
            if heir is None:
                self.left.append((found.line, found))
            else:
                heir.predecessor = found

    def _heir(self, indicator: str) -> Outlook | None:
        """The newest version of an indicator, or one before it, that has not begun and goes on with nobody yet."""
        declared = [one for one in self._declared.values() if one.line.indicator == indicator]
        heir = max(declared, key=lambda one: one.line.version, default=None)
        while heir is not None and heir.normal is None and heir.predecessor is not None:
            heir = heir.predecessor
        return heir if heir is not None and heir.normal is None and not heir.closed else None
