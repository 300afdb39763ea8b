"""A backup holds what cannot be made anew, of one moment; a restored centre is the one that was backed up."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from ioc.offline import backup_file
from ioc.offline.backup import NotRestored, backup, restore
from ioc.offline.backup_file import NoBackup
from ioc.packs.content import load
from ioc.packs.life_cycles import life_cycles
from ioc.queries import audit
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.services.people import add_person, everyone
from ioc.store import copy, schema
from ioc.store.audit_anchors import Anchors
from ioc.store.copy import NotEmpty
from ioc.store.outbox_table import OutboxRow
from ioc.store.unit import Store

pytestmark = pytest.mark.service

T0 = 1_790_000_000_000
INCIDENT = life_cycles(load())["incident"]


class Lived:
    """A centre that has been at work: a database and a data directory."""

    def __init__(self, home: Path) -> None:
        self.data = home / "var"
        self.data.mkdir()
        self.store = Store(f"sqlite:///{self.data}/ioc.sqlite3")
        schema.upgrade(self.store)
        add_person(self.store, "wang", (), None, T0, title="王")
        self.dossier = dossiers.receive(
            self.store, INCIDENT, Received("incident", "东门积水", T0, lon=114.12, lat=22.55, facts={"深": 0.4}),
            by="wang", now_ms=T0,
        )  # fmt: skip
        with self.store.write() as unit:
            unit.execute(insert(OutboxRow), [_row(7), _row(8)])
        (self.data / "archive" / "live").mkdir(parents=True)
        (self.data / "archive" / "live" / "part-1.parquet").write_bytes(b"PAR1" * 1000)
        (self.data / "archive" / "live" / "part-2.parquet.draft").write_bytes(b"half")
        (self.data / "channels.toml").write_text("# 通道\n", encoding="utf-8")
        (self.data / "links.json").write_text('{"leader": "once"}')
        (self.data / "second_factor.key").write_text("a key")
        (self.data / "valkey").mkdir()
        (self.data / "valkey" / "users.acl").write_text("user ioc on >secret")
        head = audit.head(self.store)
        assert head is not None
        Anchors(self.data).add(head, T0)


def _row(seq: int) -> dict[str, Any]:
    return {"seq": seq, "world": "live", "source": "order", "entity": "o", "at_ms": T0, "fields": "{}", "made_ms": T0}


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Lived]:
    (tmp_path / "old").mkdir()
    found = Lived(tmp_path / "old")
    yield found
    found.store.close()


@pytest.fixture
def kept(lived: Lived, tmp_path: Path) -> Path:
    backup(lived.store, lived.data, tmp_path / "b.tar", archive=True, now_ms=T0 + 5, say=lambda _: None)
    return tmp_path / "b.tar"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def test_an_empty_host_of_either_database_becomes_the_centre_that_was_backed_up(
    lived: Lived, kept: Path, place: Path, empty_store: Store
) -> None:
    assert kept.stat().st_mode & 0o777 == 0o600
    before = copy.counts(lived.store)
    told: list[str] = []
    (place / "second_factor.key").write_text("a key")  # kept apart, put back before or after
    found = restore(kept, place, empty_store, now_ms=T0 + 9, say=told.append)
    after = copy.counts(empty_store)
    assert after == before | {"audit": before["audit"] + 1}  # that it was restored is on the record
    assert audit.verify(empty_store, Anchors(place).read()) == (before["audit"] + 1, [])
    assert found.audit_entries == before["audit"]
    assert dossiers.find(empty_store, lived.dossier.id) == lived.dossier
    assert everyone(empty_store) == everyone(lived.store)
    assert list(backup_file.files(place)) == [
        "archive/live/part-1.parquet", "audit-anchors.jsonl", "channels.toml", "second_factor.key",
    ]  # fmt: skip
    assert (place / "archive/live/part-1.parquet").read_bytes() == b"PAR1" * 1000
    moved = dossiers.act(
        empty_store, INCIDENT, lived.dossier.id, "verify", {"class": "natural", "level": 2}, version=1,
        permissions=["incident.handle"], by="wang", now_ms=T0 + 60_000,
    )  # fmt: skip
    assert moved.stage == "verified"
    with empty_store.read() as unit:
        assert int(unit.scalar(text("SELECT min(seq) FROM outbox WHERE seq > 8")) or 0) > 8  # numbered on behind them


def test_without_the_archive_it_is_left_out_and_said_so(lived: Lived, tmp_path: Path) -> None:
    out = tmp_path / "small.tar"
    made = backup(lived.store, lived.data, out, archive=False, now_ms=T0, say=lambda _: None)
    assert not made.archive
    assert [name for name in made.members if "parquet" in name] == []


def test_what_is_there_is_never_written_over(kept: Path, place: Path, sqlite_store: Store) -> None:
    with pytest.raises(NotEmpty, match="not empty"):
        restore(kept, place, sqlite_store, now_ms=T0, say=lambda _: None)
    (place / "channels.toml").write_text("mine")
    with pytest.raises(NotRestored, match=r"channels\.toml"):
        restore(kept, place, sqlite_store, now_ms=T0, say=lambda _: None)
    assert (place / "channels.toml").read_text() == "mine"


def test_a_backup_of_an_older_program_is_brought_on_and_one_of_a_newer_is_refused_by_name(
    tmp_path: Path, place: Path
) -> None:
    old = Store(f"sqlite:///{tmp_path}/old.sqlite3")
    schema.upgrade(old, to="0006")
    data = tmp_path / "var"
    data.mkdir()
    out = tmp_path / "b.tar"
    made = backup(old, data, out, archive=True, now_ms=T0, say=lambda _: None)
    old.close()
    assert made.revision == "0006"
    new = Store(f"sqlite:///{place}/ioc.sqlite3")
    restore(out, place, new, now_ms=T0, say=lambda _: None)
    assert schema.revision(new) == schema.head()
    new.close()
    changed(out, manifest={"revision": "9999"})
    newer = Store(f"sqlite:///{tmp_path}/newer.sqlite3")
    with pytest.raises(schema.UnknownSchema, match="9999"):
        restore(out, empty(tmp_path / "other"), newer, now_ms=T0, say=lambda _: None)
    newer.close()


def empty(path: Path) -> Path:
    path.mkdir()
    return path


def changed(path: Path, members: dict[str, bytes | None] | None = None, manifest: dict[str, Any] | None = None) -> None:
    """Another backup: members replaced, left out (None) or added, digests as they are then; the manifest changed."""
    with tarfile.open(path) as tar:
        parts = {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]
    said = json.loads(parts.pop("manifest.json"))
    for name, data in (members or {}).items():
        if data is None:
            del parts[name]
        else:
            parts[name] = data
    said |= manifest or {}
    with tarfile.open(path, "w") as tar:
        for name, data in {"manifest.json": json.dumps(said).encode(), **parts}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def member(path: Path, name: str) -> bytes:
    with tarfile.open(path) as tar:
        return tar.extractfile(name).read()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("members", "manifest", "rule"),
    [
        ({"files/channels.toml": b"# other\n"}, {}, "files/channels.toml: 与清单不符"),
        ({"files/channels.toml": None}, {}, "缺少 missing: files/channels.toml"),
        ({"files/extra": b"x"}, {}, "files/extra: 清单里没有"),
        ({}, {"v": 2}, "version 2"),
        ({}, {"members": {"files/../../etc/x": {"size": 1, "digest": "0"}}}, "no such member"),
        ({}, {"members": {"/etc/x": {"size": 1, "digest": "0"}}}, "no such member"),
        ({}, {"rows": {}}, "do not fit revision"),
    ],
)
def test_a_backup_that_is_not_as_its_manifest_says_restores_nothing(  # noqa: PLR0917
    kept: Path, place: Path, tmp_path: Path, members: dict[str, bytes | None], manifest: dict[str, Any], rule: str
) -> None:
    changed(kept, members, manifest)
    store = Store(f"sqlite:///{tmp_path}/x.sqlite3")
    with pytest.raises(NoBackup, match=rule):
        restore(kept, place, store, now_ms=T0, say=lambda _: None)
    store.close()
    assert list(place.iterdir()) == []


def test_a_row_of_the_audit_that_was_edited_in_the_backup_is_named(kept: Path, place: Path, tmp_path: Path) -> None:
    rows = gzip.decompress(member(kept, "database/audit.jsonl.gz")).decode().splitlines()
    edited = [json.dumps(json.loads(row) | {"actor": "nobody"}) if json.loads(row)["seq"] == 2 else row for row in rows]
    data = gzip.compress(("\n".join(edited) + "\n").encode())
    (tmp_path / "rows").write_bytes(data)
    said = json.loads(member(kept, "manifest.json"))
    facts = backup_file.measured(tmp_path / "rows")
    said["members"]["database/audit.jsonl.gz"] = {"size": facts.size, "digest": facts.digest}
    changed(kept, {"database/audit.jsonl.gz": data}, said)
    store = Store(f"sqlite:///{tmp_path}/x.sqlite3")
    with pytest.raises(NotRestored, match="broken at entry 2"):
        restore(kept, place, store, now_ms=T0, say=lambda _: None)
    store.close()


def test_the_commands_back_up_and_restore_and_a_refused_one_leaves_the_host_empty(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived.store.close()
    monkeypatch.setenv("IOC_DATA_DIR", str(lived.data))
    run, out = CliRunner(), tmp_path / "b.tar"
    made = run.invoke(app, ["backup", "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert run.invoke(app, ["backup", "--out", str(out)]).exit_code == 4  # never over another
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "new"))
    (tmp_path / "no.tar").write_bytes(b"no tar")
    refused = run.invoke(app, ["restore", str(tmp_path / "no.tar")])
    assert (refused.exit_code, list((tmp_path / "new").iterdir())) == (4, [])
    done = run.invoke(app, ["restore", str(out)])
    assert done.exit_code == 0, done.output
    assert "审计链完整" in done.stdout
    again = run.invoke(app, ["restore", str(out)])
    assert again.exit_code == 1
    assert "not empty" in again.stderr
