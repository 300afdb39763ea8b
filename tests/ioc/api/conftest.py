"""The site of the door's tests, with a small bundle in force and programs that come with tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from ioc.services.api_tokens import add_token
from metrics import keys
from tests.ioc.door.conftest import T0, Site, dash_registers, settings, site, small_app

__all__ = ["BUNDLE", "T0", "Caller", "Site", "dash_registers", "settings", "site", "small_app"]

RING = [[114.0, 22.5], [114.2, 22.5], [114.2, 22.6], [114.0, 22.6], [114.0, 22.5]]
BUNDLE: dict[str, Any] = {
    "v": 1,
    "hash": "small",
    "sources": {
        "traffic": {
            "kind": "readings", "scene": "traffic", "zh": "车速", "en": "speeds", "time": "time", "entity": "road",
            "period": "30s", "disorder": "5s", "lateness": "1h", "idle": "2m", "future": "1m",
            "region": {"field": "code"},
            "fields": {
                "time": {"type": "time"}, "road": {"type": "text"}, "code": {"type": "text"},
                "speed": {"type": "decimal", "scale": 2, "unit": "km/h", "range": [0, 150]},
                "vehicles": {"type": "int"},
                "state": {"type": "category", "values": ["open", "closed"]},
                "at": {"type": "point"},
                "wet": {"type": "bool"},
            },
        },
        "works": {
            "kind": "records", "scene": "traffic", "zh": "施工", "en": "works", "key": "id", "shards": 2,
            "fields": {"id": {"type": "text"}, "state": {"type": "text", "required": True}},
        },
    },
    "indicators": [
        {
            "id": "T1", "zh": "平均车速", "en": "mean speed", "scene": "traffic", "unit": "km/h", "source": "traffic",
            "window": {"kind": "tumbling", "size": "5m"}, "formula": "speed",
            "measures": {"speed": {"agg": "mean", "field": "speed"}},
        },
        {
            "id": "T2", "zh": "分态车速", "en": "speed by state", "scene": "traffic", "unit": "km/h",
            "source": "traffic",
            "window": {"kind": "tumbling", "size": "5m"}, "formula": "speed", "dimensions": ["state"],
            "measures": {"speed": {"agg": "mean", "field": "speed"}},
        },
    ],
    "registries": {},
    "regions": [
        {"code": "440303", "parent": "", "level": "district", "zh": "罗湖区", "en": "Luohu",
         "population": 1143801},
        {"code": "440303001", "parent": "440303", "level": "subdistrict", "zh": "桂园街道", "en": "Guiyuan"},
    ],
    "scenes": [{"id": "traffic", "zh": "交通运行", "en": "traffic"}],
    "calendars": {},
    "recordings": {},
    "outlines": [{"code": "440303", "geometry": {"type": "Polygon", "coordinates": [RING]}}],
}  # fmt: skip


class Caller:
    """A program with a token. It sends no cookie and no Origin."""

    def __init__(self, client: FlaskClient, text: str) -> None:
        self.client, self.text = client, text

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.text}", **headers})

    def post(self, path: str, body: object, kind: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.text}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.client.post(path, data=data, content_type=kind, headers=headers)


@pytest.fixture
def caller(site: Site, redis_client: redis.Redis) -> Callable[..., Caller]:
    """Makes a program with a token of these scopes; the small bundle is in force."""
    redis_client.set(keys.BUNDLE, json.dumps(BUNDLE))

    def make(**scopes: Any) -> Caller:
        scopes = scopes or {"feeds": ["traffic"], "origin": "real"}
        return Caller(site.anonymous(), add_token(site.desk.store, "a program", site.clock(), **scopes)[1])

    return make
