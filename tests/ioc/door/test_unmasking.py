"""Unmasking: who may, with a reason, in the audit; everything at once only with a second person."""

from __future__ import annotations

from ioc.packs.handling import handling
from ioc.queries.audit import newest
from ioc.services import dossiers
from ioc.services.dossiers import Received
from tests.ioc.door.conftest import T0, Site, post


def test_a_field_is_told_with_a_reason_that_stands_in_the_audit_and_to_nobody_else(site: Site):
    what = Received("incident", "水位", T0, facts={"phone": "13800138000", "caller": "示例"})
    name = dossiers.receive(site.desk.store, handling().cycles["incident"], what, by="li", now_ms=T0).id
    path, asked = f"/incidents/{name}/unmask", {"field": "phone", "reason": "call back"}
    duty = site.signed_in("duty")
    assert post(duty, path, {"field": "phone"}).status_code == 400
    assert post(duty, path, asked | {"field": "home"}).status_code == 404
    assert post(duty, path, {"approval": "made-up"}).status_code == 404
    assert post(duty, path, asked).json == {"facts": {"phone": "13800138000"}}
    entry = newest(site.desk.store, most=1)[0]
    assert (entry.action, entry.actor, entry.subject) == ("personal.unmask", "duty", name)
    assert "13800138000" not in entry.detail
    assert post(site.signed_in("leader"), path, asked).status_code == 403
