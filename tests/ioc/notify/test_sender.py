"""The sender carries each message out once as far as its channel allows, and never waits for one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from ioc.notify.letter import written
from ioc.notify.outlet import Sent
from ioc.notify.sender import Sender
from ioc.queries import messages as told
from ioc.services import messages
from ioc.services.deliveries import Batch, Letter
from ioc.services.messages import Draft
from ioc.store.unit import Store

T0 = 1_790_000_000_000
SECOND, MINUTE = 1_000, 60_000


@dataclass
class Phone:
    """A channel that keeps what it got, answers as told, and can be made to hang."""

    per_minute: int = 20
    answer: Sent = field(default_factory=lambda: Sent("sent"))
    got: list[tuple[str, str, str]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    def send(self, batch: str, title: str, body: str) -> Sent:
        self.got.append((batch, title, body))
        assert self.open.wait(20)
        return self.answer


def ways(_recipient: str, _kinds: Sequence[str], _world: str) -> Sequence[str]:
    return ("im", "sms")


def sender(store: Store, **phones: Phone) -> Sender:
    return Sender(store, lambda: phones, lambda: ways, link_base="https://ioc.example", reminders=(5 * MINUTE, 2))


def write(store: Store, *, asks: bool = False) -> None:
    with store.write() as unit:
        messages.write(unit, Draft("c", "test", "duty", "标题", "正文", asks=asks), ["role:duty"], ways, T0)


def settled(found: Sender, now_ms: int, count: int) -> None:
    """Until so many attempts have ended and are written down."""
    turn, end = threading.Event(), 0
    for _ in range(2000):
        end += found.settle(now_ms)
        if end >= count:
            return
        turn.wait(0.01)
    raise AssertionError("it did not end")


def test_a_channel_that_hangs_holds_up_nothing_and_the_next_one_takes_over(sqlite_store: Store):
    slow, quick = Phone(), Phone()
    quick.open.set()
    found = sender(sqlite_store, im=slow, sms=quick)
    write(sqlite_store, asks=True)
    assert found.turn(T0) == 1
    assert found.turn(T0 + 10 * SECOND) == 0
    assert found.turn(T0 + 30 * SECOND) == 1
    settled(found, T0 + 30 * SECOND, 1)
    message = told.newest(sqlite_store)[0]
    assert (message.reached_ms, [way.state for way in message.ways]) == (T0 + 30 * SECOND, ["trying", "sent"])
    slow.answer = Sent("unknown")
    slow.open.set()
    settled(found, T0 + 31 * SECOND, 1)
    assert found.turn(T0 + 4 * MINUTE) == 0
    assert "https://ioc.example/receipt/" in quick.got[0][2]


def test_a_sender_that_died_is_followed_by_one_that_asks_again_with_the_same_id(sqlite_store: Store):
    phone = Phone()
    write(sqlite_store)
    assert sender(sqlite_store, im=phone).turn(T0) == 1
    second = sender(sqlite_store, im=phone)
    assert second.turn(T0 + 44 * SECOND) == 0
    assert second.turn(T0 + 45 * SECOND) == 1
    phone.open.set()
    assert second.turn(T0 + 50 * SECOND) == 1
    settled(second, T0 + 51 * SECOND, 1)
    assert len({batch for batch, _, _ in phone.got}) == 1


def test_a_channel_that_is_no_more_is_left_to_the_next_one(sqlite_store: Store):
    phone = Phone()
    phone.open.set()
    write(sqlite_store)
    found = sender(sqlite_store, sms=phone)
    assert found.turn(T0) == 0
    assert found.turn(T0 + 25 * SECOND) == 1
    settled(found, T0 + 26 * SECOND, 1)


def test_a_letter_says_what_it_is_and_how_to_answer_and_an_exercise_is_marked():
    one = Letter("a" * 32, "live", "标题", "正文", "tok")
    assert written(Batch("b", "im", (one,)), "https://x") == (
        "标题", "正文\n回执 answer: https://x/receipt/tok\n编号 id: aaaaaaaaaaaa",
    )  # fmt: skip
    two = Letter("b" * 32, "drill", "演习", "正文", "")
    title, body = written(Batch("b", "im", (one, two)), "https://x")
    assert title == "2 条消息汇总 a digest of 2 messages"
    assert body.splitlines() == ["1. 标题 https://x/receipt/tok", "2. 【演练 exercise】演习"]
