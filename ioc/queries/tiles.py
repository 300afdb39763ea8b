"""The tile server of the deployment as a read model: its address, and by how much its pictures lie off in WGS-84.

Pictures in GCJ-02 or BD-09 show everything shifted by hundreds of metres. The shift changes by metres over a district:
the screen is told it at the corners of the district and moves each view by what lies between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from metrics.datum import Datum, gcj02_to_bd09, wgs84_to_gcj02

MOST_ZOOM = 18  # beyond it pictures are enlarged


def tile_layer(template: str, token: str, datum: Datum, bounds: Sequence[Sequence[float]]) -> Mapping[str, Any] | None:
    """What the map needs of a tile server; None without one.

    `template`: XYZ or WMTS with `{z}`, `{x}`, `{y}` and, where it asks for one, `{token}`. `bounds`: [[south, west],
    [north, east]]. `shift`: degrees east and north at the corners SW, SE, NW, NE.
    """
    if not template:
        return None
    (south, west), (north, east) = bounds
    corners = [(west, south), (east, south), (west, north), (east, north)]
    shift = [[x - lon, y - lat] for (lon, lat), (x, y) in ((corner, _as_drawn(*corner, datum)) for corner in corners)]
    url = template.replace("{token}", quote(token, safe=""))
    return {"url": url, "bounds": [list(bounds[0]), list(bounds[1])], "shift": shift, "most": MOST_ZOOM}


def origin(template: str) -> str:
    """The origin that pictures come from, for the content security policy; "" without a server."""
    parts = urlsplit(template)
    return f"{parts.scheme}://{parts.netloc}" if template else ""


def _as_drawn(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    if datum not in {"gcj02", "bd09"}:
        return lon, lat
    x, y = wgs84_to_gcj02(lon, lat)
    if datum == "bd09":
        x, y = gcj02_to_bd09(x, y)
    return float(x), float(y)
