"""Whatever reports something comes into one dossier, once, graded by rules that are told; dossiers merge and part."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from ioc.packs.content import load
from ioc.packs.grading import shipped_grading
from ioc.packs.life_cycles import life_cycles
from ioc.queries.alarm_desk import desk
from ioc.queries.audit import newest, verify
from ioc.queries.similar import similar
from ioc.services import dossier_merge, dossiers, intake
from ioc.services.dossiers import Dossier
from ioc.services.intake import Report
from ioc.services.refusals import DossierRefused, OutdatedDossier, UnknownAlarms, UnknownDossier
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store
from tests.ioc.services.alarming import MINUTE, RULES, T0, event, taken

CYCLES = life_cycles(load())
INCIDENT = CYCLES["incident"]
GRADING = shipped_grading()
HANDLE = ["incident.handle"]


def opened(store: Store, now_ms: int = T0, **more: Any) -> Dossier:
    given: dict[str, Any] = {"source": "hand", "ref": "", "title": "东门老街积水没过膝盖", "at_ms": now_ms} | more
    return intake.open_report(store, INCIDENT, GRADING, Report(**given), by="li", now_ms=now_ms).dossier


def test_a_report_is_graded_with_the_rule_in_words(store: Store):
    found = opened(store, facts={"deaths": 3, "text": "桥下积水"})
    assert (found.class_, found.level, found.stage) == ("natural", 2, "reported")
    graded = found.facts["graded"]
    assert graded["class"]["zh"] == "自然灾害：提及积水"
    assert graded["grounds"][0]["zh"] == "死亡 3 人，达到 3 人：Ⅲ级"


def test_what_a_person_said_of_class_and_level_stays(store: Store):
    found = opened(store, class_="security", level=3)
    assert (found.class_, found.level) == ("security", 3)


def test_a_report_that_comes_again_opens_no_second_dossier(store: Store):
    first = intake.open_report(store, INCIDENT, GRADING, Report("hotline", "HX-1", "积水", T0), by="li", now_ms=T0)
    again = intake.open_report(store, INCIDENT, GRADING, Report("hotline", "HX-1", "积水!", T0), by="li", now_ms=T0)
    other = intake.open_report(store, INCIDENT, GRADING, Report("video", "HX-1", "积水", T0), by="li", now_ms=T0)
    assert (first.fresh, again.fresh, other.fresh) == (True, False, True)
    assert again.dossier == first.dossier
    assert other.dossier.id != first.dossier.id


@pytest.mark.service
def test_of_many_who_send_one_report_at_once_one_opens_it(store: Store):
    found: list[str] = []
    failed: list[Exception] = []

    def send() -> None:
        try:
            report = Report("partner", "P-1", "积水", T0)
            found.append(intake.open_report(store, INCIDENT, GRADING, report, by="li", now_ms=T0).dossier.id)
        except Exception as error:
            failed.append(error)

    senders = [threading.Thread(target=send) for _ in range(12)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert len(set(found)) == 1
    with store.read() as unit:
        assert len(unit.scalars(select(DossierRow.id)).all()) == 1, failed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"source": "rumour"}, "source"), ({"ref": "x" * 161}, "ref"), ({"title": " "}, "title"), ({"level": 9}, "level"),
     ({"lat": 91.0, "lon": 1.0}, "lat"), ({"at_ms": T0 + MINUTE}, "received_ms")],
)  # fmt: skip
def test_what_is_wrong_with_a_report_is_told_by_its_field(sqlite_store: Store, wrong: dict[str, Any], field: str):
    given: dict[str, Any] = {"source": "hand", "ref": "", "title": "积水", "at_ms": T0} | wrong
    with pytest.raises(DossierRefused) as refused:
        intake.open_report(sqlite_store, INCIDENT, GRADING, Report(**given), by="li", now_ms=T0)
    assert refused.value.field == field


def test_a_card_of_alarms_becomes_an_incident_once_and_stays_linked(store: Store):
    taken(store, [event("red"), event("orange", indicator="E4")])
    (card,) = desk(store, "live", T0, RULES).cards
    made = intake.open_card(store, INCIDENT, GRADING, RULES, card.id, by="li", now_ms=T0 + MINUTE)
    again = intake.open_card(store, INCIDENT, GRADING, RULES, card.id, by="wang", now_ms=T0 + MINUTE)
    assert (made.fresh, again.fresh, again.dossier.id) == (True, False, made.dossier.id)
    found = made.dossier
    assert (found.title, found.class_, found.level, found.region) == ("桂园街道 内涝与水位", "natural", 2, "440303001")
    assert (found.received_ms, found.facts["alarms"], found.facts["alarm"]) == (T0, 2, "red")
    assert desk(store, "live", T0, RULES).cards[0].dossier_id == found.id
    with pytest.raises(UnknownAlarms):
        intake.open_card(store, INCIDENT, GRADING, RULES, "none", by="li", now_ms=T0)


def test_a_further_card_joins_an_incident_and_belongs_to_no_second_one(store: Store):
    taken(store, [event()])
    (card,) = desk(store, "live", T0, RULES).cards
    found, other = opened(store), opened(store)
    with pytest.raises(OutdatedDossier):
        intake.join_card(store, card.id, found.id, 9, by="li", now_ms=T0)
    joined = intake.join_card(store, card.id, found.id, 1, by="li", now_ms=T0)
    assert (joined.id, joined.version) == (found.id, 2)
    with pytest.raises(DossierRefused) as refused:
        intake.join_card(store, card.id, other.id, 1, by="li", now_ms=T0)
    assert refused.value.field == "card"


def test_the_same_thing_reported_twice_is_proposed_for_merging(store: Store):
    first = opened(store, lon=114.1205, lat=22.546)
    opened(store, T0 + MINUTE, title="一男子晕倒需要救护车", class_="health", lon=114.1205, lat=22.546)
    second = opened(store, T0 + 8 * MINUTE, title="东门老街积水严重，没过膝盖", lon=114.1209, lat=22.5463)
    assert [(one.id, one.score > 0.9) for one in similar(store, second.id)] == [(first.id, True)]
    with pytest.raises(UnknownDossier):
        similar(store, "none")


def test_a_merged_dossier_points_to_the_kept_one_keeps_its_steps_and_parts_again_where_it_was(store: Store):
    kept, merged = opened(store), opened(store)
    merged = dossiers.act(store, INCIDENT, merged.id, "verify", {"class": "natural", "level": 2}, version=1,
                          permissions=HANDLE, by="li", now_ms=T0 + MINUTE)  # fmt: skip
    one, other = dossier_merge.merge(store, kept.id, 1, merged.id, 2, by="li", now_ms=T0 + 2 * MINUTE)
    assert (one.version, other.version, other.ended_ms, other.stage) == (2, 3, T0 + 2 * MINUTE, "verified")
    assert [step[0] for step in dossiers.steps(store, merged.id)] == ["receive", "verify", "merged"]
    with pytest.raises(DossierRefused) as refused:
        dossiers.act(store, INCIDENT, merged.id, "dispatch", {"units": ["u"]}, version=3, permissions=HANDLE, by="li",
                     now_ms=T0)  # fmt: skip
    assert refused.value.field == "merged"
    with pytest.raises(DossierRefused):
        dossiers.claim(store, merged.id, by="wang", now_ms=T0)
    assert similar(store, kept.id) == ()
    _, parted = dossier_merge.split(store, merged.id, 3, by="li", now_ms=T0 + 12 * MINUTE)
    assert (parted.ended_ms, parted.stage, parted.held) == (None, "verified", False)
    assert [(part.running, part.end_ms) for part in parted.clock] == [
        (True, T0 + 2 * MINUTE), (False, T0 + 12 * MINUTE), (True, None),
    ]  # fmt: skip
    dossiers.act(store, INCIDENT, merged.id, "dispatch", {"units": ["u"]}, version=4, permissions=HANDLE, by="li",
                 now_ms=T0 + 13 * MINUTE)  # fmt: skip
    assert [entry.action for entry in newest(store, subject=kept.id)] == [
        "incident.split", "incident.merge", "incident.receive",
    ]  # fmt: skip
    assert verify(store)[1] == []


def test_what_was_held_before_it_was_merged_is_held_after_it_was_parted(store: Store):
    kept, merged = opened(store), opened(store)
    dossiers.act(
        store, INCIDENT, merged.id, "hold", {"reason": "等"}, version=1, permissions=HANDLE, by="li", now_ms=T0
    )
    dossier_merge.merge(store, kept.id, 1, merged.id, 2, by="li", now_ms=T0)
    assert dossier_merge.split(store, merged.id, 3, by="li", now_ms=T0)[1].held


def test_who_merges_what_somebody_else_has_changed_or_merged_is_told(store: Store):
    kept, merged, third = opened(store), opened(store), opened(store)
    dossiers.claim(store, merged.id, by="wang", now_ms=T0)
    with pytest.raises(OutdatedDossier) as outdated:
        dossier_merge.merge(store, kept.id, 1, merged.id, 1, by="li", now_ms=T0)
    assert outdated.value.by == "wang"
    with pytest.raises(DossierRefused):
        dossier_merge.merge(store, kept.id, 1, kept.id, 1, by="li", now_ms=T0)
    dossier_merge.merge(store, kept.id, 1, merged.id, 2, by="li", now_ms=T0)
    with pytest.raises(DossierRefused) as refused:
        dossier_merge.merge(store, third.id, 1, merged.id, 3, by="li", now_ms=T0)
    assert refused.value.field == "merged"
    with pytest.raises(DossierRefused):
        dossier_merge.split(store, third.id, 1, by="li", now_ms=T0)


def test_a_report_that_comes_again_leads_to_the_dossier_that_its_own_was_merged_into(store: Store):
    kept = opened(store)
    merged = opened(store, source="hotline", ref="HX-1")
    dossier_merge.merge(store, kept.id, 1, merged.id, 1, by="li", now_ms=T0)
    assert opened(store, source="hotline", ref="HX-1").id == kept.id


@pytest.mark.parametrize(("move", "level"), [("raise", 2), ("raise", 1), ("lower", 2), ("lower", 3)])
def test_what_raises_names_a_higher_level_and_what_lowers_a_lower_one(sqlite_store: Store, move: str, level: int):
    found = opened(sqlite_store, level=2)
    with pytest.raises(DossierRefused) as refused:
        dossiers.act(sqlite_store, INCIDENT, found.id, move, {"level": level, "reason": "因"}, version=1,
                     permissions=HANDLE, by="li", now_ms=T0)  # fmt: skip
    assert refused.value.field == "level"
