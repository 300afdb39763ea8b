"""GeoJSON: the bytes of a file -> named, valid geometries of the wanted kind, or findings that say why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ioc.geo.finding import Survey
from ioc.geo.partition import GRID
from metrics import datum
from metrics.datum import Datum

POLYGONAL = frozenset({"Polygon", "MultiPolygon"})
LINEAR = frozenset({"LineString", "MultiLineString"})

_LARGEST_BYTES = 64 * 1024 * 1024  # a city's layer is below 5 MB
_CRS_DATUM: Mapping[str, frozenset[Datum]] = {
    "CRS84": frozenset({"wgs84", "gcj02", "bd09"}),  # files in GCJ-02 say CRS84 too: the format has no name for it
    "4326": frozenset({"wgs84", "gcj02", "bd09"}),
    "4490": frozenset({"cgcs2000", "wgs84"}),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One feature: how a finding calls it, its properties and its geometry in the file's own datum."""

    where: str
    told: Mapping[str, Any]
    geometry: BaseGeometry


def read(raw: bytes, kinds: frozenset[str], declared: Datum, survey: Survey) -> list[Piece]:
    """The features whose geometry is sound; every other one has left an error in `survey`."""
    pieces = []
    for index, feature in enumerate(_features(raw, declared, survey)):
        geometry = _geometry(feature, index, kinds, survey)
        if geometry is not None:
            told = feature.get("properties")
            pieces.append(Piece(_where(feature, index), told if isinstance(told, dict) else {}, geometry))
    return pieces


def text(told: Mapping[str, Any], *keys: str) -> str:
    """The first of the properties that says anything, as text; empty if none does."""
    return next((str(told[key]).strip() for key in keys if told.get(key) not in (None, "")), "")


def place(made: BaseGeometry, declared: Datum) -> BaseGeometry:
    """The geometry in WGS-84 on the grid; unrounded where rounding would break it."""

    def convert(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(datum.to_wgs84(points[:, 0], points[:, 1], declared))

    moved = shapely.transform(made, convert)
    rounded = shapely.set_precision(moved, GRID, mode="pointwise")
    return rounded if rounded.is_valid and not rounded.is_empty else moved


def _features(raw: bytes, declared: Datum, survey: Survey) -> list[dict[str, Any]]:
    if len(raw) > _LARGEST_BYTES:
        survey.add("error", "", "文件超过 64 MB", "the file is larger than 64 MB")
        return []
    try:
        table = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        survey.add("error", "", "不是 UTF-8 编码", "not UTF-8: save the file as UTF-8")
        return []
    except (json.JSONDecodeError, RecursionError) as error:
        survey.add("error", "", f"不是 JSON：{error}", f"not JSON: {error}")
        return []
    features = table.get("features") if isinstance(table, dict) else None
    if not isinstance(table, dict) or table.get("type") != "FeatureCollection" or not isinstance(features, list):
        survey.add("error", "", "不是 GeoJSON FeatureCollection", "not a GeoJSON FeatureCollection")
        return []
    if not features or not all(isinstance(each, dict) for each in features):
        survey.add("error", "", "没有要素", "there are no features in it")
        return []
    _crs(table, declared, survey)
    return features


def _crs(table: Mapping[str, Any], declared: Datum, survey: Survey) -> None:
    crs = table.get("crs")
    if crs is None:
        return
    name = str((crs.get("properties") or {}).get("name", "")) if isinstance(crs, dict) else str(crs)
    allowed = next((datums for key, datums in _CRS_DATUM.items() if name.endswith(key)), None)
    if allowed is None:
        survey.add(
            "error", "", f"坐标系 {name} 不是经纬度", f"the file names {name}: longitude and latitude are needed"
        )
    elif declared not in allowed:
        survey.add("doubt", "", f"文件写明 {name}，却声明 {declared}", f"the file names {name}, declared is {declared}")


def _geometry(feature: Mapping[str, Any], index: int, kinds: frozenset[str], survey: Survey) -> BaseGeometry | None:
    where = _where(feature, index)
    told = feature.get("geometry")
    kind = told.get("type") if isinstance(told, dict) else None
    if kind not in kinds:
        survey.add("error", where, f"几何类型是 {kind}", f"the geometry is {kind}, wanted {' or '.join(sorted(kinds))}")
        return None
    try:
        made: BaseGeometry = shapely.force_2d(shape(told or {}))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError) as error:
        survey.add("error", where, f"几何读不出：{error}", f"the geometry cannot be read: {error}")
        return None
    points = shapely.get_coordinates(made)
    if made.is_empty or not np.isfinite(points).all():
        survey.add("error", where, "几何为空或有非数", "the geometry is empty or not finite")
        return None
    if (np.abs(points[:, 0]) > 180).any() or (np.abs(points[:, 1]) > 90).any():
        survey.add("error", where, "坐标超出经纬度范围，可能是投影坐标（米）",
                   "coordinates are beyond longitude and latitude: projected metres? export as degrees")  # fmt: skip
        return None
    if not made.is_valid:
        why = shapely.is_valid_reason(made)
        survey.add("error", where, f"几何无效：{why}", f"the geometry is not valid: {why}")
        return None
    return made


def _where(feature: Mapping[str, Any], index: int) -> str:
    told = feature.get("properties")
    name = text(told, "zh", "name", "code", "id") if isinstance(told, dict) else ""
    return f"#{index + 1} {name}".strip()
