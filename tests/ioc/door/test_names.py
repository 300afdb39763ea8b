"""Names of entities over HTTP: from the archived rows of their register, of one life of a world."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ioc.packs.bundle import build
from metrics import keys
from metrics.archive import Life, Strand
from metrics.archive_rows import Observations
from metrics.archive_tail import Tail
from metrics.contract import Contract
from metrics.definition import load
from metrics.stream import Place
from tests.ioc.door.conftest import Site

pytestmark = pytest.mark.service

ASK = "/api/v1/names?scene=services&dimension=hall"


@pytest.fixture
def registered(site: Site) -> Site:
    """Two halls in the register of the live world; the newest version of the first has an English name."""
    bundle = build()
    site.desk.client.set(keys.BUNDLE, json.dumps(bundle))
    rows = [
        {"hall": "H1", "zh": "旧名", "changed_at": "2026-11-22T08:00:00Z"},
        {"hall": "H2", "zh": "黄贝大厅", "changed_at": "2026-11-22T08:00:00Z"},
        {"hall": "H1", "zh": "桂园大厅", "en": "Guiyuan hall", "changed_at": "2026-11-22T09:00:00Z"},
    ]
    tail = Tail(
        site.desk.settings.archive_path, Strand(Life("live"), "observations", "hall", 0),
        Observations(Contract.from_source(load(bundle).sources["hall"])), Place(),
    )  # fmt: skip
    fields: list[Any] = [
        [f"{1_795_330_000_000 + at}-0".encode(), [cell.encode() for pair in _entry(row) for cell in pair]]
        for at, row in enumerate(rows)
    ]
    tail.receive(fields)
    tail.write()
    return site


def _entry(row: dict[str, str]) -> list[tuple[str, str]]:
    return [("t", row["changed_at"]), ("k", row["hall"]), *((name, row[name]) for name in ("zh", "en") if name in row)]


def test_the_newest_version_of_an_entity_names_it_and_an_unknown_one_is_left_out(registered: Site) -> None:
    said = registered.signed_in("leader").get(f"{ASK}&value=H1&value=H2&value=H9").get_json()
    assert said == {"v": 1, "names": {"H1": ["桂园大厅", "Guiyuan hall"], "H2": ["黄贝大厅", "黄贝大厅"]}}


@pytest.mark.parametrize(
    ("query", "status"),
    [("&value=H1&world=nowhere", 404), ("", 400), ("&value=x" * 101, 400), ("&value=H1&dimension=hall", 200)],
)
def test_a_question_that_cannot_be_answered_is_refused(site: Site, query: str, status: int) -> None:
    assert site.signed_in("leader").get(ASK + query).status_code == status


def test_a_dimension_without_a_register_is_not_found(site: Site) -> None:
    client = site.signed_in("leader")
    assert client.get("/api/v1/names?scene=services&dimension=org&value=x").status_code == 404
    assert client.get("/api/v1/names?scene=nowhere&dimension=hall&value=x").status_code == 404


def test_who_may_see_no_live_values_learns_no_names(site: Site) -> None:
    assert site.signed_in("auditor").get(f"{ASK}&value=H1").status_code == 403
    assert site.anonymous().get(f"{ASK}&value=H1").status_code == 401
