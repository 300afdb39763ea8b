"""`ioc audit` names the entry that is not as it was written, and anchors the chain outside the database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.audit import app
from ioc.security.role import Role
from ioc.services import people
from ioc.store import schema
from ioc.store.audit_anchors import FILE
from ioc.store.unit import Store

T0 = 1_790_000_000_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory whose audit has six entries."""
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    store = Store(f"sqlite:///{tmp_path}/ioc.sqlite3")
    schema.upgrade(store)
    for number in range(3):
        people.add_person(store, f"p{number}", [Role.DUTY], None, T0)
    store.close()
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def tamper(home: Path, *statements: str) -> None:
    with sqlite3.connect(home / "ioc.sqlite3") as database:
        for trigger in ("audit_no_update", "audit_no_delete"):
            database.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            database.execute(statement)


def test_a_whole_audit_is_said_to_be_whole_with_its_anchors(home: Path):
    assert run("anchor")[1].startswith("已锚定 anchored 6 ")
    assert run("anchor")[1].startswith("无新条目")
    assert run("verify") == (0, "审计完整 the audit is whole: 6 条 entries, 1 个锚点 anchors\n")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 4", "第 4 条 entry 4: 内容与摘要不符"),
        ("DELETE FROM audit WHERE seq = 2", "第 2 条 entry 2: 缺此条"),
        ("DELETE FROM audit WHERE seq > 4", "第 5 条 entry 5: 自此条起被截去"),
    ],
)
def test_the_first_broken_entry_is_named(home: Path, statement: str, named: str):
    tamper(home, statement)
    code, said = run("verify")
    assert code == 1
    assert said.startswith(named)


def test_a_cut_with_a_forged_head_is_found_by_the_anchor(home: Path):
    run("anchor")
    tamper(
        home, "DELETE FROM audit WHERE seq > 4",
        "UPDATE audit_head SET seq = 4, digest = (SELECT digest FROM audit WHERE seq = 4)",
    )  # fmt: skip
    assert run("verify") == (1, "第 5 条 entry 5: 自此条起被截去 entries are cut off from here on\n")
    (home / FILE).unlink()
    assert run("verify")[0] == 0  # what the anchors are for


def test_a_line_that_is_no_anchor_is_named(home: Path):
    (home / FILE).write_text("{}\n")
    code, said = run("verify")
    assert code == 1
    assert f"{FILE}:1" in said


def test_entries_are_listed_by_subject_in_order(home: Path):
    code, said = run("list", "--subject", "p1")
    assert code == 0
    assert [line.split("\t")[3] for line in said.splitlines()] == ["person.add", "role.grant"]
    assert run("list", "--subject", "none") == (0, "没有条目 no entries\n")
