"""The units of a world as one pool: where they stand and how they are by the newest word of the world, what they have
been sent to, and when their shift ends."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

import numpy as np
import redis
from shapely.geometry import shape
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.unit_choice import Pool
from ioc.geo import layer
from ioc.queries.layers import layers
from ioc.store.dossier_tables import DossierRow, DossierStepRow
from ioc.store.unit import Store
from metrics import keys
from metrics.whereabouts_row import unpack_row

SOURCE: Final = "unit"
OUT: Final = ("dispatched", "responding")  # stages of an incident at which its units are on it


def pool(store: Store, client: redis.Redis, world: str, but: str = "") -> Pool:
    """All units that a world tells of; `but`: this dossier is no load. A world without a map of units has none.

    Raises redis.RedisError, ValueError for a row of another version.
    """
    of = next((each for each in layers().values() if each.source == SOURCE), None)
    told: Mapping[bytes, bytes] = (
        {} if of is None else cast(Any, client.hgetall(keys.engine(world, f"where:{of.topic}")))
    )
    rows = {name.decode(): unpack_row(packed) for name, packed in sorted(told.items())}
    with store.read() as unit:
        load = tasks(unit, world, but)
    names, known = list(rows), list(rows.values())
    nowhere = (float("nan"), float("nan"))
    places = np.array([nowhere if row.place is None else row.place for row in known], float).reshape(-1, 2) / 1e7
    return Pool(
        names, [row.kind for row in known], places[:, 0], places[:, 1],
        np.array([row.shows.get("on_post") is not False for row in known], np.bool_),
        np.array([row.shows.get("ready") is not False for row in known], np.bool_),
        np.array([load[name] for name in names], np.int64), np.full(len(names), np.inf), {},
    )  # fmt: skip


def tasks(unit: Session, world: str, but: str = "") -> Counter[str]:
    """Unit -> open incidents that it was sent to last."""
    newest = (
        select(DossierStepRow.dossier_id, func.max(DossierStepRow.number).label("number"))
        .join(DossierRow, DossierRow.id == DossierStepRow.dossier_id)
        .where(
            DossierRow.world == world, DossierRow.kind == "incident", DossierRow.stage.in_(OUT),
            DossierRow.merged_into == "", DossierRow.id != but, DossierStepRow.move == "dispatch",
        )
        .group_by(DossierStepRow.dossier_id)
        .subquery()
    )  # fmt: skip
    said = unit.scalars(
        select(DossierStepRow.said).join(
            newest,
            (DossierStepRow.dossier_id == newest.c.dossier_id) & (DossierStepRow.number == newest.c.number),
        )
    )
    found: Counter[str] = Counter()
    for text in said:
        units: Any = json.loads(text).get("units", [])
        found.update({str(name) for name in units} if isinstance(units, list) else {str(units)})
    return found


def place_of(lon: float | None, lat: float | None, region: str) -> tuple[tuple[float, float] | None, bool]:
    """Where an incident is, and whether that is known; else the middle of its subdistrict, if that is known."""
    if lon is not None and lat is not None:
        return (lon, lat), True
    return _middles().get(region[:9]), False


@cache
def _middles() -> Mapping[str, tuple[float, float]]:
    """Subdistrict -> a point inside it, as the shipped outlines say."""
    found = {}
    for feature in layer.read("subdistricts")["features"]:
        point = shape(feature["geometry"]).representative_point()
        found[str(feature["properties"]["code"])] = (point.x, point.y)
    return found
