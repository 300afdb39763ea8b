"""Resolve: which of the features of map layers a point lies in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from metrics.resolver import Resolver


def resolver(*collections: Mapping[str, Any]) -> Resolver:
    """A resolver over GeoJSON collections with property `code`, the most specific first: subdistricts, then outline."""
    polygons: list[tuple[str, BaseGeometry]] = []
    for collection in collections:
        features = sorted(collection["features"], key=lambda feature: str(feature["properties"]["code"]))
        polygons += [(feature["properties"]["code"], shape(feature["geometry"])) for feature in features]
    return Resolver(polygons)
