"""The bundle: all packs read, checked against each other, hashed and published for the engine to take over."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioc.geo import layer
from ioc.packs.brief import brief
from ioc.packs.checks import check
from ioc.packs.content import Content, load
from ioc.packs.files import PACKS, PackErrors
from metrics import keys

if TYPE_CHECKING:
    from redis import Redis

VERSION = 1
NOTHING: Mapping[str, Mapping[str, Any]] = {}  # no number of a region was entered here
OUTLINED: tuple[layer.LayerName, ...] = ("outline", "subdistricts")  # layers whose features are regions


def build(
    root: Path = PACKS,
    data_dir: Path | None = None,
    today: date | None = None,
    numbers: Mapping[str, Mapping[str, Any]] = NOTHING,
) -> dict[str, Any]:
    """The bundle of the contract as plain JSON data, with its hash. Raises PackErrors with every fault.

    Regions have the outlines of the layers in force in `data_dir` on the local day `today`; None: as shipped.
    `numbers`: region code -> attributes that were entered here, put over the shipped ones; None: not known any more.
    """
    content = load(root)
    faults = check(content)
    if faults:
        raise PackErrors(faults)
    body = _body(content) | {"outlines": _outlines(root, data_dir, today)}
    body["regions"] = [_with(row, numbers.get(row["code"], {})) for row in body["regions"]]
    return {"v": VERSION, "hash": digest(body), **body}


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form: sorted keys, no spaces, UTF-8; `v` and `hash` do not count."""
    rest = {key: value for key, value in body.items() if key not in {"v", "hash"}}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def publish(
    redis: Redis,
    root: Path = PACKS,
    data_dir: Path | None = None,
    today: date | None = None,
    numbers: Mapping[str, Mapping[str, Any]] = NOTHING,
) -> str:
    """Put the bundle of the packs where the engine reads it and return its hash. Raises PackErrors, RedisError."""
    bundle = build(root, data_dir, today, numbers)
    redis.set(keys.BUNDLE, json.dumps(bundle, ensure_ascii=False, allow_nan=False))
    return str(bundle["hash"])


def walls(root: Path = PACKS) -> dict[str, dict[str, Any]]:
    """Scene -> the composition of its wall: `tile`, `trend`, `strip`, `map` as in wall.toml."""
    return {pack.scene: copy.deepcopy(dict(pack.wall.raw)) for pack in load(root).packs if pack.wall}


def overview(root: Path = PACKS) -> dict[str, Any] | None:
    """The composition of the overview as in overview.toml; None where the packs have none."""
    found = load(root).overview
    return None if found is None else copy.deepcopy(dict(found.raw))


def _body(content: Content) -> dict[str, Any]:
    scenes = [pack.pack.model.scene for pack in content.packs]
    body: dict[str, Any] = {
        "sources": {},
        "indicators": [],
        "registries": {name: [dict(row) for row in rows] for name, rows in content.registry_rows().items()},
        "regions": [dict(row) for row in content.region_rows()],
        "scenes": [
            {"id": scene.id, "zh": scene.zh, "en": scene.en} | ({"platform": True} if scene.platform else {})
            for scene in scenes
        ],
        "calendars": {},
        "recordings": {},
        "preemption": [
            {**rule.model_dump(), "scene": pack.scene} for pack in content.packs for rule in pack.pack.model.preemption
        ],
        "layers": [],
        "overview": brief(content),
    }
    for pack in content.packs:
        if pack.sources:
            body["sources"] |= pack.sources.raw.get("source", {})
            body["calendars"] |= pack.sources.raw.get("calendar", {})
        body["layers"] += [_told(pack.scene, row) for row in pack.pack.raw.get("layer", []) if "source" in row]
        if pack.indicators:
            body["indicators"] += pack.indicators.raw.get("indicator", [])
        if pack.recordings:
            body["recordings"] |= pack.recordings.raw.get("recording", {})
    return copy.deepcopy(body)


TOLD = ("id", "source", "moves", "where", "levels", "hollow", "by", "label", "shape", "shows")


def _told(scene: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine must know of a layer of entities."""
    return {"scene": scene, **{key: row[key] for key in TOLD if key in row}}


def _with(row: Mapping[str, Any], entered: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**row, **entered}.items() if value is not None}


def _outlines(root: Path, data_dir: Path | None, today: date | None) -> list[dict[str, Any]]:
    found = []
    for name in OUTLINED:
        try:
            features = layer.read(name, data_dir, today, root)["features"]
        except FileNotFoundError:
            continue  # these packs have no map: no row of theirs finds its region by a point
        found += [{"code": each["properties"]["code"], "geometry": each["geometry"]} for each in features]
    return found
