"""The layers as a read model: all that the plan asks for is there, and what a tap tells is what the pack shows."""

from __future__ import annotations

from ioc.queries.layers import chosen, layers, overview, told
from metrics.whereabouts_row import Row


def test_everything_that_has_a_place_is_on_a_layer() -> None:
    assert set(layers()) >= {
        "incidents", "warnings", "units", "cases", "flood_points", "waters", "rain", "cameras", "devices", "shelters",
        "hospitals", "schools", "parking", "charging", "metro", "stations", "halls", "crowd", "roads", "areas",
        "projects", "sites", "risks", "road_events",
    }  # fmt: skip


def test_the_map_of_the_district_shows_incidents_warnings_units_and_the_governance_score() -> None:
    assert overview() == ("grid", "incidents", "warnings", "units")


def test_an_indicator_speaks_of_single_entities_where_it_is_split_by_their_key_or_by_their_source() -> None:
    assert layers()["flood_points"].dimension == "water_point"
    assert layers()["projects"].dimension == "project"  # the key of the source is project_id
    assert layers()["units"].dimension == ""


def test_an_address_names_layers_and_what_there_is_not_is_left_out() -> None:
    assert chosen("units,nope,cases,units", overview()) == ("units", "cases")
    assert chosen("none", overview()) == ()
    assert chosen(None, ("units",)) == ("units",)


def test_what_is_told_of_an_entity_has_names_units_and_words_in_both_languages() -> None:
    row = Row(
        5, (1_141_000_000, 225_500_000), "440303001", "accident", "orange", shows={"class": "accident", "level": 3}
    )
    said = told(layers()["incidents"], "SJ1", row)
    assert (said["kind"], said["at"], said["level"]) == ({"zh": "事故灾难", "en": "accident"}, [114.1, 22.55], "orange")
    assert said["fields"] == [
        {"id": "class", "zh": "类别", "en": "class", "type": "category", "unit": "", "value": "accident",
         "words": ["事故灾难", "accident"]},
        {"id": "level", "zh": "级别", "en": "level", "type": "int", "unit": "", "value": 3,
         "words": ["重大 Ⅱ", "II major"]},
    ]  # fmt: skip
