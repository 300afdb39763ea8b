"""Memory: what a connector must know after a restart, as one JSON file of its own that is replaced in one step."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1


class UnknownMemory(ValueError):
    """The file was not written by this version of the product; the text names it."""


@dataclass(frozen=True, slots=True)
class Memory:
    """`path` need not exist. Write only what the bus has taken: what is forgotten is sent again and counts once."""

    path: Path

    def load(self) -> dict[str, Any]:
        """What was kept last; nothing at first. Raises UnknownMemory, OSError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            told = json.loads(text)
            version = told["v"]
        except (ValueError, KeyError, TypeError):
            raise UnknownMemory(f"{self.path}: 无法读取，请移走 cannot be read, move it away") from None
        if version != VERSION:
            raise UnknownMemory(f"{self.path}: 版本不识 unknown version {version}")
        kept: dict[str, Any] = told["kept"]
        return kept

    def keep(self, kept: dict[str, Any]) -> None:
        """Replace it. Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with draft.open("w", encoding="utf-8") as out:
            json.dump({"v": VERSION, "kept": kept}, out, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.path)
