"""`ioc approval` and `ioc user`: the first grant happens alone, the next ones wait for a second person."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from ioc.security import identity

GOOD = "Sunny-Day-42"


@pytest.fixture
def ioc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(identity, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    runner = CliRunner()

    def run(*words: str, given: str = GOOD):
        return runner.invoke(app, list(words), input=given)

    return run


def test_the_first_security_administrator_is_made_alone_and_then_two_are_needed(ioc):
    first = ioc("user", "add", "wang", "--role", "secadmin", "--password-file", "-")
    assert "安全管理员(secadmin)" in first.output
    second = ioc("user", "add", "li", "--role", "duty", "--password-file", "-")
    assert "无角色" in second.output and "待另一人审批" in second.output  # noqa: PT018
    waiting = ioc("approval", "list", "--waiting").output
    assert "授予账号 li 角色“值班员”" in waiting
    id_ = waiting.split("\t")[0]
    assert ioc("approval", "approve", id_, "--as", "wang", "--password-file", "-", given="wrong").exit_code == 1
    done = ioc("approval", "approve", id_[:8], "--as", "wang", "--password-file", "-")
    assert "approved" in done.output
    assert "值班员(duty)" in ioc("user", "list").output
    again = ioc("approval", "approve", id_, "--as", "wang", "--password-file", "-")
    assert again.exit_code == 1 and "已有结论" in again.output  # noqa: PT018
    audit = ioc("audit", "list").output
    assert audit.index("person.add") < audit.index("approval.ask") < audit.index("approval.approve")
    assert "审计完整" in ioc("audit", "verify").output


def test_what_is_refused_does_not_happen(ioc):
    ioc("user", "add", "wang", "--role", "secadmin", "--password-file", "-")
    ioc("user", "add", "li", "--role", "duty", "--password-file", "-")
    id_ = ioc("approval", "list").output.split("\t")[0]
    assert "refused" in ioc("approval", "refuse", id_, "--as", "wang", "--password-file", "-").output
    assert "无角色" in ioc("user", "list").output
