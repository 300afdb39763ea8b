"""What a tap on a symbol asks for: by whom it may be asked, and that what is not there is not there."""

from __future__ import annotations

import msgpack
import pytest

from metrics import keys
from metrics.whereabouts_row import Row
from tests.ioc.door.conftest import Site

pytestmark = pytest.mark.service
ADDRESS = "/api/v1/layers/entity?layer=units&id=U1"


@pytest.fixture
def stood(site: Site) -> Site:
    row = Row(7, (1_141_000_000, 225_500_000), "440303001", "fire", shows={"kind": "fire", "ready": True, "phone": "1"})
    key = keys.engine("live", "where:emergency/units")
    site.desk.client.hset(key, "U1", msgpack.packb(row.plain()))  # type: ignore[arg-type]
    return site


def test_a_leader_is_told_of_a_unit_what_the_layer_shows_and_nothing_else(stood: Site) -> None:
    told = stood.signed_in("leader").get(ADDRESS).get_json()
    assert [(field["id"], field["value"], field["words"]) for field in told["fields"]] == [
        ("kind", "fire", ["消防", "fire brigade"]),
        ("ready", True, None),
    ]


def test_who_may_not_see_the_scene_is_told_that_there_is_no_such_thing(stood: Site) -> None:
    assert stood.signed_in("sysadmin").get(ADDRESS).status_code == 404
    assert stood.signed_in("secadmin").get(ADDRESS).status_code == 403
    assert stood.anonymous().get(ADDRESS).status_code == 401


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/layers/entity?layer=units&id=U2", "/api/v1/layers/entity?layer=nope&id=U1",
        "/api/v1/layers/entity?layer=metro&id=1", f"/api/v1/layers/entity?layer=units&id={'x' * 300}",
        "/api/v1/layers/entity?layer=units&id=U1&world=other", "/api/v1/layers/entity?layer=units&id=U1&world=*",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(stood: Site, address: str) -> None:
    assert stood.signed_in("leader").get(address).status_code == 404
