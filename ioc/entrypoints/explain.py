"""`ioc engine --explain`: the plan of the running engine, or of a bundle, for people or as JSON."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Collection
from pathlib import Path
from typing import Any

import typer

from ioc.packs.bundle import build
from metrics.compiler import compile
from metrics.definition import DefinitionErrors, load
from metrics.explain import explain, printed
from metrics.worker import Worker

ATTEMPTS = 20  # the state may be changed while it is looked at
TIMEOUT_S = 10.0


def explained(worker: Worker) -> list[dict[str, Any]]:
    """The plans of all worlds that the worker serves."""
    found = []
    for name in sorted(worker.servings):
        for attempt in range(ATTEMPTS):
            serving = worker.servings.get(name)
            if serving is None:
                break
            try:
                found.append(serving.explained())
                break
            except RuntimeError:  # a table grew under the look
                if attempt == ATTEMPTS - 1:
                    raise
    return found


def show(port: int, worlds: Collection[str] | None, bundle: Path | None, *, as_json: bool) -> None:
    """Print the plans. Exit 2: no such world; 3: the definitions are wrong; 4: the bundle cannot be read."""
    found = None if bundle is not None else _running(port)
    if found is None:
        if bundle is None:
            if worlds:
                typer.echo(
                    f"引擎未运行，无从得知世界 no engine on 127.0.0.1:{port} that serves {', '.join(worlds)}", err=True
                )
                raise SystemExit(2)
            typer.echo(
                f"引擎未运行，显示静态计划 no engine on 127.0.0.1:{port}: the static plan of the packs", err=True
            )
        found = [_static(bundle)]
    elif worlds:
        lacking = sorted(set(worlds) - {one["world"] for one in found})
        if lacking:
            typer.echo(f"引擎未服务该世界 the engine does not serve: {', '.join(lacking)}", err=True)
            raise SystemExit(2)
        found = [one for one in found if one["world"] in worlds]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        if "world" in one:
            typer.echo(f"世界 world {one['world']}")
        for line in printed(one):
            typer.echo(line)


def _running(port: int) -> list[dict[str, Any]] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/explain", timeout=TIMEOUT_S) as reply:
            found: list[dict[str, Any]] = json.load(reply)
            return found
    except (urllib.error.URLError, OSError, ValueError):
        return None


def _static(bundle: Path | None) -> dict[str, Any]:
    try:
        raw = build() if bundle is None else json.loads(bundle.read_text(encoding="utf-8"))
        return explain(compile(load(raw)))
    except DefinitionErrors as errors:
        typer.echo(str(errors), err=True)
        raise SystemExit(3) from None
    except (OSError, ValueError) as error:
        typer.echo(f"无法读取定义包 cannot read {bundle}: {error}", err=True)
        raise SystemExit(4) from None
