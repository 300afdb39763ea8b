"""Survey: an official layer examined against region table, outline and road registry before it replaces ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from ioc.geo.finding import Survey, Weight
from ioc.geo.geojson import LINEAR, POLYGONAL, Piece, place, read, text
from ioc.geo.layer import LayerName
from ioc.geo.plane import area_km2, length_m
from ioc.geo.region import Regions
from metrics import datum
from metrics.datum import Datum

_MANY_POINTS = 30_000  # above this the first load of a wall grows noticeably (about 10 bytes a point, compressed)
_TOUCH_KM2 = 0.001  # neighbours from different surveys overlap by slivers; less than this in total is not told
_SHARE = 0.005  # of the outline: gaps and parts outside above this are doubts
_SIZE = 0.05  # relative difference of area against the region table
_DATUM_GAIN = 0.01  # another datum fits better by this much of overlap: the shift of GCJ-02 costs about 0.1
_LENGTH = 0.2  # relative difference between a road's line and its registered length


@dataclass(frozen=True, slots=True)
class Reference:
    """What a file is held against: the region tree, the outline in force (WGS-84) and the registered roads."""

    regions: Regions
    outline: BaseGeometry
    roads: Sequence[Mapping[str, Any]] = ()


def examine(raw: bytes, layer: LayerName, declared: Datum, against: Reference) -> Survey:
    """Everything there is to say about a file; it never raises for what a file may contain."""
    survey = Survey()
    pieces = read(raw, LINEAR if layer in {"roads", "metro"} else POLYGONAL, declared, survey)
    if not pieces or survey.refused(accept_doubts=True):
        return survey
    placed = [(piece.where, piece.told, place(piece.geometry, declared)) for piece in pieces]
    if layer == "outline":
        _outline(placed, against, survey)
    elif layer == "subdistricts":
        _subdistricts(placed, against, survey)
    elif layer == "water":
        _water(placed, against, survey)
    elif layer == "metro":
        _metro(placed, against, survey)
    else:
        _roads(placed, against, survey)
    if survey.refused(accept_doubts=True):
        return survey
    if layer in {"outline", "subdistricts"}:
        _fit(pieces, declared, against, survey)
    points = int(sum(shapely.get_num_coordinates(made) for _, _, made in placed))
    if points > _MANY_POINTS:
        survey.add("note", "", f"共 {points} 个点，会加重首屏", f"{points} points make the first load heavier")
    return survey


_Placed = list[tuple[str, Mapping[str, Any], BaseGeometry]]


def _outline(placed: _Placed, against: Reference, survey: Survey) -> None:
    root = against.regions.root
    if len(placed) != 1:
        survey.add(
            "error", "", f"应有 1 个要素，有 {len(placed)} 个", f"one feature is wanted, there are {len(placed)}"
        )
        return
    where, told, made = placed[0]
    code, name = text(told, "code", "adcode"), text(told, "zh", "name")
    if code and code != root.code:
        survey.add("error", where, f"代码 {code} 不是 {root.code}", f"the code {code} is not {root.code}")
    if name and name not in {root.zh, root.short_zh}:
        survey.add("error", where, f"名称 {name} 不是 {root.zh}", f"the name {name} is not {root.zh}")
    if not code and not name:
        survey.add("doubt", where, "没有代码和名称", "it has neither code nor name")
    known = root.area_km2
    if known and abs(area_km2(made) / known - 1) > _SIZE:
        survey.add("doubt", where, f"面积 {area_km2(made):.2f} km²，登记 {known} km²",
                   f"its area is {area_km2(made):.2f} km2, known is {known} km2")  # fmt: skip
    survey.features = [_feature({"code": root.code, "zh": root.zh}, made)]


def _subdistricts(placed: _Placed, against: Reference, survey: Survey) -> None:
    regions, given = against.regions, dict[str, BaseGeometry]()
    for where, told, made in placed:
        name, code = text(told, "zh", "name"), text(told, "code", "adcode")
        if len(code) == 12 and code.endswith("000"):
            code = code[:9]  # the statistics bureau writes subdistricts with twelve digits
        region = regions.get(code) if code else regions.named(name, "subdistrict")
        if region is None or region.level != "subdistrict":
            survey.add("error", where, f"没有这个街道：{code or name or '无代码无名称'}",
                       f"there is no such subdistrict: {code or name or 'neither code nor name'}")  # fmt: skip
            continue
        if name and name not in {region.zh, region.short_zh}:
            survey.add("error", where, f"{code} 应是 {region.zh}", f"{code} is {region.zh}, here it is called {name}")
        if region.code in given:
            survey.add("error", where, f"{region.zh} 出现两次", f"{region.zh} comes twice: give one MultiPolygon")
        given[region.code] = made
    for region in regions.at("subdistrict"):
        if region.code not in given:
            survey.add("error", region.zh, "缺少这个街道", "this subdistrict is missing")
    _coverage(given, against, survey)
    survey.features = [_feature({"code": code, "zh": regions[code].zh}, given[code]) for code in sorted(given)]


def _coverage(given: Mapping[str, BaseGeometry], against: Reference, survey: Survey) -> None:
    codes = sorted(given)
    for index, code in enumerate(codes):
        for other in codes[index + 1 :]:
            shared = area_km2(shapely.intersection(given[code], given[other]))
            if shared > _TOUCH_KM2:
                zh, en = against.regions[code].zh, against.regions[other].zh
                survey.add("doubt", f"{zh}/{en}", f"重叠 {shared:.3f} km²", f"they overlap by {shared:.3f} km2")
    if not given:
        return
    whole, total = shapely.union_all(list(given.values())), area_km2(against.outline)
    gap = area_km2(shapely.difference(against.outline, whole))
    over = area_km2(shapely.difference(whole, against.outline))
    for size, zh, en in (
        (gap, "区界内未覆盖", "of the outline is not covered"),
        (over, "在区界外", "lies outside the outline"),
    ):
        if size > _TOUCH_KM2:
            weight: Weight = "doubt" if size / total > _SHARE else "note"
            survey.add(
                weight, "", f"{zh} {size:.3f} km² ({size / total:.2%})", f"{size:.3f} km2 ({size / total:.2%}) {en}"
            )


def _water(placed: _Placed, against: Reference, survey: Survey) -> None:
    for where, told, made in placed:
        name = text(told, "zh", "name")
        if not name:
            survey.add("error", where, "没有名称", "it has no name")
            continue
        if not made.intersects(against.outline):
            survey.add("doubt", where, "在区界外", "it lies outside the outline")
        names = {"id": text(told, "id", "code") or name, "zh": name, "en": text(told, "en", "name_en") or name}
        survey.features.append(_feature(names, made))


def _metro(placed: _Placed, against: Reference, survey: Survey) -> None:
    parts: dict[str, tuple[Mapping[str, Any], list[BaseGeometry]]] = {}
    for where, told, made in placed:
        name = text(told, "zh", "name")
        if not name:
            survey.add("error", where, "没有线路名称", "the line has no name")
            continue
        if not made.intersects(against.outline):
            survey.add("doubt", where, "在区界外", "it lies outside the outline")
        parts.setdefault(name, (told, []))[1].append(made)
    for name, (first, lines) in parts.items():
        names = {"id": text(first, "id", "code") or name, "zh": name, "en": text(first, "en", "name_en") or name}
        survey.features.append(_feature(names, shapely.line_merge(shapely.union_all(lines))))


def _roads(placed: _Placed, against: Reference, survey: Survey) -> None:
    by_id = {str(road["id"]): road for road in against.roads}
    by_name = {str(road["zh"]): road for road in against.roads}
    parts: dict[str, list[BaseGeometry]] = {}
    unknown: list[str] = []
    for where, told, made in placed:
        name, code = text(told, "zh", "name"), text(told, "id", "code")
        road = by_id.get(code) or by_name.get(name)
        if road is None:
            unknown.append(name or code or where)
            continue
        if name and name != road["zh"]:
            survey.add("error", where, f"{code} 应是 {road['zh']}", f"{code} is {road['zh']}, here it is called {name}")
        if not made.intersects(against.outline):
            survey.add("doubt", where, "在区界外", "it lies outside the outline")
        parts.setdefault(str(road["id"]), []).append(made)
    if unknown:
        survey.add("note", "", f"{len(unknown)} 条不在路段登记中，略去：{'、'.join(unknown[:10])}",
                   f"{len(unknown)} are not in the road registry and are left out")  # fmt: skip
    if not parts:
        survey.add("error", "", "没有一条路在路段登记中", "none of its roads is in the road registry")
    for road_id, road in by_id.items():
        if road_id not in parts:
            survey.add("note", str(road["zh"]), "没有线形，不上图", "it gets no line and leaves the map")
            continue
        line = shapely.line_merge(shapely.union_all(parts[road_id]))
        km = length_m(line) / 1000
        if abs(km / float(road["length_km"]) - 1) > _LENGTH:
            survey.add("note", str(road["zh"]), f"长 {km:.2f} km，登记 {road['length_km']} km",
                       f"{km:.2f} km long, registered are {road['length_km']} km")  # fmt: skip
        told = {"id": road_id, "zh": road["zh"], "en": road["en"], "class": road["class"]}
        survey.features.append(_feature(told, line))


def _fit(pieces: Sequence[Piece], declared: Datum, against: Reference, survey: Survey) -> None:
    """A doubt if another datum would put the file clearly better onto the outline in force."""
    scores = {
        name: _overlap([place(piece.geometry, name) for piece in pieces], against.outline) for name in datum.DATUMS
    }
    best = max(datum.DATUMS, key=lambda name: scores[name])
    if scores[best] - scores[declared] > _DATUM_GAIN:
        survey.add("doubt", "", f"按 {best} 与区界重合 {scores[best]:.1%}，按 {declared} 只有 {scores[declared]:.1%}",
                   f"as {best} it overlaps the present outline by {scores[best]:.1%}, "
                   f"as the declared {declared} only by {scores[declared]:.1%}")  # fmt: skip
    elif scores[declared] < 0.9:
        survey.add("doubt", "", f"与现有区界只重合 {scores[declared]:.1%}",
                   f"it overlaps the present outline by {scores[declared]:.1%} only")  # fmt: skip


def _overlap(placed: Sequence[BaseGeometry], outline: BaseGeometry) -> float:
    """Intersection over union, 0..1."""
    whole = shapely.buffer(shapely.union_all(placed), 0)
    union = whole.union(outline).area
    return float(whole.intersection(outline).area / union) if union else 0.0


def _feature(told: Mapping[str, Any], made: BaseGeometry) -> dict[str, Any]:
    return {"type": "Feature", "properties": {**told, "draft": False}, "geometry": mapping(made)}
