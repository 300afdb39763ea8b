"""`ioc evaluate`: check any number: definitions and CSV files in, values out, by either of the two programs."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Annotated, Literal

import typer

USAGE, WRONG_DEFINITIONS, UNREADABLE, DEFECT = 2, 3, 4, 5


def evaluate(
    *,
    sources: Annotated[list[Path], typer.Option("--sources", exists=True, dir_okay=False, help="sources.toml")],
    indicators: Annotated[
        list[Path], typer.Option("--indicators", exists=True, dir_okay=False, help="indicators.toml")
    ],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="the values, CSV")],
    more_data: Annotated[list[str] | None, typer.Argument(metavar="[NAME=FILE]...", help="as --data")] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="NAME=FILE", help="CSV of a source, or regions=, outlines=, entered="),
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="one instant")] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="STEP", help="steps --from A --to B, e.g. 15m")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="TIME")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="TIME")] = None,
    by: Annotated[str, typer.Option("--by", metavar="region[:LEVEL],DIM,...", help="groups; none: one total")] = "",
    only: Annotated[str, typer.Option("--only", metavar="ID,...", help="these indicators; default: all")] = "",
    engine: Annotated[Literal["stream", "sql"], typer.Option("--engine", help="which of the two programs")] = "stream",
    rejects: Annotated[Path | None, typer.Option("--rejects", dir_okay=False, help="rejected rows, CSV")] = None,
) -> None:
    """核算 check any number: the values of indicators from files, by the live engine's program or by SQL.

    Exit: 0 done; 2 usage; 3 definitions wrong; 4 a file missing, unreadable or unwritable; 5 a defect of this program.
    """
    from ioc.offline import answer_file, material
    from ioc.offline.evaluation import Evaluation
    from ioc.offline.question import Grouping, Misuse, check_places, instants
    from ioc.offline.table_file import UnreadableFile
    from metrics.declaration import DefinitionErrors

    try:
        moments = instants(at, every, first, last)
        grouping = Grouping.parse(by)
        check_places(out, rejects)
        given = material.read(sources, indicators, material.files_by_name([*(data or ()), *(more_data or ())]))
        ids = material.chosen(given, only, grouping)
        for sentence in given.warnings:
            _say(f"警告 warning: {sentence}")
        for sentence in given.sentences():
            _say(sentence)
        if rejects is not None:
            answer_file.write_rejects(rejects, given.rejected)
        evaluation = Evaluation.of(given.bundle, given.rows, engine, given.entered)
        names = (*(("region",) if grouping.by_region else ()), *grouping.dimensions)
        answer_file.write(out, names, evaluation.rows(ids, moments, grouping))
    except Misuse as error:
        _stop(USAGE, f"用法 usage: {error}")
    except DefinitionErrors as error:
        _stop(WRONG_DEFINITIONS, *error.lines)
    except UnreadableFile as error:
        _stop(UNREADABLE, f"读不出 unreadable: {error}")
    except Exception as error:  # the contract gives every other failure a code of its own
        if isinstance(error, OSError) and error.filename is not None:
            _stop(UNREADABLE, f"读写不成 cannot be read or written: {error.filename}: {error.strerror}")
        _stop(DEFECT, traceback.format_exc(), "程序缺陷 a defect of this program")


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _stop(code: int, *lines: str) -> None:
    for line in lines:
        _say(line)
    raise typer.Exit(code)
