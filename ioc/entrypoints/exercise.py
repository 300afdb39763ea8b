"""`ioc exercise`: scripts that run in worlds of their own, marked 演练 on every screen."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ioc.settings import Settings

if TYPE_CHECKING:
    import redis

    from ioc.sources.city.script import Script
    from metrics.world import World

app = typer.Typer(add_completion=False, no_args_is_help=True, help="演练 scripts that run in worlds of their own")
NO_BUS, USAGE, REFUSED, NOT_FOUND = 1, 2, 3, 4  # exit codes
NAME = "exercise"
WAIT_S, POLL_S = 15.0, 0.1
NamedWorld = Annotated[str, typer.Argument(metavar="[WORLD]", help="世界 its world; none: the only one")]


@app.callback()
def group() -> None:
    """演练 scripts that run in worlds of their own, marked 演练 on every screen; they never touch the world live."""


@app.command("list")
def shown(as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False) -> None:
    """The scripts: what happens in them and which alarms they expect. Exit 2: a script is wrong."""
    found = _shelf(Settings())
    if as_json:
        rows = [one.model_dump(mode="json", by_alias=True) for one in found.values()]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in found.values():
        head = one.head
        typer.echo(f"{head.id:<18} {head.zh}  {head.en}")
        typer.echo(
            f"{'':<18} {head.begin:%Y-%m-%d %H:%M} 起 from, {head.hours:g} 小时 hours; 情节 forces {len(one.force)}, "
            f"注入 injects {len(one.inject)}, 时间线 notes {len(one.note)}, 预期告警 expected alarms {len(one.expect)}"
        )


@app.command("check")
def checked(
    names: Annotated[list[str] | None, typer.Argument(help="脚本 scripts; none: all of them")] = None,
) -> None:
    """Play scripts through the engine without a server, and say which expected alarms come and when.

    Exit: 0 all come; 2 a script is wrong or unknown; 3 one does not come, or comes too early or too late.
    """
    from ioc.entrypoints.exercise_report import district, lines
    from ioc.offline.trial import judge, play
    from ioc.packs.bundle import build
    from ioc.sources.exercise import faults

    settings = Settings()
    found = _shelf(settings)
    unknown = [name for name in names or () if name not in found]
    if unknown:
        _stop(USAGE, f"没有这个脚本 no such script: {unknown[0]}; known: {', '.join(found)}")
    raw = build(data_dir=settings.data_path)
    wrong = [f"{one.head.id}: {line}" for one in found.values() for line in faults(one, raw)]
    if wrong:
        _stop(USAGE, "\n".join(wrong))
    missed = False
    for name in names or found:
        typer.echo(f"{name}  {found[name].head.zh}")
        findings = judge(found[name], play(raw, found[name], settings.city_seed), district(raw))
        missed |= not all(one.met for one in findings)
        for line in lines(found[name], findings, found[name].end_ms):
            typer.echo(line)
    if missed:
        raise typer.Exit(REFUSED)


@app.command("start")
def start(
    name: Annotated[str, typer.Argument(help="脚本 the script, see `ioc exercise list`")],
    *,
    speed: Annotated[float, typer.Option(help="倍速 how many times as fast as it would happen")] = 60.0,
    world: Annotated[str, typer.Option(help="世界 the world it runs in; default: its name")] = "",
) -> None:
    """Begin an exercise. Below a running centre it goes on by itself; else this command feeds it until it is over.

    Exit: 0 begun (or over); 1 the data bus does not answer; 2 usage; 3 there is such a world already.
    """
    from ioc.packs.bundle import build
    from ioc.sources import exercise
    from metrics.clock import real_ms

    settings = Settings()
    found = _shelf(settings)
    if name not in found:
        _stop(USAGE, f"没有这个脚本 no such script: {name}; known: {', '.join(found)}")
    script = found[name]
    wrong = list(exercise.faults(script, build(data_dir=settings.data_path)))
    if wrong:
        _stop(USAGE, "\n".join(wrong))
    order = exercise.Order(script, world or name, speed, settings.city_seed, settings.city_rate)
    try:
        exercise.check(order)
    except exercise.ExerciseError as error:
        _stop(USAGE, f"无法开始 cannot start: {error}")
    client, url = _bus(settings)
    try:
        opened = exercise.open_world(client, order, real_ms())
    except exercise.ExerciseError as error:
        _stop(REFUSED, f"无法开始 cannot start: {error}")
    typer.echo(f"演练开始 exercise {name} x{speed:g}: {settings.web_url}/wall/emergency?world={opened.id}")
    if not _beats(client, "supervisor"):
        _feed(settings, client, url, opened.id)


@app.command("feed", hidden=True)
def feed() -> None:
    """Feed every exercise that runs, until none does: what a running centre starts."""
    from ioc.entrypoints.lifeline import tie_to_parent

    tie_to_parent()
    from ioc.entrypoints.video import ensure_clip

    settings = Settings()
    client, url = _bus(settings)
    ensure_clip(settings)
    _feed(settings, client, url, "")


@app.command("stop")
def stop(world: NamedWorld = "") -> None:
    """Let an exercise stand where it is. It can be read on every screen until it is removed.

    Exit: 0 it stands; 1 the data bus does not answer; 4 no such exercise.
    """
    from ioc.sources import exercise
    from ioc.sources.replay import local_text
    from metrics.clock import real_ms

    client, _ = _bus(Settings())
    one = _named(client, world)
    _let_stand(client, one)
    now = exercise.time_in(exercise.named(client, one.id), real_ms())
    typer.echo(f"演练已停 exercise {one.id} stands at {local_text(now)}")


@app.command("remove")
def remove(world: NamedWorld = "") -> None:
    """Delete an exercise: its world, everything of it on the data bus, and its archive.

    Exit: 0 it is gone; 1 the data bus does not answer; 4 no such exercise.
    """
    from ioc.sources import exercise, worlds
    from metrics.archive import remove_world
    from metrics.clock import real_ms

    settings = Settings()
    client, _ = _bus(settings)
    one = _named(client, world)
    _let_stand(client, one)
    keys_removed = exercise.forget(client, one)
    _archiver_has_looked(client, real_ms())
    keys_removed += worlds.remove(client, one.id)  # what the archiver told of it meanwhile
    files = remove_world(settings.archive_path, one.id)
    typer.echo(f"演练已删除 exercise {one.id} is gone: 键 keys {keys_removed}, 归档文件 archive files {files}")


@app.command("status")
def status(as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False) -> None:
    """Every exercise: its time, its feeds, and which expected alarms have come. Exit 1: no data bus."""
    from ioc.entrypoints.exercise_report import lines, survey
    from ioc.sources.exercise import exercises
    from metrics.clock import real_ms

    settings = Settings()
    client, _ = _bus(settings)
    known = _shelf(settings)
    found = [survey(client, one, known.get(one.label["exercise"]), real_ms()) for one in exercises(client)]
    if as_json:
        typer.echo(json.dumps([one.table() for one in found], ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo("没有演练 no exercise")
    for one in found:
        typer.echo(one.title())
        for line in lines(one.script, one.findings, one.upto) if one.script else ():
            typer.echo(line)


def _feed(settings: Settings, client: redis.Redis, url: str, only: str) -> None:
    """Feed what runs; where one exercise alone was named, a stop lets it stand."""
    import redis

    from ioc.entrypoints.heartbeat import Heartbeat
    from ioc.entrypoints.logs import configure
    from ioc.entrypoints.source import stop_on_signal
    from ioc.entrypoints.stage import Stages
    from ioc.packs.bundle import build
    from ioc.sources import exercise
    from metrics import keys
    from metrics.clock import real_ms

    log = configure(NAME, settings.log_level)
    stages = Stages(url, client, lambda: build(data_dir=settings.data_path), settings.data_path)
    ended = stop_on_signal()
    with Heartbeat(client, NAME, lambda: {"worlds": list(stages.open)}):
        stages.run(ended, only)
    try:
        for world in exercise.exercises(client):
            if world.id == only and not exercise.stands(world):
                exercise.stand(client, world, real_ms())
        client.hdel(keys.HEARTBEATS, NAME)  # it ended by itself: nobody need miss it
    except redis.RedisError as error:
        log.warning("exercise_not_left", error=str(error))


def _let_stand(client: redis.Redis, world: World) -> None:
    """Who feeds it writes its last rows and lets it stand; if nobody does, it stands at once."""
    from ioc.sources import exercise
    from metrics.clock import real_ms

    if exercise.stands(world):
        return
    if _beats(client, NAME):
        exercise.ask_to_stop(client, world)
        _wait(lambda: exercise.stands(exercise.named(client, world.id)) or not _beats(client, NAME))
    if not exercise.stands(exercise.named(client, world.id)):
        exercise.stand(client, world, real_ms())


def _archiver_has_looked(client: redis.Redis, since_ms: int) -> None:
    """Wait until an archiver that runs has read the registry since: its second word after that rests on such a look."""
    from metrics import keys
    from metrics.archive_hold import Registration

    told: set[int] = set()

    def looked() -> bool:
        text: Any = client.get(keys.ARCHIVE)
        known = Registration.from_json(text) if text else None
        if known is not None and known.at > since_ms:
            told.add(known.at)
        return len(told) > 1 or not _beats(client, "archive")

    _wait(looked)


def _wait(condition: Any) -> None:
    from metrics.clock import monotonic_s

    until, pause = monotonic_s() + WAIT_S, threading.Event()
    while not condition() and monotonic_s() < until:
        pause.wait(POLL_S)


def _beats(client: redis.Redis, process: str) -> bool:
    """Whether a process says that it lives."""
    from ioc.sources.declaration import LOST_MS
    from metrics import keys
    from metrics.clock import real_ms

    text: Any = client.hget(keys.HEARTBEATS, process)
    fact = json.loads(text) if text else {"at": 0}
    return real_ms() - int(fact["at"]) <= LOST_MS and not fact.get("ended")


def _bus(settings: Settings) -> tuple[redis.Redis, str]:
    import redis

    from ioc.entrypoints.source import redis_url

    try:
        url = redis_url(settings)
        client = redis.Redis.from_url(url, socket_timeout=5)
        client.ping()
    except (FileNotFoundError, redis.RedisError) as error:
        _stop(NO_BUS, f"数据总线无应答 the data bus does not answer ({settings.data_path}): {error}")
    return client, url


def _named(client: redis.Redis, world: str) -> World:
    from ioc.sources.exercise import ExerciseError, named

    try:
        return named(client, world)
    except ExerciseError as error:
        _stop(NOT_FOUND, f"没有这个演练 {error}")


def _shelf(settings: Settings) -> dict[str, Script]:
    from ioc.sources.city.script import ScriptError
    from ioc.sources.exercise import shelf

    try:
        return shelf(settings.data_path)
    except ScriptError as error:
        _stop(USAGE, f"脚本有误 a script is wrong: {error}")


def _stop(code: int, line: str) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(code)
