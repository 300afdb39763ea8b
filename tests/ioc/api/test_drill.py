"""A number taken apart over HTTP: what it was then, which parts moved it, what is said without history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from metrics import keys
from metrics.value import Value
from metrics.value_form import pack_values

from .conftest import T0, Caller, Site
from .test_values import archive, said

pytestmark = pytest.mark.service

MINUTE, DAY = 60_000, 86_400_000
END = T0 - T0 % (5 * MINUTE)
PART = "440303001"


def at(end: int, number: float, region: str = "440303", samples: int = 10, **more: Any) -> Value:
    return said(end, number, region, samples=samples, **more)


@pytest.fixture
def reader(site: Site, caller: Callable[..., Caller], redis_client: redis.Redis) -> Caller:
    """Slower than yesterday, in the district and in its one subdistrict; of no earlier day is there a word."""
    archive(
        site.desk.settings.archive_path,
        [at(END, 30.0), at(END, 20.0, PART, 4), at(END - DAY, 40.0), at(END - DAY, 45.0, PART, 4),
         at(END - DAY, 50.0, indicator="T2", dims=(("state", "open"),)),
         at(END, 12.0, indicator="T2", dims=(("state", "closed"),), samples=3)],
    )  # fmt: skip
    for value in (
        at(END + 5 * MINUTE, 1.0, quality="provisional"),
        at(END, 44.0, indicator="T2", dims=(("state", "open"),)),
        at(END, 44.0, indicator="T2"),
        at(END + 5 * MINUTE, 2.0, indicator="T2", dims=(("state", "closed"),), samples=3, quality="provisional"),
    ):
        redis_client.hset(keys.engine("live", "latest"), value.series, pack_values([value]))
    return caller(reads=["traffic"])


def test_the_newest_complete_window_is_compared_with_the_same_time_and_what_is_not_archived_is_null(
    reader: Caller,
) -> None:
    told = reader.get("/api/v1/indicators/T1/drill").json
    assert (told["value"], told["quality"], told["region"], told["version"]) == (30.0, "complete", "440303", 1)
    assert [(each["against"], each["value"], each["change"]) for each in told["then"]] == [
        ("1d", 40.0, -10.0), ("7d", None, None), ("1y", None, None),
    ]  # fmt: skip
    assert told["method"] == "share"
    [part] = told["parts"]
    assert (part["code"], part["zh"], part["now"], part["then"], part["by"]) == (PART, "桂园街道", 20.0, 45.0, -25.0)
    assert told["rest"] == 15.0


def test_parts_by_a_dimension_are_groups(reader: Caller) -> None:
    told = reader.get("/api/v1/indicators/T2/drill?by=group").json
    part, other = told["parts"]
    assert (part["dims"], part["now"], part["then"]) == ({"state": "open"}, 44.0, 50.0)
    assert (other["dims"], other["now"], other["then"]) == ({"state": "closed"}, 12.0, None)  # its next window is open
    assert (told["change"], part["by"]) == (None, None)  # of the whole there is no yesterday


def test_a_region_without_values_says_that_there_are_none(reader: Caller) -> None:
    told = reader.get(f"/api/v1/indicators/T2/drill?region={PART}").json
    assert (told["value"], told["quality"], told["then"], told["parts"]) == (None, "no_data", [], [])


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [("T1/drill?region=9", 404, "region"), ("T9/drill", 404, "indicator"), ("T1/drill?against=2d", 400, "against"),
     ("T1/drill?by=road", 400, "by")],
)  # fmt: skip
def test_a_wrong_question_names_what_is_wrong(reader: Caller, query: str, status: int, field: str) -> None:
    answer = reader.get(f"/api/v1/indicators/{query}")
    assert (answer.status_code, answer.json["error"]["field"]) == (status, field)


def test_a_token_of_another_scene_and_a_stranger_are_refused(site: Site, caller: Callable[..., Caller]) -> None:
    assert caller(reads=["emergency"]).get("/api/v1/indicators/T1/drill").status_code == 403
    assert site.anonymous().get("/api/v1/indicators/T1/drill").status_code == 401
