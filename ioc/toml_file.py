"""TOML files of people: read, or told where they break."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class NotToml(ValueError):
    """A file that cannot be read or is no TOML: `NAME:LINE:COLUMN: syntax: message`, counted from 1."""


def load(path: Path, name: str) -> dict[str, Any]:
    """The tables of a file; `name` is how errors call it. Raises NotToml."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotToml(f"{name}:0:0: unreadable: 无法读取 cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        line, column = data.count(b"\n", 0, error.start) + 1, len(data[start : error.start].decode("utf-8")) + 1
        raise NotToml(f"{name}:{line}:{column}: syntax: 不是 UTF-8 not UTF-8") from error
    return parse(text, name)


def parse(text: str, name: str) -> dict[str, Any]:
    """The tables of a text. Raises NotToml."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        message = _PLACE.sub("", str(error))
        last = text.rstrip("\n").split("\n")
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (len(last), len(last[-1]) + 1)
        raise NotToml(f"{name}:{line}:{column}: syntax: 不是 TOML not TOML: {message}") from error
