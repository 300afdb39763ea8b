"""The whole application behind the door: the language of its document, and the walls that there are."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

import app
from ioc.security.role import Role
from ioc.services.links import add_link
from metrics import keys
from metrics.world import World

from .conftest import ORIGIN

pytestmark = pytest.mark.service


@pytest.fixture
def leader(
    dash_registers: None, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IOC_REDIS_URL", valkey_url)
    for name in [name for name in sys.modules if name.startswith("pages.")]:
        monkeypatch.delitem(sys.modules, name)  # a page declares itself when it is imported
    server: Any = app.create_app().server
    desk = server.extensions["ioc"]
    client: FlaskClient = server.test_client()
    token = add_link(desk.store, Role.LEADER, desk.clock())
    assert client.get(f"/enter/{token}", base_url=ORIGIN).status_code == 303
    yield client
    desk.close()


def test_the_document_is_in_the_language_of_the_address(leader: FlaskClient) -> None:
    assert '<html lang="zh-CN">' in leader.get("/wall", base_url=ORIGIN).text
    assert '<html lang="en">' in leader.get("/wall?lang=en", base_url=ORIGIN).text
    assert '<html lang="zh-CN">' in leader.get("/wall?lang=%22%3E%3Cscript", base_url=ORIGIN).text


def test_all_scripts_and_all_styles_are_one_file_each_which_a_browser_keeps(leader: FlaskClient) -> None:
    page = leader.get("/wall", base_url=ORIGIN).text
    assert re.findall(r"/assets/[^\"]+[.](?:js|css)", page) == []
    for kind, said in (("js", b"ioc.charts = {}"), ("css", b"font-variant-numeric")):
        (address,) = re.findall(rf"/bundle/{kind}[?]m=[0-9a-f]+", page)
        answer = leader.get(address, base_url=ORIGIN)
        assert said in answer.data
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert leader.get("/bundle/py", base_url=ORIGIN).status_code == 404
    assert page.index("dash_leaflet") < page.index("/bundle/js") < page.index("DashRenderer(")


def test_each_wall_there_is_has_an_address_and_another_scene_has_none(leader: FlaskClient) -> None:
    assert leader.get("/wall/governance", base_url=ORIGIN).status_code == 200
    assert leader.get("/wall/nope", base_url=ORIGIN).status_code == 404


@pytest.mark.parametrize(
    ("path", "said", "way"),
    [
        ("/wall/zz", "没有“zz”", "/wall/governance"),
        ("/wall/zz?lang=en", "There is no “zz”", "/wall/governance?lang=en"),
        ("/indicator/ZZ", "没有“ZZ”", "/indicator/G6"),
        ("/wall?world=nowhere", "没有“nowhere”这个世界", "/wall?world=live"),
        ("/?world=nowhere&lang=en", "There is no world “nowhere”", "/?world=live&amp;lang=en"),
        ("/indicator/G6?world=nowhere", "没有“nowhere”这个世界", "/indicator/G6?world=live"),
        ("/coverage?world=%3Cscript%3E", "没有“&lt;script&gt;”这个世界", "/coverage?world=live"),
    ],
)
def test_an_address_that_names_what_there_is_not_says_what_there_is(
    leader: FlaskClient, path: str, said: str, way: str
) -> None:
    answer = leader.get(path, base_url=ORIGIN)
    assert answer.status_code == 404
    assert said in answer.text
    assert f'href="{way}"' in answer.text


def test_a_world_that_there_is_is_shown(leader: FlaskClient, redis_client: redis.Redis) -> None:
    redis_client.hset(keys.WORLDS, "exercise-7", World("exercise-7", "exercise").to_json())
    assert leader.get("/wall?world=exercise-7", base_url=ORIGIN).status_code == 200
    assert "演练 exercise-7" in leader.get("/wall?world=nowhere", base_url=ORIGIN).text
