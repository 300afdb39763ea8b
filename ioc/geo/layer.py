"""Layer: the shapes on the map, as shipped or as replaced by an official file in the data directory.

An import makes a new numbered version, `<data>/geo/<layer>/<number>.geojson`; the file `current` names the number in
force, 0 = as shipped. Versions are never changed; going back is naming another number. All is WGS-84.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

LayerName = Literal["outline", "subdistricts", "water", "roads", "metro"]
LAYERS: tuple[LayerName, ...] = get_args(LayerName)

VERSION = 1
_PACKS = Path(__file__).resolve().parent.parent / "packs"
_SHIPPED: Mapping[LayerName, str] = {
    "outline": "regions/outline.geojson",
    "subdistricts": "regions/subdistricts.geojson",
    "water": "regions/water.geojson",
    "roads": "traffic/roads.geojson",
    "metro": "traffic/metro.geojson",
}


class UnknownLayerVersion(Exception):
    """A layer file was written by another version of this program, or the version asked for does not exist."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a version of a layer came from. `valid_from`: first local day it is true (ISO), empty = always.

    `before` is the version that it replaced, `imported_ms` real time, `sha256` that of the file that was imported.
    """

    number: int
    before: int
    source: str
    datum: str
    valid_from: str
    imported_ms: int
    sha256: str


def read(
    layer: LayerName, data_dir: Path | None = None, today: date | None = None, packs: Path = _PACKS
) -> dict[str, Any]:
    """The layer in force as a GeoJSON FeatureCollection; `data_dir` None: as shipped with `packs`.

    A version whose first day lies after `today` is passed over for the one before it; without `today` the current
    version counts whatever its day. Raises UnknownLayerVersion, OSError.
    """
    number = current(layer, data_dir)
    while number:
        collection = _version(layer, data_dir, number)
        told = provenance(collection)
        if today is None or not told.valid_from or date.fromisoformat(told.valid_from) <= today:
            return collection
        number = told.before
    shipped: dict[str, Any] = json.loads((packs / _SHIPPED[layer]).read_text(encoding="utf-8"))
    return shipped


def is_draft(collection: Mapping[str, Any]) -> bool:
    """Whether any of its features is only 示意."""
    return any(feature["properties"].get("draft", False) for feature in collection["features"])


def provenance(collection: Mapping[str, Any]) -> Provenance:
    """Where a collection came from; number 0 for what this product ships."""
    told = collection.get("ioc")
    if told is None:
        return Provenance(0, 0, "shipped", "wgs84", "", 0, "")
    return Provenance(**{key: told[key] for key in Provenance.__dataclass_fields__})


def current(layer: LayerName, data_dir: Path | None) -> int:
    """Number of the newest version in force, 0 = as shipped."""
    pointer = _folder(layer, data_dir) / "current" if data_dir is not None else None
    if pointer is None or not pointer.exists():
        return 0
    return int(pointer.read_text(encoding="ascii"))


def versions(layer: LayerName, data_dir: Path) -> tuple[Provenance, ...]:
    """All imported versions, the oldest first."""
    return tuple(provenance(_version(layer, data_dir, number)) for number in _numbers(layer, data_dir))


def install(
    layer: LayerName,
    features: Sequence[Mapping[str, Any]],
    data_dir: Path,
    *,
    source: str,
    datum: str,
    valid_from: str,
    imported_ms: int,
    raw: bytes,
) -> Provenance:
    """Makes checked features (WGS-84) the current version; readers see the old or the new one, never half of one."""
    folder = _folder(layer, data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    number = max(_numbers(layer, data_dir), default=0) + 1
    told = Provenance(
        number, current(layer, data_dir), source, datum, valid_from, imported_ms, hashlib.sha256(raw).hexdigest()
    )
    collection = {
        "type": "FeatureCollection",
        "ioc": {"version": VERSION, "layer": layer, **asdict(told)},
        "features": [dict(feature) for feature in features],
    }
    _write(folder / f"{number}.geojson", json.dumps(collection, ensure_ascii=False, allow_nan=False))
    _write(folder / "current", str(number))
    return told


def restore(layer: LayerName, data_dir: Path, to: int | None = None) -> int:
    """Makes version `to` the current one, by default the one that the current replaced; 0 = as shipped. Returns it.

    Raises UnknownLayerVersion when there is nothing to go back to.
    """
    now, known = current(layer, data_dir), [0, *_numbers(layer, data_dir)]
    if to is None and now == 0:
        raise UnknownLayerVersion(f"{layer} is as shipped: there is nothing before it")
    target = provenance(_version(layer, data_dir, now)).before if to is None else to
    if target not in known:
        raise UnknownLayerVersion(f"{layer} has no version {to}, only {', '.join(map(str, known))}")
    folder = _folder(layer, data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "current", str(target))
    return target


def _folder(layer: LayerName, data_dir: Path | None) -> Path:
    return (data_dir or Path()) / "geo" / layer


def _numbers(layer: LayerName, data_dir: Path) -> list[int]:
    return sorted(int(path.stem) for path in _folder(layer, data_dir).glob("[0-9]*.geojson"))


def _version(layer: LayerName, data_dir: Path | None, number: int) -> dict[str, Any]:
    path = _folder(layer, data_dir) / f"{number}.geojson"
    collection: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    version = collection.get("ioc", {}).get("version")
    if version != VERSION:
        raise UnknownLayerVersion(f"{path} has version {version!r}, this program reads {VERSION}")
    return collection


def _write(path: Path, text: str) -> None:
    """Whole or not at all: written beside, flushed to the disk, then renamed."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
