"""The guard: one check before every request, whatever answers it. What is not declared does not start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

import structlog
from flask import Flask, Response, g, request

from ioc.api.operation import Bearer
from ioc.api.operations import OPERATIONS
from ioc.api.problem import Problem
from ioc.door import device, plain, tally
from ioc.door.answers import answer as answer_to
from ioc.door.answers import error
from ioc.door.compression import shrink
from ioc.door.desk import Desk
from ioc.door.entrance import send_to_sign_in
from ioc.door.headers import app_policy, plain_policy, secure
from ioc.door.missing import Find
from ioc.door.request import COOKIE, from_own_page, gateway_origin, host_is_valid, language, over_tls, this_page
from ioc.door.visitor import Person, require
from ioc.queries import tiles, video
from ioc.security.actor import SYSTEM, Actor, act_as
from ioc.security.permission import Permission, may
from ioc.security.role import home
from ioc.services.api_tokens import ApiToken
from metrics.clock import monotonic_s

LARGEST_BODY = 1 * 2**20  # bytes; a callback's state is some kilobytes


class Access(Enum):
    """Who may ask for a route that has no permission of its own."""

    PUBLIC = "anyone"
    PAGE = "whoever may see the page at this path"


ROUTES: Mapping[str, Access | Permission | Bearer] = {
    "/sign-in": Access.PUBLIC,
    "/sign-in/step": Access.PUBLIC,  # has the token of its form
    "/enter/<token>": Access.PUBLIC,
    "/receipt/<token>": Access.PUBLIC,  # whoever has the link that a message carried answers it
    "/enrol": Access.PUBLIC,  # a device that nobody approved yet shows its code
    "/enrol.js": Access.PUBLIC,
    "/wall-worker.js": Access.PUBLIC,
    "/healthz": Access.PUBLIC,
    "/readyz": Access.PUBLIC,
    "/metrics": Access.PUBLIC,  # asks for loopback or its token itself
    "/sign-out": Permission.SESSION,
    "/incidents/<name>/unmask": Permission.PERSONAL_VIEW,
    "/incidents/<name>/review.<kind>": Permission.DUTY_VIEW,
    "/incidents/<name>/review/<what>": Permission.INCIDENT_HANDLE,
    "/evaluation.csv": Permission.INDICATOR_VIEW,
    "/admin/data/<part>": Permission.ADMIN_VIEW,  # each part asks for its own too
    "/admin/people/<name>": Permission.PEOPLE_MANAGE,
    "/admin/roles/revoke": Permission.ROLE_GRANT,
    "/admin/tokens/revoke": Permission.SCREEN_MANAGE,
    "/admin/approvals/<name>": Permission.ADMIN_VIEW,  # each operation asks for its own too
    "/admin/audit/verify": Permission.AUDIT_VIEW,
    "/admin/audit/export/<approval_id>": Permission.AUDIT_VIEW,
    "/messages": Permission.INCIDENT_HANDLE,
    "/messages/<message_id>/answer": Permission.MESSAGE_ANSWER,  # by whom it is for
    "/messages/<message_id>/again": Permission.INCIDENT_HANDLE,
    "/responses": Permission.DUTY_VIEW,
    "/responses/<plan>": Permission.RESPONSE_ORDER,  # asks for the authority of the level too
    "/screens/<name>/claim": Permission.SCREEN_CONTROL,  # asks for the right's own permission too
    "/screens/<name>/release": Permission.SCREEN_CONTROL,
    "/screens/<name>/pointer": Permission.SCREEN_CONTROL,
    "/screens/<name>/change": Permission.SCREEN_MANAGE,
    "/screens/<name>/remove": Permission.SCREEN_MANAGE,
    "/screens/add": Permission.SCREEN_MANAGE,
    "/screens/devices/approve": Permission.SCREEN_MANAGE,
    "/screens/devices/revoke": Permission.SCREEN_MANAGE,
    **{operation.path: operation.access for operation in OPERATIONS},
    "/": Access.PAGE,
    "/<path:path>": Access.PAGE,
    "/_dash-layout": Permission.SESSION,
    "/_dash-dependencies": Permission.SESSION,
    "/_dash-update-component": Permission.SESSION,  # each callback asks for its own permission
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Permission.SESSION,
    "/_reload-hash": Permission.SESSION,
    "/_favicon.ico": Permission.SESSION,
    "/assets/<path:filename>": Permission.SESSION,
    "/bundle/<kind>": Permission.SESSION,
    "/static/<path:filename>": Permission.SESSION,
}
# plain HTML forms; everything else that posts sends JSON
FORMS = frozenset({"/sign-in", "/sign-in/step", "/sign-out", "/receipt/<token>"})
FILES = ("/assets/", "/bundle/", "/_dash-component-suites/")
# Not activity of a person: files, and what scripts ask by themselves.
PASSIVE = (*FILES, "/api/v1/", "/_favicon.ico", "/_reload-hash")
# But these are what a person does.
DONE = frozenset(
    {f"/api/v1/incidents/{act}" for act in ("by-hand", "<id>/claim", "<id>/moves", "<id>/merge", "<id>/split")}
) | frozenset(
    {f"/api/v1/alarms/{act}" for act in ("acknowledge", "take-back", "cover", "uncover", "cards/<card>/incident")}
)
DONE |= {"/api/v1/vouchers"}
DONE |= {"/api/v1/plans/runs/<run>/steps/<step>", "/api/v1/plans/runs/<run>/cancel"} | {
    f"/api/v1/plans/<plan>/{act}" for act in ("start", "check", "draft", "discard", "publish", "restore")
}
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Undeclared(RuntimeError):
    """Something that answers browsers declares no permission; `names` says what."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("no permission is declared for: " + ", ".join(names))
        self.names = names


class DebugRefused(RuntimeError):
    """The application was started in debug mode, which would show its insides."""


PagePermission = Callable[[str], Permission | None]  # a path -> what its page requires; None: there is no such page


def check_routes(server: Flask, routes: Mapping[str, Access | Permission | Bearer] = ROUTES) -> None:
    """Raises Undeclared for routes of the application that are not in the table."""
    if names := sorted({rule.rule for rule in server.url_map.iter_rules()} - set(routes)):
        raise Undeclared([f"route {name}" for name in names])


def register(
    server: Flask,
    desk: Desk,
    page_permission: PagePermission,
    missing: Find,
    script_hashes: Callable[[], tuple[str, ...]],
) -> None:
    """Put the guard before everything the application does, and the security headers after."""
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    log = structlog.get_logger()

    def check() -> Response | None:
        g.began = monotonic_s()
        act_as(Actor("anonymous", address=request.remote_addr or ""))
        if server.debug:
            raise DebugRefused("debug mode is refused")
        if not host_is_valid():
            return refused("host", error(400))
        desk.sessions.keep_sweeping()
        rule = request.url_rule.rule if request.url_rule else ""
        access = ROUTES.get(rule, Access.PAGE)
        if isinstance(access, Bearer) and (access.permission is None or "Authorization" in request.headers):
            return bear()  # a cookie counts for nothing here, so no foreign page can make use of one
        if access is not Access.PUBLIC and (answer := admit(access, rule)) is not None:
            return answer
        if request.method not in READING:
            if not from_own_page(desk.settings):
                return refused("origin", error(403, "foreign_origin", "请求来源不符。", "Sent by a foreign page."))
            if not request.is_json and rule not in FORMS:
                return refused("content_type", error(415, "json_required", "须为 JSON。", "The body must be JSON."))
        return None

    def bear() -> Response | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        token = desk.tokens.find(text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            answer = error(401, "token_required", "须带有效的 API 令牌。", "A valid API token is needed.")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return refused("token", answer)
        g.token = token
        act_as(Actor(f"token:{token.id}", address=request.remote_addr or ""))
        if wait_ms := desk.tokens.take(token):
            limited = Problem(
                429, "rate_limited", f"每分钟至多 {token.per_minute} 次请求。",
                f"At most {token.per_minute} requests a minute.", headers={"Retry-After": str(-(-wait_ms // 1000))},
            )  # fmt: skip
            return refused("rate", answer_to(limited))
        desk.tokens.note(token)
        return None

    def admit(access: Access | Permission | Bearer, rule: str) -> Response | None:
        token = request.cookies.get(COOKIE, "")
        visit = desk.sessions.visit(token) if token else None
        if visit is None or (visit.address and visit.address != request.remote_addr):
            return refused("anonymous", device.returning(desk, this_page()) or send_to_sign_in(this_page()))
        if visit.screen and access is Access.PAGE and (answer := device.renewed(desk, visit)) is not None:
            return answer
        g.person = Person(
            visit.person, visit.name, visit.roles, visit.session, visit.device, visit.title, visit.screen, visit.within
        )  # fmt: skip
        act_as(Actor(visit.name, sorted(visit.roles), request.remote_addr or ""))
        if not request.path.startswith(PASSIVE) or rule in DONE:
            desk.sessions.note(token, visit)
        permission = access.permission if isinstance(access, Bearer) else access
        if isinstance(permission, Permission):
            require(permission)
        elif rule:  # without a rule the router has its own answer: 404, 405 or a redirect
            wanted = page_permission(request.path)
            if wanted is None:
                return absent(request.path) or error(404)
            if request.path == "/" and not may(visit.roles, wanted) and home(visit.roles) != "/":
                return Response(status=302, headers={"Location": home(visit.roles)})
            require(wanted)
            return absent(request.path)
        return None

    def absent(path: str) -> Response | None:
        found = missing(path, request.args.get("world"), language())
        return None if found is None else plain.missing_page(language(), found)

    def refused(why: str, answer: Response) -> Response:
        tally.REFUSALS.labels(why).inc()
        return answer

    def finish(response: Response) -> Response:
        kind = response.headers.pop(plain.PLAIN, None)
        static = request.path.startswith(FILES)
        if static and response.status_code in {200, 304}:
            _keep_file(response)
        hashes = script_hashes()
        policy = plain_policy(plain.STYLE_HASH, scripted=kind == plain.SCRIPTED)
        if kind is None and host_is_valid():
            settings = desk.settings
            media = video.origins(settings.video_url, settings.video_pictures_url)
            policy = app_policy(hashes, gateway_origin(settings), tiles.origin(settings.tiles_url), media)
        secure(response, policy, tls=over_tls(desk.settings))
        shrink(response, desk.compressed, static=static)
        route = request.url_rule.rule if request.url_rule else "none"
        tally.REQUESTS.labels(route, str(response.status_code)).inc()
        if "token" in g:
            _note_use(g.token, route, response.status_code)
        if "began" in g:
            tally.SECONDS.observe(monotonic_s() - g.began)
        return response

    def _note_use(token: ApiToken, route: str, status: int) -> None:
        tally.API_REQUESTS.labels(token.id, route, str(status)).inc()
        log.info("api_used", token=token.id, name=token.name, route=route, status=status, **g.get("facts", {}))

    server.before_request_funcs.setdefault(None, []).insert(0, check)
    server.after_request(finish)
    server.teardown_request(lambda _: act_as(SYSTEM))


def _keep_file(response: Response) -> None:
    """Files whose address changes with their content are kept for a year, others are asked about each time."""
    changes = "m" in request.args or ".v" in request.path
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable" if changes else "private, no-cache"
