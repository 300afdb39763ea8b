"""`ioc web`, `ioc user` and `ioc db` as processes: real gunicorn, real Valkey, real files."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from ioc.packs.bundle import publish
from metrics import keys
from tests.centre import free_ports

pytestmark = pytest.mark.service
ROOT = Path(__file__).resolve().parents[2]

SMALL_SERVER = """
import dash
from dash import html
from ioc import web
app = dash.Dash("small", use_pages=True, pages_folder="", suppress_callback_exceptions=True)
app.layout = html.Div([dash.page_container])
web.page("small.wall", "/wall", "wall.view", "大屏", "Wall", html.P("the wall"))
web.guard(app.server)
server = app.server
"""


def until(condition: Callable[[], object], what: str, timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Site:
    """A web server of its own and the commands beside it."""

    def __init__(self, home: Path, valkey_url: str) -> None:
        (home / "small_server.py").write_text(SMALL_SERVER)
        (self.port,) = free_ports(1)
        self.environment = os.environ | {
            "IOC_DATA_DIR": str(home / "data"),
            "IOC_WEB_PORT": str(self.port),
            "IOC_REDIS_URL": valkey_url,
            "PYTHONPATH": f"{home}{os.pathsep}{ROOT}",
        }
        self.log = (home / "web.log").open("wb")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from ioc.entrypoints.lifeline import tie_to_parent; tie_to_parent()\n"
                "from ioc.entrypoints.web import WebServer; from ioc.settings import Settings\n"
                "WebServer(Settings(), 'small_server').run()",
            ],
            env=self.environment | {"IOC_PARENT_PID": str(os.getpid())},
            stdout=self.log,
            stderr=self.log,
        )

    def ask(self, path: str, cookie: str = "", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers | ({"Cookie": cookie} if cookie else {}))
        return connection.getresponse()

    def answers(self) -> bool:
        try:
            return self.ask("/readyz").status == 200
        except OSError:
            return False

    def ioc(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ioc.entrypoints.cli", *arguments]
        return subprocess.run(command, env=self.environment, input=given, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("web"), valkey_url)
    until(site.answers, "the web server is ready")
    yield site
    site.process.terminate()
    site.process.wait()  # its worker has ended too: nothing writes into the Valkey of the tests after it


def enter(site: Site, role: str) -> str:
    """The cookie that the link of a role gives."""
    link = site.ioc("user", "link", role).stdout.strip().splitlines()[-1]
    assert link.startswith(f"http://127.0.0.1:{site.port}/enter/")
    answer = site.ask(link.partition(str(site.port))[2])
    assert answer.status == 303, answer.read()
    return str(answer.headers["Set-Cookie"]).split(";")[0]


def test_the_server_turns_anonymous_callers_away_and_serves_who_came_in_by_a_link(site: Site):
    assert site.ask("/wall").headers["Location"] == "/sign-in?next=%2Fwall"
    assert site.ask("/_dash-layout").status == 401
    assert site.ask("/wall", enter(site, "wall")).status == 200


def test_the_server_beats_its_heart(site: Site, valkey_url: str):
    client = redis.Redis.from_url(valkey_url)
    until(lambda: client.hexists(keys.HEARTBEATS, "web"), "a heartbeat of the web server")
    assert json.loads(client.hget(keys.HEARTBEATS, "web"))["pid"] > 0


def test_a_role_revoked_by_the_command_is_gone_within_five_seconds_in_pages_and_sockets(site: Site, valkey_url: str):
    client = redis.Redis.from_url(valkey_url)
    made = site.ioc("user", "add", "li", "--role", "duty", "--password-file", "-", given="Sunny-Day-42\n")
    assert made.returncode == 0, made.stderr
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    origin = f"http://127.0.0.1:{site.port}"
    body = json.dumps({"name": "li", "password": "Sunny-Day-42"})
    connection.request("POST", "/sign-in", body, {"Content-Type": "application/json", "Origin": origin})
    answer = connection.getresponse()
    cookie = str(answer.headers["Set-Cookie"]).split(";")[0]
    assert site.ask("/wall", cookie).status == 200
    marks = set(client.keys("sec:session:*"))
    assert marks
    assert site.ioc("user", "revoke", "li", "duty").returncode == 0
    began = time.monotonic()
    until(lambda: site.ask("/wall", cookie).status == 302, "the page is closed", 5)
    until(lambda: len(set(client.keys("sec:session:*"))) < len(marks), "the mark of the session is gone", 3)
    assert time.monotonic() - began < 5


def test_the_server_sweeps_away_sessions_that_ended_where_redis_was_not_at_hand(site: Site, valkey_url: str):
    client = redis.Redis.from_url(valkey_url)
    enter(site, "leader")
    before = set(client.keys("sec:session:*"))
    environment = dict(site.environment)
    site.environment["IOC_REDIS_URL"] = "unix:///nowhere.sock"
    try:
        assert site.ioc("user", "disable", "leader").returncode == 0
        assert site.ioc("user", "link", "leader").returncode == 1
        until(lambda: len(set(client.keys("sec:session:*"))) == len(before) - 1, "the mark is swept away", 5)
        assert site.ioc("user", "enable", "leader").returncode == 0
    finally:
        site.environment.update(environment)


def test_administrators_exclude_each_other_on_the_command_line(site: Site):
    add = ("user", "add", "wang", "--role", "sysadmin", "--role", "auditor", "--password-file", "-")
    refused = site.ioc(*add, given="Sunny-Day-42")
    assert refused.returncode == 1
    assert "互斥" in refused.stderr
    assert "wang" not in site.ioc("user", "list").stdout


def test_a_weak_password_is_refused_on_the_command_line(site: Site):
    refused = site.ioc("user", "add", "wang", "--role", "duty", "--password-file", "-", given="12345678")
    assert refused.returncode == 1
    assert "at least" in refused.stderr or "of:" in refused.stderr


def test_the_database_is_at_the_programs_revision(site: Site):
    assert site.ioc("db", "status").returncode == 0
    assert "0019" in site.ioc("db", "upgrade").stdout


def test_the_server_stops_cleanly_when_told(tmp_path: Path, valkey_url: str):
    site = Site(tmp_path, valkey_url)
    until(site.answers, "the web server is ready")
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(10) == 0


def test_no_worker_is_left_when_the_server_is_killed(tmp_path: Path, valkey_url: str):
    site = Site(tmp_path, valkey_url)
    until(site.answers, "the web server is ready")
    site.process.kill()
    site.process.wait()
    until(lambda: not site.answers() and _closed(site.port), "the worker ends", 10)


def _closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (("link", "king"), "'role'"),
        (("grant", "li", "king"), "'role'"),
        (("add", "li", "--role", "king"), "'--role'"),
    ],
)
def test_a_role_that_does_not_exist_is_answered_with_the_field_the_rule_and_the_roles_there_are(
    site: Site, command: tuple[str, ...], field: str
):
    refused = site.ioc("user", *command)
    assert refused.returncode == 2
    [said] = [line for line in refused.stderr.splitlines() if "king" in line]
    assert f"{field}: unknown-name: 没有这个角色 there is no role 'king'" in said
    there = "wall 大屏, leader 领导, duty 值班员, analyst 分析员, sysadmin 系统管理员, secadmin 安全管理员, auditor "
    assert f"可选 possible: {there}" in said


def test_a_program_feeds_over_http_with_a_token_made_on_the_command_line(site: Site, valkey_url: str):
    client = redis.Redis.from_url(valkey_url)
    publish(client)
    made = site.ioc("token", "add", "water bureau", "--feed", "traffic", "--origin", "recorded", "--days", "3")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token not in made.stderr

    def send(text: str, body: bytes, chunked: bool = False) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
        headers = {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}
        path = "/api/v1/observations/traffic"
        connection.request("POST", path, iter([body]) if chunked else body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    rows = json.dumps([{"time": int(time.time() * 1000), "road": "LH001", "speed": 41.5}, {"road": "x"}]).encode()
    status, told = send(token, rows)
    assert (status, told["accepted"], told["rejected"], told["origin"]) == (202, 1, 1, "recorded")
    assert send(token, rows, chunked=True)[0] == 202
    assert client.xlen(keys.observations("live", "traffic")) == 2
    assert send(token, b" " * 2_200_000 + rows, chunked=True)[0] == 413
    assert send(f"{token}x", rows)[0] == 401
    assert send(token, rows)[0] == 202  # the connection of a refused body harms no other
    told = json.loads(site.ioc("token", "list", "--json").stdout.splitlines()[-1])
    assert (told["state"], told["feeds"], bool(told["used"])) == ("open", ["traffic"], True)
    assert site.ioc("token", "revoke", str(told["token"])).returncode == 0
    until(lambda: send(token, rows)[0] == 401, "the token is refused", 5)
    secret = token.split("_", 2)[2]
    site.log.flush()
    assert secret not in (Path(site.log.name)).read_text()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--feed", "traffic"), 1, "origin"), (("--origin", "guessed"), 2, "real, recorded, simulated"),
        (("--read", "trafic"), 2, "traffic"), ((), 1, "Name a source to feed"),
    ],
)  # fmt: skip
def test_a_token_that_cannot_be_made_is_told_why(site: Site, options: tuple[str, ...], code: int, told: str):
    refused = site.ioc("token", "add", "x", *options)
    assert refused.returncode == code
    assert told in refused.stderr
    assert not refused.stdout
