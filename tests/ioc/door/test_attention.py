"""What matters now is told to whoever may see indicators."""

from __future__ import annotations

import pytest

from tests.ioc.door.conftest import Site
from tests.ioc.queries.test_standing import tell

pytestmark = pytest.mark.service


def test_a_wall_reads_the_entries_with_their_reasons(site: Site) -> None:
    tell(site.desk.client, "red", indicator="E3", value=27.0, limit=25.0)
    said = site.signed_in("wall").get("/api/v1/attention").get_json()
    assert said["answers"] is True
    entry = said["entries"][0]
    assert (entry["key"], entry["x"], entry["limit"], entry["lv"]) == ("indicator:E3", 27.0, 25.0, "red")


def test_nobody_else_reads_them(site: Site) -> None:
    assert site.anonymous().get("/api/v1/attention").status_code == 401
    assert site.signed_in("sysadmin").get("/api/v1/attention").status_code == 403
    assert site.signed_in("leader").get("/api/v1/attention?world=a%20b").status_code == 400
