"""`ioc packs`: check says what is wrong and exits 3; list gives what there is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from ioc.entrypoints.packs import app
from ioc.packs.files import PACKS


def test_the_shipped_packs_are_sound() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "8 scenes, 64 sources, 141 indicators" in result.output


def test_a_formula_that_names_nothing_is_told_and_exits_3(tmp_path: Path) -> None:
    root = Path(shutil.copytree(PACKS, tmp_path / "packs", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
    path = root / "traffic/indicators.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"weighted / km"', '"weighted / kms"'), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--root", str(root)])
    assert result.exit_code == 3
    assert "traffic/indicators.toml:T1.formula:12: unknown-name: 'kms'" in result.output


def test_the_list_is_json_that_other_programs_can_read() -> None:
    result = CliRunner().invoke(app, ["list", "--json"])
    content = json.loads(result.output)
    assert [scene["id"] for scene in content["scenes"]] == [
        "governance", "renewal", "services", "livelihood", "traffic", "safety", "emergency", "operations",
    ]  # fmt: skip
    assert {"case", "traffic", "cloud"} <= {source["id"] for source in content["sources"]}
    assert all(row["id"] and row["zh"] and row["en"] for rows in content.values() for row in rows)
