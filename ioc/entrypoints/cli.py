"""`ioc`: one command for each process and each job; a command's rooms are loaded only when it runs."""

from __future__ import annotations

import getpass
import importlib
import os
from typing import Any

import typer
import typer.core

from ioc.security.actor import Actor, acting
from ioc.settings import unknown_variables
from ioc.settings_error import WrongSettings

USAGE, UNREADABLE = 2, 4  # exit codes

# command -> (module below ioc.entrypoints, attribute: a function or a typer app, what it does)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("supervisor", "main", "全部启动 everything on this machine (= make run)"),
    "source": ("source", "source", "数据源 sources -> observation streams"),
    "city": ("city", "app", "模拟城市 weeks of the simulated city before its stream begins"),
    "origin": ("origin", "origin", "来源 say that what will be fed is simulated or recorded"),
    "replay": ("replay", "replay", "录播 a recording -> a world of its own"),
    "exercise": ("exercise", "app", "演练 a script in a world of its own: list, start, stop, remove, status"),
    "engine": ("engine", "engine", "计算引擎 observation streams -> published values"),
    "archive": ("archive", "archive", "归档 observations and values -> Parquet parts"),
    "playback": ("playback", "playback", "回看 the past of a world, shown again as a world of its own"),
    "duty": ("duty", "duty", "值守 alarms into the duty room, and what is due there"),
    "gateway": ("gateway", "gateway", "推送网关 published values -> browsers"),
    "web": ("web", "web", "网页服务 pages and sign-in"),
    "status": ("status", "status", "全路径状态 the path room by room: rates, lags, ages, clients"),
    "forecast": ("forecast", "forecast", "预测 the next steps of every series of a file, with their intervals"),
    "evaluate": ("evaluate", "evaluate", "核算 check any number from files, by either of the two programs"),
    "voucher": ("voucher", "voucher", "数字凭证 what a published value rests on, computed anew from the archive"),
    "backfill": ("backfill", "backfill", "回算 an indicator over archived observations, as recomputed"),
    "rehearse": ("rehearse", "rehearse", "预演 alarms that other thresholds would have given over archived values"),
    "rehearsals": ("rehearsals", "rehearsals", "预演队列 carry out what was asked for on the workbench"),
    "detect": ("detect", "detect", "异常 every row of a series judged by the rows before it"),
    "packs": ("packs", "app", "主题包 check and list the theme packs"),
    "links": ("links", "links", "关联系统 whether the linked systems answer"),
    "geo": ("geo", "app", "地理 import layers, resolve points"),
    "screen": ("screen", "app", "大屏 walls, their zones and devices: list, add, set, remove, approve, revoke"),
    "video": ("video", "app", "视频 the clip of simulated cameras, and who watches which camera"),
    "user": ("user", "app", "用户 people, roles and one-time links"),
    "approval": ("approval", "app", "审批 what waits for a second person: list, approve, refuse"),
    "triage": ("triage", "app", "智能分拨 train, try and use a model that says what a citizen's message is about"),
    "token": ("token", "app", "令牌 tokens of programs that feed or read over HTTP"),
    "notify": ("notify", "app", "通知 channels, a trial of one, messages and receipts, a receiver"),
    "plan": ("plan", "app", "预案 plans: list, show, check, start, status"),
    "incident": ("incident", "app", "事件 the situation report of an incident as a file"),
    "audit": ("audit", "app", "审计 who did what; whether its chain is whole"),
    "backup": ("backup", "backup", "备份 everything that cannot be made anew, into one file"),
    "restore": ("backup", "restore", "恢复 a backup on an empty host"),
    "db": ("db", "app", "数据库 migrations"),
}


class LazyGroup(typer.core.TyperGroup):
    """Knows every command by name and loads only the one that is asked for; says which settings are wrong, and which
    files cannot be read or written."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with acting(Actor(f"console:{getpass.getuser()}")):
                return super().invoke(ctx)
        except WrongSettings as error:
            for line in error.lines:
                typer.echo(f"设置有误 wrong setting: {line}", err=True)
            raise typer.Exit(USAGE) from None
        except OSError as error:
            if error.filename is None:  # not about a file that somebody named
                raise
            typer.echo(f"无法读写 cannot be read or written: {error.filename}: {error.strerror}", err=True)
            raise typer.Exit(UNREADABLE) from None

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the framework's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute, summary = COMMANDS[cmd_name]
        target: Any = getattr(importlib.import_module(f"ioc.entrypoints.{module}"), attribute)
        if isinstance(target, typer.Typer):
            command = typer.main.get_command(target)
        else:
            single = typer.Typer(add_completion=False)
            single.command()(target)
            command = typer.main.get_command(single)
        command.name = cmd_name
        command.short_help = summary
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in COMMANDS.items()])


app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True, rich_markup_mode=None,
                  help="罗湖区智能运营中心 Luohu Intelligent Operations Center")  # fmt: skip


@app.callback()
def warn() -> None:
    """罗湖区智能运营中心 Luohu Intelligent Operations Center."""
    if "IOC_PARENT_PID" not in os.environ:  # the supervisor has said it once for all its children
        for sentence in unknown_variables(os.environ):
            typer.echo(f"警告 warning: {sentence}", err=True)


if __name__ == "__main__":
    app()
