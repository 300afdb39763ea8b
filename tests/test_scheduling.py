"""Tests that share something heavy run in one process, whatever the versions of the test runner make of marks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.scheduling import TOGETHER

ROOT = Path(__file__).resolve().parents[1]
CONFTEST = """
from tests import scheduling

scheduling.TOGETHER = frozenset({"test_heavy.py"})


def pytest_xdist_make_scheduler(config, log):
    return scheduling.ByFile(config, log)
"""
HEAVY = """
import pathlib
import pytest


@pytest.fixture(scope="module")
def made():
    with open("made.txt", "a") as file:
        file.write("once\\n")


@pytest.mark.parametrize("at", range(8))
def test_one_of_many(made, at):
    assert at >= 0
"""


def test_what_a_file_of_the_list_makes_is_made_once_by_two_processes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_heavy.py").write_text(HEAVY)
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:dash", "."],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert (tmp_path / "made.txt").read_text() == "once\n"


def test_the_files_of_the_list_are_there() -> None:
    assert [name for name in TOGETHER if not (ROOT / name).is_file()] == []
