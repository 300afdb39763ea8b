"""`ioc geo addresses` and `ioc geo resolve`: blocks, buildings and addresses in and out; where anything belongs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ioc.entrypoints.geo_tables import By, edition_line, hand_out, log_edition, user
from ioc.entrypoints.user import opened_store
from ioc.geo import address_file, layer, region
from ioc.geo.address import KINDS
from ioc.geo.finding import Survey
from ioc.geo.gazetteer import Candidate, Gazetteer, Step, answer
from ioc.geo.resolve import resolver
from ioc.queries.addresses import Gazetteers, addresses
from ioc.queries.regions import editions
from ioc.services.addresses import take_over
from ioc.settings import DATABASE, Settings
from metrics import clock, datum
from metrics.resolver import Resolver

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="地址 blocks, buildings and addresses"
)
UNSURE, REFUSED, NOWHERE = 1, 3, 4  # exit codes
SHOWN = 40  # findings of one weight that are printed
_WEIGHTS = {"error": "错误 error", "doubt": "存疑 doubt", "note": "说明 note"}
DatumOption = Annotated[datum.Datum, typer.Option("--datum", help="坐标基准 datum of the coordinates")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or GeoJSON points, UTF-8")],
    *,
    kind: Annotated[
        str, typer.Option("--kind", help="种类 of rows that do not tell: block, building, address")
    ] = "building",
    declared: DatumOption = "wgs84",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查 check only")] = False,
    accept_doubts: Annotated[bool, typer.Option("--accept-doubts", help="存疑也导入 in spite of doubts")] = False,
    note: Annotated[str, typer.Option("--note", help="说明 why; default: the file's name")] = "",
    by: By = "",
) -> None:
    """导入 add or change by code, with a report; exit 3 and no change if anything is wrong."""
    if kind not in KINDS:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="--kind")
    survey = Survey()
    with opened_store() as store:
        where, drafted = _outlines(Settings().data_path)
        ground = address_file.Ground(region.shipped(), where, drafted, addresses(store))
        found = address_file.read(file.read_bytes(), file.name, (declared, kind), ground, survey)
        _report(survey)
        if survey.refused(accept_doubts) or not found:
            typer.echo("未导入 refused: nothing was changed", err=True)
            raise typer.Exit(REFUSED)
        kinds = ", ".join(f"{name} {count}" for name, count in Counter(one.kind for one in found).items())
        if dry_run:
            typer.echo(f"可以导入 may be imported: {kinds}")
            return
        made, counts = take_over(store, found, by=by or user(), now_ms=clock.real_ms(), note=note or file.name)
    typer.echo(f"{kinds}: 新增 added {counts['added']}, 改动 changed {counts['changed']}, 不变 same {counts['same']}")
    if made is not None:
        log_edition(made)
        typer.echo(f"已导入 imported: {edition_line(made)}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option("--out", help="文件 file; default: standard output")] = None,
) -> None:
    """导出 all addresses as CSV, WGS-84, those of other days too."""
    with opened_store() as store:
        text = address_file.write(addresses(store).values())
    hand_out(text, out)


@app.command("list")
def list_() -> None:
    """列出 how many there are of each kind, and the newest imports with who and when."""
    with opened_store() as store:
        counts = Counter(one.kind for one in addresses(store).values())
        changes = editions(store, "addresses", 20)
    if not counts:
        typer.echo("辖区尚未导入楼栋与地址 the district has not brought blocks, buildings or addresses yet")
    for kind in KINDS:
        if counts[kind]:
            typer.echo(f"{kind:<10} {counts[kind]}")
    for change in changes:
        typer.echo(f"  {edition_line(change)}")


def resolve_place(
    place: Annotated[list[str], typer.Argument(help="LON LAT (degrees), a CODE, or an address as text")],
    declared: DatumOption = "wgs84",
    day: Annotated[str, typer.Option("--day", help="日期 of the addresses, YYYY-MM-DD; default: today")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """点、代码或地址的归属 where something belongs, up to the district.

    Exit: 0 sure; 1 several may be meant; 2 usage; 4 nowhere, or nothing is called so.
    """
    names = _gazetteer(_day(day))
    numbers = [_number(word) for word in place]
    if len(place) == 2 and any(number is not None for number in numbers):
        if None in numbers:
            raise typer.BadParameter("LON LAT are two numbers")
        lon, lat = cast(list[float], numbers)
        _tell_point(names, lon, lat, declared, as_json=as_json)
        return
    text = " ".join(place)
    chain = names.of_code(text)
    candidates = [] if chain else names.of_text(text)
    sure = answer(candidates)
    chain = sure.chain if sure else chain
    if as_json:
        _tell_json(chain, candidates)
    elif chain is None and not candidates:
        typer.echo(
            "没有找到 not found: no region, community, block, building or address is written like this", err=True
        )
    else:
        if not chain or (sure and sure.score < 1):
            for each in candidates:
                typer.echo(f"{each.score:.2f}  {_brief(each)}", err=chain is not None)
        if not chain:
            typer.echo("请确定是哪一处 say which one is meant, by its code", err=True)
        _tell_chain(chain or ())
    if not chain:
        raise typer.Exit(UNSURE if candidates else NOWHERE)


def _tell_point(names: Gazetteer, lon: float, lat: float, declared: datum.Datum, *, as_json: bool) -> None:
    x, y = datum.to_wgs84([lon], [lat], declared)
    where, drafted = _outlines(Settings().data_path)
    code = where.code(float(x[0]), float(y[0]))
    chain = names.of_code(code) if code else None
    near = names.near(float(x[0]), float(y[0])) if chain else None
    if as_json:
        _tell_json(chain, [], near)
    elif chain is None:
        typer.echo("不在辖区 nowhere in the district", err=True)
    else:
        _tell_chain(chain, "（界线示意 draft borders）" if drafted else "")
        if near is not None:
            typer.echo(f"最近 nearest, {near.metres} m: {_brief(near)}")
    if chain is None:
        raise typer.Exit(NOWHERE)


def _tell_chain(chain: tuple[Step, ...], note: str = "") -> None:
    for step in chain:
        english = "" if step.en == step.zh else f"  {step.en}"
        typer.echo(f"{step.code or '-'}  {step.level:<12} {step.zh}{english}{note}")
        note = ""


def _tell_json(chain: tuple[Step, ...] | None, candidates: list[Candidate], near: Candidate | None = None) -> None:
    told: dict[str, Any] = {
        "chain": [asdict(step) for step in chain or ()],
        "candidates": [asdict(each) for each in candidates],
        "near": asdict(near) if near else None,
    }
    typer.echo(json.dumps(told, ensure_ascii=False))


def _brief(of: Candidate) -> str:
    return f"{of.code or '-'}  " + " < ".join(step.zh for step in of.chain)


def _gazetteer(day: date) -> Gazetteer:
    settings = Settings()
    if not settings.database_url and not (settings.data_path / DATABASE).exists():
        return Gazetteer(region.shipped(), {})  # nothing was ever said here: nothing is made for a question
    with opened_store() as store:
        return Gazetteers(store).on(day)


def _outlines(data_dir: Path) -> tuple[Resolver, bool]:
    """The outlines in force, and whether the borders of subdistricts are drafts."""
    areas, outline = (layer.read(name, data_dir, clock.local_day()) for name in ("subdistricts", "outline"))
    return resolver(areas, outline), layer.is_draft(areas)


def _report(survey: Survey) -> None:
    shown: Counter[str] = Counter()
    for finding in survey.findings:
        shown[finding.weight] += 1
        if shown[finding.weight] <= SHOWN:
            where = f"{finding.where}: " if finding.where else ""
            typer.echo(f"{_WEIGHTS[finding.weight]}: {where}{finding.zh} / {finding.en}", err=finding.weight != "note")
    for weight, count in shown.items():
        if count > SHOWN:
            typer.echo(f"{_WEIGHTS[weight]}: 另有 {count - SHOWN} 条 and {count - SHOWN} more", err=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else clock.local_day()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day", param_hint="--day") from None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
