"""What another system calls things becomes fields of a source, texts as they were written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ioc.api.batch import object_of
from ioc.sources.connect.mapping import Shape, Unmapped, Where, at

CONTENT = object_of(
    '{"ts": 1790000000, "d": {"mm": 0.10, "tags": ["x", "y"]}, "a.b": "dotted", "ok": true, "gone": null}'
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("ts", "1790000000"), ("d.mm", "0.10"), ("d.tags.1", "y"), ("d.tags.2", None), ("a.b", "dotted"), ("ok", True),
     ("gone", None), ("d.mm.x", None), ("no", None)],
)  # fmt: skip
def test_paths_lead_into_the_content(path: str, expected: object) -> None:
    assert at(CONTENT, path) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(("d.mm",)), "0.10"),
        (Where(("ts",), times=Decimal(1000)), "1790000000000"),
        (Where(("d.mm",), times=Decimal("0.1")), "0.010"),
        (Where(("ts",), times=Decimal("1e3")), "1790000000000"),
        (Where(("a.b",), times=Decimal(2)), "dotted"),
        (Where(topic=2), "s1"),
        (Where(topic=9), None),
        (Where(const="smoke"), "smoke"),
        (Where(("ok",), map={"true": "open"}), "open"),
        (Where(("ok",)), True),
        (Where(("d.tags.0",), map={"z": "zz"}), "x"),
        (Where(("d.tags.0", "d.tags.1")), "x y"),
        (Where(("d.tags.0", "no")), None),
    ],
)
def test_a_field_comes_from_a_path_a_topic_or_a_constant(where: Where, expected: object) -> None:
    assert where.value(CONTENT, ("iot", "s1")) == expected


def test_a_time_of_a_foreign_form_is_read_and_one_that_does_not_fit_is_left_to_the_contract() -> None:
    where = Where(("d", "t"), format="%Y/%m/%d %H:%M")
    assert where.value({"d": "2022/9/1", "t": "7:05"}, ()) == "2022-09-01T07:05:00.000"
    assert where.value({"d": "1.9.2022", "t": "7:05"}, ()) == "1.9.2022 7:05"


def test_a_content_is_a_row_or_a_list_of_rows_or_holds_one() -> None:
    shape = Shape({"k": Where(topic=1), "x": Where(("v",))}, rows="data.rows")
    assert shape.of({"data": {"rows": [{"v": "1"}, {"v": "2"}]}}, ("s",)) == [
        {"k": "s", "x": "1"},
        {"k": "s", "x": "2"},
    ]
    assert Shape({"x": Where(("v",))}).of([{"v": "1"}, {}]) == [{"x": "1"}, {"x": None}]
    assert Shape({}).of({"v": "1"}) == [{"v": "1"}]
    with pytest.raises(Unmapped, match=r"data\.rows"):
        shape.of({"data": "none"})


def test_a_bare_number_is_named_by_an_empty_path() -> None:
    assert Shape({"k": Where(topic=1), "x": Where(("",))}).of("23.5", ("s",)) == [{"k": "s", "x": "23.5"}]
