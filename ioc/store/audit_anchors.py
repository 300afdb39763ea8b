"""The anchors of the audit: how far its chain had come at some times, in a file outside the database."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ioc.domain.audit_chain import Anchor

FILE: Final = "audit-anchors.jsonl"  # below the data directory; only added to, one JSON object a line
VERSION: Final = 1


class BadAnchors(ValueError):
    """The file has a line that is no anchor."""


class Anchors:
    """The file of anchors in a directory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE

    def read(self) -> Sequence[Anchor]:
        """In the order of their writing; none where there is no file. Raises BadAnchors, OSError."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return ()
        found = []
        for number, line in enumerate(lines, 1):
            try:
                raw = json.loads(line)
                if raw["v"] != VERSION:
                    raise ValueError(line)
                found.append(Anchor(int(raw["seq"]), str(raw["digest"]), int(raw["at_ms"])))
            except (ValueError, KeyError, TypeError):
                raise BadAnchors(f"{self.path}:{number}: 不是锚点 no anchor") from None
        return found

    def add(self, head: Anchor, now_ms: int) -> Anchor | None:
        """Write the head of the chain down, durably; None where it has not gone on. Raises BadAnchors, OSError."""
        known = self.read()
        if known and (known[-1].seq, known[-1].digest) == (head.seq, head.digest):
            return None
        made = Anchor(head.seq, head.digest, now_ms)
        line = json.dumps({"v": VERSION, **asdict(made)}) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(descriptor)
        return made
