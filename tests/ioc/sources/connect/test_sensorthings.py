"""Observations of a SensorThings service come in page by page, each once, restarts or not; from allowed hosts only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from ioc.services.outward import allowed, origin
from ioc.sources.connect.fetch import Fetcher
from ioc.sources.connect.memory import Memory
from ioc.sources.connect.sensorthings import SensorThingsWay
from metrics.clock import real_ms
from tests.conftest import wait_until
from tests.ioc.sources.connect.wire import Run, Site, stream

pytestmark = pytest.mark.service


class Service:
    """Answers as the standard says to what the connector asks: filter by time, order, pages with links."""

    def __init__(self, site: Site, page: int = 2) -> None:
        self.site, self.page = site, page
        self.observations: list[dict[str, Any]] = []
        site.otherwise = self.answer

    def observe(self, thing: str, result: Any, ago_s: float, **more: Any) -> None:
        moment = datetime.fromtimestamp(real_ms() // 1000 - ago_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        stream = {"name": "PM2.5", "Thing": {"name": thing, "properties": {"id": thing.lower()}}}
        number = len(self.observations) + 1
        self.observations.append(
            {"@iot.id": number, "phenomenonTime": moment, "result": result, "Datastream": stream} | more
        )

    def answer(self, path: str) -> bytes:
        parts = urlsplit(path)
        asked = {name: one[0] for name, one in parse_qs(parts.query).items()}
        if parts.path != "/v1.1/Observations" or asked["$expand"] != "Datastream($expand=Thing)":
            return b"{}"
        after = asked.get("$filter", "gt ").rpartition("gt ")[2]
        found = [one for one in self.observations if str(one["phenomenonTime"]).rpartition("/")[2] > after]
        assert asked["$orderby"] == "phenomenonTime asc"
        found.sort(key=lambda one: one["phenomenonTime"])
        skip = int(asked.get("$skip", 0))
        body: dict[str, Any] = {"value": found[skip : skip + self.page]}
        if len(found) > skip + self.page:
            query = parts.query.partition("&$skip")[0]
            body["@iot.nextLink"] = f"{self.site.origin}/v1.1/Observations?{query}&$skip={skip + self.page}"
        return json.dumps(body).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def way(tmp_path: Path, site: Site, **more: Any) -> SensorThingsWay:
    given: dict[str, Any] = {
        "entity": "Datastream.Thing.name", "filter": "", "every_s": 0.05, "overlap_ms": 600_000, "since_ms": 86_400_000,
        "fetcher": Fetcher(allowed(site.origin), limit_s=5), "memory": Memory(tmp_path / "air.json"),
    }  # fmt: skip
    return SensorThingsWay(f"{site.origin}/v1.1", "reading", **(given | more))


def sent(client: redis.Redis) -> list[tuple[str, float | None]]:
    return [(row["k"], row["reading"]) for row in stream(client, "iot", real_ms()).rows]


def test_pages_are_followed_and_new_observations_come_once(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    service = Service(site)
    for number in range(5):
        service.observe("A", 10 + number, 300 - number)
    with Run(valkey_url, "iot", way(tmp_path, site)) as run:
        wait_until(lambda: run.fact("accepted") == 5, "all pages have come")
        asked = len(site.heard)
        wait_until(lambda: len(site.heard) > asked + 3, "the service was asked again")
        service.observe("B", 20, 1)
        service.observe("C", 30, 400)  # late, within the overlap
        wait_until(lambda: run.fact("accepted") == 7, "the new ones have come")
    assert sent(redis_client) == [("A", 10), ("A", 11), ("A", 12), ("A", 13), ("A", 14), ("C", 30), ("B", 20)]


def test_a_restart_goes_on_where_the_bus_left_off(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    service = Service(site)
    service.observe("A", 1, 60)
    with Run(valkey_url, "iot", way(tmp_path, site)) as run:
        wait_until(lambda: run.fact("accepted") == 1, "the first has come")
    service.observe("B", 2, 1)
    with Run(valkey_url, "iot", way(tmp_path, site)) as run:
        wait_until(lambda: run.fact("accepted") == 1, "the second has come")
    assert sent(redis_client) == [("A", 1), ("B", 2)]


def test_results_keep_their_digits_and_may_be_scaled_and_spans_count_at_their_end(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    service = Service(site)
    service.observe("A", 0.012, 60, phenomenonTime=None)
    end = datetime.fromtimestamp(real_ms() // 1000 - 30, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    service.observations[0]["phenomenonTime"] = f"2026-01-01T00:00:00.000Z/{end}"
    one = way(tmp_path, site, times=Decimal(1000), entity="Datastream.Thing.properties.id")
    with Run(valkey_url, "iot", one) as run:
        wait_until(lambda: run.fact("accepted") == 1, "it has come")
    [row] = stream(redis_client, "iot", real_ms()).rows
    assert (row["k"], row["reading"]) == ("a", 12.0)
    assert abs(row["t"] - real_ms() + 30_000) < 20_000


def test_what_breaks_the_contract_is_a_letter_and_the_rest_goes_on(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    service = Service(site, page=10)
    service.observe("A", "much", 60)
    service.observe("B", {"a": 1}, 60)
    service.observe("C", 3, 60)
    with Run(valkey_url, "iot", way(tmp_path, site)) as run:
        wait_until(lambda: run.fact("accepted") == 1, "the right one has come")
    letters = {(field, rule) for _, field, rule, _ in stream(redis_client, "iot", real_ms()).letters}
    assert letters == {("reading", "type"), ("p", "form")}
    assert run.fact("rejected") == {"type": 1, "form": 1}


def test_a_next_link_to_another_host_is_not_followed_and_nothing_before_it_is_lost(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    service = Service(site)
    service.observe("A", 1, 60)
    plain = service.answer
    site.otherwise = lambda path: json.dumps(
        json.loads(plain(path)) | {"@iot.nextLink": "http://169.254.169.254/latest/meta-data"}
    ).encode()
    with Run(valkey_url, "iot", way(tmp_path, site)) as run:
        wait_until(lambda: "169.254.169.254" in (run.fact("error") or ""), "it is refused")
        assert "allow-list" in run.fact("error")
        assert run.fact("state") == "unreachable"
    assert sent(redis_client) == [("A", 1)]


@pytest.mark.parametrize(
    ("body", "told"), [(b"<html>", "no JSON"), (b"[]", "no list"), (b'{"value": 1}', "no list"), (b"\xff", "no JSON")]
)
@pytest.mark.usefixtures("redis_client")
def test_an_answer_of_another_form_is_told(valkey_url: str, tmp_path: Path, site: Site, body: bytes, told: str) -> None:
    site.otherwise = lambda _: body
    with Run(valkey_url, "iot", way(tmp_path, site)) as run:
        wait_until(lambda: told in (run.fact("error") or ""), "the reason is told")
        assert run.fact("state") == "failed"


def test_a_link_that_leads_in_a_circle_ends_the_look(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    site.otherwise = lambda _: json.dumps({"value": [], "@iot.nextLink": f"{site.origin}/v1.1/round"}).encode()
    with Run(valkey_url, "iot", way(tmp_path, site, every_s=3600)) as run:
        wait_until(run.live, "the look has ended")
    assert len(site.heard) == 2


def test_the_question_names_filter_time_and_order(tmp_path: Path, site: Site) -> None:
    one = way(tmp_path, site, filter="Datastream/name eq 'PM2.5' and result gt 0")
    asked = parse_qs(urlsplit(one.question(1_790_000_000_000)).query)
    assert asked["$filter"] == [
        "(Datastream/name eq 'PM2.5' and result gt 0) and phenomenonTime gt 2026-09-20T14:03:20.000Z"
    ]
    assert asked["$top"] == ["1000"]
    assert "$filter" not in parse_qs(urlsplit(way(tmp_path, site, since_ms=None).question(0)).query)


def test_a_published_answer_is_read(tmp_path: Path, site: Site, shared_data: Path) -> None:
    told = json.loads((shared_data / "sensorthings" / "taiwan_epa_sample.json").read_text())
    one = way(tmp_path, site, entity="Datastream.Thing.properties.stationID", fetcher=Fetcher(allowed("")))
    found = [
        one.row(
            {**each, "result": str(each["result"]), "Datastream": {**told["Datastream_PM25"], "Thing": told["Thing"]}}
        )
        for each in told["Observations"]["value"]
    ]
    assert found == [
        {"t": "2021-03-20T13:07:28.000Z", "k": "11113765144", "reading": "11.92"},
        {"t": "2021-03-20T13:03:29.000Z", "k": "11113765144", "reading": "11.08"},
    ]


def test_a_secret_goes_to_the_service(valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site) -> None:
    Service(site)
    fetcher = Fetcher(allowed(site.origin), {origin(site.origin): {"X-Api-Key": "s3cret"}})
    with Run(valkey_url, "iot", way(tmp_path, site, fetcher=fetcher)) as run:
        wait_until(run.live, "the service answers")
    assert site.heard[0][1]["X-Api-Key"] == "s3cret"
