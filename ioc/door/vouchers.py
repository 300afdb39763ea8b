"""Checks of vouchers at the door: `ioc voucher` in a process of its own, one after the other, so that no page waits."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from flask import Flask, Response, jsonify, request

from ioc.api.problem import Problem
from ioc.api.voucher_operations import VoucherCheck
from ioc.door.desk import Desk
from ioc.live.topic import NAME
from ioc.security.identity import new_id
from metrics.voucher_name import NotAName, VoucherName
from metrics.world import LIVE_WORLD

MOST_OPEN: Final = 6  # queued or running
MOST_KEPT: Final = 200
LONGEST_S: Final = 300.0
EQUAL, UNEQUAL = 0, 1  # exit codes of `ioc voucher`
LONGEST_NAME: Final = 400
LONGEST_WHY: Final = 300
Run = Callable[[Sequence[str]], tuple[int, str, str]]  # arguments of `ioc voucher` -> exit code, output, errors


@dataclass(frozen=True, slots=True)
class _Job:
    check: VoucherCheck
    since_ms: int


class VoucherChecks:
    """Thread-safe. `run` computes one value and comes back when it is done."""

    def __init__(self, run: Run, clock: Callable[[], int]) -> None:
        self._run, self._clock = run, clock
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="voucher")

    def begin(self, name: str, world: str) -> VoucherCheck:
        """The same value that is being checked already is not begun twice. Raises Problem 503 when many wait."""
        with self._lock:
            held = [job.check for job in self._jobs.values() if job.check.state in {"queued", "running"}]
            same = [check for check in held if (check.name, check.world) == (name, world)]
            if same:
                return same[0]
            if len(held) >= MOST_OPEN:
                raise Problem(503, "busy", "正在核对的较多，请稍后再试。", "Many are being checked: try again.",
                              headers={"Retry-After": "30"})  # fmt: skip
            check = VoucherCheck(new_id(), name, world, "queued", 0, None, None, "")
            self._jobs[check.id] = _Job(check, self._clock())
            while len(self._jobs) > MOST_KEPT:
                self._jobs.popitem(last=False)
        self._pool.submit(self._work, check)
        return check

    def state(self, name: str) -> VoucherCheck | None:
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            return None
        open_ = job.check.state in {"queued", "running"}
        return replace(job.check, for_ms=self._clock() - job.since_ms) if open_ else job.check

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, check: VoucherCheck) -> None:
        begun = self._put(replace(check, state="running"))
        try:
            code, out, errors = self._run(["--json", "--world", check.world, "--", check.name])
            done = _read(check, code, out, errors)
        except subprocess.TimeoutExpired:
            done = replace(check, state="failed", why=f"超过 {LONGEST_S:.0f} 秒 took longer than {LONGEST_S:.0f} s")
        except Exception as error:  # the thread has nobody above it: whoever waits is told
            done = replace(check, state="failed", why=type(error).__name__)
        self._put(replace(done, for_ms=self._clock() - begun))

    def _put(self, check: VoucherCheck) -> int:
        now = self._clock()
        with self._lock:
            if check.id in self._jobs:
                self._jobs[check.id] = _Job(check, now)
        return now


def _read(check: VoucherCheck, code: int, out: str, errors: str) -> VoucherCheck:
    if code not in {EQUAL, UNEQUAL}:
        lines = (errors or out).strip().splitlines()
        return replace(check, state="failed", why=lines[-1][:LONGEST_WHY] if lines else f"exit {code}")
    told = json.loads(out)
    return replace(
        check, state="equal" if code == EQUAL else "unequal", published=told["value"],
        recomputed=told["recomputed"]["value"],
    )  # fmt: skip


def command(data_dir: str) -> Run:
    """`ioc voucher` over a data directory."""

    def run(arguments: Sequence[str]) -> tuple[int, str, str]:
        done = subprocess.run(  # noqa: S603 - our own program; the name stands behind `--`
            [sys.executable, "-m", "ioc.entrypoints.cli", "voucher", "--data-dir", data_dir, *arguments],
            capture_output=True, text=True, timeout=LONGEST_S, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.voucher_operations says who may ask."""
    checks = VoucherChecks(command(str(desk.settings.data_path)), desk.clock)
    desk.at_end.append(checks.close)

    def begin() -> Response:
        body: Any = request.get_json(silent=True)
        name, world = (body.get("name"), body.get("world", LIVE_WORLD.id)) if isinstance(body, dict) else (None, None)
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            raise _wrong("name", "须为发布值的名称", "must name a published value")
        if not isinstance(world, str) or not NAME.fullmatch(world):
            raise _wrong("world", "不是世界的名称", "is no name of a world")
        try:
            VoucherName.parse(name)
        except NotAName:
            raise _wrong("name", "不是 ID/区域/窗口结束", "is not ID/REGION/WINDOW_END") from None
        response = jsonify(asdict(checks.begin(name, world)))
        response.status_code = 202
        return response

    def state(id: str) -> Response:
        found = checks.state(id)
        if found is None:
            raise Problem(404, "unknown_check", "没有这次核对。", "There is no such check.", field="id",
                          rule="unknown-name")  # fmt: skip
        return jsonify(asdict(found))

    server.add_url_rule("/api/v1/vouchers", "voucher_check", begin, methods=["POST"])
    server.add_url_rule("/api/v1/vouchers/<id>", "voucher_state", state, methods=["GET"])


def _wrong(field: str, zh: str, en: str) -> Problem:
    return Problem(400, "bad_body", f"{field}：{zh}。", f"{field}: {en}.", field=field, rule="form")
