"""The formation: which processes one machine runs, under which user of the data bus, and how each says it is ready."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import redis

from ioc.entrypoints.child import Child, answers
from ioc.settings import Settings
from metrics import keys

IOC = [sys.executable, "-m", "ioc.entrypoints.cli"]
REPLAY_WORLD = "replay"


def services(
    settings: Settings, urls: Mapping[str, str], environment: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> list[Child]:
    """The children beside the data bus. `urls` is user -> URL, `environment` adds to the environment all share.

    A recording replaces the simulation of its source, so that nobody takes one for the other; screens then show its
    world.
    """
    names = [name for name in settings.source_names if not (settings.feed and name == settings.feed_source)]
    chosen = {"IOC_SOURCES": ",".join(names)} | ({"IOC_WORLD": REPLAY_WORLD} if settings.feed else {})
    hosts = {"web": settings.web_host, "gateway": settings.gateway_host}
    ports = {
        "engine": settings.engine_health_port,
        "archive": settings.archive_health_port,
        "duty": settings.duty_health_port,
        "source": settings.source_health_port,
        "gateway": settings.gateway_port,
        "web": settings.web_port,
    }
    children = [
        Child(
            name,
            [*IOC, name],
            environment({"IOC_REDIS_URL": urls[name], **chosen}),
            answers(hosts.get(name, "127.0.0.1"), port),
        )
        for name, port in ports.items()
        if name != "source" or names
    ]
    client = redis.Redis.from_url(urls["admin"])
    children.append(
        Child("exercise", [*IOC, "exercise", "feed"], environment({"IOC_REDIS_URL": urls["source"]}),
              lambda: bool(client.hexists(keys.HEARTBEATS, "exercise")), wanted=lambda: _exercise_runs(client))
    )  # fmt: skip
    children.append(
        Child("playback", [*IOC, "playback"], environment({"IOC_REDIS_URL": urls["playback"]}),
              lambda: bool(client.hexists(keys.HEARTBEATS, "playback")))
    )  # fmt: skip
    children.append(
        Child("rehearsals", [*IOC, "rehearsals"], environment({"IOC_REDIS_URL": urls["web"]}),
              lambda: True, wanted=lambda: bool(client.exists(keys.REHEARSALS)))
    )  # fmt: skip
    if settings.links_allow:
        children.append(
            Child("links", [*IOC, "links"], environment({"IOC_REDIS_URL": urls["web"]}),
                  lambda: bool(client.hexists(keys.HEARTBEATS, "links")))
        )  # fmt: skip
    if settings.feed:
        children.append(_replay(settings, urls, environment({"IOC_REDIS_URL": urls["source"], **chosen})))
    return children


def _exercise_runs(client: redis.Redis) -> bool:
    from ioc.sources.exercise import exercises, stands

    return not all(stands(world) for world in exercises(client))


def _replay(settings: Settings, urls: Mapping[str, str], environment: Mapping[str, str]) -> Child:
    client = redis.Redis.from_url(urls["admin"])
    command = [*IOC, "replay", settings.feed, "--source", settings.feed_source, "--world", REPLAY_WORLD]
    command += ["--shift-to-now"] if settings.feed_shift_to_now else ["--speed", f"{settings.feed_speed:g}"]
    command += ["--loop"] if settings.feed_loop else []
    # started again it goes on where it was; only a new start of the centre begins the recording anew
    return Child(
        "replay",
        command,
        environment,
        lambda: bool(client.hexists(keys.HEARTBEATS, f"feed:{REPLAY_WORLD}:{settings.feed_source}")),
        [*command, "--resume"],
    )
