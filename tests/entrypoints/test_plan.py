"""`ioc plan`: list, show, check, start, status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.plan import app
from ioc.packs.files import PACKS
from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.store import schema
from ioc.store.unit import Store

pytestmark = pytest.mark.service

T0 = 1_790_000_000_000


def test_plans_are_listed_shown_checked_started_and_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    store = Store(f"sqlite:///{tmp_path}/ioc.sqlite3")
    schema.upgrade(store)
    made = dossiers.receive(
        store, handling().cycles["incident"], Received("incident", "东门停电", T0), by="li", now_ms=T0
    )
    store.close()

    def ioc(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(arguments))
        return done.exit_code, done.output

    assert len(json.loads(ioc("list", "--json")[1])) == 10
    assert ioc("show", "gas")[1].splitlines()[:2] == [
        "燃气泄漏应急预案 gas leak v0",
        "verify: 核实泄漏点与浓度（值班员）",
    ]
    assert ioc("show", "moon")[0] == 4
    text = (PACKS / "plans/gas.toml").read_text(encoding="utf-8")
    assert ioc("show", "gas", "--text") == (0, text)
    file = tmp_path / "gas.toml"
    file.write_text(text.replace('after = ["verify"]', 'after = ["verfy"]', 1), encoding="utf-8")
    code, faults = ioc("check", str(file))
    assert (code, faults.splitlines()[0]) == (
        3,
        "gas.toml:brigade.after:0: conflict: 没有步骤 verfy there is no step verfy",
    )
    code, run = ioc("start", "power", made.id)
    assert (code, ioc("start", "power", made.id)[0]) == (0, 4)
    (told,) = json.loads(ioc("status", made.id, "--json")[1])
    assert (told["id"], [step["id"] for step in told["steps"] if step["phase"] == "open"]) == (
        run.strip(), ["verify", "grid"],
    )  # fmt: skip
    assert "▶ verify: 核实停电范围与户数（值班员）" in ioc("status")[1]
