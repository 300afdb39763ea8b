"""How a camera of the map may be watched: what its register says of it, and where the deployment's media server has it.

The product opens no camera itself: browsers load from the media server, which pulls each camera once for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote, urlsplit

import redis

from ioc.queries.layers import Layer, layers
from ioc.sources import clip
from metrics import keys
from metrics.whereabouts_row import Row, unpack_row
from metrics.world import Origin, UnknownWorldVersion, World

Way = Literal["hls", "webrtc", "snapshots"]
# ok, or why there is nothing to see: no such camera; the past has no video; its register names no stream; the
# deployment has no media server; the clip of simulated cameras was not made.
State = Literal["ok", "unknown", "past", "no_stream", "no_server", "no_clip"]
STREAM: Final = re.compile(r"[A-Za-z0-9_~@:-][A-Za-z0-9_.~@:-]*(/[A-Za-z0-9_~@:-][A-Za-z0-9_.~@:-]*)*")  # never `..`
LONGEST_STREAM: Final = 200
CLIP_PATH: Final = "/api/v1/video/clip"


@dataclass(frozen=True, slots=True)
class MediaServer:
    """The media server of the deployment: templates with `{stream}` and `{token}`, "" for none; `clip_dir`: where the
    clip of simulated cameras lies."""

    url: str
    way: Way
    pictures_url: str
    every_s: float
    token: str
    clip_dir: Path


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that somebody asks for. `url` and `pictures` are empty where there is nothing to load."""

    id: str
    state: State
    layer: str = ""
    zh: str = ""
    en: str = ""
    way: Way = "hls"
    url: str = ""
    pictures: str = ""
    every_s: float = 0.0
    origin: Origin = "real"
    place: tuple[float, float] | None = None  # longitude, latitude


def origins(*templates: str) -> tuple[str, ...]:
    """The origins that browsers may load video from, for the content security policy."""
    parts = [urlsplit(each) for each in templates if each]
    return tuple(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))


def camera(
    client: redis.Redis, server: MediaServer, world: str, name: str, *, may_see: Callable[[str], bool]
) -> Camera:
    """How a camera may be watched in a world, by somebody who `may_see` scenes. Raises redis.RedisError."""
    found = _found(client, world, name, may_see)
    if found is None:
        return Camera(name, "unknown")
    layer, row = found
    zh = str(row.shows.get("zh") or row.label or "")
    told: dict[str, Any] = {"layer": layer.id, "zh": zh, "en": str(row.shows.get("en") or zh)}
    told["place"] = None if row.place is None else (row.place[0] / 1e7, row.place[1] / 1e7)
    if _is_past(client, world):
        return Camera(name, "past", **told)
    said = cast(Any, client.hget(keys.origins(world), layer.source or ""))
    origin: Origin = said.decode() if said else "real"
    told |= {"origin": origin, "every_s": server.every_s}
    if origin == "recorded":
        return Camera(name, "past", **told)
    if origin == "simulated":
        if not clip.made(server.clip_dir):
            return Camera(name, "no_clip", **told)
        pictures = f"{CLIP_PATH}/{clip.PICTURE}"
        if server.way == "snapshots":
            return Camera(name, "ok", way="snapshots", url=pictures, pictures=pictures, **told)
        return Camera(name, "ok", way="hls", url=f"{CLIP_PATH}/{clip.PLAYLIST}", pictures=pictures, **told)
    stream = str(row.shows.get(layer.video) or "")
    if not server.url:
        return Camera(name, "no_server", **told)
    if len(stream) > LONGEST_STREAM or not STREAM.fullmatch(stream):
        return Camera(name, "no_stream", **told)
    url, pictures = (_filled(each, stream, server.token) for each in (server.url, server.pictures_url))
    return Camera(name, "ok", way=server.way, url=url, pictures=url if server.way == "snapshots" else pictures, **told)


def _found(client: redis.Redis, world: str, name: str, may_see: Callable[[str], bool]) -> tuple[Layer, Row] | None:
    """The first layer of cameras on which it stands, in the order of the scenes."""
    for layer in layers().values():
        if not layer.video or not may_see(layer.scene):
            continue
        packed = cast(Any, client.hget(keys.engine(world, f"where:{layer.topic}"), name))
        if packed is not None:
            try:
                return layer, unpack_row(packed)
            except ValueError:
                return None  # of another version
    return None


def _is_past(client: redis.Redis, world: str) -> bool:
    entry = cast(Any, client.hget(keys.WORLDS, world))
    try:
        return entry is not None and World.from_json(entry).kind == "playback"
    except (UnknownWorldVersion, ValueError, KeyError, TypeError):
        return False


def _filled(template: str, stream: str, token: str) -> str:
    return template.replace("{stream}", quote(stream, safe="/@:~")).replace("{token}", quote(token, safe=""))
