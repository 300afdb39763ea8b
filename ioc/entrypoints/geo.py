"""`ioc geo`: replace map layers by official ones, go back, and say where a point or a code belongs."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import redis
import shapely
import typer
from shapely.geometry import shape

from ioc.entrypoints import geo_addresses
from ioc.entrypoints.geo_tables import book_commands
from ioc.entrypoints.logs import configure
from ioc.entrypoints.publisher import Publisher
from ioc.entrypoints.valkey import connections
from ioc.geo import layer, region
from ioc.geo.layer import LayerName
from ioc.geo.survey import Reference, examine
from ioc.packs.bundle import OUTLINED
from ioc.packs.files import PackErrors
from ioc.settings import Settings
from metrics import clock, datum

app = typer.Typer(add_completion=False, no_args_is_help=True, help="地理 import layers, go back, resolve places")
app.add_typer(book_commands("communities"), name="communities")
app.add_typer(book_commands("numbers"), name="numbers")
app.add_typer(geo_addresses.app, name="addresses")
app.command("resolve", context_settings={"ignore_unknown_options": True})(geo_addresses.resolve_place)

_REFUSED = 3
_BUS_S = 5.0  # the bus answers within that, or counts as away
_ROADS = Path(layer.__file__).resolve().parent.parent / "packs" / "traffic" / "registry.toml"
_WEIGHTS = {"error": "错误 error", "doubt": "存疑 doubt", "note": "说明 note"}

Layer = Annotated[
    LayerName, typer.Option("--layer", help="outline 区界, subdistricts 街道, water 水面, roads 道路, metro 地铁")
]
DatumOption = Annotated[datum.Datum, typer.Option("--datum", help="坐标基准 datum of the coordinates")]
Day = Annotated[str, typer.Option("--valid-from", help="生效日 first day it is true, YYYY-MM-DD; default: always")]


@app.command("import")
def import_layer(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="GeoJSON, UTF-8")],
    *,
    name: Layer,
    declared: DatumOption,
    valid_from: Day = "",
    source: Annotated[str, typer.Option("--source", help="来源 who gave it; default: the file's name")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查 check only")] = False,
    accept_doubts: Annotated[
        bool, typer.Option("--accept-doubts", help="存疑也导入 import in spite of doubts")
    ] = False,
) -> None:
    """导入官方图层 check an official layer and put it in place of ours; exit 3 and no change if refused."""
    if valid_from and not _is_day(valid_from):
        raise typer.BadParameter(f"{valid_from!r} is no day", param_hint="--valid-from")
    raw, data_dir = file.read_bytes(), Settings().data_path
    survey = examine(raw, name, declared, _reference(data_dir))
    for finding in survey.findings:
        where = f"{finding.where}: " if finding.where else ""
        typer.echo(f"{_WEIGHTS[finding.weight]}: {where}{finding.zh} / {finding.en}", err=finding.weight != "note")
    if survey.refused(accept_doubts):
        typer.echo("未导入 refused: nothing was changed", err=True)
        raise typer.Exit(_REFUSED)
    if dry_run:
        typer.echo(f"可以导入 {len(survey.features)} 个要素 may be imported: {len(survey.features)} features")
        return
    told = layer.install(
        name, survey.features, data_dir, source=source or file.name, datum=declared, valid_from=valid_from,
        imported_ms=clock.real_ms(), raw=raw,
    )  # fmt: skip
    typer.echo(f"已导入 imported: {name} version {told.number}, {len(survey.features)} features, from {told.source}")
    _tell_gap(data_dir)
    _put_in_force(name)


@app.command("restore")
def restore_layer(
    name: Layer,
    to: Annotated[int | None, typer.Option("--to", help="版本 version; 0: as shipped; default: the one before")] = None,
) -> None:
    """退回上一版 go back to the version before (or to a given one)."""
    try:
        number = layer.restore(name, Settings().data_path, to)
    except layer.UnknownLayerVersion as error:
        typer.echo(f"未退回 not restored: {error}", err=True)
        raise typer.Exit(_REFUSED) from None
    typer.echo(f"现用 now in force: {name} " + (f"version {number}" if number else "出厂版 as shipped"))
    _put_in_force(name)


@app.command("list")
def list_layers() -> None:
    """列出图层与版本 layers, their versions, and which is in force today."""
    data_dir = Settings().data_path
    for name in layer.LAYERS:
        collection = layer.read(name, data_dir, clock.local_day())
        told = layer.provenance(collection)
        mark = (
            "示意 draft" if layer.is_draft(collection) else "正式 official" if told.number else "公开资料 public data"
        )
        typer.echo(
            f"{name:<13} version {told.number}  {len(collection['features']):>4} features  {mark}  {told.source}"
        )
        for version in layer.versions(name, data_dir):
            moment = datetime.fromtimestamp(version.imported_ms / 1000, UTC) + timedelta(
                milliseconds=clock.LOCAL_OFFSET_MS
            )
            typer.echo(
                f"  {version.number}: {version.source}, {version.datum}, imported {moment:%Y-%m-%d %H:%M} (UTC+8), "
                f"valid from {version.valid_from or 'ever'}, sha256 {version.sha256[:12]}"
            )


def _reference(data_dir: Path) -> Reference:
    outline = layer.read("outline", data_dir)["features"][0]["geometry"]
    roads: list[dict[str, Any]] = tomllib.loads(_ROADS.read_text(encoding="utf-8"))["registry"]["roads"]
    return Reference(region.shipped(), shape(outline), roads)


def _tell_gap(data_dir: Path) -> None:
    """After an import: says so when subdistricts and outline no longer fit each other."""
    areas = shapely.union_all([shape(each["geometry"]) for each in layer.read("subdistricts", data_dir)["features"]])
    outline = shape(layer.read("outline", data_dir)["features"][0]["geometry"])
    share = shapely.symmetric_difference(areas, outline).area / outline.area
    if share > 0.001:
        typer.echo(
            f"说明 note: 街道与区界相差 subdistricts and outline differ by {share:.2%}，请成套导入 import a pair"
        )


def _put_in_force(name: LayerName) -> None:
    """Where regions got other outlines: the engine hears of it, or the operator hears when it will."""
    if name not in OUTLINED:
        return
    settings = Settings()
    try:
        url = settings.redis_url or connections(settings)["engine"]
        with redis.Redis.from_url(url, socket_timeout=_BUS_S, socket_connect_timeout=_BUS_S) as client:
            Publisher(client, settings, configure("geo", settings.log_level)).look()
    except (FileNotFoundError, redis.RedisError):
        typer.echo("引擎启动时生效 the engine is not running: it takes the outlines at its next start")
    except PackErrors as error:
        typer.echo(f"引擎未更新 the engine keeps the outlines it has: {error}", err=True)
    else:
        typer.echo("引擎已得知 the engine was told: points find their regions by the new outlines")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
