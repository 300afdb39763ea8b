"""Video at the door: a page says which cameras it shows, is told where to load them from, and who else watches them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import redis
import structlog
from flask import Flask, Response, g, jsonify, request, send_file
from sqlalchemy.exc import SQLAlchemyError

from ioc.api.problem import Problem
from ioc.domain.screen_view import CAMERA, MOST_VIDEO
from ioc.domain.watching import LEASE_MS, RENEW_MS, Lease, Watcher, watchers
from ioc.domain.watching import camera as camera_key
from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.door.visitor import Person
from ioc.live.topic import NAME
from ioc.packs.scenes import scenes
from ioc.queries.video import Camera, MediaServer, camera
from ioc.security.permission import allows, topics
from ioc.services.watching import TooManyPages, leases, note, renew
from ioc.settings import Settings
from ioc.sources import clip

VERSION: Final = 1
PAGE: Final = re.compile(r"[A-Za-z0-9]{8,32}")  # what a page calls itself, drawn when it was loaded


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.operations says who may ask."""
    log = structlog.get_logger()
    media = media_server(desk.settings)

    def watch() -> Response:
        world, page, names = _wish(desk.settings.world)
        person: Person = g.person
        patterns = topics(person.roles, scenes())
        now = desk.clock()
        try:
            found = [
                camera(desk.client, media, world, name, may_see=lambda scene: allows(patterns, f"{world}/{scene}"))
                for name in names
            ]
            watched = [camera_key(world, one.layer, one.id) for one in found if one.state == "ok"]
            held, opened, closed = renew(
                desk.client, f"{person.session}:{page}", by=person.name, title=person.title, screen=person.screen,
                cameras=watched, now_ms=now,
            )  # fmt: skip
        except TooManyPages:
            raise Problem(409, "too_many_pages", "观看视频的页面已达上限。", "As many pages watch as may.") from None
        except redis.RedisError:
            return _away()
        real = {camera_key(world, one.layer, one.id): f"{one.layer}/{one.id}" for one in found if one.origin == "real"}
        if begun := [real[name] for name in opened if name in real]:
            try:
                note(desk.store, world, begun, person.screen, now)
            except SQLAlchemyError as problem:  # what is seen goes on; that it could not be written down is said
                log.warning("video_not_audited", cameras=begun, by=person.name, error=str(problem))
        for name in opened:
            log.info("video_opened", camera=name, by=person.name, screen=person.screen)
        for name in closed:
            log.info("video_closed", camera=name, by=person.name, screen=person.screen)
        seen = watchers(held.values(), now)
        told = [_camera(one, seen.get(camera_key(world, one.layer, one.id), ())) for one in found]
        return jsonify({"v": VERSION, "at": now, "renew_ms": RENEW_MS, "lease_ms": LEASE_MS, "cameras": told})

    def watched() -> Response:
        world = request.args.get("world")
        if world is not None and not NAME.fullmatch(world):
            return error(400, "bad_world", "世界的名称不合规。", "This is no name of a world.")
        now = desk.clock()
        try:
            held = leases(desk.client, now)
        except redis.RedisError:
            return _away()
        return jsonify({"v": VERSION, "at": now, "cameras": _watched(held, world, now)})

    def part(name: str) -> Response:
        now = desk.clock()
        if name == clip.PLAYLIST and clip.made(media.clip_dir):
            return Response(clip.playlist(now), mimetype=clip.TYPES["m3u8"])
        shown = clip.picture(now) if name == clip.PICTURE else name
        if not clip.FILE.fullmatch(shown) or not (media.clip_dir / shown).is_file():
            return error(404)
        answer = send_file(
            media.clip_dir / shown, mimetype=clip.TYPES[shown.rpartition(".")[2]], conditional=True, max_age=3600
        )
        if name == clip.PICTURE:  # another one soon
            answer.last_modified = datetime.fromtimestamp(clip.picture_ms(now) / 1000, UTC)
            answer.headers["Cache-Control"] = "no-store"
        return answer

    server.add_url_rule("/api/v1/video", "video", watched, methods=["GET"])
    server.add_url_rule("/api/v1/video", "video-watch", watch, methods=["POST"])
    server.add_url_rule("/api/v1/video/clip/<name>", "video-clip", part, methods=["GET"])


def media_server(settings: Settings) -> MediaServer:
    """The media server that the deployment names, and where the clip lies."""
    return MediaServer(
        settings.video_url, settings.video_way, settings.video_pictures_url, settings.video_every_s,
        settings.video_token.get_secret_value(), settings.clip_path,
    )  # fmt: skip


def _wish(own_world: str) -> tuple[str, str, list[str]]:
    """World, page and cameras that a page names. Raises Problem."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) - {"world", "page", "cameras"}:
        raise Problem(400, "bad_body", "正文不合规。", "The body is not as declared.")
    world, page, names = body.get("world") or own_world, body.get("page"), body.get("cameras")
    if not isinstance(world, str) or not NAME.fullmatch(world):
        raise Problem(400, "bad_world", "世界的名称不合规。", "This is no name of a world.", field="world")
    if not isinstance(page, str) or not PAGE.fullmatch(page):
        raise Problem(400, "bad_page", "page 须为 8 至 32 个字母或数字。", "8 to 32 letters or digits.", field="page")
    if not isinstance(names, list) or len(names) > MOST_VIDEO:
        raise Problem(400, "too_many", f"至多 {MOST_VIDEO} 路。", f"At most {MOST_VIDEO} cameras.", field="cameras")
    if not all(isinstance(name, str) and CAMERA.fullmatch(name) for name in names):
        raise Problem(400, "bad_camera", "摄像机的编号不合规。", "This is no id of a camera.", field="cameras")
    return world, page, list(dict.fromkeys(names))


def _camera(one: Camera, seen: tuple[Watcher, ...]) -> dict[str, Any]:
    return {
        "id": one.id, "state": one.state, "layer": one.layer, "zh": one.zh, "en": one.en, "way": one.way,
        "url": one.url, "pictures": one.pictures, "every_s": one.every_s, "origin": one.origin,
        "at": one.place, "watchers": [_watcher(each) for each in seen],
    }  # fmt: skip


def _watcher(one: Watcher) -> dict[str, Any]:
    return {"title": one.title or one.by, "screen": one.screen, "since": one.since_ms}


def _watched(held: Mapping[str, Lease], world: str | None, now_ms: int) -> list[dict[str, Any]]:
    found = []
    for name, seen in watchers(held.values(), now_ms).items():
        here, layer, entity = name.split("/", 2)
        if world in {None, here}:
            who = [_watcher(each) for each in seen]
            found.append({"world": here, "layer": layer, "id": entity, "watchers": who})
    return found


def _away() -> Response:
    return error(503, "live_unavailable", "实时通道暂不可用。", "The live channel is not available.")
