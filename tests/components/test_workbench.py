"""The workbench: every indicator stands in the catalogue, and its page carries what a rehearsal begins from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from components.workbench import bench, catalogue
from ioc.queries.catalogue import catalogue as read
from ioc.queries.catalogue import definition


def text(component: Any) -> str:
    return json.dumps(component, default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def props(part: Any) -> Iterator[dict[str, Any]]:
    """Of every component, as JSON."""
    if isinstance(part, dict):
        yield part.get("props", {})
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        yield from props(each)


@pytest.fixture(autouse=True)
def _asked():
    """The ways of a page ask who is there."""
    with Flask("x").test_request_context("/"):
        yield


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_indicator_has_a_row_with_its_limits_and_what_it_rests_on(lang: Any) -> None:
    made = text(catalogue(read(), "live", lang))
    found = read().definitions
    assert made.count('"data-row"') == len(found)
    for name in ("E3", "T1", "G6"):
        assert f'"data-row": "{name}"' in made
    assert ("水情" if lang == "zh" else "water") in made


def test_a_page_carries_the_limits_in_force_and_the_text_as_it_is_written() -> None:
    made = text(bench(*definition("E3"), "live", "zh", rehearses=True))
    assert 'id = \\"E3\\"' in made
    fields = {each["data-field"]: each["data-limit"] for each in props(json.loads(made)) if "data-field" in each}
    assert [fields[level] for level in ("yellow", "orange", "red")] == ["10", "15", "25"]
    assert '"rehearsal-run"' in made


def test_who_may_not_rehearse_has_no_button_and_what_has_no_limits_no_form() -> None:
    assert '"rehearsal-run"' not in text(bench(*definition("E3"), "live", "zh", rehearses=False))
    plain = next(name for name, each in read().definitions.items() if not each.limits)
    made = text(bench(*definition(plain), "live", "en", rehearses=True))
    assert "nothing to rehearse" in made
    assert '"data-field"' not in made


def test_the_catalogue_knows_which_indicators_are_computed_from_others() -> None:
    found = read().definitions
    lower = found["T4"].beneath
    assert lower
    assert all("T4" in found[name].above for name in lower)
