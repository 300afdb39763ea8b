"""`ioc packs`: check what analysts and integrators wrote, and list what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ioc.packs.bundle import build, listing
from ioc.packs.files import PACKS, PackErrors

app = typer.Typer(add_completion=False, no_args_is_help=True, help="主题包 check and list the theme packs")

Folder = Annotated[Path, typer.Option("--root", help="folder of the packs; default: those of this product")]


@app.command("check")
def check_packs(root: Folder = PACKS) -> None:
    """检查全部主题包 check every file, the names between them and every formula; exit 3 if something is wrong."""
    bundle = _built(root)
    typer.echo(
        f"主题包无误 packs are sound: {len(bundle['scenes'])} scenes, {len(bundle['sources'])} sources, "
        f"{len(bundle['indicators'])} indicators, hash {bundle['hash'][:12]}"
    )


@app.command("list")
def list_packs(
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    root: Folder = PACKS,
) -> None:
    """列出主题、数据源、指标、图层、链接与任务 list scenes, sources, indicators, layers, links and tasks."""
    _built(root)
    content = listing(root)
    if as_json:
        typer.echo(json.dumps(content, ensure_ascii=False, indent=1))
        return
    for kind, rows in content.items():
        typer.echo(f"{kind} ({len(rows)})")
        for row in rows:
            name = row.get("id", row.get("to", ""))
            typer.echo(f"  {name!s:<12} {row['zh']}  {row['en']}")


def _built(root: Path) -> dict[str, Any]:
    from metrics.definition import DefinitionErrors, load

    try:
        bundle = build(root)
        load(bundle)
    except (PackErrors, DefinitionErrors) as error:
        for sentence in error.lines:
            typer.echo(sentence, err=True)
        raise typer.Exit(3) from None
    return bundle
