"""The roster: nobody is in two shifts at once, edits are undone, handovers list what is open and are signed once."""

from __future__ import annotations

import json

import pytest

from ioc.domain.audience import About, Audience, recipients
from ioc.domain.roster import Shift
from ioc.packs.handling import handling
from ioc.queries.means_page import roster_page
from ioc.security.role import Role
from ioc.services import dossiers, people, roster
from ioc.services.dossiers import Received
from ioc.services.refusals import BadEntry, MeansRefused
from ioc.store.unit import Store

T0 = 1_790_000_000_000
HOUR = 3_600_000
DUTY = Audience("duty", "值班员", "duty officers", "role", "duty")


@pytest.fixture
def desk(store: Store) -> Store:
    for name, role in (("li", Role.DUTY), ("wang", Role.DUTY), ("chen", Role.LEADER)):
        people.add_person(store, name, [role], "Correct-horse-7-battery", T0, title=name.title())
    return store


def put(store: Store, person: str, start_h: float, end_h: float, role: str = "duty", *, shift_id: str = "") -> str:
    shift = Shift(shift_id, person, role, "应急席", T0 + int(start_h * HOUR), T0 + int(end_h * HOUR))
    return roster.put(store, [shift], by="chen", now_ms=T0)[0]


def told(store: Store, now_ms: int) -> tuple[str, ...]:
    with store.read() as unit:
        return recipients(DUTY, About(on_duty=roster.now_on_duty(unit, now_ms)), lambda code, level: "")


def test_on_duty_means_who_the_roster_says_and_everybody_where_it_says_nobody(desk: Store):
    put(desk, "li", 0, 8)
    put(desk, "wang", 8, 16)
    put(desk, "chen", 0, 16, "leader")
    assert [told(desk, T0 + hour * HOUR) for hour in (0, 7, 8, 16)] == [
        ("person:li",), ("person:li",), ("person:wang",), ("role:duty",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("person", "start", "end", "role", "field"),
    [
        ("li", 7, 9, "duty", "1.start"), ("zhao", 10, 12, "duty", "1.person"), ("li", 10, 12, "leader", "1.role"),
        ("li", 12, 10, "duty", "1.end"), ("li", 10, 50, "duty", "1.end"), ("li", 10, 10.1, "duty", "1.end"),
    ],
)  # fmt: skip
def test_a_shift_that_cannot_be_is_refused_by_its_field(  # noqa: PLR0917 - what a shift is
    desk: Store, person: str, start: float, end: float, role: str, field: str
):
    put(desk, "li", 0, 8)
    with pytest.raises(BadEntry) as refused:
        put(desk, person, start, end, role)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [field]
    assert len(roster_page(desk, T0, T0 + 100 * HOUR, T0)["shifts"]) == 1


def test_edits_and_whole_tables_are_undone(desk: Store):
    first = put(desk, "li", 0, 8)
    put(desk, "li", 0, 6, shift_id=first)
    table = "person,role,start,end\nli,duty,2026-09-23 08:00,2026-09-23 16:00\n"
    table += "wang,duty,2026-09-23 16:00,2026-09-24 00:00\n"
    roster.put(desk, roster.read_csv(table), by="chen", now_ms=T0)
    roster.remove(desk, first, by="chen", now_ms=T0)
    seen = []
    for _ in range(4):
        roster.undo(desk, by="chen", now_ms=T0)
        shifts = roster_page(desk, T0, T0 + 100 * HOUR, T0)["shifts"]
        seen.append([(each["end"] - each["start"]) // HOUR for each in shifts])
    assert seen == [[6, 8, 8], [6], [8], []]


def test_a_table_with_a_fault_is_not_taken_over_and_says_each_line(desk: Store):
    with pytest.raises(BadEntry) as refused:
        roster.read_csv("person,role,start,end\nli,duty,gestern,2026-09-23 16:00\n")
    assert refused.value.faults == ("1.start: 须如 2026-09-01 08:00 such as 2026-09-01 08:00",)
    table = "person\trole\tstart\tend\nli\tduty\t2026-09-23 08:00\t2026-09-23 16:00\n"
    table += "li\tduty\t2026-09-23 15:00\t2026-09-23 20:00\n"
    with pytest.raises(BadEntry) as refused:
        roster.put(desk, roster.read_csv(table), by="chen", now_ms=T0)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == ["2.start"]
    assert roster_page(desk, T0, T0 + 100 * HOUR, T0)["shifts"] == []


def test_a_handover_lists_what_is_open_and_only_its_taker_signs_it_once(desk: Store):
    what = Received("incident", "东门积水", T0, level=3)
    dossiers.receive(desk, handling().cycles["incident"], what, by="li", now_ms=T0)
    made = roster.hand_over(desk, "wang", "泵车在路上", world="live", by="li", now_ms=T0 + 1)
    for who in ("li", "chen"):
        with pytest.raises(MeansRefused):
            roster.sign(desk, made, by=who, now_ms=T0 + 2)
    for later in (3, 4):
        roster.sign(desk, made, by="wang", now_ms=T0 + later)
    (found,) = roster_page(desk, T0, T0 + HOUR, T0)["handovers"]
    assert (found["giver"], found["taker"], found["signed"], [each["title"] for each in found["open"]]) == (
        "li", "wang", T0 + 3, ["东门积水"],
    )  # fmt: skip
    assert json.dumps(found)
    for taker, note in (("li", "x"), ("zhao", "x"), ("wang", " ")):
        with pytest.raises(MeansRefused):
            roster.hand_over(desk, taker, note, world="live", by="li", now_ms=T0)
