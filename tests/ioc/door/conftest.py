"""A small Dash application behind the real door, with a real database and a real Valkey, and a clock one can turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dash
import pytest
import redis
from dash import Input, Output, dcc, html
from dash import _callback as dash_callbacks
from flask.testing import FlaskClient

from ioc import web
from ioc.door.desk import Desk
from ioc.security.role import Role
from ioc.services.links import add_link
from ioc.settings import Settings

T0 = 1_790_000_000_000
ORIGIN = "http://127.0.0.1:8050"


class Clock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.now_ms = T0

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, *, minutes: float = 0, seconds: float = 0) -> None:
        self.now_ms += int(minutes * 60_000 + seconds * 1000)


class Browser(FlaskClient):
    """Asks the address that people open."""

    def open(self, *args: Any, **options: Any) -> Any:
        options.setdefault("base_url", ORIGIN)
        return super().open(*args, **options)


@dataclass
class Site:
    """The application and what a test needs of it."""

    app: Any
    desk: Desk
    clock: Clock

    def anonymous(self) -> FlaskClient:
        client: FlaskClient = self.app.server.test_client()
        return client

    def signed_in(self, role: str) -> FlaskClient:
        """A browser that came in by the link of a role."""
        client = self.anonymous()
        token = add_link(self.desk.store, Role(role), self.clock())
        assert client.get(f"/enter/{token}").status_code == 303
        return client


def post(client: FlaskClient, path: str, body: Any = None, **headers: str) -> Any:
    """POST JSON as a page of ours does."""
    return client.post(path, json=body if body is not None else {}, headers={"Origin": ORIGIN, **headers})


def callback_body(output: str = "door-out.children", value: str = "x") -> dict[str, Any]:
    """What Dash's renderer sends for the callback of the small application."""
    name, prop = output.split(".")
    return {
        "output": output,
        "outputs": {"id": name, "property": prop},
        "inputs": [{"id": "door-in", "property": "value", "value": value}],
        "changedPropIds": ["door-in.value"],
        "state": [],
    }


@pytest.fixture
def dash_registers() -> Iterator[None]:
    """Dash and the door keep declarations in modules: give a test empty ones and put the others back."""
    registers: list[Any] = [
        dash_callbacks.GLOBAL_CALLBACK_LIST,
        dash_callbacks.GLOBAL_CALLBACK_MAP,
        dash_callbacks.GLOBAL_INLINE_SCRIPTS,
        dash.page_registry,
        web.PAGES,
        web.DECLARED,
    ]
    kept = [register.copy() for register in registers]
    for register in registers:
        register.clear()
    yield
    for register, before in zip(registers, kept, strict=True):
        register.clear()
        (register.extend if isinstance(register, list) else register.update)(before)


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str) -> Settings:
    return Settings(data_dir=tmp_path, redis_url=valkey_url)


@pytest.fixture
def small_app(dash_registers: None, tmp_path: Path) -> Callable[[], Any]:
    """Makes the Dash application, not yet guarded."""

    def make() -> Any:
        assets = tmp_path / "assets"
        assets.mkdir(exist_ok=True)
        (assets / "big.js").write_text("// 罗湖\n" + "const words = 'district wall'; " * 200)
        app: Any = dash.Dash(
            "small", use_pages=True, pages_folder="", assets_folder=str(assets), suppress_callback_exceptions=True
        )
        app.server.test_client_class = Browser
        app.layout = html.Div([dcc.Input(id="door-in"), html.P(id="door-out"), dash.page_container])
        web.page("small.wall", "/wall", "wall.view", "大屏", "Wall", html.P("the wall"))
        web.page("small.scene", "/scene/<scene>", "indicator.view", "场景", "Scene", lambda scene, **_: html.P(scene),
                 exists=lambda scene: scene != "nope")  # fmt: skip
        web.page("small.duty", "/duty", "duty.view", "值班", "Duty", html.P("the desk"))

        @web.callback(Output("door-out", "children"), Input("door-in", "value"), permission="duty.view")
        def echo(value: str) -> str:
            if value == "fail":
                raise ValueError("the secret inside")
            return f"said {value}"

        web.clientside_callback(
            "function(value){return value;}",
            Output("door-out", "title"),
            Input("door-in", "value"),
            permission="duty.view",
        )
        return app

    return make


@pytest.fixture
def site(small_app: Callable[[], Any], settings: Settings, redis_client: redis.Redis) -> Iterator[Site]:
    app, clock = small_app(), Clock()
    desk = web.guard(app.server, settings, clock)
    yield Site(app, desk, clock)
    desk.close()
