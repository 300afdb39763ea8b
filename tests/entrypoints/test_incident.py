"""`ioc incident report` writes a file, says where there is no such incident, and is written down in the audit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.incident import app
from ioc.packs.handling import handling
from ioc.queries.audit import newest
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.store import schema
from ioc.store.unit import Store

pytestmark = pytest.mark.service

T0 = 1_790_000_000_000


@pytest.mark.parametrize(("form", "begins"), [("docx", b"PK"), ("pdf", b"%PDF-")])
def test_a_report_is_written_and_audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, begins: bytes):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    store = Store(f"sqlite:///{tmp_path}/ioc.sqlite3")
    schema.upgrade(store)
    cycle = handling().cycles["incident"]
    made = dossiers.receive(store, cycle, Received("incident", "东门积水", T0), by="li", now_ms=T0)
    file = tmp_path / f"report.{form}"
    done = CliRunner().invoke(app, ["report", made.id, "--format", form, "-o", str(file)])
    assert (done.exit_code, file.read_bytes()[: len(begins)]) == (0, begins)
    assert newest(store, subject=made.id)[0].action == "incident.report"
    store.close()


def test_an_incident_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["report", "nothing", "-o", str(tmp_path / "x.docx")])
    assert (done.exit_code, (tmp_path / "x.docx").exists()) == (4, False)
