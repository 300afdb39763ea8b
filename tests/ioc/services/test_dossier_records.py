"""Each change of a dossier is a row of the record of its kind, with what the source declares and nothing else."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from ioc.packs.content import load
from ioc.packs.life_cycles import life_cycles
from ioc.services import dossier_merge, dossiers
from ioc.services.dossiers import Received
from ioc.store.outbox_table import OutboxRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000
CONTENT = load()
CYCLES = life_cycles(CONTENT)
HANDLE = ["incident.handle"]


def go(store: Store, kind: str, *moves: tuple[str, dict[str, Any]], facts: dict[str, Any] | None = None) -> str:
    what = Received(kind, "东门积水", T0, class_="natural" if kind == "incident" else "", region="440303003",
                    lon=114.12, lat=22.546, facts=facts or {})  # fmt: skip
    found = dossiers.receive(store, CYCLES[kind], what, by="li", now_ms=T0)
    for minute, (move, said) in enumerate(moves, 1):
        found = dossiers.act(store, CYCLES[kind], found.id, move, said, version=found.version, permissions=HANDLE,
                             by="li", now_ms=T0 + minute * MINUTE)  # fmt: skip
    return found.id


def rows(store: Store, dossier_id: str) -> list[tuple[int, dict[str, str]]]:
    with store.read() as unit:
        found = unit.scalars(select(OutboxRow).where(OutboxRow.entity == dossier_id).order_by(OutboxRow.seq))
        return [(row.at_ms, json.loads(row.fields)) for row in found]


def declared(scene: str, source: str) -> set[str]:
    pack = next(pack for pack in CONTENT.packs if pack.scene == scene)
    assert pack.sources is not None
    return set(pack.sources.raw["source"][source]["fields"])


def test_an_incident_is_told_with_each_change_by_the_times_of_its_stages(store: Store):
    name = go(
        store, "incident", ("verify", {"class": "natural", "level": 2}), ("dispatch", {"units": ["u1"]}),
        ("arrive", {"unit": "u1"}), ("control", {"report": "退"}), ("close", {"report": "完"}), facts={"deaths": 1},
    )  # fmt: skip
    told = rows(store, name)
    assert [at for at, _ in told] == [T0 + minute * MINUTE for minute in range(6)]
    assert told[-1][1] == {
        "class": "natural", "level": "2", "received_at": str(T0), "dispatched_at": str(T0 + 2 * MINUTE),
        "on_scene_at": str(T0 + 3 * MINUTE), "closed_at": str(T0 + 5 * MINUTE), "deaths": "1",
        "community": "440303003", "point": "114.1200000 22.5460000",
    }  # fmt: skip
    assert set(told[-1][1]) <= declared("emergency", "incident")
    assert "dispatched_at" not in told[1][1]


def test_an_incident_that_is_opened_again_is_not_closed_any_more(store: Store):
    name = go(store, "incident", ("void", {"reason": "误报"}), ("reopen", {"reason": "又有"}))
    assert ["closed_at" in fields for _, fields in rows(store, name)] == [False, True, False]


def test_a_case_is_told_with_its_rework_its_holds_and_who_had_it(store: Store):
    name = go(
        store, "case", ("file", {"kind": "part"}), ("dispatch", {"org": "区水务局"}), ("hold", {"reason": "等料"}),
        ("resume", {}), ("accept", {}), ("extend", {"minutes": 60, "reason": "难"}), ("answer", {"report": "好"}),
        ("rework", {"reason": "未好"}), ("answer", {"report": "好"}), ("check", {"passed": True}), ("close", {}),
        facts={"channel": "hotline", "place": "东门老街"},
    )  # fmt: skip
    _, told = rows(store, name)[-1]
    assert set(told) <= declared("governance", "case")
    assert told | {"handled_at": "", "point": "", "community": ""} == {
        "created_at": str(T0), "reported_at": str(T0), "channel": "hotline", "kind": "part", "valid": "true",
        "filed_at": str(T0 + MINUTE), "routed_at": str(T0 + 2 * MINUTE), "reassigned": "false", "org": "区水务局",
        # Tuesday 9:30; 72 open hours from Tuesday on, over the two holidays; 8 open hours later
        "file_by": "1790040600000", "deadline": "1791860400000", "close_by": "1791950400000", "auto_routed": "true",
        "should_dispatch": "true", "dispatch_ok": "true", "handled_at": "", "closed_at": str(T0 + 11 * MINUTE),
        "rework": "1", "extended": "true", "holds": "2026-09-21T14:16:20.000Z/2026-09-21T14:17:20.000Z",
        "place": "东门老街", "status": "closed", "point": "", "community": "",
    }  # fmt: skip
    assert told["handled_at"] == str(T0 + 9 * MINUTE)


def test_a_case_that_went_to_the_wrong_office_says_so(store: Store):
    name = go(store, "case", ("file", {"kind": "event"}), ("dispatch", {"org": "水务局"}),
              ("transfer", {"org": "城管局", "reason": "非我"}))  # fmt: skip
    _, told = rows(store, name)[-1]
    assert (told["reassigned"], told["dispatch_ok"], told["org"]) == ("true", "false", "城管局")


def test_a_case_that_is_not_filed_has_a_deadline_for_that_alone(store: Store):
    _, told = rows(store, go(store, "case"))[-1]
    assert (told["file_by"], "deadline" in told, "close_by" in told, "auto_routed" in told) == (
        "1790040600000", False, False, False,
    )  # fmt: skip


def test_while_a_case_is_held_its_deadline_moves_on_and_an_extension_counts(store: Store):
    moves: list[tuple[str, dict[str, Any]]] = [
        ("file", {"kind": "part"}),
        ("dispatch", {"org": "城管"}),
        ("accept", {}),
    ]
    name = go(store, "case", *moves, ("extend", {"minutes": 60, "reason": "难"}), ("hold", {"reason": "等料"}))
    found = dossiers.find(store, name)
    day = T0 + 24 * 3_600_000
    dossiers.act(
        store, CYCLES["case"], name, "resume", {}, version=found.version, permissions=HANDLE, by="li", now_ms=day
    )
    deadlines = [fields.get("deadline") for _, fields in rows(store, name)]
    hour, open_day = 3_600_000, 24 * 3_600_000
    assert int(deadlines[4] or 0) - int(deadlines[3] or 0) == hour
    assert int(deadlines[-1] or 0) - int(deadlines[-2] or 0) == open_day


def test_who_names_another_office_than_the_proposed_one_did_not_keep_it(store: Store):
    name = go(store, "case", ("file", {"kind": "part"}), ("dispatch", {"org": "区城管局"}))
    _, told = rows(store, name)[-1]
    assert (told["auto_routed"], told["reassigned"], told["dispatch_ok"]) == ("true", "true", "true")


def test_what_was_merged_is_closed_and_open_again_when_it_is_parted(store: Store):
    kept, merged = go(store, "incident"), go(store, "incident")
    dossier_merge.merge(store, kept, 1, merged, 1, by="li", now_ms=T0 + MINUTE)
    dossier_merge.split(store, merged, 2, by="li", now_ms=T0 + 2 * MINUTE)
    assert [fields.get("closed_at") for _, fields in rows(store, merged)] == [None, str(T0 + MINUTE), None]
