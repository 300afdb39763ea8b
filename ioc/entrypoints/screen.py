"""`ioc screen`: walls, their zones and the devices that show them, on the server itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import redis
import structlog
import typer

from ioc.domain.screen_board import screen_json
from ioc.domain.screen_right import Screen
from ioc.door.desk import redis_url
from ioc.entrypoints.logs import configure
from ioc.entrypoints.user import opened_store
from ioc.queries.screens import board
from ioc.services import screen_devices, screens
from ioc.services.screen_devices import Device
from ioc.services.tickets import unmark_sessions
from ioc.settings import Settings
from metrics.clock import real_ms

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="大屏 walls and their devices"
)
BY = "console"  # who did it, as written down: whoever may run commands on the server

Name = Annotated[str, typer.Argument(help="屏名 name: main, or main.left for a zone of main")]
Zh = Annotated[str | None, typer.Option("--zh", help="中文名 Chinese name")]
En = Annotated[str | None, typer.Option("--en", help="英文名 English name")]
Width = Annotated[int | None, typer.Option("--width", help="宽度（毫米） width in mm; text is scaled by it")]
Distance = Annotated[int | None, typer.Option("--distance", help="观看距离（毫米） viewing distance in mm")]
Rotation = Annotated[
    str | None,
    typer.Option("--rotation", help="轮播 overview:60,traffic:30 scenes with seconds; '' none (a zone: its wall's)"),
]
Pin = Annotated[
    str | None, typer.Option("--pin", help="固定场景 a scene, or overview, instead of the rotation; '' none")
]
Reload = Annotated[str | None, typer.Option("--reload", help="每夜重载 nightly reload, HH:MM Beijing time; '' never")]


@app.command("list")
def list_(*, as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line")] = False) -> None:
    """List the screens with who has claimed them, and the devices that wait or show them."""
    now = real_ms()
    with opened_store() as store:
        found, there = board(store, now), screen_devices.devices(store, now)
    if as_json:
        for screen in found.screens.values():
            claims = [each.to_json() for each in found.claims if each.screen == screen.name]
            typer.echo(json.dumps({"screen": screen_json(screen), "claims": claims}, ensure_ascii=False))
        for device in there:
            typer.echo(json.dumps({"device": _facts(device)}, ensure_ascii=False))
        return
    for screen in found.screens.values():
        typer.echo(_line(screen))
        for claim in (each for each in found.claims if each.screen == screen.name):
            typer.echo(f"\t{claim.right.name.lower()}\t{claim.title} ({claim.by})\t至 until {_clock(claim.until_ms)}")
    for device in there:
        typer.echo(_device_line(device))


@app.command()
def add(
    name: Name, *, zh: Zh = None, en: En = None, width: Width = None, distance: Distance = None,
    rotation: Rotation = None, pin: Pin = None, reload: Reload = None,
) -> None:  # fmt: skip
    """Add a wall, or a zone of one."""
    with opened_store() as store:
        given: dict[str, Any] = {"zh": zh or name, "en": en or name}
        given |= _changes(width=width, distance=distance, rotation=rotation, pin=pin, reload=reload)
        made = screens.add_screen(store, Screen(name, **given), real_ms())
        _publish(store)
    typer.echo(f"已建 added {_line(made)}")


@app.command("set")
def set_(
    name: Name, *, zh: Zh = None, en: En = None, width: Width = None, distance: Distance = None,
    rotation: Rotation = None, pin: Pin = None, reload: Reload = None,
) -> None:  # fmt: skip
    """Change what is given of a screen; the rest stays."""
    with opened_store() as store:
        changes = _changes(width=width, distance=distance, rotation=rotation, pin=pin, reload=reload)
        changes |= {key: text for key, text in {"zh": zh, "en": en}.items() if text is not None}
        changed = screens.change_screen(store, name, changes, real_ms())
        _publish(store)
    typer.echo(_line(changed))


@app.command()
def remove(name: Name) -> None:
    """Take a screen away, with its zones and all claims on it."""
    with opened_store() as store:
        screens.remove_screen(store, name, real_ms())
        _publish(store)
    typer.echo(f"已删除 removed {name}")


@app.command()
def approve(
    code: Annotated[str, typer.Argument(help="代码 the code that the wall shows")],
    name: Annotated[str, typer.Argument(metavar="SCREEN", help="屏名 the screen that it is to show")],
) -> None:
    """Let a device that shows a code show a screen."""
    with opened_store() as store:
        device = screen_devices.approve(store, code, name, by=BY, now_ms=real_ms())
    _note("screen_device_approved", device)
    typer.echo(_device_line(device))


@app.command()
def revoke(
    device_id: Annotated[str, typer.Argument(metavar="ID", help="设备编号 the device's id, see list")],
) -> None:
    """End a device: its sockets close within 5 s, and it shows a new code."""
    with opened_store() as store:
        device, ended = screen_devices.revoke(store, device_id, by=BY, now_ms=real_ms())
    _unmark(ended)
    _note("screen_device_revoked", device)
    typer.echo(_device_line(device))


def _changes(
    *, width: int | None, distance: int | None, rotation: str | None, pin: str | None, reload: str | None
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if width is not None:
        made["width_mm"] = width
    if distance is not None:
        made["distance_mm"] = distance
    if rotation is not None:
        made["rotation"] = screens.rotation(rotation)
    if pin is not None:
        made["pinned"] = None if pin == "" else "" if pin == "overview" else pin
    if reload is not None:
        made["reload_at"] = reload
    return made


def _publish(store: Any) -> None:
    """Tell the gateway now if the data bus is at hand; a running web server does it within two seconds otherwise."""
    settings = Settings()
    try:
        with redis.Redis.from_url(redis_url(settings), socket_timeout=1, socket_connect_timeout=1) as client:
            screens.publish(store, client, real_ms(), settings.worlds)
    except redis.RedisError:
        pass


def _unmark(ended: Sequence[str]) -> None:
    try:
        with redis.Redis.from_url(redis_url(Settings()), socket_timeout=1, socket_connect_timeout=1) as client:
            unmark_sessions(client, ended)
    except redis.RedisError:
        pass  # a running web server does it within two seconds


def _note(event: str, device: Device) -> None:
    configure("screen", Settings().log_level)
    structlog.get_logger().info(event, by=BY, **_facts(device))


def _facts(device: Device) -> Mapping[str, object]:
    return {"device": device.id, "state": device.state, "screen": device.screen, "address": device.address,
            "code": device.code}  # fmt: skip


def _line(screen: Screen) -> str:
    turns = ",".join(f"{each.scene or 'overview'}:{each.seconds}" for each in screen.rotation)
    shows = (
        f"固定 pinned {screen.pinned or 'overview'}" if screen.pinned is not None else f"轮播 rotation {turns or '-'}"
    )
    size = f"{screen.width_mm} mm / {screen.distance_mm} mm"
    return "\t".join([screen.name, f"{screen.zh} {screen.en}", size, shows, f"重载 reload {screen.reload_at or '-'}"])


def _device_line(device: Device) -> str:
    states = {"waiting": "等待批准 waiting", "approved": "已批准 approved", "revoked": "已吊销 revoked",
              "expired": "已过期 expired"}  # fmt: skip
    code = f"{device.code[:4]}-{device.code[4:]}" if device.code else ""
    return "\t".join([device.id[:8], states[device.state], code or device.screen, device.address])


def _clock(at_ms: int) -> str:
    return (datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8)).strftime("%H:%M")
