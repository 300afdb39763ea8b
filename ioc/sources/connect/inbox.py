"""An inbox: a folder into which other systems put files; each is taken once, whole, and moved away with a report.

A file is taken when its size and time were the same at two looks: by a rename into `processing`, so that nobody else
takes it too. When it has been dealt with it lies in `processed` or `failed`, its report beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

PROCESSING, PROCESSED, FAILED = "processing", "processed", "failed"
REPORT = ".report.json"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")  # names under which copying programs write


@dataclass(frozen=True, slots=True)
class Taken:
    """A file in `processing`; `digest` is the SHA-256 of its content, `size` in bytes."""

    inbox: Path
    path: Path
    digest: str
    size: int

    @property
    def name(self) -> str:
        """As it was dropped."""
        return self.path.name

    def unchanged(self) -> bool:
        """Whether it is still as it was taken: a writer may have kept it open."""
        with self.path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == self.digest

    def finish(self, into: Literal["processed", "failed"], report: Mapping[str, Any]) -> Path:
        """Write the report, then move the file: whoever sees it there sees its report. Returns where it is."""
        folder = self.inbox / into
        target = folder / self.name
        if target.exists():  # another content, or the same once more
            target = folder / f"{self.path.stem}~{self.digest[:8]}{self.path.suffix}"
        told = target.with_name(target.name + REPORT)
        draft = told.with_name(f".{told.name}")
        draft.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.replace(told)
        os.replace(self.path, target)
        return target


@dataclass(slots=True)
class Inbox:
    """`endings` of names that are taken, in small letters; others stay, as do links and what cannot be read."""

    folder: Path
    endings: Collection[str]
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the folders. Raises OSError."""
        for name in (PROCESSING, PROCESSED, FAILED):
            (self.folder / name).mkdir(mode=0o750, parents=True, exist_ok=True)

    def take(self) -> Iterator[Taken]:
        """What was left behind by an earlier run, then each file that is ready. Raises OSError."""
        for path in sorted((self.folder / PROCESSING).iterdir()):
            if self._is_ours(path):
                yield self._taken(path)
        seen: dict[str, tuple[int, int]] = {}
        for path in sorted(self.folder.iterdir()):
            if not self._is_ours(path):
                continue
            about = path.lstat()
            seen[path.name] = (about.st_size, about.st_mtime_ns)
            if self._seen.get(path.name) != seen[path.name]:
                continue
            home = self.folder / PROCESSING / path.name
            try:
                os.rename(path, home)
            except FileNotFoundError:  # withdrawn
                continue
            yield self._taken(home)
        self._seen = seen

    def _is_ours(self, path: Path) -> bool:
        name = path.name.lower()
        if name.startswith(".") or name.endswith(_UNFINISHED) or not name.endswith(tuple(self.endings)):
            return False
        try:
            return stat.S_ISREG(path.lstat().st_mode) and os.access(path, os.R_OK)
        except FileNotFoundError:
            return False

    def _taken(self, path: Path) -> Taken:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        return Taken(self.folder, path, digest, path.stat().st_size)
