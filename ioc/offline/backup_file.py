"""Backup files: one tar with a manifest first, then the tables and files that it names, each with size and digest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1
MANIFEST: Final = "manifest.json"
MOST_MANIFEST: Final = 256 * 2**20
CHUNK: Final = 2**20
DATABASE, FILES = "database/", "files/"  # where the members lie


class NoBackup(ValueError):
    """This is no backup that can be restored; the message names the file, the member and the rule."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a backup: its size in bytes and its SHA-256."""

    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`rows`: table -> how many; `head`: (number, digest) of the newest entry of the audit; `members`: path -> file."""

    made_ms: int
    product: str
    revision: str
    rows: Mapping[str, int]
    head: tuple[int, str]
    archive: bool
    members: Mapping[str, Member]


def write(out: Path, manifest: Manifest, folder: Path) -> None:
    """Pack a folder that holds the members; nobody but us may read the file. It is there as a whole, or not at all."""
    draft = out.with_name(f".{out.name}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                text = json.dumps({"v": VERSION} | asdict(manifest), ensure_ascii=False).encode()
                _add(tar, MANIFEST, len(text), io.BytesIO(text))
                for name, member in manifest.members.items():
                    with (folder / name).open("rb") as data:
                        _add(tar, name, member.size, data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """Raises NoBackup, OSError."""
    try:
        with tarfile.open(path) as tar:
            first = tar.next()
            data = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
            if first is None or data is None or first.size > MOST_MANIFEST:
                raise NoBackup(f"{path}: 不是备份 it is no backup: its first member is no {MANIFEST}")
            raw = json.loads(data.read())
        if raw["v"] != VERSION:
            raise NoBackup(f"{path}: 版本 version {raw['v']!r}; {VERSION} is read here")
        return _manifest(raw)
    except NoBackup:
        raise
    except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoBackup(f"{path}: 不是备份 it is no backup: {error}") from None


def unpack(path: Path, manifest: Manifest, folder: Path) -> None:
    """Every member of the manifest below a folder, each checked; anything else in the file is refused.

    Raises NoBackup that names the member, OSError.
    """
    missing = dict(manifest.members)
    try:
        with tarfile.open(path) as tar:
            for each in tar:
                if each.name == MANIFEST:
                    continue
                member = missing.pop(each.name, None)
                data = tar.extractfile(each) if each.isfile() else None
                if member is None or data is None:
                    raise NoBackup(f"{path}: {each.name}: 清单里没有 it is not in the manifest")
                target = folder / each.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as out:
                    shutil.copyfileobj(data, out, CHUNK)
                if measured(target) != member:
                    raise NoBackup(f"{path}: {each.name}: 与清单不符 it is not as the manifest says")
    except tarfile.TarError as error:
        raise NoBackup(f"{path}: 备份不完整 the backup is not whole: {error}") from None
    if missing:
        raise NoBackup(f"{path}: 缺少 missing: {next(iter(missing))} (+{len(missing) - 1})")


def measured(path: Path) -> Member:
    """Size and digest of a file."""
    with path.open("rb") as data:
        return Member(path.stat().st_size, hashlib.file_digest(data, "sha256").hexdigest())


def files(folder: Path) -> Iterator[str]:
    """Paths of the files below a folder, relative to it, in order."""
    yield from (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def _manifest(raw: Mapping[str, Any]) -> Manifest:
    members = {
        _safe(name): Member(int(each["size"]), str(each["digest"])) for name, each in dict(raw["members"]).items()
    }
    return Manifest(
        int(raw["made_ms"]), str(raw["product"]), str(raw["revision"]),
        {str(name): int(count) for name, count in dict(raw["rows"]).items()},
        (int(raw["head"][0]), str(raw["head"][1])), bool(raw["archive"]), members,
    )  # fmt: skip


def _safe(name: str) -> str:
    parts = Path(name).parts
    if not name.startswith((DATABASE, FILES)) or ".." in parts or "\\" in name or "\0" in name:
        raise ValueError(f"no such member may be in it: {name!r}")
    return name


def _add(tar: tarfile.TarFile, name: str, size: int, data: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    tar.addfile(info, data)
