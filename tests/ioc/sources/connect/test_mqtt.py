"""Messages of a real broker come in once they are on the bus, and none is lost: neither by the broker, nor the bus."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.services.outward import allowed
from ioc.sources.connect.mapping import Shape, Where
from ioc.sources.connect.mqtt import MqttWay
from metrics import keys
from metrics.clock import real_ms
from tests.conftest import ValkeyServer, wait_until
from tests.ioc.sources.connect.broker import Broker
from tests.ioc.sources.connect.wire import Run, stream

pytestmark = pytest.mark.service

FIELDS = {"station": Where(topic=2), "time": Where(("at",), times=Decimal(1000)), "mm": Where(("v.mm",))}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


def way(broker: Broker, rows: str = "", **more: Any) -> MqttWay:
    allow = allowed(more.pop("allow", broker.url))
    return MqttWay(
        more.pop("url", broker.url), ["rain/+/data", "extra/#"], 1, Shape(FIELDS, rows), "ioc-test", allow, **more
    )


def payload(mm: str = "0.5", ago_s: int = 60) -> str:
    return json.dumps({"at": real_ms() // 1000 - ago_s, "v": {"mm": float(mm)}})


def sent(client: redis.Redis) -> list[tuple[str, float]]:
    return [(row["k"], row["mm"]) for row in stream(client, "rain", real_ms()).rows]


def test_messages_become_rows_and_what_is_no_json_a_letter_with_its_reason(
    valkey_url: str, redis_client: redis.Redis, broker: Broker
) -> None:
    with Run(valkey_url, "rain", way(broker)) as run:
        wait_until(run.live, "it is connected")
        broker.publish(
            ("rain/RG01/data", payload("0.1")), ("rain/RG02/state", payload()), ("extra/RG03", payload("0.3")),
            ("rain/RG04/data", "{broken"), ("rain/RG05/data", b"\xff"), ("rain/RG06/data", payload("900")),
        )  # fmt: skip
        wait_until(lambda: run.fact("messages") == 5, "all are acknowledged")
    assert sorted(sent(redis_client)) == [("RG01", 0.1), ("RG03", 0.3)]
    letters = {(field, rule): value for _, field, rule, value in stream(redis_client, "rain", real_ms()).letters}
    assert set(letters) == {("p", "form"), ("mm", "range")}
    assert letters["mm", "range"] == "900.0"
    assert letters["p", "form"].startswith("mqtt one: rain/RG0")
    assert [run.fact(name) for name in ("accepted", "rejected", "unread")] == [2, {"range": 1}, 2]


def test_a_payload_may_hold_several_rows(valkey_url: str, redis_client: redis.Redis, broker: Broker) -> None:
    with Run(valkey_url, "rain", way(broker, rows="data.items")) as run:
        wait_until(run.live, "it is connected")
        at = real_ms() // 1000 - 60
        items = [{"at": at, "v": {"mm": 0.1}}, {"at": at + 1, "v": {"mm": 0.2}}]
        broker.publish(("rain/RG01/data", json.dumps({"data": {"items": items}})), ("rain/RG01/data", '{"data": 1}'))
        wait_until(lambda: run.fact("messages") == 2, "both are acknowledged")
    assert sent(redis_client) == [("RG01", 0.1), ("RG01", 0.2)]
    assert run.fact("unread") == 1


def test_what_is_published_while_nobody_listens_comes_later(
    valkey_url: str, redis_client: redis.Redis, broker: Broker
) -> None:
    with Run(valkey_url, "rain", way(broker)) as run:
        wait_until(run.live, "it is connected")
    broker.publish(*((f"rain/RG{n:02}/data", payload()) for n in range(50)))
    with Run(valkey_url, "rain", way(broker)) as run:
        wait_until(lambda: run.fact("messages") == 50, "all have come")
    assert sorted(sent(redis_client)) == [(f"RG{n:02}", 0.5) for n in range(50)]


def test_nothing_is_acknowledged_while_the_bus_is_away_and_nothing_is_lost(
    valkey_server: ValkeyServer, broker: Broker
) -> None:
    """The process ends while the bus is away: the broker still has the messages, and the next process gets them."""
    with Run(valkey_server.url, "rain", way(broker)) as run:
        wait_until(run.live, "it is connected")
        valkey_server.kill()
        broker.publish(*((f"rain/RG{n:02}/data", payload()) for n in range(30)))
        wait_until(lambda: run.feed.pending_rows > 0, "rows wait for the bus")
    assert run.fact("messages") == 0
    valkey_server.start()
    client = redis.Redis.from_url(valkey_server.url)
    assert client.xlen(keys.observations("live", "rain")) == 0
    with Run(valkey_server.url, "rain", way(broker)) as run:
        wait_until(lambda: run.fact("messages") == 30, "the broker has sent them again")
    assert sorted(sent(client)) == [(f"RG{n:02}", 0.5) for n in range(30)]


def test_when_the_bus_comes_back_messages_go_on_by_themselves(valkey_server: ValkeyServer, broker: Broker) -> None:
    with Run(valkey_server.url, "rain", way(broker)) as run:
        wait_until(run.live, "it is connected")
        valkey_server.kill()
        broker.publish(*((f"rain/RG{n:02}/data", payload()) for n in range(30)))
        wait_until(lambda: run.feed.pending_rows > 0, "rows wait for the bus")
        valkey_server.start()
        wait_until(lambda: run.fact("messages") == 30, "all are acknowledged")
    assert sorted(sent(redis.Redis.from_url(valkey_server.url))) == [(f"RG{n:02}", 0.5) for n in range(30)]


def test_a_broker_that_goes_away_is_told_and_comes_back_with_what_it_kept(
    valkey_url: str, redis_client: redis.Redis, broker: Broker
) -> None:
    one = way(broker)
    with Run(valkey_url, "rain", one) as run:
        wait_until(run.live, "it is connected")
        broker.stop()
        wait_until(lambda: run.fact("state") == "unreachable", "the loss is told")
        assert "mqtt://127.0.0.1" in run.fact("error")
        broker.start()
        broker.publish(("rain/RG01/data", payload()))  # perhaps before the connector is back: the session lasts
        wait_until(lambda: one.connects == 2, "it has connected again")
        wait_until(lambda: run.fact("messages") == 1, "the message came")
    assert sent(redis_client) == [("RG01", 0.5)]


def test_a_broker_that_is_not_allowed_is_not_connected_to(
    valkey_url: str, redis_client: redis.Redis, broker: Broker
) -> None:
    one = way(broker, allow="mqtt://127.0.0.1:1")
    with Run(valkey_url, "rain", one) as run:
        wait_until(lambda: "not on the allow-list" in (run.fact("error") or ""), "it is refused")
    assert one.connects == 0


def test_a_wrong_password_is_told(valkey_url: str, redis_client: redis.Redis, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(0o666)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), "ioc", "s3cret"], check=True, capture_output=True)
    passwords.chmod(0o666)
    broker = Broker(tmp_path, "allow_anonymous false", f"password_file {passwords}")
    broker.start()
    try:
        with Run(valkey_url, "rain", way(broker, user="ioc", password="wrong")) as run:
            wait_until(lambda: "ot authori" in (run.fact("error") or ""), "the broker refuses")
            assert "wrong" not in run.fact("error")
        with Run(valkey_url, "rain", way(broker, user="ioc", password="s3cret")) as run:
            wait_until(run.live, "the right one is let in")
    finally:
        broker.stop()


def test_tls_needs_a_certificate_of_the_name_that_somebody_trusted_has_signed(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"), "-subj", "/CN=broker.example",
         "-addext", "subjectAltName=DNS:broker.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    (tmp_path / "key.pem").chmod(0o644)
    broker = Broker(tmp_path, "allow_anonymous true", f"certfile {tmp_path}/cert.pem", f"keyfile {tmp_path}/key.pem")
    broker.start()
    url = f"mqtts://broker.example:{broker.port}"
    other = f"mqtts://other.example:{broker.port}"

    def tls(url: str) -> MqttWay:
        return way(broker, url=url, allow=f"{url}, 127.0.0.0/8", resolve=lambda *_: ["127.0.0.1"])

    try:
        with Run(valkey_url, "rain", tls(url)) as run:
            wait_until(lambda: "certificate" in (run.fact("error") or "").lower(), "nobody trusted has signed it")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        with Run(valkey_url, "rain", tls(other)) as run:
            wait_until(lambda: "certificate" in (run.fact("error") or "").lower(), "it is of another name")
        with Run(valkey_url, "rain", tls(url)) as run:
            wait_until(run.live, "name and signature are right")
    finally:
        broker.stop()
