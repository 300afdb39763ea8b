"""An audience is somebody for every dossier: who is not there is told in the place of the desk."""

from __future__ import annotations

import pytest

from ioc.domain.audience import About, Audience, recipients

ABOUT = About(owner="li", org="水务局", region="440303003001", units=("u1", "u2", "u1"))


def region_of(code: str, level: str) -> str:
    return {("440303003001", "subdistrict"): "440303003"}.get((code, level), "")


@pytest.mark.parametrize(
    ("kind", "which", "told"),
    [
        ("owner", "", ("person:li",)), ("role", "leader", ("role:leader",)), ("units", "", ("unit:u1", "unit:u2")),
        ("org", "", ("org:水务局",)), ("post", "subdistrict", ("post:subdistrict:440303003",)),
        ("post", "community", ("role:duty",)), ("post", "city", ("post:city:city",)),
    ],
)  # fmt: skip
def test_who_is_meant(kind: str, which: str, told: tuple[str, ...]):
    assert recipients(Audience("a", "甲", "a", kind, which), ABOUT, region_of) == told  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["owner", "units", "org", "post"])
def test_where_there_is_nobody_the_desk_is_told(kind: str):
    assert recipients(Audience("a", "甲", "a", kind, "district"), About(), lambda _code, _level: "") == ("role:duty",)  # type: ignore[arg-type]
