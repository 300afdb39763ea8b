"""What goes out is written down first; a limit loses nothing, a failure goes to the next channel, an answer ends it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sqlalchemy import select

from ioc.packs.handling import handling
from ioc.queries import messages as told
from ioc.security.role import Role
from ioc.services import deliveries, dossiers, messages
from ioc.services.deliveries import Batch
from ioc.services.dossiers import Received
from ioc.services.messages import Draft
from ioc.store.message_tables import DeliveryAttemptRow, DeliveryRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
SECOND, MINUTE = 1_000, 60_000


def ways(_recipient: str, _kinds: Sequence[str], _world: str) -> Sequence[str]:
    return ("im", "sms")


def write(store: Store, count: int = 1, now_ms: int = T0, **more: object) -> list[str]:
    made: list[str] = []
    with store.write() as unit:
        for number in range(count):
            draft = Draft(f"test:{now_ms}:{number}", "test", "duty", f"消息{number}", "正文", **more)  # type: ignore[arg-type]
            made += messages.write(unit, draft, ["role:duty"], ways, now_ms)
    return made


def claim(store: Store, channel: str, now_ms: int, per_minute: int = 20, most: int = 100) -> Sequence[Batch]:
    return deliveries.claim(store, channel, per_minute, most, now_ms)


def states(store: Store) -> list[tuple[str, str]]:
    with store.read() as unit:
        rows = unit.scalars(select(DeliveryRow).order_by(DeliveryRow.round, DeliveryRow.rank))
        return [(row.channel, row.state) for row in rows]


def outcomes(store: Store) -> list[tuple[int, str]]:
    with store.read() as unit:
        rows = unit.scalars(select(DeliveryAttemptRow).order_by(DeliveryAttemptRow.at_ms, DeliveryAttemptRow.number))
        return [(row.number, row.outcome) for row in rows]


def test_the_same_cause_tells_a_recipient_once(store: Store):
    assert len(write(store)) == 1
    assert write(store) == []


def test_an_attempt_is_written_down_before_it_is_made_and_success_ends_the_round(store: Store):
    message = write(store)[0]
    batch = claim(store, "im", T0)[0]
    assert (batch.id, outcomes(store), states(store)) == (message, [(1, "")], [("im", "trying"), ("sms", "waiting")])
    deliveries.finish(store, batch, "sent", "", T0 + SECOND)
    assert (outcomes(store), states(store)) == ([(1, "sent")], [("im", "sent"), ("sms", "dropped")])
    assert claim(store, "sms", T0 + MINUTE) == ()


def test_the_next_channel_comes_at_once_after_a_refusal_and_within_thirty_seconds_without_an_answer(store: Store):
    write(store)
    assert claim(store, "sms", T0 + SECOND) == ()
    refused = claim(store, "im", T0)[0]
    deliveries.finish(store, refused, "refused", "HTTP 500", T0 + SECOND)
    assert len(claim(store, "sms", T0 + SECOND)) == 1
    write(store, now_ms=T0 + MINUTE)
    assert len(claim(store, "im", T0 + MINUTE)) == 2  # the refused one again, and the new one, which hangs
    assert len(claim(store, "sms", T0 + MINUTE + 30 * SECOND)) == 1


def test_a_channel_that_refuses_the_twenty_first_message_of_a_minute_loses_none(store: Store):
    """All of 50 messages arrive, each once, and no minute has more than twenty texts."""
    wanted = set(write(store, 50))
    arrived: list[str] = []
    sent_at: list[int] = []
    for second in range(0, 200, 5):
        now = T0 + second * SECOND
        for batch in claim(store, "im", now):
            recent = [at for at in sent_at if at > now - MINUTE]
            sent_at.append(now)
            if len(recent) >= 20:
                deliveries.finish(store, batch, "refused", "HTTP 429", now)
            else:
                arrived += [letter.message_id for letter in batch.letters]
                deliveries.finish(store, batch, "sent", "", now)
    assert sorted(arrived) == sorted(wanted)
    assert all(sum(at - MINUTE < other <= at for other in sent_at) <= 20 for at in sent_at)


def test_an_attempt_whose_process_died_is_asked_again_with_the_same_id_and_said_to_be_unknown(store: Store):
    write(store)
    first = claim(store, "im", T0)[0]
    assert deliveries.expire(store, T0 + 44 * SECOND) == 0
    assert deliveries.expire(store, T0 + 45 * SECOND) == 1
    again = claim(store, "im", T0 + 50 * SECOND)[0]
    assert again.id == first.id
    assert outcomes(store) == [(1, "unknown"), (2, "")]


def test_an_answer_stops_what_waits_and_what_is_tried_is_not_tried_again(store: Store):
    message = write(store, asks=True, remind_ms=5 * MINUTE, remind_most=3)[0]
    batch = claim(store, "im", T0)[0]
    assert batch.letters[0].token
    messages.answer(store, message, by="li", now_ms=T0 + SECOND)
    deliveries.finish(store, batch, "unknown", "", T0 + 2 * SECOND)
    assert states(store) == [("im", "dropped"), ("sms", "dropped")]
    assert deliveries.remind(store, ways, 5 * MINUTE, 3, T0 + 60 * MINUTE) == 0


def test_who_does_not_answer_is_reminded_so_often_and_not_more(store: Store):
    write(store, asks=True, remind_ms=5 * MINUTE, remind_most=2)
    for batch in claim(store, "im", T0):
        deliveries.finish(store, batch, "sent", "", T0)
    reminded = [deliveries.remind(store, ways, 5 * MINUTE, 2, T0 + minute * MINUTE) for minute in range(0, 30, 1)]
    assert [minute for minute, count in enumerate(reminded) if count] == [5, 10]
    assert [channel for channel, _ in states(store)] == ["im", "sms"] * 3


def test_nobody_is_reminded_of_what_has_ended(store: Store):
    cycle = handling().cycles["incident"]
    found = dossiers.receive(store, cycle, Received("incident", "积水", T0), by="li", now_ms=T0)
    write(store, asks=True, remind_ms=5 * MINUTE, remind_most=3, dossier_id=found.id)
    said, permissions = {"reason": "误报"}, ["incident.handle"]
    dossiers.act(store, cycle, found.id, "void", said, version=1, permissions=permissions, by="li", now_ms=T0 + 1)
    deliveries.remind(store, ways, 5 * MINUTE, 3, T0 + 5 * MINUTE)
    assert [(each.state, each.stopped_why) for each in told.of_dossier(store, found.id)] == [("stopped", "ended")]
    assert states(store) == [("im", "dropped"), ("sms", "dropped")]


def test_a_channel_that_takes_less_than_it_is_said_to_loses_none_either(store: Store):
    """It refuses the 21st of each minute, while it is said to take a hundred."""
    wanted = set(write(store, 50))
    arrived: list[str] = []
    taken_at: list[int] = []
    for second in range(0, 900, 5):
        now = T0 + second * SECOND
        for batch in claim(store, "im", now, per_minute=100):
            if sum(at > now - MINUTE for at in taken_at) >= 20:
                deliveries.finish(store, batch, "refused", "HTTP 429", now)
            else:
                taken_at.append(now)
                arrived += [letter.message_id for letter in batch.letters]
                deliveries.finish(store, batch, "sent", "", now)
    assert sorted(arrived) == sorted(wanted)


def test_two_processes_share_the_limit_of_a_channel_and_send_nothing_twice(store: Store):
    write(store, 30)
    start = threading.Barrier(2)
    found: list[Batch] = []

    def run() -> None:
        start.wait()
        found.extend(claim(store, "im", T0, per_minute=10))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [letter.message_id for batch in found for letter in batch.letters]
    assert len(sent) == len(set(sent))
    assert len(found) == 10


def test_who_sees_some_regions_sees_messages_of_their_dossiers_and_those_of_none(store: Store):
    cycle = handling().cycles["incident"]
    what = Received("incident", "积水", T0, region="440303003")
    found = dossiers.receive(store, cycle, what, by="li", now_ms=T0)
    about = write(store, asks=True, dossier_id=found.id)[0]
    general = write(store, now_ms=T0 + 1, asks=True)[0]

    def seen(*codes: str) -> set[str]:
        return {each.id for each in told.inbox(store, "li", [Role.DUTY], within=frozenset(codes))}

    assert (seen("440303003"), seen("440303004")) == ({about, general}, {general})
    assert not told.is_for(store, about, "li", [Role.DUTY], frozenset({"440303004"}))
    assert told.is_for(store, about, "li", [Role.DUTY])


def test_who_is_reached_by_no_channel_within_a_minute_is_called(store: Store):
    late = write(store, asks=True)[0]
    assert told.failures(store, T0 + 59 * SECOND) == ()
    assert [each.id for each in told.failures(store, T0 + MINUTE)] == [late]
    for batch in claim(store, "im", T0 + MINUTE):
        deliveries.finish(store, batch, "sent", "", T0 + MINUTE)
    assert told.failures(store, T0 + 2 * MINUTE) == ()


def test_the_desk_sees_what_waits_whom_nothing_reached_and_who_answered(store: Store):
    first, second = write(store, 2, asks=True)
    messages.answer(store, first, by="li", now_ms=T0 + SECOND)
    assert [each.id for each in told.inbox(store, "li", [Role.DUTY])] == [second]
    assert told.inbox(store, "li", [Role.ANALYST]) == ()
    for channel in ("im", "sms"):
        for batch in claim(store, channel, T0 + MINUTE):
            deliveries.finish(store, batch, "refused", "HTTP 500", T0 + MINUTE)
    assert [(each.id, each.ways[0].why) for each in told.failures(store, T0 + 2)] == [(second, "HTTP 500")]
    answered = next(each for each in told.newest(store) if each.id == first)
    assert (answered.state, answered.answered_by, answered.answered_how) == ("answered", "li", "screen")
    assert told.is_for(store, second, "li", [Role.DUTY])
    assert not told.is_for(store, second, "wang", [Role.LEADER])
