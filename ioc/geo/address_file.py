"""Address files: CSV or GeoJSON with blocks, buildings and addresses -> checked addresses, and what is wrong with each.

Columns (properties of a feature): `code, kind, name, parent, region, lon, lat, valid_from, valid_to`; needed are `code`
and `name`. A region that is not told is that of the parent, or the subdistrict in which the point lies.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

import numpy as np

from ioc.geo import geojson
from ioc.geo.address import KINDS, Address, Kind
from ioc.geo.finding import Survey, Weight
from ioc.geo.region import Regions
from metrics.datum import Datum, to_wgs84
from metrics.resolver import NOWHERE, Resolver

COLUMNS = ("code", "kind", "name", "parent", "region", "lon", "lat", "valid_from", "valid_to")
LARGEST_BYTES = 64 * 1024 * 1024
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_LONGEST_NAME = 200
_BORDER = 8  # decimals of a degree to which points are kept: a millimetre


@dataclass(frozen=True, slots=True)
class Ground:
    """What a file is held against: the regions, their outlines, and the addresses there are."""

    regions: Regions
    outlines: Resolver
    drafted: bool  # the borders of the subdistricts are drafts
    there: Mapping[str, Address]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as written, with how a finding calls it."""

    where: str
    cells: Mapping[str, str]


def read(raw: bytes, name: str, told: tuple[Datum, Kind], on: Ground, survey: Survey) -> list[Address]:
    """The addresses of a file that are sound, parents before children; every other row has left an error in `survey`.

    `name` ends in .geojson or .json for GeoJSON. `told`: the datum of the points, which come out in WGS-84, and the
    kind of rows that do not tell theirs.
    """
    declared, kind = told
    if len(raw) > LARGEST_BYTES:
        survey.add("error", "", "文件超过 64 MB", "the file is larger than 64 MB")
        return []
    features = name.lower().endswith((".geojson", ".json"))
    rows = list(_features(raw, declared, survey) if features else _lines(raw, survey))
    found: dict[str, tuple[_Row, Address]] = {}
    for row in rows:
        address = _address(row, kind, survey)
        if address is None:
            continue
        if address.code in found:
            survey.add("error", row.where, f"编码 {address.code} 重复", f"the code {address.code} stands twice")
        elif address.code in on.regions:
            survey.add("error", row.where, f"编码 {address.code} 是区域代码", f"{address.code} is the code of a region")
        else:
            found[address.code] = (row, address)
    return _placed(_in_wgs84(list(found.values()), declared), on, survey)


def _lines(raw: bytes, survey: Survey) -> Iterator[_Row]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        survey.add("error", "", "不是 UTF-8 编码", "not UTF-8: save the file as UTF-8")
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        reader.fieldnames = names = [name.strip() for name in reader.fieldnames or ()]
        if not _known(names, survey):
            return
        for row in reader:
            where = f"第 {reader.line_num} 行 line {reader.line_num}"
            if None in row or any(row[name] is None for name in names):
                survey.add("error", where, "列数不符", "the wrong number of cells")
            else:
                yield _Row(where, {key: value.strip() for key, value in row.items()})
    except csv.Error as error:
        survey.add("error", f"line {reader.line_num}", f"不是 CSV：{error}", f"not CSV: {error}")


def _features(raw: bytes, declared: Datum, survey: Survey) -> Iterator[_Row]:
    for piece in geojson.read(raw, frozenset({"Point"}), declared, survey):
        cells = {key: "" if value is None else str(value).strip() for key, value in piece.told.items()}
        (lon, lat), *_ = piece.geometry.coords
        yield _Row(piece.where, cells | {"lon": repr(float(lon)), "lat": repr(float(lat))})


def _known(names: list[str], survey: Survey) -> bool:
    for name in ("code", "name"):
        if name not in names:
            survey.add("error", "", f"缺列 {name}", f"the column {name} is missing")
    for name in names:
        if name not in COLUMNS:
            survey.add("error", "", f"未知列 {name}", f"the column {name} is not known: {', '.join(COLUMNS)}")
    return not survey.findings


def _address(row: _Row, kind: Kind, survey: Survey) -> Address | None:
    cell = {name: row.cells.get(name, "") for name in COLUMNS}
    before = len(survey.findings)
    if not _CODE.fullmatch(cell["code"]):
        survey.add("error", row.where, "编码须为字母数字", "the code must be letters, digits, . _ -, at most 64")
    if not cell["name"] or len(cell["name"]) > _LONGEST_NAME or not cell["name"].isprintable():
        survey.add("error", row.where, "缺名称或过长", f"a name of at most {_LONGEST_NAME} characters is needed")
    told = cell["kind"] or kind
    if told not in KINDS:
        survey.add("error", row.where, f"种类 {told} 不识", f"the kind is one of {', '.join(KINDS)}")
    point = _point(row.where, cell["lon"], cell["lat"], survey)
    for name in ("valid_from", "valid_to"):
        if cell[name] and not _is_day(cell[name]):
            survey.add("error", row.where, f"{name} 不是日期", f"{name} is no day YYYY-MM-DD")
    if cell["valid_to"] and cell["valid_to"] <= cell["valid_from"]:
        survey.add("error", row.where, "有效期为空", "valid_to is not after valid_from")
    if len(survey.findings) > before:
        return None
    return Address(
        cell["code"], cast(Kind, told), cell["name"], cell["parent"], cell["region"], *point, cell["valid_from"],
        cell["valid_to"],
    )  # fmt: skip


def _point(where: str, lon: str, lat: str, survey: Survey) -> tuple[float | None, float | None]:
    if not lon and not lat:
        return None, None
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        x = y = math.nan
    if not (abs(x) <= 180 and abs(y) <= 90):
        survey.add("error", where, "坐标不是经纬度", "lon and lat must be degrees, both or neither")
    return x, y


def _in_wgs84(found: list[tuple[_Row, Address]], declared: Datum) -> list[tuple[_Row, Address]]:
    at = [index for index, (_, one) in enumerate(found) if one.lon is not None]
    if not at:
        return found
    points = np.array([(found[index][1].lon, found[index][1].lat) for index in at], np.float64)
    for index, x, y in zip(at, *to_wgs84(points[:, 0], points[:, 1], declared), strict=True):
        row, one = found[index]
        found[index] = row, replace(one, lon=round(float(x), _BORDER), lat=round(float(y), _BORDER))
    return found


def _placed(found: list[tuple[_Row, Address]], on: Ground, survey: Survey) -> list[Address]:
    """With regions: as told, from the parent, or by the point; what they say of each other is compared."""
    areas = _areas([one for _, one in found], on)
    known: dict[str, Address] = dict(on.there) | {one.code: one for _, one in found}
    placed: dict[str, Address] = {}
    by_parent = by_point = 0
    for row, one in sorted(found, key=lambda each: KINDS.index(each[1].kind)):
        above = placed.get(one.parent) or known.get(one.parent)
        fault = _fault(one, above, on)
        if fault:
            survey.add("error", row.where, *fault)
            continue
        region, area = one.region, areas.get(one.code)
        if not region and above is not None and above.region:
            region, by_parent = above.region, by_parent + 1
        elif not region and area:
            region, by_point = area, by_point + 1
        if region not in on.regions:
            survey.add(
                "error",
                row.where,
                "无从得知所属区域",
                "no region, no parent with one, and no point within the district",
            )
            continue
        _compare(row, one, region, area, on, survey)
        placed[one.code] = replace(one, region=region)
    for count, zh, en in ((by_parent, "上级", "the parent"), (by_point, "坐标", "the point")):
        if count:
            survey.add("note", "", f"{count} 条的区域取自{zh}", f"{count} got their region from {en}")
    return list(placed.values())


def _fault(one: Address, above: Address | None, on: Ground) -> tuple[str, str] | None:
    if one.region and one.region not in on.regions:
        return f"没有区域 {one.region}", f"there is no region {one.region}"
    if one.parent and above is None:
        return f"没有上级 {one.parent}", f"there is no block or building {one.parent}"
    if above is not None and KINDS.index(above.kind) >= KINDS.index(one.kind):
        return f"{above.kind} 不能是 {one.kind} 的上级", f"a {above.kind} cannot hold a {one.kind}"
    if above is not None and one.region and not _on_one_line(one.region, above.region, on.regions):
        return (
            f"区域 {one.region} 与上级的 {above.region} 不符",
            f"region {one.region} is not on the line of {above.region}",
        )
    return None


def _compare(row: _Row, one: Address, region: str, area: str | None, on: Ground, survey: Survey) -> None:  # noqa: PLR0917
    if one.lon is None:
        return
    if area is None:
        survey.add("doubt", row.where, "坐标在区外", "the point lies outside of the district: the wrong datum?")
    elif not _on_one_line(region, area, on.regions):
        weight: Weight = "note" if on.drafted else "doubt"
        zh, en = f"坐标在 {area}，区域却是 {region}", f"the point lies in {area}, the region is {region}"
        survey.add(
            weight,
            row.where,
            zh + ("（界线示意）" if on.drafted else ""),
            en + (" (draft borders)" if on.drafted else ""),
        )


def _areas(found: list[Address], on: Ground) -> dict[str, str]:
    """Code of an address with a point -> the region in which that lies."""
    placed = [one for one in found if one.lon is not None and one.lat is not None]
    points = np.array([(one.lon, one.lat) for one in placed], np.float64).reshape(-1, 2)
    at = on.outlines.resolve(points[:, 0], points[:, 1]) if placed else ()
    return {one.code: on.outlines.codes[i] for one, i in zip(placed, at, strict=True) if i != NOWHERE}


def _on_one_line(one: str, other: str, regions: Regions) -> bool:
    if one not in regions or other not in regions:
        return False
    return any(each.code == other for each in regions.line(one)) or any(
        each.code == one for each in regions.line(other)
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def write(addresses: Any) -> str:
    """Addresses as CSV with a byte order mark, as `read` takes them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in addresses:
        writer.writerow(["" if value is None else value for value in (getattr(one, name) for name in COLUMNS)])
    return "\ufeff" + out.getvalue()
