"""Children that run only when there is work: each is asked for by itself."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import pytest

from ioc.entrypoints.child import Child
from ioc.entrypoints.supervisor import Supervisor
from ioc.settings import Settings


def test_a_child_that_nobody_wants_keeps_no_other_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def start(child: Child, _log: IO[bytes]) -> None:
        begun.append(child.name)

    monkeypatch.setattr(Child, "start", start)
    (tmp_path / "logs").mkdir()
    supervisor = Supervisor(Settings(data_dir=tmp_path), lambda _said: None)
    idle = Child("exercise", [], {}, lambda: True, wanted=lambda: False)
    wanted = Child("rehearsals", [], {}, lambda: True, wanted=lambda: True)
    for child in (idle, wanted, wanted):  # in one round, and the same again at once
        supervisor._start_wanted(child)
    assert begun == ["rehearsals"]
