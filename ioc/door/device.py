"""Devices on walls at the door: a code until somebody approves it, then a session that renews itself; never a sign-in.

A browser that was approved once is sent to its wall or, revoked or moved to another address, to `/enrol`; who only
looked at `/enrol` signs in like everybody.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, jsonify, request

from ioc.api.problem import Problem
from ioc.door import plain, tally
from ioc.door.desk import Desk
from ioc.door.request import COOKIE, over_tls, this_page, wants_json
from ioc.security.allowance import Allowance
from ioc.security.session import DEVICE_ABSOLUTE_MS
from ioc.services import screen_devices
from ioc.services.refusals import TooManyDevices
from ioc.services.screen_devices import Device
from ioc.services.sign_in import SignedIn, Visit

DEVICE_COOKIE: Final = "ioc_device"
WALL_COOKIE: Final = "ioc_wall"  # this browser was once approved: it waits at /enrol and is not asked to sign in
KEPT_S: Final = 400 * 86_400  # the longest that browsers keep a cookie; each entering sets it anew
CODES_A_MINUTE: Final = 6  # new codes for one address: a hall of screens behind one address waits its turn
SCRIPTS: Final = {"/enrol.js": "enrol.js", "/wall-worker.js": "wall_worker.js"}


def register(server: Flask, desk: Desk) -> None:
    """Add /enrol, its script and the worker that devices keep."""
    log = structlog.get_logger()
    allowances: dict[str, Allowance] = {}
    turn = threading.Lock()

    def show() -> Response:
        """The code of this device, or the wall once it is approved."""
        again = returning(desk, "/wall", enrolling=True)
        if again is not None:
            return again
        try:
            device, token = _waiting(desk) or new()
        except Problem as refused:  # no page of errors on a wall: its script asks again
            page = plain.code_page("····-····", request.remote_addr or "")
            page.headers.update(refused.headers)
            return page
        return _keep(desk, plain.code_page(shown(device), device.address), token)

    def look() -> Response:
        """What has become of the code; one that is over is replaced by a new one."""
        opened = _enter(desk)
        if opened is not None:
            return _open(desk, opened, jsonify({"state": "approved", "to": wall(opened.visit)}))
        device, token = _waiting(desk) or new()
        said = {"state": "waiting", "code": shown(device), "until": device.code_until_ms, "address": device.address}
        return _keep(desk, jsonify(said), token)

    def new() -> tuple[Device, str]:
        address, now = request.remote_addr or "", desk.clock()
        with turn:
            if len(allowances) > 1000:
                allowances.clear()
            wait_ms = allowances.setdefault(address, Allowance.full(CODES_A_MINUTE, now)).take(now)
        headers = {"Retry-After": str(-(-wait_ms // 1000))}
        if wait_ms:
            raise Problem(429, "too_many_codes", "请稍后再试。", "Too many codes: try again later.", headers=headers)
        try:
            device, token = screen_devices.ask(desk.store, address, now)
        except TooManyDevices as refused:
            raise Problem(429, refused.code, refused.zh, refused.en) from None
        log.info("screen_device_asked", device=device.id, address=address)
        return device, token

    def script() -> Response:
        text = Path(__file__).with_name(SCRIPTS[request.path]).read_text(encoding="utf-8")
        response = Response(text, mimetype="text/javascript")
        response.headers["Service-Worker-Allowed"] = "/"
        response.headers["Cache-Control"] = "no-cache"
        return response

    server.add_url_rule("/enrol", "enrol_page", show, methods=["GET"])
    server.add_url_rule("/enrol", "enrol", look, methods=["POST"])
    for path in SCRIPTS:
        server.add_url_rule(path, path[1:], script, methods=["GET"])


def returning(desk: Desk, back: str, *, enrolling: bool = False) -> Response | None:
    """For a browser without a session: where a device goes, with a new session if it may have one; None for no device.

    `enrolling`: it is at the door already, and None means that it has to wait there.
    """
    if request.method not in {"GET", "HEAD"} or wants_json(request.path):
        return None
    opened = _enter(desk)
    if opened is None:
        return _see("/enrol") if WALL_COOKIE in request.cookies and not enrolling else None
    target = back if back.startswith("/wall") and "screen=" in back else wall(opened.visit)
    return _open(desk, opened, _see(target))


def renewed(desk: Desk, visit: Visit) -> Response | None:
    """For a page that a device asks for: the same one with a younger session once its own is a day old, or its wall."""
    if not visit.screen or request.method != "GET":
        return None
    if request.path in {"/", "/wall"} and "screen" not in request.args:
        return _see(wall(visit))
    if desk.clock() - visit.created_ms < screen_devices.RENEWED_MS:
        return None
    return returning(desk, this_page())


def wall(visit: Visit) -> str:
    """Where a device begins."""
    return "/wall?" + urlencode({"screen": visit.screen})


def shown(device: Device) -> str:
    return f"{device.code[:4]}-{device.code[4:]}"


def _enter(desk: Desk) -> SignedIn | None:
    token = request.cookies.get(DEVICE_COOKIE, "")
    return screen_devices.enter(desk.store, token, request.remote_addr or "", desk.clock()) if token else None


def _waiting(desk: Desk) -> tuple[Device, str] | None:
    token = request.cookies.get(DEVICE_COOKIE, "")
    device = screen_devices.find(desk.store, token, desk.clock()) if token else None
    here = device is not None and device.state == "waiting" and device.address == (request.remote_addr or "")[:64]
    return (device, token) if device is not None and here else None


def _open(desk: Desk, opened: SignedIn, response: Response) -> Response:
    visit = opened.visit
    tally.SIGN_INS.labels("device", "ok").inc()
    structlog.get_logger().info("device_entered", screen=visit.screen, device=visit.name, address=visit.address)
    desk.sessions.mark(visit)
    response.set_cookie(
        COOKIE, opened.token, max_age=DEVICE_ABSOLUTE_MS // 1000, httponly=True, secure=over_tls(desk.settings),
        samesite="Lax", path="/",
    )  # fmt: skip
    _keep(desk, response, "1", WALL_COOKIE)
    return _keep(desk, response, request.cookies.get(DEVICE_COOKIE, ""))


def _keep(desk: Desk, response: Response, text: str, name: str = DEVICE_COOKIE) -> Response:
    response.set_cookie(
        name, text, max_age=KEPT_S, httponly=True, secure=over_tls(desk.settings), samesite="Lax", path="/"
    )
    return response


def _see(path: str) -> Response:
    return Response(status=303, headers={"Location": path})
