"""Checks of vouchers: begun by a click, computed beside the web server, and said as they came out."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ioc.api.problem import Problem
from ioc.door import vouchers
from ioc.door.vouchers import VoucherChecks

from .conftest import Site, post

Command = Callable[[Sequence[str]], tuple[int, str, str]]
NAME = "T1/440303/2026-11-22T08:30:00"


def answer(code: int, published: float = 3.5, recomputed: float = 3.5) -> Command:
    said = json.dumps({"value": published, "recomputed": {"value": recomputed}})
    return lambda _arguments: (code, said if code < 2 else "", "first\n没有这个发布值 no such published value")


def done(checks: VoucherChecks, name: str = NAME) -> Any:
    found = checks.begin(name, "live")
    checks._pool.shutdown(wait=True)
    return checks.state(found.id)


@pytest.mark.parametrize(
    ("code", "recomputed", "state", "why"),
    [(0, 3.5, "equal", ""), (1, 4.0, "unequal", ""), (4, 0.0, "failed", "没有这个发布值 no such published value")],
)
def test_what_the_command_answers_is_said(code: int, recomputed: float, state: str, why: str) -> None:
    found = done(VoucherChecks(answer(code, recomputed=recomputed), lambda: 5))
    assert (found.state, found.why) == (state, why)
    if code < 2:
        assert (found.published, found.recomputed) == (3.5, recomputed)


def test_a_check_that_takes_too_long_or_fails_otherwise_says_so() -> None:
    def late(_arguments: Sequence[str]) -> tuple[int, str, str]:
        raise subprocess.TimeoutExpired("ioc", 300)

    def torn(_arguments: Sequence[str]) -> tuple[int, str, str]:
        return 0, "{", ""

    assert "300" in done(VoucherChecks(late, lambda: 5)).why
    assert done(VoucherChecks(torn, lambda: 5)).state == "failed"


def test_the_same_value_is_not_computed_twice_at_once_and_few_may_wait() -> None:
    go = threading.Event()

    def waits(_arguments: Sequence[str]) -> tuple[int, str, str]:
        go.wait()
        return answer(0)(_arguments)

    checks = VoucherChecks(waits, lambda: 5)
    first = checks.begin(NAME, "live")
    assert checks.begin(NAME, "live").id == first.id
    for at in range(vouchers.MOST_OPEN - 1):
        checks.begin(f"T1/440303/{at}", "live")
    with pytest.raises(Problem) as refused:
        checks.begin("T1/440303/99", "live")
    assert refused.value.status == 503
    go.set()
    checks._pool.shutdown(wait=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[Site, list[Sequence[str]]]:
    asked: list[Sequence[str]] = []

    def run(arguments: Sequence[str]) -> tuple[int, str, str]:
        asked.append(arguments)
        return answer(0)(arguments)

    monkeypatch.setattr(vouchers, "command", lambda _data_dir: run)
    return request.getfixturevalue("site"), asked


@pytest.mark.service
def test_a_leader_has_a_value_checked_and_reads_that_it_is_equal(told: tuple[Site, list[Sequence[str]]]) -> None:
    site, asked = told
    leader = site.signed_in("leader")
    begun = post(leader, "/api/v1/vouchers", {"name": NAME})
    assert begun.status_code == 202
    state = begun.json
    while state["state"] in {"queued", "running"}:
        state = leader.get(f"/api/v1/vouchers/{state['id']}").json
    assert (state["state"], state["published"]) == ("equal", 3.5)
    assert asked == [["--json", "--world", "live", "--", NAME]]


@pytest.mark.service
def test_wrong_names_are_refused_and_nobody_without_the_permission_may_ask(
    told: tuple[Site, list[Sequence[str]]],
) -> None:
    site, asked = told
    leader = site.signed_in("leader")
    for body in ({}, {"name": 5}, {"name": "--help"}, {"name": "T1/440303/never"}, {"name": NAME, "world": "a b"}):
        assert post(leader, "/api/v1/vouchers", body).status_code == 400
    assert leader.get("/api/v1/vouchers/none").status_code == 404
    assert post(site.signed_in("auditor"), "/api/v1/vouchers", {"name": NAME}).status_code == 403
    assert post(site.anonymous(), "/api/v1/vouchers", {"name": NAME}).status_code == 401
    assert asked == []
