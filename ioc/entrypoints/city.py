"""`ioc city`: the simulated city outside of its streams."""

from __future__ import annotations

import json
from typing import Annotated, NoReturn

import typer

from ioc.settings import Settings
from ioc.sources.city.history import Written

app = typer.Typer(add_completion=False, no_args_is_help=True, help="模拟城市 the simulated city outside of its streams")
WRONG, REFUSED = 2, 3  # exit codes: the definitions; the archive


@app.callback()
def group() -> None:
    """模拟城市 the simulated city outside of its streams."""


@app.command("history")
def history(
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="so many days up to now")] = 90,
    *,
    evaluate: Annotated[
        list[str] | None, typer.Option("--evaluate", metavar="ID", help="compute this indicator over them too")
    ] = None,
) -> None:
    """Write the city's past into the archive of the world live, before its stream begins; marked simulated.

    Records and events in full, readings thinned (docs/city.md). Nothing else may write to the archive meanwhile.
    Exit: 0 done; 2 the definitions are wrong or lack an indicator; 3 the archive is in use or has observations already.
    """
    from ioc.offline.backfill import NoSuchIndicator, Order, compute
    from ioc.packs.bundle import build
    from ioc.packs.files import PackErrors
    from ioc.sources.city import history as work
    from ioc.sources.city.city import City
    from ioc.sources.city.rhythm import DAY_MS
    from metrics.archive_evidence import Evidence
    from metrics.archive_ledger import ArchiveInUse, keep_bundle
    from metrics.archive_recomputed import write
    from metrics.clock import monotonic_s, real_ms
    from metrics.definition import load
    from metrics.version import VERSION

    settings, began = Settings(), monotonic_s()
    try:
        raw = build(data_dir=settings.data_path)
        orders = [Order.of(raw, name, None) for name in evaluate or ()]
    except PackErrors as error:
        _stop(WRONG, f"主题包有误 the packs are wrong: {error}")
    except NoSuchIndicator as error:
        _stop(WRONG, f"没有这个指标 no such indicator: {error}")
    root, now = settings.archive_path, real_ms()
    span = (now - days * DAY_MS, now)
    city = City(raw, seed=settings.city_seed, rate=settings.city_rate, intervals=work.THINNED)
    try:
        rows = work.write(root, city, load(raw), span, at_ms=now, told=_told)
    except work.NotTaken as error:
        _stop(WRONG, f"数据与约定不符 {error}")
    except work.NotEmpty as error:
        _stop(REFUSED, f"档案中已有 {error} 的观测 the archive holds observations of {error} already: {root}")
    except ArchiveInUse as error:
        _stop(REFUSED, f"归档正在运行 {error}")
    keep_bundle(root, json.dumps(raw, ensure_ascii=False, allow_nan=False).encode())
    typer.echo(f"历史 history: {days} 天 days, {rows:,} 条 rows, {monotonic_s() - began:.0f} s")
    facts = {"ioc.bundle": str(raw["hash"]), "ioc.engine": VERSION, "ioc.program": "sql"}
    for order in orders:
        key = (order.indicator.id, order.indicator.version)
        values = 0
        for block in compute(order, Evidence(root, work.LIVE), span):
            write(root, work.LIVE, key, now, block, facts=facts)
            values += len(block)
        typer.echo(f"回算 evaluated: {key[0]}@{key[1]} {values:,} 个值 values, {monotonic_s() - began:.0f} s")


def _told(one: Written) -> None:
    typer.echo(f"{one.source:16} {one.rows:>12,}", err=True)


def _stop(code: int, line: str) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(code)
