"""Places: the regions that a point or a code belongs to, by the outlines and the region table in force."""

from __future__ import annotations

import numpy as np

from ioc.api.definitions import Definitions
from ioc.api.problem import Problem
from ioc.api.shapes import Chain, Place
from metrics.datum import Datum, to_wgs84
from metrics.outline import POINT_SCALE
from metrics.resolver import NOWHERE


def of_point(definitions: Definitions, lon: float, lat: float, datum: Datum) -> Chain:
    """The chain of a point, degrees of a datum. Raises Problem 404 outside of the district, 503."""
    bundle = definitions.bundle()
    x, y = to_wgs84([lon], [lat], datum)
    found = NOWHERE
    if bundle.outlines is not None:
        points = np.rint(np.stack([x, y], 1) * 10**POINT_SCALE).astype(np.int64)
        found = int(bundle.outlines.resolve(points)[0])
    if found == NOWHERE or bundle.outlines is None:
        raise Problem(404, "nowhere", "此点不在辖区。", "The point lies outside of the district.", field="lon", rule="outside")  # fmt: skip # noqa: E501
    return Chain(lon, lat, datum, _line(definitions, bundle.outlines.codes[found]))


def of_code(definitions: Definitions, code: str) -> Chain:
    """The chain of a code. Raises Problem 404, 503."""
    return Chain(None, None, None, _line(definitions, code))


def _line(definitions: Definitions, code: str) -> list[Place]:
    regions = definitions.bundle().regions
    if code not in regions:
        raise Problem(404, "unknown_region", f"没有区域 {code}。", f"There is no region {code}.", field="code", rule="unknown-name")  # fmt: skip # noqa: E501
    line = [regions[each] for each in regions.path(code)]
    return [Place(one.code, one.level, one.zh, one.en, dict(one.attributes)) for one in line]
