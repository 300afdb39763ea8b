"""Video at the door: who may watch, what a page is told of a camera, who watches, and the clip of simulated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import pytest
import redis
from sqlalchemy import select

from ioc import web
from ioc.settings import Settings
from ioc.sources import clip
from ioc.store.audit_table import AuditRow
from metrics import keys
from metrics.whereabouts_row import Row
from metrics.world import World
from tests.ioc.door.conftest import T0, Clock, Site, post

pytestmark = pytest.mark.service
HOSTILE = '<img src=x onerror="hacked=1">'
PAGE = "0123456789abcdef"


def stand(site: Site, name: str, world: str = "live", **shows: Any) -> None:
    row = Row(7, (1_141_000_000, 225_500_000), "440303001", "road", shows={"kind": "road", "active": True, **shows})
    where = keys.engine(world, "where:safety/cameras")
    site.desk.client.hset(where, name, msgpack.packb(row.plain()))  # type: ignore[arg-type]


@pytest.fixture
def served(small_app: Callable[[], Any], settings: Settings, redis_client: redis.Redis) -> Iterator[Site]:
    """A deployment with a media server."""
    app, clock = small_app(), Clock()
    told = settings.model_copy(update={
        "video_url": "https://media.example:8888/{stream}/index.m3u8?token={token}",
        "video_pictures_url": "https://pictures.example/{stream}.jpg",
        "video_token": Settings(video_token="a b").video_token,
    })  # fmt: skip
    desk = web.guard(app.server, told, clock)
    site = Site(app, desk, clock)
    stand(site, "CAM1", zh=HOSTILE, stream="road/cam1")
    yield site
    desk.close()


@pytest.fixture
def simulated(site: Site) -> Site:
    """Simulated cameras, and the clip that they show (not a real one: what it shows is tested elsewhere)."""
    site.desk.client.hset(keys.origins("live"), "camera", "simulated")
    stand(site, "CAM1", zh="摄像机1", stream="cam1")
    folder = site.desk.settings.clip_path
    folder.mkdir(parents=True)
    for at in range(clip.PARTS):
        (folder / f"part{at:02d}.ts").write_bytes(bytes(range(100)))
        (folder / f"picture{at:02d}.jpg").write_bytes(b"picture%d" % at)
    return site


def watch(client: Any, *cameras: str, page: str = PAGE, **more: Any) -> Any:
    return post(client, "/api/v1/video", {"page": page, "cameras": list(cameras), **more})


def test_a_page_is_told_where_the_media_server_has_a_camera(served: Site) -> None:
    answer = watch(served.signed_in("leader"), "CAM1").get_json()
    assert answer["cameras"] == [{
        "id": "CAM1", "state": "ok", "layer": "cameras", "zh": HOSTILE, "en": HOSTILE, "way": "hls",
        "url": "https://media.example:8888/road/cam1/index.m3u8?token=a%20b",
        "pictures": "https://pictures.example/road/cam1.jpg", "every_s": 5.0, "origin": "real",
        "at": [114.1, 22.55],
        "watchers": [{"title": "领导", "screen": "", "since": T0}],
    }]  # fmt: skip


def test_pages_may_load_from_the_media_server_and_from_nowhere_else(served: Site) -> None:
    policy = served.signed_in("leader").get("/duty").headers["Content-Security-Policy"]
    parts = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    servers = ["https://media.example:8888", "https://pictures.example"]
    assert parts["media-src"] == ["'self'", "blob:", *servers]
    assert parts["connect-src"][-2:] == servers


@pytest.mark.parametrize(
    ("role", "status"),
    [*((name, 200) for name in ("leader", "duty", "wall")),
     *((name, 403) for name in ("analyst", "sysadmin", "secadmin", "auditor"))],
)  # fmt: skip
def test_only_leaders_duty_officers_and_walls_watch(simulated: Site, role: str, status: int) -> None:
    browser = simulated.signed_in(role)
    assert watch(browser, "CAM1").status_code == status
    for address in ("/api/v1/video", "/api/v1/video/clip/part00.ts", "/api/v1/video/clip/index.m3u8"):
        assert browser.get(address).status_code == status


def test_nobody_watches_without_signing_in_or_from_a_foreign_page(simulated: Site) -> None:
    assert watch(simulated.anonymous(), "CAM1").status_code == 401
    assert simulated.anonymous().get("/api/v1/video/clip/part00.ts").status_code == 401
    foreign = simulated.signed_in("leader").post(
        "/api/v1/video", json={"page": PAGE, "cameras": []}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403


def test_what_there_is_not_to_see_is_said(served: Site) -> None:
    client, browser = served.desk.client, served.signed_in("duty")
    state = lambda name, **more: watch(browser, name, **more).get_json()["cameras"][0]["state"]  # noqa: E731
    assert state("CAM9") == "unknown"
    for stream in ("", "../admin", "a/../b", "a//b", "http://x/y z", "x" * 201, None):
        stand(served, "CAM2", stream=stream)
        assert state("CAM2") == "no_stream", stream
    client.hset(keys.WORLDS, "playback-0123456789", World("playback-0123456789", "playback").to_json())
    stand(served, "CAM1", "playback-0123456789", stream="cam1")
    assert state("CAM1", world="playback-0123456789") == "past"
    client.hset(keys.origins("replay"), "camera", "recorded")
    stand(served, "CAM1", "replay", stream="cam1")
    assert state("CAM1", world="replay") == "past"
    client.hset(keys.origins("drill"), "camera", "simulated")
    stand(served, "CAM1", "drill", stream="cam1")
    assert state("CAM1", world="drill") == "no_clip"


def test_without_a_media_server_a_real_camera_says_so(site: Site) -> None:
    stand(site, "CAM1", stream="cam1")
    told = watch(site.signed_in("leader"), "CAM1").get_json()["cameras"][0]
    assert (told["state"], told["url"], told["watchers"]) == ("no_server", "", [])


def test_who_watches_is_told_to_everybody_who_watches_until_they_stop(simulated: Site) -> None:
    leader, duty = simulated.signed_in("leader"), simulated.signed_in("duty")
    watch(leader, "CAM1")
    simulated.clock.advance(seconds=3)
    titles = lambda answer: [each["title"] for each in answer.get_json()["cameras"][0]["watchers"]]  # noqa: E731
    assert titles(watch(duty, "CAM1")) == ["领导", "值班员"]
    assert titles(watch(duty, "CAM1", page="fedcba9876543210")) == [
        "领导",
        "值班员",
    ]  # two pages, one person
    watch(leader)  # closed
    assert titles(watch(duty, "CAM1")) == ["值班员"]
    simulated.clock.advance(seconds=21)  # nobody said anything for so long
    assert duty.get("/api/v1/video").get_json()["cameras"] == []
    watch(leader, "CAM1")
    assert duty.get("/api/v1/video?world=live").get_json()["cameras"] == [{
        "world": "live", "layer": "cameras", "id": "CAM1",
        "watchers": [{"title": "领导", "screen": "", "since": T0 + 24_000}],
    }]  # fmt: skip
    assert duty.get("/api/v1/video?world=other").get_json()["cameras"] == []
    assert simulated.desk.client.hlen(keys.VIDEO) == 1  # what ran out is taken away


def test_that_somebody_began_to_watch_a_real_camera_stands_in_the_audit_once(served: Site) -> None:
    stand(served, "CAM2", stream="cam2")
    browser = served.signed_in("duty")
    watch(browser, "CAM1", "CAM2")
    served.clock.advance(seconds=5)
    watch(browser, "CAM1", "CAM2")
    watch(browser, "CAM2")
    assert watched_by(served) == [("duty", "cameras/CAM1", "live", T0), ("duty", "cameras/CAM2", "live", T0)]
    watch(browser, "CAM1", "CAM2")
    assert watched_by(served)[2:] == [("duty", "cameras/CAM1", "live", T0 + 5_000)]


def test_simulated_cameras_are_no_matter_of_the_audit(simulated: Site) -> None:
    watch(simulated.signed_in("duty"), "CAM1")
    assert watched_by(simulated) == []


def watched_by(site: Site) -> list[tuple[str, str, str, int]]:
    query = select(AuditRow).where(AuditRow.action == "video.open").order_by(AuditRow.seq)
    with site.desk.store.read() as unit:
        return [(row.actor, row.subject, row.world, row.at_ms) for row in unit.scalars(query)]


@pytest.mark.parametrize(
    "body",
    [
        {"page": PAGE}, {"page": "short", "cameras": []}, {"page": PAGE, "cameras": "CAM1"},
        {"page": PAGE, "cameras": [str(at) for at in range(10)]}, {"page": PAGE, "cameras": ["a,b"]},
        {"page": PAGE, "cameras": [7]}, {"page": PAGE, "cameras": [], "url": "https://evil.example"},
        {"page": PAGE, "cameras": [], "world": "*"}, [],
    ],
)  # fmt: skip
def test_a_wish_of_another_form_is_refused(simulated: Site, body: Any) -> None:
    assert post(simulated.signed_in("leader"), "/api/v1/video", body).status_code == 400


def test_simulated_cameras_show_the_clip_of_this_server(simulated: Site) -> None:
    told = watch(simulated.signed_in("wall"), "CAM1").get_json()["cameras"][0]
    assert (told["state"], told["way"], told["origin"]) == ("ok", "hls", "simulated")
    assert told["url"] == "/api/v1/video/clip/index.m3u8"
    assert told["pictures"] == "/api/v1/video/clip/picture.jpg"


def test_the_clip_is_served_by_parts_with_its_types_and_nothing_beside_it(simulated: Site) -> None:
    browser = simulated.signed_in("leader")
    playlist = browser.get("/api/v1/video/clip/index.m3u8")
    assert playlist.mimetype == "application/vnd.apple.mpegurl"
    assert playlist.headers["Cache-Control"] == "no-store"
    assert playlist.text == clip.playlist(T0)
    whole = browser.get("/api/v1/video/clip/part00.ts")
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "video/mp2t", bytes(range(100)))
    some = browser.get("/api/v1/video/clip/part00.ts", headers={"Range": "bytes=10-19"})
    assert (some.status_code, some.data) == (206, bytes(range(10, 20)))
    assert some.headers["Content-Range"] == "bytes 10-19/100"
    assert browser.get("/api/v1/video/clip/part00.ts", headers={"Range": "bytes=200-"}).status_code == 416
    now = browser.get("/api/v1/video/clip/picture.jpg")
    assert (now.mimetype, now.data) == ("image/jpeg", b"picture4")
    assert now.headers["Cache-Control"] == "no-store"
    assert now.last_modified is not None
    assert now.last_modified.timestamp() * 1000 == T0
    for name in ("..%2f..%2flinks.json", "%2e%2e/links.json", "whole.m3u8", "part99.ts", "part00.ts%00.jpg"):
        assert browser.get(f"/api/v1/video/clip/{name}").status_code == 404
