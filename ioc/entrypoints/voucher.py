"""`ioc voucher`: what a published value rests on, and whether it comes out the same when it is computed anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from ioc.entrypoints.another_version import told as another_version_told
from ioc.settings import Settings

if TYPE_CHECKING:
    from metrics.forecast_ground import ForecastGround

EQUAL, NOT_EQUAL, USAGE, NOT_FOUND = 0, 1, 2, 4


@another_version_told
def voucher(
    name: Annotated[str, typer.Argument(metavar="ID[@VERSION]/REGION[/DIM=V...]/WINDOW_END[#REV]")],
    *,
    world: Annotated[str, typer.Option("--world", help="which world")] = "live",
    engine: Annotated[Literal["sql", "stream"], typer.Option("--engine", help="recompute by which program")] = "sql",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of lines")] = False,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="data directory; default: IOC_DATA_DIR")] = None,
) -> None:
    """数字凭证 what a published value rests on; it is computed anew from the archive up to the positions of its commit.

    Of a forecast (ID~forecast) it says what it rests on; that is not computed anew.

    Exit: 0 equal; 1 not equal; 2 usage; 4 not found, a forecast, or the archive lacks what it rests on.
    """
    from ioc.entrypoints.archive_world import ArchiveWorld, NoSuchWorld
    from ioc.offline.voucher_text import lines
    from metrics.forecast_ground import ground_of, is_forecast
    from metrics.voucher import issue
    from metrics.voucher_check import NotRecomputable
    from metrics.voucher_name import NotAName, VoucherName

    try:
        asked = VoucherName.parse(name)
    except NotAName as error:
        _stop(USAGE, f"用法 usage: {error}")
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    try:
        place = ArchiveWorld.find(settings, world)
        evidence, published = place.evidence(), place.published()
        found = asked.find(published.of(asked.indicator, [asked.window_end])[asked.window_end])
        if found is None:
            _stop(NOT_FOUND, f"没有这个发布值 no such published value: {name} ({settings.archive_path}, {world})")
        if is_forecast(found.indicator):
            _tell_forecast(ground_of(published, found), as_json=as_json)
        issued = issue(place.checker(evidence, published), evidence, world, found, engine)
    except NoSuchWorld:
        _stop(NOT_FOUND, f"档案中没有世界 {world} no such world in {settings.archive_path}")
    except NotRecomputable as error:
        _stop(NOT_FOUND, f"无法重算 cannot be recomputed: {error}")
    if as_json:
        typer.echo(json.dumps(issued.to_json(), ensure_ascii=False, indent=1))
    else:
        for line in lines(issued):
            typer.echo(line)
    raise typer.Exit(EQUAL if issued.checked.equal else NOT_EQUAL)


def _tell_forecast(ground: ForecastGround, *, as_json: bool) -> NoReturn:
    from ioc.offline.voucher_text import forecast_lines

    if as_json:
        typer.echo(json.dumps(ground.to_json(), ensure_ascii=False, indent=1))
    else:
        for line in forecast_lines(ground):
            typer.echo(line)
    raise typer.Exit(NOT_FOUND)


def _stop(code: int, sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
