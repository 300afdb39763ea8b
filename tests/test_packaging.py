"""The package works from a checkout and as a wheel: every file it reads at run time is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    [path] = out.glob("*.whl")
    return path


def test_the_wheel_holds_packs_assets_migrations_and_the_root(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "app.py", "assets/live.js", "assets/vendor/NOTICE", "pages/wall.py", "ioc/packs/traffic/sources.toml",
        "ioc/packs/regions/outline.geojson", "ioc/packs/regions/NOTICE", "ioc/store/migrations/__init__.py",
    } <= names  # fmt: skip
    assert [name for name in names if name.startswith("ioc/store/migrations/versions/")]
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", ".ci/", "var/"))]


def test_the_wheel_works_far_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(home)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(home), "IOC_DATA_DIR": str(tmp_path / "var")}
    command = [sys.executable, "-c", "import ioc, sys; print(ioc.__file__); from ioc.entrypoints.cli import app; app()"]
    result = subprocess.run(
        [*command, "packs", "check"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert str(home) in result.stdout
