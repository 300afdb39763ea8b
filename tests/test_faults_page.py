"""The page of faults names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = re.compile(r"([\w/]+\.py|city)::(test_\w+)")


def names_in(name: str) -> list[str]:
    """The tests in the file of that name; `city` is the page's own word for two of them."""
    paths = ["test_city_faults.py", "test_city_row_faults.py"] if name == "city" else [name]
    files = [one for path in paths for one in (ROOT / "tests").rglob(Path(path).name) if str(one).endswith(path)]
    return [found for one in files for found in re.findall(r"^def (test_\w+)", one.read_text(encoding="utf-8"), re.M)]


def test_every_test_that_the_page_names_exists():
    named = NAMED.findall(PAGE)
    assert len(named) > 35
    missing = [f"{file}::{test}" for file, test in named if not any(known.startswith(test) for known in names_in(file))]
    assert missing == []


def test_every_fault_test_of_the_city_is_on_the_page():
    named = {test for file, test in NAMED.findall(PAGE) if file == "city"}
    known = {test for test in names_in("city") if test != "test_the_day_tells_of_every_kind_of_alarm_and_state"}
    assert {test for test in known if not any(test.startswith(one) for one in named)} == set()
