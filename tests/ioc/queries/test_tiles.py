"""A tile server of the deployment: its address with the token in place, and by how much its pictures lie off."""

from __future__ import annotations

import pytest

from ioc.door.headers import app_policy
from ioc.queries.tiles import origin, tile_layer
from ioc.settings import Settings
from ioc.settings_error import WrongSettings

BOUNDS = [[22.52, 114.06], [22.64, 114.23]]
WMTS = "https://tiles.example:8443/wmts?SERVICE=WMTS&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={token}"


def test_without_a_server_there_is_nothing_and_the_policy_names_no_host() -> None:
    assert tile_layer("", "", "wgs84", BOUNDS) is None
    assert "img-src 'self' data: blob:;" in app_policy((), "ws://127.0.0.1:8051", origin(""))


def test_the_token_takes_its_place_and_the_policy_names_that_origin_alone() -> None:
    found = tile_layer(WMTS, "a b&c", "wgs84", BOUNDS)
    assert found is not None
    assert found["url"].endswith("&tk=a%20b%26c")
    assert "img-src 'self' data: blob: https://tiles.example:8443;" in app_policy((), "ws://x", origin(WMTS))


def test_pictures_in_wgs84_lie_where_they_belong() -> None:
    found = tile_layer(WMTS, "", "wgs84", BOUNDS)
    assert found is not None
    assert found["shift"] == [[0, 0]] * 4


@pytest.mark.parametrize(("datum", "east", "north"), [("gcj02", 0.0050, -0.0028), ("bd09", 0.0115, 0.0032)])
def test_pictures_in_other_datums_lie_off_by_hundreds_of_metres(datum, east, north) -> None:
    found = tile_layer(WMTS, "", datum, BOUNDS)
    assert found is not None
    assert [round(one, 4) for one in found["shift"][0]] == pytest.approx([east, north], abs=0.0004)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://tiles.example/{z}/{x}/{y}", "https://tiles.example/{z}/{x}", "https://user:word@tiles.example/{z}/{x}/{y}",
        "https://tiles.example; script-src */{z}/{x}/{y}", "https://{s}.tiles.example/{z}/{x}/{y}", "/{z}/{x}/{y}",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_by_name(address) -> None:
    with pytest.raises(WrongSettings, match="IOC_TILES_URL"):
        Settings(tiles_url=address)


def test_the_token_is_in_no_text_of_the_settings() -> None:
    assert "very secret" not in repr(Settings(tiles_url=WMTS, tiles_token="very secret"))
