"""`ioc status` as text: what rests by design is told apart from what is missing."""

from __future__ import annotations

from typing import Any

from ioc.entrypoints.status import lines

CHILD = {"pid": None, "restarts": 0, "exit": None}


def report(**children: dict[str, Any]) -> dict[str, Any]:
    supervisor = {"ok": True, "age_ms": 100, "pid": 1, "children": children}
    return {"valkey": {}, "feeds": {}, "worlds": {}, "processes": {"supervisor": supervisor}}


def test_a_child_without_work_is_idle_and_one_that_ended_is_down() -> None:
    text = "\n".join(
        lines(
            report(
                exercise=CHILD | {"alive": False, "idle": True},
                web=CHILD | {"alive": False, "idle": False},
                engine=CHILD | {"alive": True, "idle": False},
            )
        )
    )
    assert "exercise     pid=None restarts=0 空闲 idle" in text
    assert "web          pid=None restarts=0 停止 down" in text
    assert "engine       pid=None restarts=0 运行 up" in text
