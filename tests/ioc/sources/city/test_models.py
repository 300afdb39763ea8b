"""Every model of the city: pure in seed and time, whole at the beginning of a world, and within its place."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from ioc.sources.city.city import City
from ioc.sources.city.model import Model
from ioc.sources.city.stock import Stock
from ioc.sources.rows import Rows, joined
from metrics.codec import decode
from metrics.contract import Contract
from metrics.definition import Bundle, load
from tests.ioc.sources.city.whole import HOUR, MINUTE, MONDAY, bundle, cells, models, table

NOON = MONDAY + 12 * HOUR
NAMES = sorted(models())


@lru_cache(maxsize=1)
def one() -> dict[str, Model]:
    return models()


@lru_cache(maxsize=1)
def other() -> dict[str, Model]:
    return models()


def span(model: Model) -> int:
    """Time that gives some rows and not too many, ms."""
    return 20_000 if model.per_s > 50 else 3 * HOUR


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_the_same_in_one_call_in_slices_and_from_a_second_city_of_the_seed(name: str) -> None:
    model, again = one()[name], other()[name]
    end = NOON + span(model)
    cuts = [NOON, NOON + 1, NOON + span(model) // 7, NOON + span(model) // 3, end - 1, end]
    whole = table(model.rows(NOON, end))
    parts = [row for after, until in pairwise(cuts) for row in table(again.rows(after, until))]
    assert parts == whole
    assert [row[0] for row in whole] == sorted(row[0] for row in whole)
    assert all(NOON < row[0] <= end for row in whole)


@pytest.mark.parametrize("name", ["case", "request", "iot", "rain", "water", "unit", "ticket", "traffic"])
def test_another_seed_is_another_city(name: str) -> None:
    model, strange = one()[name], models(seed=8)[name]
    assert table(model.rows(NOON, NOON + span(model))) != table(strange.rows(NOON, NOON + span(model)))


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(one()[name], Stock)])
def test_a_stock_with_its_changes_is_the_stock_later(name: str) -> None:
    model = one()[name]
    before, after = model.opening(NOON), model.opening(NOON + 5 * HOUR)
    assert before is not None
    assert after is not None
    changes = model.rows(NOON, NOON + 5 * HOUR)
    now = {row[1]: row[2:] for row in table(before)}
    now |= {row[1]: row[2:] for row in table(changes)}
    assert now == {row[1]: row[2:] for row in table(after)}
    assert set(before.time.tolist()) == {NOON}


@pytest.mark.parametrize("name", ["case", "request", "application", "incident", "payment", "police", "road_event"])
def test_records_that_stand_with_their_changes_are_the_records_later(name: str) -> None:
    model = one()[name]
    before, after = model.opening(NOON), model.opening(NOON + 2 * HOUR)
    assert before is not None
    assert after is not None
    later = {row[1]: row[2:] for row in table(after)}
    found = {row[1]: row[2:] for row in table(before)}
    found |= {row[1]: row[2:] for row in table(model.rows(NOON, NOON + 2 * HOUR))}
    assert {key: found[key] for key in later} == later


def test_a_finished_record_has_its_stages_in_order() -> None:
    rows = one()["case"].opening(MONDAY + 30 * 24 * HOUR)
    assert rows is not None
    order = ("created_at", "filed_at", "routed_at", "handled_at", "closed_at")
    done = [line for line in zip(*(cells(rows, name) for name in order), strict=True) if line[-1] is not None]
    assert len(done) > 1_000
    assert all(None not in line and list(line) == sorted(line) for line in done)
    assert max(line[-1] for line in done) <= MONDAY + 30 * 24 * HOUR


def test_records_stand_also_where_on_a_day_of_theirs_nobody_was_trapped_in_a_lift() -> None:
    begin = MONDAY + 63 * 24 * HOUR  # Monday 3 August 2026
    rows = models(seed=440_303)["case"].opening(begin + 24 * HOUR)
    assert rows is not None
    born = zip(cells(rows, "created_at"), cells(rows, "kind"), strict=True)
    of_day = [kind for created, kind in born if begin <= created < begin + 24 * HOUR]
    assert len(of_day) > 1_000
    assert "lift" not in of_day


def test_no_version_tells_what_is_yet_to_come() -> None:
    rows = one()["case"].rows(NOON, NOON + HOUR)
    assert rows is not None
    for name in ("filed_at", "routed_at", "handled_at", "closed_at", "rescued_at"):
        told = [(when, at) for when, at in zip(cells(rows, name), rows.time.tolist(), strict=True) if when is not None]
        assert all(when <= at for when, at in told), name


@pytest.mark.parametrize(
    "name", ["device", "camera", "lot", "school", "hall", "water_point", "zone", "shelter", "case"]
)
def test_points_lie_within_the_outline(name: str) -> None:
    rows = one()[name].opening(NOON)
    assert rows is not None
    outline = shape(next(each["geometry"] for each in bundle()["outlines"] if each["code"] == "440303"))
    points = np.array([[float(part) for part in text.split()] for text in set(cells(rows, "point"))])
    assert shapely.contains_xy(outline, points[:, 0], points[:, 1]).all()


def test_there_are_about_forty_thousand_entities_with_codes_of_the_region_tree() -> None:
    stocks = [model for model in one().values() if isinstance(model, Stock)]
    assert 39_000 < sum(len(model) for model in stocks) + 2_400 < 43_000
    codes = {region["code"] for region in bundle()["regions"] if region["level"] != "district"}
    rows = one()["device"].opening(NOON)
    assert rows is not None
    used = set(cells(rows, "community"))
    assert used <= codes
    assert len(used) > 100  # of 109 committees and 10 subdistricts


@pytest.mark.parametrize("rate", [1_000, 3_000, 20_000])
def test_the_rate_is_that_of_the_setting(rate: int) -> None:
    loud = models(rate=rate)
    seconds = 4
    found = sum(len(rows) for model in loud.values() if (rows := model.rows(NOON, NOON + seconds * 1000)) is not None)
    assert abs(found / seconds - rate) < 0.1 * rate


def admitted(name: str, rows: Rows) -> dict[str, int]:
    contract = Contract.from_source(definitions().for_world({}).sources[name])
    refused: dict[str, int] = {}
    for chunk in rows.chunks(8_192):
        payload = chunk.payload()
        assert len(payload) < 4 * 1024 * 1024
        decoded = decode([[b"1-0", [b"p", payload]]], contract.wanted)
        assert decoded.rejects == []
        for run in decoded.runs:
            admission = contract.admit(run, 4_000_000_000_000)
            for rule, count in admission.rejected.items():
                refused[rule] = refused.get(rule, 0) + count
    return refused


@lru_cache(maxsize=1)
def definitions() -> Bundle:
    return load(bundle())


@lru_cache(maxsize=1)
def declared() -> City:
    return City(bundle(), seed=7)


def test_the_city_feeds_every_source_that_the_packs_declare_but_the_machines_own() -> None:
    sources = bundle()["sources"]
    assert declared().left_out == ()
    assert set(declared().models) == {name for name in sources if sources[name]["kind"] != "union"} - {"cloud"}


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_of_the_source_takes_every_row(name: str) -> None:
    model = declared().models[name]
    parts = [model.opening(NOON), model.rows(NOON, NOON + (MINUTE if model.per_s > 50 else 26 * HOUR))]
    given = [rows for rows in parts if rows is not None]
    if given:
        assert {name: admitted(name, joined(given))} == {name: {}}
