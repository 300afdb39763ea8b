"""Approvals: what stands in the way of a second person, and what is asked for word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ioc.domain.approval import EXPIRES_MS, Approval, digest, fault, payload_text

T0 = 1_790_000_000_000
TEXT = payload_text({"role": "duty", "name": "li"})
ASKED = Approval("a", "role.grant", TEXT, digest("role.grant", TEXT), "s", "needed", "wang", T0, T0 + EXPIRES_MS)


@pytest.mark.parametrize(
    ("what", "by", "state", "at", "why"),
    [
        (ASKED, "chen", "s", T0, None),
        (ASKED, "wang", "s", T0, "self"),
        (ASKED, "chen", "other", T0, "stale"),
        (ASKED, "chen", "s", T0 + EXPIRES_MS, "expired"),
        (replace(ASKED, payload=TEXT.replace("duty", "secadmin")), "chen", "s", T0, "altered"),
        (replace(ASKED, verdict="approved"), "chen", "s", T0, "over"),
    ],
)
def test_only_a_different_person_lets_exactly_what_was_asked_happen_and_only_once(what, by, state, at, why):
    assert fault(what, by, state, at) == why


def test_the_payload_is_one_text_whatever_the_order_of_its_fields():
    assert TEXT == '{"name":"li","role":"duty"}' == payload_text({"name": "li", "role": "duty"})
    with pytest.raises(ValueError, match="longer"):
        payload_text({"name": "x" * 5_000})
