"""The entrance: the sign-in form, one-time links and signing out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, jsonify, request

from ioc.door import device, plain, tally
from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.door.request import COOKIE, here, language, over_tls, wants_json
from ioc.security.provenance import safe_return
from ioc.security.role import home
from ioc.security.session import DEVICE_ABSOLUTE_MS
from ioc.services.refusals import LinkRefused
from ioc.services.sign_in import Refused, SignedIn, Step, go_on, sign_in, sign_out, use_link

STATUS = {"wrong": 401, "locked": 429, "password_expired": 403, "no_role": 403, "step_over": 410}


def register(server: Flask, desk: Desk) -> None:
    """Add /sign-in, /sign-in/step, /sign-out and /enter/<token>."""
    log = structlog.get_logger()

    def address() -> str:
        return request.remote_addr or ""

    def open_(signed_in: SignedIn, way: str, back: str | None) -> Response:
        visit = signed_in.visit
        tally.SIGN_INS.labels(way, "ok").inc()
        log.info("signed_in", way=way, person=visit.name, address=address())
        desk.sessions.mark(visit)
        old = request.cookies.get(COOKIE)
        if old:
            desk.sessions.forget(old, None)
        target = back or home(visit.roles)
        if request.is_json:
            told = {"recovery": list(signed_in.recovery)} if signed_in.recovery else {}
            response = jsonify({"home": target} | told)
        elif signed_in.recovery:
            response = plain.recovery_page(language(), signed_in.recovery, target)
        else:
            response = _see(target)
        response.set_cookie(
            COOKIE,
            signed_in.token,
            max_age=DEVICE_ABSOLUTE_MS // 1000 if visit.device else None,  # a wall that reboots stays signed in
            httponly=True,
            secure=over_tls(desk.settings),
            samesite="Lax",
            path="/",
        )
        return response

    def show() -> Response:
        back = safe_return(request.args.get("next"))
        token = request.cookies.get(COOKIE, "")
        visit = desk.sessions.visit(token)
        if visit is not None:
            return _see(back or home(visit.roles))
        again = device.returning(desk, back or "/wall")
        if again is not None:
            return again
        # whoever signs out has no cookie any more: this one came from a session that ended without being asked
        return plain.sign_in_page(language(), back=back, problem=plain.word("ended", language()) if token else "")

    def said() -> Any:
        """What a form or a program says, by field."""
        given: Any = request.get_json(silent=True) if request.is_json else request.form
        return given if hasattr(given, "get") else {}

    def enter_by_password() -> Response:
        given = said()
        name, secret, back = (str(given.get(field, "")) for field in ("name", "password", "next"))
        now = desk.clock()
        outcome = sign_in(
            desk.store, name, secret, address(), now, old_token=request.cookies.get(COOKIE),
            factor_for=desk.settings.factor_roles,
        )  # fmt: skip
        return after(outcome, name, safe_return(back), now)

    def enter_by_step() -> Response:
        given = said()
        token, what, back = (str(given.get(field, "")) for field in ("step", "given", "next"))
        now = desk.clock()
        outcome = go_on(
            desk.store, token, what, address(), now, old_token=request.cookies.get(COOKIE),
            factor_for=desk.settings.factor_roles,
        )  # fmt: skip
        return after(outcome, "", safe_return(back), now)

    def after(outcome: SignedIn | Step | Refused, name: str, back: str | None, now: int) -> Response:
        if isinstance(outcome, SignedIn):
            return open_(outcome, "password", back)
        if isinstance(outcome, Step):
            return step(outcome, back)
        tally.SIGN_INS.labels("password", outcome.why).inc()
        log.warning("sign_in_refused", why=outcome.why, name=name[:64], address=address())
        return refuse(outcome, name[:64], back, now)

    def step(owed: Step, back: str | None) -> Response:
        if request.is_json:
            told = {"step": owed.token, "owes": owed.owes, "faults": [list(each) for each in owed.faults]}
            return jsonify(told | ({"secret": owed.secret} if owed.secret else {}))
        return plain.step_page(
            language(), owes=owed.owes, token=owed.token, name=owed.name, secret=owed.secret, faults=owed.faults,
            back=back,
        )  # fmt: skip

    def refuse(outcome: Refused, name: str, back: str | None, now: int) -> Response:
        wait_ms = max(0, outcome.until_ms - now)
        values = {"left": outcome.left, "minutes": -(-wait_ms // 60_000)}
        status, lang = STATUS[outcome.why], language()
        if request.is_json:
            zh, en = (plain.word(outcome.why, each, **values) for each in ("zh", "en"))
            response = error(status, outcome.why, zh, en)
        else:
            problem = plain.word(outcome.why, lang, **values)
            response = plain.sign_in_page(lang, status, name=name, back=back, problem=problem)
        if outcome.why == "locked":
            response.headers["Retry-After"] = str(-(-wait_ms // 1000))
        return response

    def enter_by_link(token: str) -> Response:
        if request.method == "HEAD":  # a preview must not use the link up
            return Response(status=204)
        try:
            opened = use_link(
                desk.store, token, address(), desk.clock(), here=here(), old_token=request.cookies.get(COOKIE)
            )
        except LinkRefused as refused:
            tally.SIGN_INS.labels("link", refused.why).inc()
            log.warning("link_refused", why=refused.why, address=address())
            message = "link_not_here" if refused.why == "not_here" else "link_used"
            return plain.message_page(message, language(), 403 if refused.why == "not_here" else 410)
        return open_(opened, "link", None)

    def leave() -> Response:
        token = request.cookies.get(COOKIE, "")
        desk.sessions.forget(token, sign_out(desk.store, token, desk.clock()))
        response = jsonify({"ok": True}) if request.is_json else _see("/sign-in")
        response.delete_cookie(COOKIE, httponly=True, secure=over_tls(desk.settings), samesite="Lax", path="/")
        return response

    server.add_url_rule("/sign-in", "sign_in_form", show, methods=["GET"])
    server.add_url_rule("/sign-in", "sign_in", enter_by_password, methods=["POST"])
    server.add_url_rule("/sign-in/step", "sign_in_step", enter_by_step, methods=["POST"])
    server.add_url_rule("/sign-out", "sign_out", leave, methods=["POST"])
    server.add_url_rule("/enter/<token>", "enter", enter_by_link, methods=["GET"])


def send_to_sign_in(back: str) -> Response:
    """For someone anonymous: the sign-in page for a person, 401 for a script."""
    if wants_json(request.path) or (request.method not in {"GET", "HEAD"} and request.path != "/sign-out"):
        return error(401, zh="请先登录。", en="Sign in first.")
    target = safe_return(back)
    query: dict[str, str] = {"next": target} if target and target != "/" else {}
    if language() == "en":
        query["lang"] = "en"
    return Response(status=302, headers={"Location": "/sign-in" + (f"?{urlencode(query)}" if query else "")})


def _see(path: str) -> Response:
    return Response(status=303, headers={"Location": path})
