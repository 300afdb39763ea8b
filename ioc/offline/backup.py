"""Backups: the database of one moment and the files of the data directory, in one file; restored on an empty host.

The data bus is not in it: the engine builds its state anew from the archive, and what flows flows on.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ioc.offline import backup_file
from ioc.offline.backup_file import DATABASE, FILES, Manifest, NoBackup
from ioc.queries import audit
from ioc.services.audit import record
from ioc.settings import DATABASE as DATABASE_FILE
from ioc.settings import SEAL_KEY
from ioc.store import copy
from ioc.store.audit_anchors import Anchors
from ioc.store.copy import Copied
from ioc.store.unit import Store
from metrics.version import VERSION as PRODUCT

ARCHIVE: Final = "archive"
# Of the running system or made anew by it, and the key without which a backup tells no secret of a second factor;
# everything else in the data directory is kept.
LEFT_OUT: Final = (
    f"{DATABASE_FILE}*", SEAL_KEY, "valkey", "valkey.*", "logs", "supervisor.lock", "links.json", "connections.json",
    "*.sock", ".*", "*.draft", "video",
)  # fmt: skip
LOOKS: Final = 20  # the archive merges its parts now and then: so often it is looked at until nothing has moved

Say = Callable[[str], None]


class ArchiveMoves(RuntimeError):
    """The archive was merged anew each time it was looked at."""


class NotRestored(RuntimeError):
    """The place is not empty, or what was restored is not what was backed up; the message says what."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    manifest: Manifest
    audit_entries: int
    files: int


def backup(store: Store, data: Path, out: Path, *, archive: bool, now_ms: int, say: Say) -> Manifest:
    """Write a backup while the centre runs. Raises ArchiveMoves, OSError; then there is no file."""
    with store.write() as unit:
        record(unit, "backup.take", out.name, now_ms, {"archive": archive})
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=data) as home:
        folder = Path(home)
        _hold(data, folder / FILES, archive=archive)
        (folder / DATABASE).mkdir()
        copied = copy.take(store, folder / DATABASE)
        head = audit.head(store)
        members = {name: backup_file.measured(folder / name) for name in backup_file.files(folder)}
        say(f"{len(members)} 个文件 files, {sum(each.size for each in members.values()) / 1e6:,.1f} MB")
        manifest = Manifest(
            now_ms,
            PRODUCT,
            copied.revision,
            copied.rows,
            (head.seq, head.digest) if head else (0, ""),
            archive,
            members,
        )
        backup_file.write(out, manifest, folder)
    return manifest


def restore(path: Path, data: Path, store: Store, *, now_ms: int, say: Say) -> Restored:
    """Put a backup into an empty data directory and an empty database. Raises NoBackup, NotRestored,
    schema.UnknownSchema, copy.NotEmpty, OSError; files are put in place last, when everything has been checked."""
    manifest = backup_file.read_manifest(path)
    kept = (each.name for each in data.iterdir() if not each.name.startswith(DATABASE_FILE) and each.name != SEAL_KEY)
    if there := sorted(kept):
        raise NotRestored(f"{data}: 目录不是空的 the directory is not empty: {', '.join(there[:5])}")
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as home:
        folder = Path(home)
        backup_file.unpack(path, manifest, folder)
        say(f"{len(manifest.members)} 个文件核对无误 files are as the manifest says")
        try:
            copy.put(store, folder / DATABASE, Copied(manifest.revision, manifest.rows))
        except ValueError as error:
            raise NoBackup(f"{path}: {error}") from None
        entries = _checked(store, manifest, folder / FILES)
        files = folder / FILES
        moved = 0
        if files.is_dir():
            moved = sum(1 for _ in backup_file.files(files))
            for each in files.iterdir():
                shutil.move(each, data / each.name)
    with store.write() as unit:
        record(unit, "backup.restore", path.name[:100], now_ms, {"made_ms": manifest.made_ms, "head": manifest.head[0]})
    return Restored(manifest, entries, moved)


def _checked(store: Store, manifest: Manifest, files: Path) -> int:
    """The number of audit entries. Raises NotRestored where counts or the chain are not those of the backup."""
    counts = copy.counts(store)
    wrong = [name for name, count in manifest.rows.items() if counts.get(name, count) != count]
    entries, faults = audit.verify(store, Anchors(files).read())
    head = audit.head(store)
    if wrong:
        raise NotRestored(f"行数不符 other counts than in the backup: {', '.join(wrong)}")
    if faults or (head is not None and (head.seq, head.digest) != tuple(manifest.head)):
        first = faults[0].seq if faults else manifest.head[0]
        raise NotRestored(f"审计链在第 {first} 条处断裂 the chain of the audit is broken at entry {first}")
    return entries


def _hold(data: Path, folder: Path, *, archive: bool) -> None:
    """Link (or copy) the files to keep into a folder, so that nothing of them goes or changes meanwhile."""
    folder.mkdir(parents=True)
    for each in sorted(data.iterdir()):
        if any(fnmatch.fnmatch(each.name, name) for name in LEFT_OUT) or each.name == ARCHIVE or each.is_symlink():
            continue
        if each.is_dir():
            shutil.copytree(each, folder / each.name)
        elif each.is_file():
            shutil.copy2(each, folder / each.name)
    if archive and (data / ARCHIVE).is_dir():
        _hold_archive(data / ARCHIVE, folder / ARCHIVE)


def _hold_archive(archive: Path, folder: Path) -> None:
    """Its parts never change, they come and go: linked are those of a moment at which none went and none came."""
    for _ in range(LOOKS):
        before = [name for name in backup_file.files(archive) if not name.endswith(".draft")]
        try:
            for name in before:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _link(archive / name, folder / name)
        except FileNotFoundError:
            pass
        else:
            if before == [name for name in backup_file.files(archive) if not name.endswith(".draft")]:
                return
        shutil.rmtree(folder, ignore_errors=True)
    raise ArchiveMoves("归档正在合并，请稍后再试 the archive is being merged: try again in a minute")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
