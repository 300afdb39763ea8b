"""What an indicator counts follows from its conditions and the registry; what a place lacks is named."""

from __future__ import annotations

from ioc.queries.coverage import counted, lacking, roads_of
from metrics.world import World

ARTERIAL = {"measures": {"km": {"where": "class = 'arterial' and speed > 0"}, "h": {"where": "class = 'arterial'"}}}
EVERY = {"measures": {"km": {}, "bad": {"where": "class = 'arterial'"}}}
ROWS = [{"id": "A", "class": "arterial", "code": "1"}, {"id": "B", "class": "secondary", "code": "2"}]


def test_only_roads_of_the_class_that_every_measure_asks_for_are_counted() -> None:
    assert [row["id"] for row in counted(ARTERIAL, ROWS)] == ["A"]
    assert [row["id"] for row in counted(EVERY, ROWS)] == ["A", "B"]


def test_a_place_lacks_the_class_where_it_has_other_roads_and_any_road_where_it_has_none() -> None:
    assert lacking(ARTERIAL, ROWS, ["1", "2", "3"]) == {"2": "arterial", "3": "road"}
    assert lacking(EVERY, ROWS, ["1", "2", "3"]) == {"3": "road"}


def test_the_roads_are_those_of_the_variant_of_the_world() -> None:
    bundle = {
        "sources": {"traffic": {"registry": "roads", "variants": {"recorded": {"registry": "old"}}}},
        "registries": {"roads": ROWS, "old": [{"id": "90217"}]},
    }
    assert roads_of(bundle, World("live"), ["traffic"]) == ROWS
    assert roads_of(bundle, World("replay", variants={"traffic": "recorded"}), ["traffic"]) == [{"id": "90217"}]
    assert roads_of({**bundle, "registries": {}}, World("live"), ["traffic"]) == ()
