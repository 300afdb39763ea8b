"""Nobody gets past the guard: every route, every role, every callback, every way to post."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import dash
import pytest
from dash import Input, Output, html

from ioc import web
from ioc.door.guard import ROUTES, Access
from ioc.settings import Settings

from .conftest import ORIGIN, Site, callback_body, post

pytestmark = pytest.mark.service

SAMPLES = {
    "/<path:path>": "/wall",
    "/assets/<path:filename>": "/assets/big.js",
    "/static/<path:filename>": "/static/x",
    "/enter/<token>": "/enter/x",
    "/receipt/<token>": "/receipt/x",
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": "/_dash-component-suites/dash/x.js",
}


def test_every_route_of_the_url_map_turns_an_anonymous_caller_away(site: Site):
    answers = {}
    for rule in site.app.server.url_map.iter_rules():
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "DELETE", "OPTIONS"}):
            path = SAMPLES.get(rule.rule, rule.rule)
            answers[method, path] = site.anonymous().open(path, method=method, headers={"Origin": ORIGIN}).status_code
    public = {path for path, access in ROUTES.items() if access is Access.PUBLIC} | {"/enter/x", "/receipt/x"}
    assert len(answers) > 20
    assert {key for key, status in answers.items() if status not in {401, 302}} <= {
        (method, path) for method, path in answers if path in public
    }
    assert {answers["GET", path] for path in ("/_dash-layout", "/_dash-dependencies", "/assets/big.js")} == {401}
    assert answers["POST", "/_dash-update-component"] == 401
    assert answers["POST", "/api/v1/ticket"] == 401


def test_a_page_sends_an_anonymous_person_to_the_sign_in_page_and_back(site: Site):
    answer = site.anonymous().get("/scene/traffic?world=replay&lang=en")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=%2Fscene%2Ftraffic%3Fworld%3Dreplay%26lang%3Den&lang=en"


def test_a_page_whose_path_names_what_there_is_not_answers_404_in_the_language_of_the_address(site: Site):
    leader = site.signed_in("leader")
    assert leader.get("/scene/traffic").status_code == 200
    answer = leader.get("/scene/nope")
    assert (answer.status_code, "没有此页" in answer.text, 'lang="zh-CN"' in answer.text) == (404, True, True)
    english = leader.get("/scene/nope?lang=en")
    assert (english.status_code, "Not found" in english.text, 'lang="en"' in english.text) == (404, True, True)
    assert web.page_state("/scene/nope") == "missing"


def test_an_anonymous_person_does_not_learn_which_pages_exist(site: Site):
    assert site.anonymous().get("/nothing-here").status_code == 302


def test_an_anonymous_script_gets_the_one_error_shape(site: Site):
    answer = site.anonymous().get("/_dash-layout")
    assert set(answer.json["error"]) == {"code", "message_zh", "message_en", "id", "field", "rule"}
    assert answer.json["error"]["code"] == "sign_in_required"


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("wall", {"/wall": 200, "/scene/traffic": 200, "/duty": 403}),
        ("leader", {"/wall": 200, "/scene/traffic": 200, "/duty": 200}),
        ("duty", {"/wall": 200, "/scene/traffic": 200, "/duty": 200}),
        ("analyst", {"/wall": 200, "/scene/traffic": 200, "/duty": 403}),
        ("sysadmin", {"/wall": 403, "/scene/traffic": 403, "/duty": 403}),
        ("secadmin", {"/wall": 403, "/scene/traffic": 403, "/duty": 403}),
        ("auditor", {"/wall": 403, "/scene/traffic": 403, "/duty": 403}),
    ],
)
def test_each_role_sees_its_pages_and_no_others(site: Site, role: str, expected: dict[str, int]):
    browser = site.signed_in(role)
    assert {path: browser.get(path).status_code for path in expected} == expected


@pytest.mark.parametrize(
    ("role", "status"),
    [("wall", 403), ("leader", 200), ("duty", 200), ("analyst", 403), ("sysadmin", 403), ("secadmin", 403),
     ("auditor", 403)],
)  # fmt: skip
def test_each_role_runs_its_callbacks_and_no_others(site: Site, role: str, status: int):
    answer = post(site.signed_in(role), "/_dash-update-component", callback_body())
    assert answer.status_code == status
    if status == 200:
        assert answer.json["response"] == {"door-out": {"children": "said x"}}


def test_a_layout_asked_for_through_dash_asks_for_the_pages_permission(site: Site):
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": "/duty"},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["_pages_location.pathname"],
        "state": [],
    }
    assert "the desk" in post(site.signed_in("duty"), "/_dash-update-component", body).text
    assert "the desk" not in post(site.signed_in("auditor"), "/_dash-update-component", body).text


def test_a_page_that_does_not_exist_is_404_for_someone_signed_in(site: Site):
    assert site.signed_in("leader").get("/nothing-here").status_code == 404
    assert site.signed_in("leader").get("/scene/a/b").status_code == 404


def test_a_wall_that_asks_for_the_start_page_is_shown_the_wall(site: Site):
    web.page("small.home", "/", "home.view", "首页", "Home", html.P("home"))
    answer = site.signed_in("wall").get("/")
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/wall")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/ticket", "/_dash-update-component", "/sign-out", "/sign-in"])
def test_a_post_that_our_pages_did_not_send_is_refused(site: Site, path: str, headers: dict[str, str]):
    answer = site.signed_in("duty").post(path, json=callback_body(), headers=headers)
    assert answer.status_code == 403
    assert site.signed_in("duty").get("/duty").status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_post_that_is_not_json_is_refused(site: Site, kind: str):
    answer = site.signed_in("duty").post(
        "/_dash-update-component", data=b"{}", content_type=kind, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 415


def test_a_body_beyond_a_megabyte_is_refused(site: Site):
    body = callback_body(value="x" * 1_100_000)
    assert post(site.signed_in("duty"), "/_dash-update-component", body).status_code == 413


@pytest.mark.parametrize("host", ["a b", "evil.example;script-src *", "evil.example/", "x" * 300])
def test_a_host_that_is_no_host_is_refused(site: Site, host: str):
    answer = site.anonymous().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert host not in answer.headers["Content-Security-Policy"]


def test_a_callback_that_fails_shows_a_number_and_nothing_of_its_inside(site: Site):
    answer = post(site.signed_in("duty"), "/_dash-update-component", callback_body(value="fail"))
    assert answer.status_code == 500
    assert len(answer.json["error"]["id"]) == 12
    assert "secret inside" not in answer.text
    assert "Traceback" not in answer.text


def test_a_page_that_fails_shows_a_number_and_nothing_of_its_inside(site: Site, monkeypatch: pytest.MonkeyPatch):
    browser = site.signed_in("duty")
    monkeypatch.setattr(site.app, "interpolate_index", lambda **_: 1 / 0)
    answer = browser.get("/duty")
    assert answer.status_code == 500
    assert "编号" in answer.text
    assert "division" not in answer.text


def test_debug_mode_refuses_every_request(site: Site):
    site.app.server.debug = True
    assert site.anonymous().get("/sign-in").status_code == 500


def test_dashs_own_server_cannot_be_started(site: Site):
    with pytest.raises(web.DebugRefused):
        site.app.run(debug=True)


@pytest.mark.parametrize("variable", ["FLASK_DEBUG", "DASH_DEBUG"])
def test_a_debug_variable_stops_the_start(
    small_app: Callable[[], Any], settings: Settings, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, "1")
    app = small_app()
    with pytest.raises(web.DebugRefused):
        web.guard(app.server, settings)


def test_a_callback_without_a_permission_stops_the_start(small_app: Callable[[], Any], settings: Settings):
    app = small_app()

    @app.callback(Output("door-out", "lang"), Input("door-in", "value"))
    def undeclared(value: str) -> str:
        return value

    with pytest.raises(web.Undeclared, match=r"callback door-out\.lang"):
        web.guard(app.server, settings)


def test_a_global_callback_without_a_permission_stops_the_start(small_app: Callable[[], Any], settings: Settings):
    app = small_app()
    dash.clientside_callback("function(v){return v}", Output("door-out", "lang"), Input("door-in", "value"))
    with pytest.raises(web.Undeclared, match=r"callback door-out\.lang"):
        web.guard(app.server, settings)


def test_a_page_without_a_permission_stops_the_start(small_app: Callable[[], Any], settings: Settings):
    app = small_app()
    dash.register_page("small.undeclared", path="/undeclared", layout=html.P())
    with pytest.raises(web.Undeclared, match=r"page small\.undeclared"):
        web.guard(app.server, settings)


def test_a_route_without_a_permission_stops_the_start(small_app: Callable[[], Any], settings: Settings):
    app = small_app()
    app.server.add_url_rule("/backdoor", "backdoor", lambda: "open")
    with pytest.raises(web.Undeclared, match="route /backdoor"):
        web.guard(app.server, settings)


def test_a_permission_that_does_not_exist_is_an_error_where_it_is_declared(dash_registers: None):
    with pytest.raises(ValueError, match=r"duty\.veiw"):
        web.page("small.typo", "/typo", "duty.veiw", "", "", html.P())
    with pytest.raises(ValueError, match=r"duty\.veiw"):
        web.callback(Output("a", "children"), Input("b", "value"), permission="duty.veiw")(lambda value: value)


def test_two_requests_at_once_are_two_people(site: Site):
    duty, auditor = site.signed_in("duty"), site.signed_in("auditor")
    answers: dict[str, list[int]] = {"duty": [], "auditor": []}

    def ask(name: str, browser: Any) -> None:
        answers[name] = [browser.get("/duty").status_code for _ in range(20)]

    threads = [threading.Thread(target=ask, args=each) for each in (("duty", duty), ("auditor", auditor))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {"duty": [200] * 20, "auditor": [403] * 20}
