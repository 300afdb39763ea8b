"""`ioc city`: the simulated city outside of its streams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ioc.settings import Settings
from ioc.sources.city.history import Written
from metrics.definition import Bundle

app = typer.Typer(add_completion=False, no_args_is_help=True, help="模拟城市 the simulated city outside of its streams")
WRONG, REFUSED, CANCELLED = 2, 3, 130  # exit codes: the definitions; the archive; Ctrl-C


@app.callback()
def group() -> None:
    """模拟城市 the simulated city outside of its streams."""


@app.command("history")
def history(
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="so many days up to now")] = 90,
    *,
    evaluate: Annotated[
        list[str] | None, typer.Option("--evaluate", metavar="ID", help="only these indicators; several times")
    ] = None,
    values: Annotated[bool, typer.Option("--values/--no-values", help="compute indicators over them at all")] = True,
) -> None:
    """Write the city's past into the archive of the world live, before its stream begins; marked simulated.

    Records and events in full, readings thinned; then the values of all indicators that they can answer, one an hour
    (docs/city.md). Nothing else may write to the archive meanwhile. Ctrl-C leaves what is done by then.
    Exit: 0 done; 2 the definitions are wrong or lack an indicator; 3 the archive is in use or has observations
    already; 130 broken off.
    """
    from ioc.packs.bundle import build
    from ioc.packs.files import PackErrors
    from ioc.sources.city import history as work
    from ioc.sources.city.city import City
    from ioc.sources.city.rhythm import DAY_MS
    from metrics.archive_ledger import ArchiveInUse, keep_bundle
    from metrics.clock import monotonic_s, real_ms
    from metrics.definition import load

    settings, began = Settings(), monotonic_s()
    try:
        raw = build(data_dir=settings.data_path)
    except PackErrors as error:
        _stop(WRONG, f"主题包有误 the packs are wrong: {error}")
    bundle = load(raw).for_world({})
    unknown = set(evaluate or ()) - {one.id for one in bundle.indicators}
    if unknown:
        _stop(WRONG, f"没有这个指标 no such indicator: {', '.join(sorted(unknown))}")
    root, now = settings.archive_path, real_ms()
    span = (now - days * DAY_MS, now)
    city = City(raw, seed=settings.city_seed, rate=settings.city_rate, intervals=work.THINNED)
    try:
        rows = work.write(root, city, bundle, span, at_ms=now, told=_told)
    except work.NotTaken as error:
        _stop(WRONG, f"数据与约定不符 {error}")
    except work.NotEmpty as error:
        _stop(REFUSED, f"档案中已有 {error} 的观测 the archive holds observations of {error} already: {root}")
    except ArchiveInUse as error:
        _stop(REFUSED, f"归档正在运行 {error}")
    except KeyboardInterrupt:
        _stop(CANCELLED, f"已中断，只有部分来源 broken off, some sources only: {root}")
    keep_bundle(root, json.dumps(raw, ensure_ascii=False, allow_nan=False).encode())
    typer.echo(f"历史 history: {days} 天 days, {rows:,} 条 rows, {monotonic_s() - began:.0f} s")
    if values:
        _evaluate(root, bundle, str(raw["hash"]), (span, frozenset(city.models)), evaluate)
        typer.echo(f"完成 done: {monotonic_s() - began:.0f} s")


def _evaluate(
    root: Path, bundle: Bundle, digest: str, past: tuple[tuple[int, int], frozenset[str]], wanted: list[str] | None
) -> None:
    """Compute what a past (its span, the sources that were fed) can answer of the indicators, and say what not."""
    from ioc.offline.retelling import Progress, retell, roll_up
    from ioc.sources.city import history as work
    from ioc.sources.city.history_reach import instants, left_out
    from metrics.archive_retold import Ground

    span, fed = past
    lacks = left_out(bundle, fed, work.THINNED)
    ids = [one for one in dict.fromkeys(wanted or (one.id for one in bundle.indicators)) if one not in lacks]
    asked = {name: lack for name, lack in lacks.items() if not wanted or name in wanted}
    for why in dict.fromkeys(asked.values()):
        names = [name for name, lack in asked.items() if lack == why]
        typer.echo(f"不计算 left out: {len(names)} ({', '.join(names)}): {why.zh} {why.en}", err=True)
    done: list[Progress] = []

    def told(one: Progress) -> None:
        done.append(one)
        key = f"{one.indicator.id}@{one.indicator.version}"
        typer.echo(f"{one.number:>4}/{one.of} {key:10} {one.values:>10,} 个值 values {one.seconds:6.1f} s", err=True)

    ground = Ground(span[1], span[1], work.positions(root, fed), digest, "simulated")
    broken_off = False
    try:
        retell(
            root, work.LIVE, work.beginning(bundle, span[0]), ids, ground,
            instants=lambda indicator, split: instants(indicator, span, split=split), told=told,
        )  # fmt: skip
    except KeyboardInterrupt:
        broken_off = True
    pieces = roll_up(root, work.LIVE)
    found = sum(one.values for one in done)
    typer.echo(
        f"指标 indicators: {len(done)} 计算 computed, {len(asked)} 不计算 left out; {found:,} 个值 values,"
        f" {pieces} 个汇总文件 roll-up pieces"
    )
    if broken_off:
        _stop(CANCELLED, f"已中断 broken off: {len(ids) - len(done)} 个未计算 not computed")


def _told(one: Written) -> None:
    typer.echo(f"{one.source:16} {one.rows:>12,}", err=True)


def _stop(code: int, line: str) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(code)
