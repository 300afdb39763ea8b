"""`ioc backfill`: an indicator computed over archived observations, kept as the series *as recomputed*."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from ioc.entrypoints.another_version import told as another_version_told
from ioc.settings import Settings

USAGE, WRONG_DEFINITIONS, NOT_FOUND = 2, 3, 4


@another_version_told
def backfill(
    name: Annotated[str, typer.Argument(metavar="ID[@VERSION]")],
    *,
    first: Annotated[str, typer.Option("--from", metavar="TIME", help="windows that end after this")],
    last: Annotated[str, typer.Option("--to", metavar="TIME", help="... and not after this")],
    world: Annotated[str, typer.Option("--world", help="which world")] = "live",
    indicators: Annotated[
        list[Path] | None,
        typer.Option("--indicators", exists=True, dir_okay=False, help="definitions that are not yet in force, TOML"),
    ] = None,
    engine: Annotated[Literal["sql", "stream"], typer.Option("--engine", help="by which program")] = "sql",
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="the values also as CSV")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="data directory; default: IOC_DATA_DIR")] = None,
) -> None:
    """回算 an indicator over archived observations, late ones too; kept beside what was published, never over it.

    Windows whose rows retention has removed or condensed are not computed.

    Exit: 0 done; 2 usage; 3 definitions wrong; 4 no such world or indicator, or the archive lacks rows of some windows.
    """
    from ioc.entrypoints.archive_world import ArchiveWorld, NoSuchWorld
    from ioc.offline import backfill as work
    from ioc.offline.answer_file import time_text, write_recomputed
    from ioc.offline.question import Misuse, check_places
    from ioc.offline.question import span as parse_span
    from ioc.toml_file import NotToml, load
    from metrics.archive_recomputed import Anew, each, write_cells
    from metrics.clock import real_ms
    from metrics.declaration import DefinitionErrors
    from metrics.version import VERSION

    identity, at, number = name.partition("@")
    try:
        span = parse_span(first, last)
        check_places(out)
    except Misuse as error:
        _stop(USAGE, f"用法 usage: {error}")
    if at and not number.isdigit():
        _stop(USAGE, f"用法 usage: {name!r}: ID[@VERSION]")
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    try:
        place = ArchiveWorld.find(settings, world)
        raw = place.newest_bundle()
        if raw is None:
            _stop(NOT_FOUND, f"没有定义 no definitions in {settings.archive_path}")
        evidence = place.evidence()
        basis = evidence.newest_basis
        more = [table for path in indicators or () for table in load(path, str(path)).get("indicator", ())]
        order = work.Order.of(raw, identity, int(number) if number else None, more, basis.variants if basis else {})
    except NoSuchWorld:
        _stop(NOT_FOUND, f"档案中没有世界 {world} no such world in {settings.archive_path}")
    except work.NoSuchIndicator as error:
        _stop(NOT_FOUND, f"没有这个指标 no such indicator: {error}")
    except DefinitionErrors as error:
        _stop(WRONG_DEFINITIONS, *error.lines)
    except NotToml as error:
        _stop(WRONG_DEFINITIONS, str(error))

    def told(done: int, values: int) -> None:
        share = (done - span[0]) / (span[1] - span[0])
        typer.echo(f"回算 backfill {time_text(done)}  {share:4.0%}  {values} 个值 values", err=True)

    begin, lacking = work.within_reach(order, evidence, span)
    for lack in lacking:
        typer.echo(f"档案缺失 missing: {lack.zh} {lack.en}", err=True)
    if lacking:
        if begin is None:
            _stop(NOT_FOUND, "没有一个窗口的行还在，什么也没有计算 no window has all its rows: nothing was computed")
        typer.echo(f"{time_text(begin)} 以前的窗口不计算 windows that end before it are not computed", err=True)
        span = (begin - 1, span[1])
    at_ms, kept = real_ms(), list[Anew]()
    facts = {"ioc.bundle": str(raw.get("hash", "")), "ioc.engine": VERSION, "ioc.program": engine}
    key = (order.indicator.id, order.indicator.version)
    entered = basis.entered if basis is not None else None
    for block in work.compute(
        order, evidence, span, engine, **({"entered": entered} if entered else {}), progress=told
    ):
        write_cells(place.root, place.life, at_ms, block, facts=facts)
        if out is not None:
            kept += each(block)
    if out is not None:
        write_recomputed(out, key, kept, at_ms)
    if lacking:
        _stop(NOT_FOUND, f"部分完成 done in part: {key[0]}@{key[1]}  recomputed_at {time_text(at_ms)}")
    typer.echo(f"完成 done: {key[0]}@{key[1]}  recomputed_at {time_text(at_ms)}")


def _stop(code: int, *lines: str) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)
