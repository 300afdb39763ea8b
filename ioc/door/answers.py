"""Answers to what went wrong: one JSON error shape for scripts, one plain page for people, never a trace."""

from __future__ import annotations

import sys

import structlog
from flask import Flask, Response, jsonify, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from ioc.api.problem import Problem
from ioc.door import plain, tally
from ioc.door.request import language, wants_json
from ioc.door.visitor import Forbidden, current_person
from ioc.security.identity import new_id
from ioc.security.role import TITLES

CODES = {400: "bad_request", 401: "sign_in_required", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
         413: "too_large", 415: "json_required", 429: "locked", 500: "failed", 503: "unavailable"}  # fmt: skip
PAGES = {403: "forbidden", 404: "not_found", 500: "failed", 503: "unavailable"}


def error(status: int, code: str = "", zh: str = "", en: str = "", reference: str = "") -> Response:
    """An error for this request, as JSON or as a page, whichever it asked for."""
    text = plain.MESSAGES[PAGES.get(status, "bad_request")]
    code = code or CODES.get(status, "failed" if status >= 500 else "bad_request")
    return answer(Problem(status, code, zh or text.zh, en or text.en), reference)


def answer(problem: Problem, reference: str = "") -> Response:
    """The answer to a problem, with its headers."""
    status = problem.status
    if wants_json(request.path):
        response = jsonify(problem.body(reference))
        response.status_code = status
        response.headers.update(problem.headers)
        return response
    lang, person, detail = language(), current_person(), ""
    if status == 403 and person is not None:
        roles = "、".join(TITLES[role][lang == "en"] for role in sorted(person.roles))
        detail = f"{person.name} · {roles}"
    return plain.message_page(
        PAGES.get(status, "bad_request"), lang, status, reference=reference, detail=detail, signed_in=person is not None
    )


def register(server: Flask) -> None:
    """Answer every exception of the application from here."""
    log = structlog.get_logger()

    def failed(problem: Exception) -> Response:
        if isinstance(problem, HTTPException):
            status = problem.code or 500
            if status < 400:  # a redirect of the router
                return Response(status=status, headers=problem.get_response().headers.to_wsgi_list())
            return error(status)
        if isinstance(problem, Problem):
            return answer(problem)
        if isinstance(problem, Forbidden):
            tally.REFUSALS.labels("permission").inc()
            return error(
                403, zh=f"缺少权限 {problem.permission}。", en=f"The permission {problem.permission} is missing."
            )
        reference = new_id()[:12]
        tally.FAILURES.inc()
        route = request.url_rule.rule if request.url_rule else "none"
        log.error("request_failed", id=reference, route=route, method=request.method, exc_info=sys.exc_info())
        return error(503 if isinstance(problem, OperationalError) else 500, reference=reference)

    server.register_error_handler(Exception, failed)
