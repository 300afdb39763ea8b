"""`ioc plan`: plans on the server itself: list, show and check them, start one for an incident, see how runs stand."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import redis
import typer

from ioc.door.desk import redis_url
from ioc.entrypoints.user import opened_store
from ioc.packs.handling import handling
from ioc.queries import plan_runs as read_runs
from ioc.queries import plans as read_plans
from ioc.queries.worlds import worlds
from ioc.services import dossiers, plan_library, plan_runs
from ioc.services.refusals import Refusal, UnknownPlan
from ioc.settings import Settings
from metrics.clock import real_ms
from metrics.world import LIVE_WORLD

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    help="预案 plans: list, show and check them, start one, see how its runs stand",
)  # fmt: skip
WRONG, NOT_THERE = 3, 4
Json = Annotated[bool, typer.Option("--json", help="JSON")]
World = Annotated[str, typer.Option("--world", help="世界 world")]


@app.command("list")
def list_(as_json: Json = False, world: World = LIVE_WORLD.id) -> None:
    """列出预案 the plans in force, with their versions and what goes on."""
    with opened_store() as store:
        found = read_plans.listed(store, world)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for each in found:
        starts = "；".join(start["zh"] for start in each["starts"])
        running = f"  运行中 going on: {each['running']}" if each["running"] else ""
        typer.echo(
            f"{each['id']:<10} v{each['version']}  {each['steps']:>2} 步 steps  {each['zh']} {each['en']}{running}"
        )
        typer.echo(f"{'':<10} {starts}")


@app.command()
def show(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="预案 plan")],
    version: Annotated[int | None, typer.Option("--version", help="版本 version; default: the one in force")] = None,
    text: Annotated[bool, typer.Option("--text", help="TOML 文本 its text")] = False,
) -> None:
    """显示一个预案 the steps of a plan with what each comes after, or its text. Exit: 4 there is no such plan."""
    with opened_store() as store:
        try:
            found = read_plans.plan_page(store, plan, handling().audiences, version)
        except UnknownPlan as unknown:
            _refuse(unknown)
    if text:
        typer.echo(found["text"], nl=False)
        return
    typer.echo(f"{found['zh']} {found['en']} v{found['version']}")
    for step in found["steps"]:
        after = f" ← {', '.join(step['after'])}" if step["after"] else f" ⇐ {step['for']}" if step["for"] else ""
        when = "；".join(each["zh"] for each in step["when"])
        typer.echo(f"{'  ' * step['column']}{step['id']}: {step['zh']}（{step['owner']['zh']}）{after} {when}".rstrip())


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="预案文件 a plan as TOML, named PLAN.toml")],
) -> None:
    """核对一个文件 check a file as a version of the plan that it is named after. Exit: 3 something is wrong."""
    wrong = plan_library.faults(file.stem, file.read_text(encoding="utf-8"))
    for each in wrong:
        typer.echo(each, err=True)
    if wrong:
        raise typer.Exit(WRONG)
    typer.echo(f"无误 sound: {file}")


@app.command()
def start(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="预案 plan")],
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="事件编号 id")],
) -> None:
    """为事件启动预案 start a plan for an incident. Exit: 4 it cannot be started, and why."""
    now = real_ms()
    with opened_store() as store:
        try:
            world = dossiers.find(store, incident).world
            run = plan_runs.start(
                store, handling(), plan, incident, by=f"console:{getpass.getuser()}"[:64], now_ms=_now(world, now),
                real_ms=now,
            )  # fmt: skip
        except Refusal as refused:
            _refuse(refused)
    typer.echo(run)


@app.command()
def status(
    incident: Annotated[str, typer.Argument(metavar="[INCIDENT]", help="事件编号 id; empty: all")] = "",
    as_json: Json = False,
    world: World = LIVE_WORLD.id,
) -> None:
    """运行情况 how runs stand: what is done, late, under way."""
    with opened_store() as store:
        found = read_runs.runs(
            store, handling().audiences, world=world, now_ms=_now(world, real_ms()), dossier_id=incident
        )
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for run in found:
        late = f"，超时 late {run['late']}" if run["late"] else ""
        typer.echo(f"{run['id']}  {run['zh']} v{run['version']}  {run['title']}  {run['phase']}  "
                   f"{run['done']} / {run['owed']}{late}")  # fmt: skip
        for step in run["steps"]:
            if step["phase"] == "open":
                typer.echo(f"  {'!' if step['overdue'] else '▶'} {step['id']}: {step['zh']}（{step['owner']['zh']}）")


def _now(world: str, real: int) -> int:
    """The time of a world. Raises typer.Exit where there is none of this name."""
    if world == LIVE_WORLD.id:
        return real
    client: Any = redis.Redis.from_url(redis_url(Settings()))
    found = worlds(client).get(world)
    if found is None:
        typer.echo(f"没有世界 there is no world {world}", err=True)
        raise typer.Exit(NOT_THERE)
    return found.clock.now_ms(real)


def _refuse(refused: Refusal) -> NoReturn:
    typer.echo(f"{refused.zh} {refused.en}", err=True)
    raise typer.Exit(NOT_THERE) from None
