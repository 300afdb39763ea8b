"""A view is an address, and nothing from a browser becomes one unchecked."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.domain.screen_view import Place, View, ViewError, view


def test_the_whole_state_stands_in_the_address_always_in_the_same_way():
    assert View().address("main") == "/wall?screen=main"
    asked = View(
        scene="traffic", beside="safety", world="drill-1", region="440303003", layers=("roads", "metro"), at_ms=5,
        speed=60, known="then", place=Place(114.1, 22.5, "国贸 & 口岸"), incident="inc-7",
    )  # fmt: skip
    assert asked.address("main.left") == (
        "/wall/traffic?screen=main.left&world=drill-1&beside=safety&region=440303003&incident=inc-7"
        "&layers=roads%2Cmetro&at=5&speed=60&known=then"
        "&place=114.100000%2C22.500000%2C%E5%9B%BD%E8%B4%B8+%26+%E5%8F%A3%E5%B2%B8"
    )


def test_a_view_is_the_same_after_a_journey_through_json():
    asked = View(scene="traffic", layers=("roads",), at_ms=5, speed=0.0, place=Place(1.5, 2.0), known="now")
    assert view(asked.to_json()) == asked
    assert view({}) == View()
    assert View().text == "{}"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], "view"),
        ({"scenes": "traffic"}, "scenes"),
        ({"scene": "../sign-in"}, "scene"),
        ({"scene": "traffic?x=1"}, "scene"),
        ({"scene": None}, "scene"),
        ({"world": "a b"}, "world"),
        ({"incident": "x" * 65}, "incident"),
        ({"layers": "roads"}, "layers"),
        ({"layers": ["roads,metro"]}, "layers"),
        ({"layers": ["a"] * 33}, "layers"),
        ({"at_ms": "5"}, "at_ms"),
        ({"at_ms": True}, "at_ms"),
        ({"at_ms": -1}, "at_ms"),
        ({"speed": 601}, "speed"),
        ({"speed": float("nan")}, "speed"),
        ({"known": "later"}, "known"),
        ({"place": {"lon": 200, "lat": 1}}, "place.lon"),
        ({"place": {"lon": 1}}, "place.lat"),
        ({"place": {"lon": 1, "lat": 1, "label": "x" * 41}}, "place.label"),
        ({"place": {"lon": 1, "lat": 1, "label": "a\nb"}}, "place.label"),
        ({"place": {"lon": 1, "lat": 1, "zoom": 3}}, "place"),
    ],
)
def test_what_is_no_view_is_refused_with_its_field(raw: Any, field: str):
    with pytest.raises(ViewError) as refused:
        view(raw)
    assert refused.value.field == field


def test_tiles_of_video_are_in_the_address_and_nine_at_most() -> None:
    asked = view({"video": ["CAM1", "路口2", "CAM1"]})
    assert asked.video == ("CAM1", "路口2")
    assert asked.address("main") == "/wall?screen=main&video=CAM1%2C%E8%B7%AF%E5%8F%A32"
    assert asked.text == '{"video":["CAM1","路口2"]}'
    for wrong in ([str(at) for at in range(10)], ["a b"], ["a,b"], [""], [7], "CAM1", ["x" * 65], ["a\n"]):
        with pytest.raises(ViewError):
            view({"video": wrong})
