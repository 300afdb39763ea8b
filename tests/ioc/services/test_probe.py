"""A linked system is asked only where it is allowed, at the address that was checked, and within a limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ioc.queries.library import Key, health
from ioc.services.library import change
from ioc.services.outward import allow_list, origin
from ioc.services.probe import Answer, probe
from ioc.services.system_health import check
from ioc.store.unit import Store
from tests.ioc.services.test_library import BODY

T0 = 1_790_000_000_000


class Answers(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.server.heard.append((self.path, self.headers["Host"]))  # type: ignore[attr-defined]
        self.send_response(int(self.path.strip("/") or 200))
        self.send_header("Location", "http://169.254.169.254/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    server.heard = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address(server: HTTPServer, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


@pytest.mark.parametrize(("path", "state"), [("/200", "ok"), ("/302", "ok"), ("/401", "ok"), ("/503", "dead")])
def test_any_answer_below_500_is_a_living_system_and_no_redirect_is_followed(
    server: HTTPServer, path: str, state: str
) -> None:
    entry = address(server, path)
    assert probe(entry, allow_list(entry)) == Answer(state, f"HTTP {path[1:]}")
    assert server.heard == [(path, f"127.0.0.1:{server.server_port}")]  # type: ignore[attr-defined]


def test_what_is_not_on_the_allow_list_is_not_asked(server: HTTPServer) -> None:
    entry = address(server)
    assert probe(entry, allow_list("https://127.0.0.1, http://127.0.0.1:1")).state == "blocked"
    assert probe(entry, ()).state == "blocked"
    assert server.heard == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "found",
    ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "100.100.100.200", "127.0.0.1", "::ffff:169.254.0.1"],  # noqa: S104 - refused, not bound to
)
def test_a_name_that_leads_to_a_forbidden_address_is_not_asked(found: str) -> None:
    answer = probe("http://parks.example/", allow_list("http://parks.example"), lambda *_: ["10.0.0.9", found])
    assert answer == Answer("blocked", "forbidden address")


def test_the_address_that_was_checked_is_the_one_that_is_asked(server: HTTPServer) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    entry = f"http://127.0.0.1:{server.server_port}/"
    assert probe(entry, allow_list(entry), resolve).state == "ok"
    assert asked == ["127.0.0.1"]


def test_a_system_that_accepts_and_says_nothing_is_dead_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        entry = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert probe(entry, allow_list(entry), limit_s=0.2) == Answer("dead", "no answer in time")


def test_a_system_that_is_not_there_is_dead_and_one_without_an_address_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        entry = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    assert probe(entry, allow_list(entry)) == Answer("dead", "no connection")
    assert probe("", ()) == Answer("unknown", "no address")


@pytest.mark.parametrize("text", ["ftp://x", "parks.example", "https://", "https://a:b@c", "javascript:alert(1)"])
def test_only_http_addresses_without_passwords_are_origins(text: str) -> None:
    with pytest.raises(ValueError, match="not an address of http, https"):
        origin(text)


def test_what_was_found_is_kept_with_since_when_and_forgotten_with_the_address(sqlite_store: Store) -> None:
    key: Key = ("governance", "system", "parks")
    place = ("governance", "parks")
    change(sqlite_store, key, BODY, 0, by="sysadmin", now_ms=T0)

    def look(state: str, at: int) -> None:
        check(sqlite_store, (), lambda: at, lambda entry, _: Answer(state if entry else "unknown", ""))

    look("ok", T0)
    look("dead", T0 + 60_000)
    look("dead", T0 + 120_000)
    found = health(sqlite_store)[place]
    assert (found.state, found.seen_ms, found.dead_since_ms, found.checked_ms) == (
        "dead", T0, T0 + 60_000, T0 + 120_000,
    )  # fmt: skip
    look("ok", T0 + 180_000)
    assert health(sqlite_store)[place].dead_since_ms is None
    change(sqlite_store, key, BODY | {"entry": "https://other.example/"}, 1, by="sysadmin", now_ms=T0)
    look("dead", T0 + 240_000)
    assert (health(sqlite_store)[place].seen_ms, health(sqlite_store)[place].dead_since_ms) == (None, T0 + 240_000)
