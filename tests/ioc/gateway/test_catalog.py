import json

import pytest

from ioc.gateway.catalog import DISTRICT_SERIES, SHORT_SERIES, Catalog, UnknownBundleVersion
from tests.ioc.gateway.scenery import BUNDLE, value

CATALOG = Catalog.from_bundle(json.dumps(BUNDLE))


def test_an_unknown_version_is_refused_by_name():
    with pytest.raises(UnknownBundleVersion, match="bundle version 2 is not 1"):
        Catalog.from_bundle('{"v": 2}')


def test_the_scene_of_an_indicator_comes_from_the_bundle():
    assert CATALOG.scenes == {"T1": "traffic", "T2r": "traffic", "O1": "operations"}


def test_series_are_kept_for_the_district_for_roads_and_for_what_has_no_regions():
    assert CATALOG.keep(value(1, 1.0)) == DISTRICT_SERIES
    assert CATALOG.keep(value(1, 1.0, dims=(("corridor", "深南路"),))) == DISTRICT_SERIES
    assert CATALOG.keep(value(1, 1.0, "440303001")) is None
    assert CATALOG.keep(value(1, 1.0, "440303001", "T2r", dims=(("road", "LH001"),))) == SHORT_SERIES
    assert CATALOG.keep(value(1, 1.0, "", "T2r", dims=(("road", "LH001"),))) == SHORT_SERIES
    assert CATALOG.keep(value(1, 1.0, "", "O1")) == SHORT_SERIES
    assert CATALOG.keep(value(1, 1.0, "")) is None  # rows whose region is unknown


def test_who_may_see_a_region_sees_what_lies_below_it_and_nothing_beside_it():
    mine = frozenset({"440303001"})
    assert CATALOG.within(mine, value(1, 1.0, "440303001"))
    assert not CATALOG.within(mine, value(1, 1.0, "440303002"))
    assert not CATALOG.within(mine, value(1, 1.0, "440303"))
    assert not CATALOG.within(mine, value(1, 1.0, ""))
    assert CATALOG.within(mine, value(1, 1.0, "", "O1"))
    assert CATALOG.within(frozenset({"440303"}), value(1, 1.0, "440303002"))
    assert not CATALOG.within(frozenset(), value(1, 1.0, "440303002"))
    assert not CATALOG.sees_all(mine)
    assert CATALOG.sees_all(frozenset({"440303", "440303001"}))


def test_a_source_is_stale_after_three_periods_or_what_its_variant_says():
    assert CATALOG.sources["traffic"].stale_after(None) == 90_000
    assert CATALOG.sources["traffic"].stale_after("recorded") == 2_700_000
    assert CATALOG.sources["cloud"].stale_after(None) == 60_000
