"""The text in which an indicator is defined: its own table out of the pack's file, with the comment above it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from ioc.packs.files import PACKS

FILE = "indicators.toml"
TABLE = "[[indicator]]"


def definition_text(name: str, version: int, root: Path = PACKS) -> str:
    """The text of a version, empty where no pack of `root` declares it."""
    return _texts(root).get((name, version), "")


@cache
def _texts(root: Path) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for path in sorted(root.glob(f"*/{FILE}")):
        for text in _parts(path.read_text(encoding="utf-8").splitlines()):
            table = tomllib.loads(text)["indicator"][0]
            found[table["id"], table.get("version", 1)] = text
    return found


def _parts(lines: list[str]) -> list[str]:
    """One text for each table, its comment (unbroken lines above it) with it and not with the one before."""
    starts = [at for at, line in enumerate(lines) if line.strip() == TABLE]
    begins = []
    for at in starts:
        above = 0
        while at > above and lines[at - above - 1].startswith("#"):
            above += 1
        begins.append(at - above)
    return ["\n".join(lines[at:end]).strip() + "\n" for at, end in zip(begins, [*begins[1:], len(lines)], strict=True)]
