"""`ioc incident`: incidents and cases on the server itself: the situation report of one as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ioc.entrypoints.user import opened_store
from ioc.services.refusals import UnknownDossier
from ioc.services.situation import Format, report_file
from metrics.clock import real_ms

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="事件 incidents and cases")
NOT_THERE = 4


@app.callback()
def incident() -> None:
    """事件 incidents and cases."""


@app.command()
def report(
    dossier: Annotated[str, typer.Argument(metavar="ID", help="编号 id")],
    output: Annotated[Path, typer.Option("-o", "--output", help="写入的文件 file to write")],
    format_: Annotated[Format, typer.Option("--format", help="格式 format")] = Format.DOCX,
    english: Annotated[bool, typer.Option("--english", help="英文 in English")] = False,
) -> None:
    """态势简报: facts, level, clock, what was done, orders of one; personal data are masked."""
    with opened_store() as store:
        try:
            made = report_file(store, dossier, format_, by="", now_ms=real_ms(), english=english)
        except UnknownDossier as unknown:
            typer.echo(f"没有 not there: {unknown}", err=True)
            raise typer.Exit(NOT_THERE) from None
    output.write_bytes(made)
    typer.echo(f"已写 written {output} ({len(made)} B)")
