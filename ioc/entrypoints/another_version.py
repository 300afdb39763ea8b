"""Archives that another version of this program wrote: the offline commands say so in one line and end with 4."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

NOT_READABLE = 4
Given = ParamSpec("Given")


def told(work: Callable[Given, None]) -> Callable[Given, None]:
    """A command that reads an archive."""

    @wraps(work)
    def guarded(*args: Given.args, **more: Given.kwargs) -> None:
        try:
            work(*args, **more)
        except ValueError as error:
            from ioc.entrypoints.archive_world import ANOTHER_VERSION  # a command starts quickly

            if not isinstance(error, ANOTHER_VERSION):
                raise
            typer.echo(f"档案由另一个版本写成 another version wrote the archive: {error}", err=True)
            raise typer.Exit(NOT_READABLE) from None

    return guarded
