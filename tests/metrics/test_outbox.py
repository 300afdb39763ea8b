"""Between two commits: of each series and window the newest word, and a bounded number of dead letters."""

from __future__ import annotations

import json

import msgpack
import numpy as np

from metrics.basis import Basis
from metrics.clock import WorldClock
from metrics.codec import Reject
from metrics.outbox import Outbox
from metrics.outlook_entry import OutlookEntry
from metrics.raw import RawRows
from metrics.remark import Finding, Stretch, remark, unpack
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.values import Values

HOUR = 3_600_000
REAL = 1_717_214_400_000
BASIS = Basis("0.1.0", "abc", {}, ())


def value(end: int, number: float, revision: int = 0) -> Value:
    return Value("T1", 1, "440303", (), end - 300_000, end, number, "complete", 3, revision)


def emptied(outbox: Outbox, clock: WorldClock | None = None, real_ms: int = REAL, basis: Basis = BASIS):
    feeds = {"traffic": "{}"}
    return outbox.empty(clock or WorldClock(), real_ms, {"traffic": {"0": "5-0"}}, {"traffic": 7}, feeds, basis=basis)


def test_only_the_newest_word_on_a_window_is_published() -> None:
    outbox = Outbox()
    outbox.add([Values.of([value(300_000, 1.0)])])
    outbox.add([Values.of([value(300_000, 2.0)], done=True)])
    outputs = emptied(outbox)
    assert outputs.values is not None
    assert outputs.completed is not None
    assert [one.value for one in unpack_values(outputs.values["b"])] == [2.0]
    assert [one.value for one in unpack_values(outputs.completed["b"])] == [2.0]


def test_latest_holds_the_newest_window_even_when_an_older_one_is_corrected_after_it() -> None:
    outbox = Outbox()
    outbox.add([Values.of([value(600_000, 2.0)]), Values.of([value(300_000, 1.0, revision=1)], done=True)])
    (latest,) = emptied(outbox).latest.values()
    assert unpack_values(latest)[0].window_end == 600_000


def test_a_series_that_was_given_up_leaves_latest_unless_it_is_said_again() -> None:
    outbox = Outbox()
    outbox.add([Values.of([value(300_000, 1.0)])])
    outbox.forget(["T1|440303|"])
    outputs = emptied(outbox)
    assert (outputs.gone, dict(outputs.latest)) == (["T1|440303|"], {})
    outbox.forget(["T1|440303|"])
    outbox.add([Values.of([value(600_000, 2.0)])])
    outputs = emptied(outbox)
    assert (outputs.gone, list(outputs.latest)) == ([], ["T1|440303|"])
    assert outputs.values is not None
    assert "gone" not in outputs.values


def test_the_entry_of_the_commit_names_the_series_that_were_given_up_even_without_a_value() -> None:
    outbox = Outbox()
    outbox.forget(["T1|440303|road=b", "T1|440303|road=a"])
    outputs = emptied(outbox)
    assert outputs.values is not None
    assert msgpack.unpackb(outputs.values["gone"]) == ["T1|440303|road=a", "T1|440303|road=b"]
    assert unpack_values(outputs.values["b"]) == []
    assert emptied(outbox).values is None


def test_an_entry_says_when_and_from_what_it_was_computed() -> None:
    outbox = Outbox()
    outbox.add([Values.of([value(300_000, 1.0)])])
    outputs = emptied(outbox, WorldClock(event_ms=1000, real_ms=REAL - 10, speed=60.0))
    assert outputs.values is not None
    assert (outputs.values["v"], outputs.values["at"], outputs.values["now"]) == ("1", str(REAL), "1600")
    assert json.loads(outputs.values["positions"]) == {"traffic": {"0": "5-0"}}
    assert json.loads(outputs.values["watermarks"]) == {"traffic": 7}
    assert (outputs.values["bundle"], outputs.values["basis"]) == ("abc", BASIS.digest)


def test_remarks_are_said_once() -> None:
    outbox = Outbox()
    emptied(outbox)
    run = RawRows(4, {}, [b"5-0"], np.array([0, 4]))
    outbox.remark(remark("traffic", 0, run, None, Finding("late", np.array([0, 1]))))
    intake = emptied(outbox).intake
    assert intake is not None
    assert [one.stretches for one in unpack(intake["b"])] == [[Stretch("5-0", 0, "5-0", 1)]]
    assert emptied(outbox).intake is None


def test_the_basis_is_said_at_first_when_it_changes_and_once_a_day() -> None:
    outbox = Outbox()
    first = emptied(outbox).intake
    assert first is not None
    assert Basis.from_json(first["basis"]) == BASIS
    assert emptied(outbox, real_ms=REAL + 1).intake is None
    other = Basis("0.1.0", "abc", {}, ('{"name":"quota"}',))
    changed = emptied(outbox, real_ms=REAL + 2, basis=other).intake
    assert changed is not None
    assert changed["digest"] == other.digest
    assert emptied(outbox, real_ms=REAL + 24 * HOUR, basis=other).intake is not None


def test_nothing_new_publishes_no_entries() -> None:
    outbox = Outbox()
    outbox.add([Values.of([value(300_000, 1.0)], done=True)])
    emptied(outbox)
    assert len(outbox) == 0
    assert (emptied(outbox).values, emptied(outbox).completed) == (None, None)


def test_completed_values_are_kept_for_49_hours_of_the_worlds_own_time() -> None:
    assert emptied(Outbox()).completed_from_ms == REAL - 49 * HOUR
    assert emptied(Outbox(), WorldClock(0, 0, 60.0)).completed_from_ms == REAL - 49 * 60_000


def test_of_a_flood_of_dead_letters_the_newest_ten_thousand_are_kept() -> None:
    outbox = Outbox()
    outbox.reject("traffic", 0, (Reject("1-0", row, "speed", "range", "999") for row in range(12_000)))
    dead = emptied(outbox).dead
    assert len(dead) == 10_000
    assert dead[-1] == ("traffic", "0", "1-0", "11999", "speed", "range", "999")


def test_forecasts_go_with_the_values_and_are_never_the_latest_word() -> None:
    outbox = Outbox()
    coming = Value("T1~forecast", 1, "440303", (), 600_000, 900_000, 4.0, "provisional", 0)
    entry = OutlookEntry(
        1, 300_000, ((600_000, 3.5, 3.0, 4.0, True),), 300_000, ((900_000, 4.0, 3.0, 5.0),), 0.1, None, 0, "real"
    )
    outbox.add([Values.of([value(300_000, 1.0)], done=True)])
    outbox.foresee([coming], {"T1|440303|": entry})
    outputs = emptied(outbox)
    assert outputs.values is not None
    assert outputs.completed is not None
    assert unpack_values(outputs.values["b"]) == [value(300_000, 1.0), coming]
    assert unpack_values(outputs.completed["b"]) == [value(300_000, 1.0)]
    assert set(outputs.latest) == {"T1|440303|"}
    assert OutlookEntry.unpack(outputs.outlook["T1|440303|"]) == entry
    assert not emptied(outbox).outlook
