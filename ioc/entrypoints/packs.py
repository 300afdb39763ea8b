"""`ioc packs`: check what analysts and integrators wrote, and list what there is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ioc.packs import soundness
from ioc.packs.bundle import build
from ioc.packs.content import load as read_content
from ioc.packs.files import PACKS, PackErrors
from ioc.packs.listing import listing

app = typer.Typer(add_completion=False, no_args_is_help=True, help="主题包 check and list the theme packs")

Folder = Annotated[
    Path,
    typer.Option("--root", exists=True, file_okay=False, help="folder of the packs; default: those of this product"),
]


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


Out = Annotated[Path | None, typer.Option("--out", help="file to write; default: print")]


@app.command("schema")
def write_schema(out: Out = None) -> None:
    """生成声明的 JSON Schema write the JSON schema of declarations, for editors (docs/language.schema.json)."""
    from metrics.language_schema import schema

    _give(json.dumps(schema(), ensure_ascii=False, indent=1) + "\n", out)


@app.command("reference")
def write_reference(out: Out = None) -> None:
    """生成指标语言参考页 write the reference page of the language (docs/language.md)."""
    from metrics.language_page import page

    _give(page(), out)


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _built(root: Path) -> dict[str, Any]:
    from metrics.definition import DefinitionErrors, load

    try:
        content = read_content(root)
        bundle = build(root)
    except PackErrors as error:
        _refuse(error.lines)
    if not bundle["scenes"]:
        _refuse([f"没有主题包 no packs in {root}: SCENE/pack.toml is looked for"])
    try:
        faults = soundness.faults(content, load(bundle))
    except DefinitionErrors as error:
        faults = soundness.placed(content, list(error.both))
    if faults:
        _refuse(faults)
    return bundle


def _refuse(lines: Iterable[str]) -> NoReturn:
    for sentence in lines:
        typer.echo(sentence, err=True)
    raise typer.Exit(3) from None
