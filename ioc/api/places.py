"""Places: what a point, a code or an address belongs to, by what is in force now."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ioc.api.definitions import Definitions
from ioc.api.problem import Problem
from ioc.api.shapes import Chain, Match, Place
from ioc.geo.gazetteer import Candidate, Gazetteer, Step, answer
from metrics.datum import Datum, to_wgs84
from metrics.outline import POINT_SCALE
from metrics.resolver import NOWHERE


def of_point(definitions: Definitions, names: Gazetteer, lon: float, lat: float, datum: Datum) -> Chain:
    """The chain of a point, degrees of a datum. Raises Problem 404 outside of the district, 503."""
    bundle = definitions.bundle()
    x, y = to_wgs84([lon], [lat], datum)
    found = NOWHERE
    if bundle.outlines is not None:
        points = np.rint(np.stack([x, y], 1) * 10**POINT_SCALE).astype(np.int64)
        found = int(bundle.outlines.resolve(points)[0])
    if found == NOWHERE or bundle.outlines is None:
        raise Problem(404, "nowhere", "此点不在辖区。", "The point lies outside of the district.", field="lon", rule="outside")  # fmt: skip # noqa: E501
    near = names.near(float(x[0]), float(y[0]))
    line = _line(definitions, bundle.outlines.codes[found])
    return Chain(lon, lat, datum, line, [], _match(definitions, near) if near else None)


def of_code(definitions: Definitions, names: Gazetteer, code: str) -> Chain:
    """The chain of the code of a region, a community, a block, a building or an address. Raises Problem 404, 503."""
    steps = names.of_code(code)
    if steps is None and code not in definitions.bundle().regions:
        raise Problem(404, "unknown_region", f"没有区域或地址 {code}。", f"There is no region or address {code}.", field="code", rule="unknown-name")  # fmt: skip # noqa: E501
    line = _line(definitions, code) if steps is None else _places(definitions, steps)
    return Chain(None, None, None, line, [], None)


def of_address(definitions: Definitions, names: Gazetteer, text: str) -> Chain:
    """The chain of an address as somebody writes it, or what it may mean. Raises Problem 404, 503."""
    candidates = names.of_text(text)
    if not candidates:
        raise Problem(404, "unknown_address", "没有这样的地址。", "Nothing is written like this.", field="address", rule="not-found")  # fmt: skip # noqa: E501
    sure = answer(candidates)
    line = _places(definitions, sure.chain) if sure else []
    return Chain(None, None, None, line, [_match(definitions, each) for each in candidates], None)


def _match(definitions: Definitions, of: Candidate) -> Match:
    score = None if of.metres is not None else of.score
    return Match(of.code, score, of.metres, _places(definitions, of.chain))


def _places(definitions: Definitions, steps: Iterable[Step]) -> list[Place]:
    regions = definitions.bundle().regions
    attributes = {step.code: dict(regions[step.code].attributes) for step in steps if step.code in regions}
    return [Place(step.code, step.level, step.zh, step.en, attributes.get(step.code, {})) for step in steps]


def _line(definitions: Definitions, code: str) -> list[Place]:
    regions = definitions.bundle().regions
    line = [regions[each] for each in regions.path(code)]
    return [Place(one.code, one.level, one.zh, one.en, dict(one.attributes)) for one in line]
