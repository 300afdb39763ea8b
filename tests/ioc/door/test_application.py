"""The whole application behind the door: the language of its document, and the walls that there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import app
from ioc.security.role import Role
from ioc.services.links import add_link

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


def test_each_wall_there_is_has_an_address_and_another_scene_has_none(leader: FlaskClient) -> None:
    assert leader.get("/wall/governance", base_url=ORIGIN).status_code == 200
    assert leader.get("/wall/nope", base_url=ORIGIN).status_code == 404
