"""`ioc rehearse`: the alarms that other thresholds would have given, beside today's, over archived values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ioc.entrypoints.another_version import told as another_version_told
from ioc.settings import Settings

USAGE, WRONG_DEFINITIONS, NOT_FOUND = 2, 3, 4


@another_version_told
def rehearse(
    name: Annotated[str, typer.Argument(metavar="ID[@VERSION]")],
    *,
    thresholds: Annotated[str, typer.Option("--thresholds", metavar="yellow=..,red=..", help="the ones to try")],
    first: Annotated[str, typer.Option("--from", metavar="TIME", help="windows that end after this")],
    last: Annotated[str, typer.Option("--to", metavar="TIME", help="... and not after this")],
    world: Annotated[str, typer.Option("--world", help="which world")] = "live",
    recomputed: Annotated[bool, typer.Option("--recomputed", help="over values of `ioc backfill`")] = False,
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="by region, CSV")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="data directory; default: IOC_DATA_DIR")] = None,
) -> None:
    """预演 alarms that other thresholds would have given: how many, how long, where; beside those of today.

    Exit: 0 done; 2 usage; 3 definitions wrong; 4 no such world or indicator, or no values of that time.
    """
    from ioc.entrypoints.archive_world import ArchiveWorld, NoSuchWorld
    from ioc.offline.backfill import NoSuchIndicator, Order
    from ioc.offline.question import Misuse, check_places
    from ioc.offline.question import span as parse_span
    from ioc.offline.rehearsal import Rehearsed, table, values, write
    from metrics.declaration import DefinitionErrors
    from metrics.rehearsal import WrongThresholds

    identity, at, number = name.partition("@")
    if at and not number.isdigit():
        _stop(USAGE, f"用法 usage: {name!r}: ID[@VERSION]")
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    try:
        span = parse_span(first, last)
        check_places(out)
        place = ArchiveWorld.find(settings, world)
        raw = place.newest_bundle()
        if raw is None:
            _stop(NOT_FOUND, f"没有定义 no definitions in {settings.archive_path}")
        order = Order.of(raw, identity, int(number) if number else None)
        past = values(place.root, place.life, order, span, place.published(), recomputed=recomputed)
        if not past.ends:
            _stop(NOT_FOUND, f"这段时间没有值 no values of that time: {name}")
        found = Rehearsed.of(order, past, thresholds, span, world)
    except (Misuse, WrongThresholds) as error:
        _stop(USAGE, f"用法 usage: {error}")
    except NoSuchWorld:
        _stop(NOT_FOUND, f"档案中没有世界 {world} no such world in {settings.archive_path}")
    except NoSuchIndicator as error:
        _stop(NOT_FOUND, f"没有这个指标 no such indicator: {error}")
    except DefinitionErrors as error:
        _stop(WRONG_DEFINITIONS, *error.lines)
    if out is not None:
        write(out, found)
    for line in table(order, found):
        typer.echo(line)


def _stop(code: int, *lines: str) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)
