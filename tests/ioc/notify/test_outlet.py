"""A channel leads where it is allowed to and nowhere else; how an attempt ended is said without its secrets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ioc.notify.channels_file import ChannelTable
from ioc.notify.guard import Forbidden, reaching
from ioc.notify.outlet import BadChannel, Outlet
from ioc.notify.receiver import Receiver
from ioc.services.outward import notified

KEY = "s3cr3t/with?marks"


def channel(url: str, tmp_path: Path) -> ChannelTable:
    key = tmp_path / "key"
    key.write_text(KEY, encoding="utf-8")
    key.chmod(0o600)
    secret = {"key": {"file": str(key)}} if "{key}" in url else {}
    return ChannelTable.model_validate({"kind": "web", "url": url, "secret": secret})


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("wecombot://{key}", ("https", "qyapi.weixin.qq.com", 443)),
        ("dingtalk://{key}", ("https", "oapi.dingtalk.com", 443)),
        ("json://Gateway.example:8080/send?:to=1", ("http", "gateway.example", 8080)),
        ("jsons://gateway.example/", ("https", "gateway.example", 443)),
        ("mailtos://duty:{key}@example.org?smtp=mail.example.org&to=a@example.org", ("smtps", "mail.example.org", 587)),
    ],
)
def test_where_a_channel_leads_to(tmp_path: Path, url: str, leads_to: tuple[str, str, int]):
    table = channel(url.replace("{key}", "{key}"), tmp_path)
    (tmp_path / "key").write_text("a" * 40, encoding="utf-8")
    assert Outlet.of("c", table, notified("")).leads_to() == leads_to


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "syslog://", "slack://a/b/c", "json://", "exec://x", "no address"]
)
def test_other_forms_of_addresses_are_refused(tmp_path: Path, url: str):
    with pytest.raises(BadChannel):
        Outlet.of("c", channel(url, tmp_path), notified(""))


def test_a_secret_that_others_may_read_is_refused_without_being_said(tmp_path: Path):
    table = channel("wecombot://{key}", tmp_path)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(BadChannel, match="chmod 600") as refused:
        Outlet.of("c", table, notified(""))
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("resolved", "allow", "why"),
    [
        (["8.8.8.8"], "", "not on the allow-list"),
        (["169.254.169.254"], "http://gateway.example", "forbidden"),
        (["127.0.0.1"], "http://gateway.example", "forbidden"),
        (["10.1.2.3"], "http://gateway.example", "forbidden"),
    ],
)
def test_an_address_inside_or_not_on_the_list_is_never_asked(tmp_path: Path, resolved: list[str], allow: str, why: str):
    outlet = Outlet.of("c", channel("json://gateway.example/", tmp_path), notified(allow), lambda *_: resolved)
    sent = outlet.send("b", "t", "x")
    assert (sent.outcome, why in sent.why) == ("refused", True)


def test_within_the_guard_a_thread_connects_to_what_was_judged_and_to_nothing_else():
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as open_,
        closing(socket.create_server(("127.0.0.1", 0))) as other,
    ):
        with reaching({open_.getsockname()}):
            socket.create_connection(open_.getsockname()).close()
            with pytest.raises(Forbidden):
                socket.create_connection(other.getsockname())
        socket.create_connection(other.getsockname()).close()


class Gateway:
    """A gateway of a text message provider that answers as told."""

    def __init__(self) -> None:
        self.status, self.location, self.got = 200, "", list[dict[str, Any]]()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                gateway.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if gateway.status == 0:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(gateway.status)
                if gateway.location:
                    self.send_header("Location", gateway.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway()
    yield found
    found.server.shutdown()
    found.server.server_close()


def outlet(port: int, tmp_path: Path) -> Outlet:
    table = channel(f"json://127.0.0.1:{port}/send?:token={{key}}", tmp_path)
    return Outlet.of("sms", table, notified(f"http://127.0.0.1:{port}"))


@pytest.mark.service
def test_a_message_goes_out_with_its_id(tmp_path: Path, gateway: Gateway):
    sent = outlet(gateway.port, tmp_path).send("b1", "标题", "正文")
    assert sent.outcome == "sent"
    got = gateway.got[0]
    assert (got["id"], got["title"], got["message"], got["token"]) == ("b1", "标题", "正文", KEY)


@pytest.mark.service
@pytest.mark.parametrize(
    ("status", "ended"), [(429, ("refused", "HTTP 429")), (500, ("refused", "HTTP 500")), (0, ("unknown", None))]
)
def test_how_an_attempt_ended_is_said_without_the_secret(
    tmp_path: Path, gateway: Gateway, capfd: Any, status: int, ended: tuple[str, str | None]
):
    gateway.status = status
    sent = outlet(gateway.port, tmp_path).send("b1", "标题", "正文")
    assert (sent.outcome, sent.why if ended[1] else None) == ended
    assert KEY not in sent.why
    out, err = capfd.readouterr()
    assert KEY not in out + err


@pytest.mark.service
def test_a_redirect_into_another_address_is_not_followed(tmp_path: Path, gateway: Gateway):
    other = Gateway()
    gateway.status, gateway.location = 307, f"http://127.0.0.1:{other.port}/"
    assert outlet(gateway.port, tmp_path).send("b1", "t", "x").outcome == "refused"
    assert other.got == []
    other.server.shutdown()
    other.server.server_close()


@pytest.mark.service
def test_nobody_there_is_known_not_to_have_got_it(tmp_path: Path):
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    sent = outlet(port, tmp_path).send("b1", "t", "x")
    assert (sent.outcome, sent.why) == ("refused", "无法连接 no connection")


@pytest.mark.service
def test_the_receiver_tells_each_message_once(tmp_path: Path):
    told: list[dict[str, Any]] = []
    receiver = Receiver(0, told.append)
    threading.Thread(target=receiver.serve, daemon=True).start()
    found = outlet(receiver.port, tmp_path)
    assert [found.send(batch, "t", "x").outcome for batch in ("b1", "b1", "b2")] == ["sent"] * 3
    receiver.close()
    assert [each["id"] for each in told] == ["b1", "b2"]
    assert (receiver.take(b"[]"), receiver.take(b"{"), receiver.take(b"x" * 70_000)) == (400, 400, 413)
