"""`ioc origin`: say that what will be fed is simulated or recorded, before it is fed."""

from __future__ import annotations

from typing import Annotated, NoReturn

import redis
import typer

from ioc.entrypoints.source import redis_url
from ioc.packs.bundle import build
from ioc.packs.files import PackErrors
from ioc.settings import Settings
from ioc.sources.declaration import ORIGINS, NotDeclared, declare, declared
from ioc.sources.feed import Place
from metrics.clock import real_ms

AWAY, USAGE = 1, 2  # exit codes
TITLES = {"real": "实测", "recorded": "回放", "simulated": "演练"}


def origin(
    source: Annotated[str, typer.Argument(help="数据源 the source, e.g. traffic")],
    name: Annotated[
        str | None, typer.Argument(metavar=f"[{'|'.join(ORIGINS)}]", help="来源; 缺省为查询 none: print what holds")
    ] = None,
    *,
    world: Annotated[str, typer.Option("--world", help="世界 which world")] = "live",
) -> None:
    """声明来源 say how real the rows of a source are in a world, before its first row; it holds a second later.

    Undeclared rows are taken for real (实测). Less real is always believed; more real not once there are rows.
    Exit: 0 done; 1 the data bus does not answer; 2 usage, or the declaration would not be true.
    """
    asked = next((one for one in ORIGINS if one == name), None)
    if name is not None and asked is None:
        _stop(USAGE, f"用法 usage: 没有来源 no origin '{name}'; 可选 possible: {', '.join(ORIGINS)}")
    settings = Settings()
    try:
        known = build()["sources"]
        if source not in known:
            _stop(USAGE, f"用法 usage: 没有数据源 no source '{source}'; 可选 possible: {', '.join(known)}")
        client = redis.Redis.from_url(redis_url(settings), socket_timeout=5)
        if asked is not None:
            place = Place(world, source, asked, int(known[source].get("shards", 1)))
            if declare(client, place, real_ms()):
                typer.echo("警告 warning: 此前的值保留原标记 values published before keep their mark", err=True)
        found = declared(client, world, source)
    except PackErrors as error:
        _stop(USAGE, str(error))
    except NotDeclared as error:
        _stop(USAGE, f"未声明 not declared: {error}")
    except (redis.RedisError, OSError) as error:
        _stop(AWAY, f"数据总线无应答 the data bus does not answer ({settings.data_path}): {error}")
    typer.echo(f"{world}/{source}  {TITLES[found]} {found}")


def _stop(code: int, sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
