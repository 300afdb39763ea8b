"""Warnings: the board of CAP messages that stand, and the rows of the source `warning` that each message makes. Pure.

An Alert stands. An Update stands and closes what it refers to; a Cancel closes what it refers to. They may come in any
order and more than once: what closes a message is remembered, also before that message has come.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import shapely

from ioc.geo.plane import METRES_PER_DEGREE
from ioc.sources.connect.cap import SEVERITY, Alert, Info
from metrics.raw import MAX_TEXT

COLOURS: Final[Mapping[str, str]] = {"Extreme": "red", "Severe": "orange", "Moderate": "yellow", "Minor": "blue"}
LEVELS: Final[Mapping[str, int]] = {"Extreme": 4, "Severe": 3, "Moderate": 2, "Minor": 1, "Unknown": 0}
CLOSING: Final[Mapping[str, str]] = {"Update": "updated", "Cancel": "cancelled"}
LASTING: Final = timedelta(hours=24)  # a message that does not say when it runs out: the standard leaves it to us
KEPT_MS: Final = 40 * 86_400_000  # what was sent before that is forgotten: warnings stand for hours or days
MOST: Final = 20_000  # messages and closings that are kept; the oldest give way
MOST_CORNERS: Final = 12  # of a polygon of 4 decimals (11 m): 13 pairs of at most 18 characters fit into MAX_TEXT
MOST_RADIUS_M: Final = 1e6

Row = dict[str, str]


@dataclass(slots=True)
class Board:
    """`rows`: the row of each warning as it stood; `closed`: warning -> (state, time ms) of what closed it first."""

    district: str
    rows: dict[str, Row] = field(default_factory=dict)
    closed: dict[str, tuple[str, int]] = field(default_factory=dict)

    def take(self, alert: Alert, codes: Iterable[str]) -> list[Row]:
        """The rows that a message makes, none if it was known or is an Ack or Error. `codes`: the regions there are."""
        found: list[Row] = []
        if alert.message in ("Alert", "Update"):
            name = warning_id(alert.sender, alert.identifier)
            if name not in self.rows:
                self.rows[name] = row_of(alert, name, self.district, codes)
                found.append(self.rows[name])
                if name in self.closed:
                    found.append(self._closing(name))
        if alert.message in CLOSING:
            for one in alert.references:
                name, at = warning_id(one.sender, one.identifier), _ms(alert.sent)
                if name not in self.closed or at < self.closed[name][1]:
                    self.closed[name] = (CLOSING[alert.message], at)
                    if name in self.rows:
                        found.append(self._closing(name))
        return found

    def forget(self, now_ms: int) -> None:
        """Let go of what is long over."""
        self.rows = dict(_newest((n, r) for n, r in self.rows.items() if int(r["sent_at"]) > now_ms - KEPT_MS))
        self.closed = dict(_newest((n, c) for n, c in self.closed.items() if c[1] > now_ms - KEPT_MS))

    def saved(self) -> dict[str, Any]:
        """For `restored`, as JSON values."""
        return {"rows": self.rows, "closed": self.closed}

    @staticmethod
    def restored(district: str, saved: Mapping[str, Any]) -> Board:
        """A board as it was saved; an empty one from nothing."""
        closed = {name: (str(state), int(at)) for name, (state, at) in saved.get("closed", {}).items()}
        return Board(district, {name: dict(row) for name, row in saved.get("rows", {}).items()}, closed)

    def _closing(self, name: str) -> Row:
        """The version that ends a warning: never before the warning itself."""
        state, at = self.closed[name]
        return {**self.rows[name], "state": state, "changed_at": str(max(at, int(self.rows[name]["sent_at"]) + 1))}


def warning_id(sender: str, identifier: str) -> str:
    """The key of a message: identifiers are the sender's own. Marks that names of series need are written as %xx."""
    text = f"{sender},{identifier}".replace("%", "%25").replace("|", "%7C").replace("=", "%3D")
    return _cut("".join(mark if mark.isprintable() else "_" for mark in text))


def row_of(alert: Alert, name: str, district: str, codes: Iterable[str]) -> Row:
    """The row of a message that warns, from the announcement that matters most here."""
    row = {
        "warning_id": name, "changed_at": str(_ms(alert.sent)), "sent_at": str(_ms(alert.sent)),
        "sender": _cut(alert.sender), "status": alert.status, "message": alert.message, "scope": alert.scope,
        "state": "standing",
    }  # fmt: skip
    info = _chosen(alert.infos)
    if info is None:
        return row
    row |= {
        "sender": _cut(info.sender_name or alert.sender), "event": _cut(info.event), "category": info.category[0],
        "urgency": info.urgency, "severity": info.severity, "certainty": info.certainty,
        "level": str(LEVELS[info.severity]), "headline": _cut(info.headline or info.event),
        "area": _cut("、".join(area.description for area in info.areas)),
    }  # fmt: skip
    some: dict[str, str | None] = {
        "colour": COLOURS.get(info.severity),
        "response": info.response[0] if info.response else None,
        "effective_at": _text(info.effective),
        "onset_at": _text(info.onset),
        "expires_at": _text(info.expires or alert.sent + LASTING),
        "community": region(info, district, codes),
        "point": middle(info),
        "polygon": polygon(info),
    }
    return row | {key: value for key, value in some.items() if value}


def region(info: Info, district: str, codes: Iterable[str]) -> str | None:
    """The region that an announcement names: one of `codes` if just one of the district is named, the district if
    several are, or a code above it (440300, 440000); None if all its codes are of elsewhere, or it has none."""
    known, inside, above = frozenset(codes), set[str](), False
    for area in info.areas:
        for _, value in area.geocodes:
            digits = value.strip()
            if not digits.isdecimal() or len(digits) < 6:
                continue
            bare = digits.rstrip("0")
            found = next((one for one in (digits, digits[:9], digits[:6]) if one in known), None)
            if found and found.startswith(district):
                inside.add(found)
            elif len(bare) < len(district) and district.startswith(bare):
                above = True
    if len(inside) == 1 and not above:
        return inside.pop()
    return district if inside or above else None


def polygon(info: Info) -> str | None:
    """What the polygons and circles of an announcement cover, as one polygon `lat,lon lat,lon ...` of at most
    MOST_CORNERS corners: the row has no room for more. Of several figures, their hull; no figure is left out."""
    figures = [shape for area in info.areas for one in area.polygons if (shape := _figure(one)) is not None]
    figures += [shape for area in info.areas for one in area.circles if (shape := _disc(one)) is not None]
    if not figures:
        return None
    whole = shapely.union_all(figures)
    one = whole if isinstance(whole, shapely.Polygon) else whole.convex_hull
    tolerance = 1e-5  # degrees, about a metre
    while shapely.get_num_coordinates(one := shapely.Polygon(shapely.get_exterior_ring(one))) - 1 > MOST_CORNERS:
        one = one.simplify(tolerance)
        tolerance *= 1.5
    ring = [(f"{lat:.4f}", f"{lon:.4f}") for lon, lat in shapely.get_coordinates(one).tolist()]
    return " ".join(",".join(corner) for corner in ring)


def _figure(text: str) -> shapely.Polygon | None:
    try:
        corners = [tuple(map(float, pair.split(","))) for pair in text.split()]
        shape = shapely.Polygon([(lon, lat) for lat, lon in corners])
    except (ValueError, shapely.errors.ShapelyError):
        return None
    return shape if shape.is_valid and shape.area > 0 and all(map(math.isfinite, shape.bounds)) else None


def _disc(text: str) -> shapely.Polygon | None:
    """A circle `lat,lon km`; None for what is no circle, or a mere point."""
    try:
        centre, km = text.rsplit(" ", 1)
        lat, lon = map(float, centre.split(","))
        away = float(km) * 1000.0
    except ValueError:
        return None
    if not 0 < away < MOST_RADIUS_M or not (math.isfinite(lat) and math.isfinite(lon)):
        return None
    turns = [2.0 * math.pi * step / MOST_CORNERS for step in range(MOST_CORNERS)]
    east, north = (away / each for each in METRES_PER_DEGREE)
    return shapely.Polygon([(lon + east * math.cos(turn), lat + north * math.sin(turn)) for turn in turns])


def middle(info: Info) -> str | None:
    """`lon lat` of the middle of the first circle or polygon."""
    for area in info.areas:
        for shape in (*(circle.rsplit(" ", 1)[0] for circle in area.circles), *area.polygons):
            try:
                pairs = [tuple(map(float, pair.split(","))) for pair in shape.split()]
                lat, lon = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
            except (ValueError, ZeroDivisionError):
                continue  # what is no figure has no middle; the warning stands without
            return f"{lon:.6f} {lat:.6f}"
    return None


def _chosen(infos: Sequence[Info]) -> Info | None:
    """Of those in Chinese (else of all) the most severe; of equals the first."""
    chinese = [one for one in infos if one.language.lower().startswith("zh")]
    return min(chinese or infos, key=lambda one: SEVERITY.index(one.severity), default=None)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _text(moment: datetime | None) -> str | None:
    return str(_ms(moment)) if moment else None


def _cut(text: str) -> str:
    """At most as many bytes as the bus takes of one text."""
    raw = text.encode()
    return text if len(raw) <= MAX_TEXT else raw[: MAX_TEXT - 3].decode("utf-8", "ignore") + "…"


def _newest(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return list(pairs)[-MOST:]
