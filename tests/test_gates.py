"""The gates bite: each check fails on a tree into which its fault was put."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages that the gates look at."""
    for name in ("metrics", "ioc", "pages", "components"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "app.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{TOOLS}:/usr/bin:/bin", "PYTHONPATH": str(tree), "HOME": str(tree)}
    return subprocess.run(
        [str(TOOLS / command[0]), *command[1:]], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def broken_contracts(tree: Path) -> str:
    result = run(tree, "lint-imports", "--no-cache", "--no-logo")
    assert result.returncode == 1, result.stdout + result.stderr
    return "\n".join(line for line in result.stdout.splitlines() if " BROKEN" in line)


def add(path: Path, text: str) -> None:
    path.write_text((path.read_text() if path.exists() else "") + "\n" + text + "\n")


def test_the_tree_as_it_is_keeps_every_import_contract(tree: Path) -> None:
    result = run(tree, "lint-imports", "--no-cache", "--no-logo")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_engine_may_not_import_the_centre(tree: Path) -> None:
    add(tree / "metrics" / "value.py", "import ioc.settings")
    assert "flows one way" in broken_contracts(tree)


def test_the_engine_core_may_not_read_the_clock(tree: Path) -> None:
    add(tree / "metrics" / "value.py", "import time")
    assert "core is pure" in broken_contracts(tree)


def test_the_engine_core_may_not_import_redis(tree: Path) -> None:
    add(tree / "metrics" / "value.py", "import redis")
    assert "core is pure" in broken_contracts(tree)


def test_pages_may_not_reach_behind_the_door(tree: Path) -> None:
    add(tree / "pages" / "probe.py", "import ioc.store")
    assert "one door" in broken_contracts(tree)


def test_components_may_not_import_the_engine(tree: Path) -> None:
    add(tree / "components" / "probe.py", "import metrics.value")
    assert "one door" in broken_contracts(tree)


def test_live_frames_may_not_import_a_clock(tree: Path) -> None:
    add(tree / "ioc" / "live" / "probe.py", "from metrics.clock import real_ms")
    assert "frames" in broken_contracts(tree)


def test_the_centre_may_not_import_dash(tree: Path) -> None:
    add(tree / "ioc" / "services" / "probe.py", "import dash")
    assert "Dash stays out" in broken_contracts(tree)


def test_nothing_imports_the_root(tree: Path) -> None:
    add(tree / "pages" / "probe.py", "import app")
    assert "root" in broken_contracts(tree)


@pytest.mark.parametrize(
    ("line", "rule"),
    [("eval('1')", "S307"), ("exec('1')", "S102"), ("import pickle\npickle.loads(b'')", "S301"),
     ("import yaml\nyaml.load('')", "S506"), ("import datetime\ndatetime.datetime.now()", "DTZ005")],
)  # fmt: skip
def test_lint_refuses_what_the_house_bans(tree: Path, line: str, rule: str) -> None:
    (tree / "ioc" / "probe.py").write_text(line + "\n")
    result = run(tree, "ruff", "check", "--no-cache", "--output-format", "concise", "ioc/probe.py")
    assert result.returncode == 1
    assert rule in result.stdout


def test_formatting_is_checked(tree: Path) -> None:
    (tree / "ioc" / "probe.py").write_text("x = {  'a':1 }\n")
    assert run(tree, "ruff", "format", "--check", "--no-cache", "ioc/probe.py").returncode == 1


def test_types_are_checked_strictly(tree: Path) -> None:
    (tree / "metrics" / "probe.py").write_text("def untyped(a):\n    return a\n")
    result = run(tree, "mypy", "--follow-imports=skip", "metrics/probe.py")
    assert result.returncode == 1
    assert "no-untyped-def" in result.stdout
