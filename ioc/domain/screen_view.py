"""What a screen shows: one view is one address, and what a browser asks for is checked before it is one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlencode

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
CAMERA: Final = re.compile(r"[^\s,|=\x00-\x1f\x7f]{1,64}")  # an id as streams of observations allow it
MOST_LAYERS = 32
MOST_VIDEO = 9  # tiles of video beside each other
LONGEST_LABEL = 40  # characters beside a highlighted place
FASTEST = 600.0  # times as fast as it was
KNOWN = ("", "then", "now")  # what a moment of the past is judged by: what was known then, or is known now


class ViewError(ValueError):
    """A view that cannot be shown; `field` says where it is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(f"no view: {field}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Place:
    """A place to look at, degrees WGS-84."""

    lon: float
    lat: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything that a screen can be told to show. Empty: the overview of the deployment's own world, now."""

    scene: str = ""  # empty: the overview
    beside: str = ""  # a second scene, on a screen that is wide enough
    world: str = ""  # empty: the one of the deployment
    region: str = ""
    layers: tuple[str, ...] = ()  # empty: those of the scene
    video: tuple[str, ...] = ()  # cameras whose tiles are open
    at_ms: int | None = None  # a moment of the past; None: now
    speed: float = 1.0  # of the playback from there
    known: str = ""
    place: Place | None = None
    incident: str = ""

    def address(self, screen: str) -> str:
        """The path and query that show it on a screen: the whole state, always written in the same way."""
        asked: dict[str, str] = {"screen": screen}
        for name in ("world", "beside", "region", "incident"):
            asked[name] = getattr(self, name)
        asked["layers"] = ",".join(self.layers)
        asked["video"] = ",".join(self.video)
        if self.at_ms is not None:
            asked |= {"at": str(self.at_ms), "speed": f"{self.speed:g}", "known": self.known}
        if self.place is not None:
            asked["place"] = f"{self.place.lon:.6f},{self.place.lat:.6f},{self.place.label}"
        query = urlencode({name: text for name, text in asked.items() if text})
        return f"/wall/{self.scene}?{query}" if self.scene else f"/wall?{query}"

    def to_json(self) -> dict[str, Any]:
        """What is not as ever, as plain JSON."""
        said = asdict(self) | {"layers": list(self.layers), "video": list(self.video)}
        nothing = asdict(View()) | {"layers": [], "video": []}
        return {name: value for name, value in said.items() if value != nothing[name]}

    @property
    def text(self) -> str:
        """The canonical text of it: equal views have equal texts."""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def view(raw: Any) -> View:
    """The view that JSON from a browser asks for. Raises ViewError for an unknown key and a value of no use."""
    if not isinstance(raw, Mapping):
        raise ViewError("view")
    unknown = sorted(set(raw) - {*View.__slots__})
    if unknown:
        raise ViewError(str(unknown[0])[:64])
    at_ms = raw.get("at_ms")
    if at_ms is not None and (isinstance(at_ms, bool) or not isinstance(at_ms, int) or not 0 <= at_ms < 2**50):
        raise ViewError("at_ms")
    known = raw.get("known", "")
    if known not in KNOWN:
        raise ViewError("known")
    layers = raw.get("layers", [])
    if not isinstance(layers, list) or len(layers) > MOST_LAYERS:
        raise ViewError("layers")
    video = raw.get("video", [])
    if not isinstance(video, list) or len(video) > MOST_VIDEO:
        raise ViewError("video")
    return View(
        scene=_id(raw, "scene"), beside=_id(raw, "beside"), world=_id(raw, "world"), region=_id(raw, "region"),
        layers=tuple(_checked(each, "layers") for each in layers),
        video=tuple(dict.fromkeys(_checked(each, "video", CAMERA) for each in video)), at_ms=at_ms,
        speed=_number(raw.get("speed", 1.0), 0.0, FASTEST, "speed"), known=known, place=_place(raw.get("place")),
        incident=_id(raw, "incident"),
    )  # fmt: skip


def _place(raw: Any) -> Place | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or set(raw) - {"lon", "lat", "label"}:
        raise ViewError("place")
    label = raw.get("label", "")
    if not isinstance(label, str) or len(label) > LONGEST_LABEL or (label and not label.isprintable()):
        raise ViewError("place.label")
    return Place(
        _number(raw.get("lon"), -180.0, 180.0, "place.lon"), _number(raw.get("lat"), -90.0, 90.0, "place.lat"), label
    )


def _id(raw: Mapping[str, Any], field: str) -> str:
    text = raw.get(field, "")
    return text if text == "" else _checked(text, field)


def _checked(text: Any, field: str, form: re.Pattern[str] = ID) -> str:
    if not isinstance(text, str) or not form.fullmatch(text):
        raise ViewError(field)
    return text


def _number(raw: Any, least: float, most: float, field: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw) or not least <= raw <= most:
        raise ViewError(field)
    return float(raw)
