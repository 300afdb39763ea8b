"""The sign-in form, one-time links, cookies, sessions over time, signing out."""

from __future__ import annotations

import pytest
import redis
from sqlalchemy import text

from ioc.security.role import Role
from ioc.services.links import add_link
from ioc.services.people import add_person, disable_person, revoke_role
from ioc.settings import Settings
from metrics import keys

from .conftest import ORIGIN, T0, Site, post

pytestmark = pytest.mark.service

GOOD, BAD = "Sunny-Day-42", "Rainy-Day-42"


@pytest.fixture(autouse=True)
def zhang(site: Site) -> None:
    add_person(site.desk.store, "zhang", [Role.DUTY], GOOD, T0)


def submit(site: Site, password: str = GOOD, name: str = "zhang", client=None, query: str = "", **fields: str):
    client = client or site.anonymous()
    form = {"name": name, "password": password, **fields}
    return client.post(f"/sign-in{query}", data=form, headers={"Origin": ORIGIN})


def cookie_of(answer) -> str:
    return next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("ioc_session="))


def test_the_form_is_a_page_without_script_in_chinese_with_a_switch_to_english(site: Site):
    page = site.anonymous().get("/sign-in")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert 'lang="zh-CN"' in page.text
    assert "口令" in page.text
    english = site.anonymous().get("/sign-in?lang=en").text
    assert 'lang="en"' in english
    assert "Password" in english


def test_the_right_password_leads_home_or_where_one_wanted_to_go(site: Site):
    assert submit(site).headers["Location"] == "/"
    assert submit(site, next="/duty?lang=en").headers["Location"] == "/duty?lang=en"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/enter/x"])
def test_signing_in_never_leads_to_another_host(site: Site, target: str):
    assert submit(site, next=target).headers["Location"] == "/"
    assert "evil" not in site.anonymous().get("/sign-in", query_string={"next": target}).text


def test_the_cookie_is_hidden_from_scripts_and_foreign_pages(site: Site):
    cookie = cookie_of(submit(site))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # plain HTTP on loopback


def test_the_cookie_is_for_tls_only_where_there_is_tls(site: Site):
    answer = site.anonymous().post(
        "/sign-in",
        data={"name": "zhang", "password": GOOD},
        base_url="https://ioc.example",
        headers={"Origin": "https://ioc.example", "Host": "ioc.example"},
    )
    assert "Secure" in cookie_of(answer)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_wrong_password_says_how_many_tries_are_left_and_keeps_the_name(site: Site):
    answer = submit(site, BAD)
    assert answer.status_code == 401
    assert "还可试 4 次" in answer.text
    assert 'value="zhang"' in answer.text
    assert BAD not in answer.text
    assert "4 more tries" in submit(site, BAD, name="other", query="?lang=en").text


def test_five_wrong_passwords_lock_the_account_and_say_for_how_long(site: Site):
    for _ in range(4):
        submit(site, BAD)
    answer = submit(site, BAD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "15 分钟后再试" in answer.text
    site.clock.advance(minutes=14)
    assert submit(site, GOOD).status_code == 429
    site.clock.advance(minutes=1)
    assert submit(site, GOOD).status_code == 303


def test_what_is_typed_comes_back_escaped(site: Site):
    answer = submit(site, BAD, name='"><script>alert(1)</script>', next='/duty?"><script>')
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_signing_in_as_json_answers_json(site: Site):
    assert post(site.anonymous(), "/sign-in", {"name": "zhang", "password": GOOD}).json == {"home": "/"}
    assert post(site.anonymous(), "/sign-in", {"name": "zhang", "password": BAD}).json["error"]["code"] == "wrong"
    assert post(site.anonymous(), "/sign-in", ["zhang"]).status_code == 401


def test_a_planted_session_id_is_replaced_at_sign_in(site: Site):
    browser = site.anonymous()
    browser.set_cookie("ioc_session", "planted", domain="127.0.0.1")
    assert "planted" not in cookie_of(submit(site, client=browser))


def test_signing_in_again_ends_the_first_session(site: Site):
    browser = site.anonymous()
    first = cookie_of(submit(site, client=browser)).split(";")[0]
    second = cookie_of(submit(site, client=browser)).split(";")[0]
    assert first != second
    thief = site.anonymous()
    thief.set_cookie("ioc_session", first.split("=", 1)[1], domain="127.0.0.1")
    assert thief.get("/api/v1/session").status_code == 401


def test_someone_signed_in_who_opens_the_form_goes_home(site: Site):
    assert site.signed_in("leader").get("/sign-in").headers["Location"] == "/"


def test_fifteen_idle_minutes_end_a_session(site: Site):
    browser = site.signed_in("duty")
    site.clock.advance(minutes=14.9)
    assert browser.get("/duty").status_code == 200
    site.clock.advance(minutes=14.9)
    assert browser.get("/duty").status_code == 200
    assert "登录已失效" not in site.anonymous().get("/sign-in").text
    site.clock.advance(minutes=15)
    form = browser.get("/duty", follow_redirects=True)
    assert form.request.path == "/sign-in"
    assert "登录已失效：久未操作" in form.text


def test_what_scripts_ask_by_themselves_is_no_activity(site: Site):
    browser = site.signed_in("duty")
    for _ in range(3):
        site.clock.advance(minutes=4.9)
        browser.get("/api/v1/session")
        post(browser, "/api/v1/ticket", {"topics": []})
        browser.get("/assets/big.js")
    site.clock.advance(minutes=0.4)
    assert browser.get("/duty").status_code == 302


def test_twelve_hours_end_a_session_however_busy(site: Site):
    browser = site.signed_in("duty")
    for _ in range(71):
        site.clock.advance(minutes=10)
        assert browser.get("/duty").status_code == 200
    site.clock.advance(minutes=10)
    assert browser.get("/duty").status_code == 302


def test_a_wall_is_never_idle(site: Site):
    browser = site.signed_in("wall")
    site.clock.advance(minutes=11 * 60)
    assert browser.get("/wall").status_code == 200


def test_signing_out_ends_the_session_and_its_sockets(site: Site, redis_client: redis.Redis):
    browser = site.signed_in("duty")
    post(browser, "/api/v1/ticket", {"topics": ["live/traffic"]})
    assert redis_client.keys("sec:session:*") != []
    answer = browser.post("/sign-out", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert redis_client.keys("sec:session:*") == []
    assert browser.get("/duty").status_code == 302
    assert "登录已失效" not in browser.get("/sign-in").text  # who leaves knows why


@pytest.mark.parametrize("what", ["role", "account"])
def test_what_is_taken_away_elsewhere_is_gone_within_five_seconds(site: Site, redis_client: redis.Redis, what: str):
    browser = site.signed_in("duty")
    post(browser, "/api/v1/ticket", {"topics": ["live/traffic"]})
    session = redis_client.keys("sec:session:*")[0].decode()
    if what == "role":
        revoke_role(site.desk.store, "duty", Role.DUTY, site.clock())
    else:
        disable_person(site.desk.store, "duty", site.clock())
    site.desk.sessions.sweep()  # the background does it each 1.5 s; the gateway looks each 2 s
    assert not redis_client.exists(session)
    site.clock.advance(seconds=2)
    assert browser.get("/duty").status_code == 302
    assert post(browser, "/api/v1/ticket", {"topics": []}).status_code == 401


def test_a_ticket_is_refused_at_once_after_a_revocation(site: Site):
    browser = site.signed_in("duty")
    browser.get("/duty")
    revoke_role(site.desk.store, "duty", Role.DUTY, site.clock())
    assert post(browser, "/api/v1/ticket", {"topics": []}).status_code == 401


def test_a_link_opens_once_and_says_so_the_second_time(site: Site):
    token = add_link(site.desk.store, Role.LEADER, site.clock())
    assert site.anonymous().get(f"/enter/{token}").headers["Location"] == "/"
    answer = site.anonymous().get(f"/enter/{token}")
    assert answer.status_code == 410
    assert "链接已失效" in answer.text


def test_the_link_of_the_wall_leads_to_the_wall_and_outlives_a_reboot(site: Site):
    token = add_link(site.desk.store, Role.WALL, site.clock())
    answer = site.anonymous().get(f"/enter/{token}")
    assert answer.headers["Location"] == "/wall"
    assert "Max-Age=2592000" in cookie_of(answer)


def test_an_expired_link_opens_nothing(site: Site):
    token = add_link(site.desk.store, Role.LEADER, site.clock())
    site.clock.advance(minutes=12 * 60)
    answer = site.anonymous().get(f"/enter/{token}")
    assert answer.status_code == 410
    assert not answer.headers.getlist("Set-Cookie")


def test_a_link_does_not_work_from_another_machine_nor_through_a_proxy_nor_by_another_name(site: Site):
    token = add_link(site.desk.store, Role.LEADER, site.clock())
    browser = site.anonymous()
    far = browser.get(f"/enter/{token}", environ_base={"REMOTE_ADDR": "10.0.0.9"})
    proxied = browser.get(f"/enter/{token}", headers={"X-Forwarded-For": "10.0.0.9"})
    renamed = browser.get(f"/enter/{token}", headers={"Host": "evil.example"})
    assert [far.status_code, proxied.status_code, renamed.status_code] == [403, 403, 403]
    assert "本机" in far.text
    assert browser.get(f"/enter/{token}").status_code == 303


def test_a_preview_does_not_use_a_link_up(site: Site):
    token = add_link(site.desk.store, Role.LEADER, site.clock())
    assert site.anonymous().head(f"/enter/{token}").status_code == 204
    assert site.anonymous().get(f"/enter/{token}").status_code == 303


def test_a_database_that_does_not_answer_is_said_plainly(site: Site):
    browser = site.signed_in("duty")
    with site.desk.store.write() as unit:
        unit.execute(text("ALTER TABLE session RENAME TO elsewhere"))
    site.clock.advance(seconds=3)
    answer = browser.get("/duty")
    assert answer.status_code == 503
    assert "编号" in answer.text


def test_a_redis_that_is_away_stops_no_page(small_app, tmp_path):
    from ioc import web

    app = small_app()
    desk = web.guard(app.server, Settings(data_dir=tmp_path, redis_url=f"unix://{tmp_path}/none.sock"), lambda: T0)
    browser = app.server.test_client()
    token = add_link(desk.store, Role.DUTY, T0)
    assert browser.get(f"/enter/{token}").status_code == 303
    assert browser.get("/duty").status_code == 200
    answer = browser.post("/api/v1/ticket", json={"topics": []}, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "live_unavailable")
    assert browser.get("/readyz").json["checks"] == {"database": True, "redis": False}
    desk.close()


def test_the_mark_of_a_session_lives_as_long_as_the_session(site: Site, redis_client: redis.Redis):
    browser = site.signed_in("duty")
    key = redis_client.keys(keys.session("*"))[0]
    assert 890_000 < redis_client.pttl(key) <= 900_000
    redis_client.pexpire(key, 1000)
    site.clock.advance(minutes=1)
    browser.get("/duty")
    assert redis_client.pttl(key) > 890_000
