"""The duty round gives each keeper its turn; one that cannot work now, or fails, never holds up the others."""

from __future__ import annotations

import threading

import redis

from ioc.services.duty_round import DutyRound


class Counting:
    """A keeper that does what it is told, and counts."""

    def __init__(self, name: str, *outcomes: int | Exception) -> None:
        self.name, self.outcomes, self.turns = name, list(outcomes), 0

    def turn(self, now_ms: int) -> int:
        self.turns += 1
        outcome = self.outcomes.pop(0) if self.outcomes else 0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Hand:
    """A clock that is moved by hand."""

    now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_each_keeper_has_its_turn_and_what_was_done_is_counted():
    one, other = Counting("one", 3), Counting("other", 2, 1)
    duty = DutyRound([one, other], Hand())
    assert (duty.once(), duty.once(), duty.once()) == (5, 1, 0)
    assert [chore.done for chore in duty.chores] == [3, 3]
    assert duty.facts()["state"] == "keeping"


def test_a_keeper_whose_data_bus_is_away_is_put_off_and_the_others_go_on():
    away, well, clock = Counting("away", *[redis.ConnectionError("gone")] * 2), Counting("well"), Hand()
    duty = DutyRound([away, well], clock)
    for _ in range(3):
        duty.once()
    assert (away.turns, well.turns) == (1, 3)
    assert (duty.facts()["state"], duty.facts()["trouble"]) == ("waiting", "away: ConnectionError: gone")
    clock.now += 500
    duty.once()
    clock.now += 500  # the second time it is put off for a second
    duty.once()
    assert away.turns == 2
    clock.now += 500
    duty.once()
    assert (away.turns, duty.facts()["state"]) == (3, "keeping")


def test_a_keeper_that_fails_in_a_way_that_nobody_foresaw_stops_nobody_and_is_shown():
    broken, well = Counting("broken", KeyError("level")), Counting("well", 1)
    duty = DutyRound([broken, well], Hand())
    assert duty.once() == 1
    assert duty.facts()["keepers"]["broken"] == {"done": 0, "failures": 1, "trouble": "KeyError: 'level'"}


def test_a_clock_that_is_set_back_puts_nobody_off_for_an_hour():
    away, clock = Counting("away", OSError("full")), Hand()
    duty = DutyRound([away], clock)
    duty.once()
    clock.now -= 3_600_000
    duty.once()
    assert away.turns == 2


def test_the_round_ends_when_it_is_told_to():
    stop = threading.Event()
    duty = DutyRound([Counting("one")], Hand())
    going = threading.Thread(target=duty.run, args=(stop,))
    going.start()
    stop.set()
    going.join(5)
    assert not going.is_alive()
