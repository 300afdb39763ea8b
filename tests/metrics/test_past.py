"""The past: what stood at a moment as known then and as known now, and what appeared between two moments."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from metrics import archive_recomputed as recomputed
from metrics import archive_standing
from metrics.alarm_event import AlarmEvent
from metrics.archive import Life
from metrics.archive_cells import Known, values
from metrics.archive_standing import GRACE_MS, hours
from metrics.past import Past
from metrics.past_alarms import PastAlarms, Told
from tests.metrics.past_archive import DAY, HOUR, LIFE, MIDNIGHT, MINUTE, NOON, Archive, value


def stood(archive: Archive, at_ms: int, known: Known) -> dict[str, tuple[int, float | None, str]]:
    """Series -> window end as minutes after noon, value, quality."""
    told = values(Past(archive.root, LIFE).standing(at_ms, known)).each()
    return {one.series: ((one.window_end - NOON) // MINUTE, one.value, one.quality) for one in told}


def appeared(archive: Archive, after: int, until: int, known: Known) -> list[tuple[int, float | None, int]]:
    told = values(Past(archive.root, LIFE).between(after, until, known)).each()
    return [((one.window_end - NOON) // MINUTE, one.value, one.revision) for one in told]


@pytest.fixture(params=[False, True], ids=["from parts alone", "with standings"])
def corrected(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """12:05 was 10 when it was said at 12:06; it was corrected to 30 at 12:40."""
    archive = Archive(tmp_path)
    archive.say(NOON + 3 * MINUTE, value(NOON + 5 * MINUTE, 4.0, quality="provisional"))
    archive.say(NOON + 6 * MINUTE, value(NOON + 5 * MINUTE, 10.0))
    archive.say(NOON + 11 * MINUTE, value(NOON + 10 * MINUTE, 11.0))
    archive.say(NOON + 40 * MINUTE, value(NOON + 5 * MINUTE, 30.0, revision=1))
    archive.say(NOON + 3 * HOUR, value(NOON + 3 * HOUR - MINUTE, 99.0))
    if request.param:
        assert archive.standings() == ["2024-06-01"]
    return archive


def test_a_corrected_window_is_what_it_was_then_and_what_it_is_now(corrected: Archive) -> None:
    at = NOON + 7 * MINUTE
    assert stood(corrected, at, "then") == {"T1|440303|": (5, 10.0, "complete")}
    assert stood(corrected, at, "now") == {"T1|440303|": (5, 30.0, "complete")}


def test_an_open_window_is_shown_as_then_and_not_as_now(corrected: Archive) -> None:
    at = NOON + 4 * MINUTE
    assert stood(corrected, at, "then") == {"T1|440303|": (5, 4.0, "provisional")}
    assert stood(corrected, at, "now") == {}


def test_a_correction_of_an_older_window_does_not_take_the_place_of_a_newer_one(corrected: Archive) -> None:
    for at in (NOON + 41 * MINUTE, NOON + HOUR, NOON + 2 * HOUR):
        assert stood(corrected, at, "then") == {"T1|440303|": (10, 11.0, "complete")}
        assert stood(corrected, at, "now") == {"T1|440303|": (10, 11.0, "complete")}


def test_nothing_is_known_before_it_was_said_or_before_its_window_ended(corrected: Archive) -> None:
    assert stood(corrected, NOON + 3 * MINUTE - 1, "then") == {}
    assert stood(corrected, NOON + 5 * MINUTE - 1, "now") == {}


def test_what_appears_then_are_all_words_and_now_the_last_word_on_each_window(corrected: Archive) -> None:
    assert appeared(corrected, NOON, NOON + HOUR, "then") == [(5, 4.0, 0), (5, 10.0, 0), (10, 11.0, 0), (5, 30.0, 1)]
    assert appeared(corrected, NOON, NOON + HOUR, "now") == [(5, 30.0, 1), (10, 11.0, 0)]


def test_lines_are_cut_at_the_moment_and_corrected_only_where_it_was_known(corrected: Archive) -> None:
    def line(at: int, known: Known) -> list[tuple[int, float | None]]:
        told = values(Past(corrected.root, LIFE).lines(at, known, 49 * HOUR, ["440303"])).each()
        return [((one.window_end - NOON) // MINUTE, one.value) for one in told]

    assert line(NOON + 12 * MINUTE, "then") == [(5, 10.0), (10, 11.0)]
    assert line(NOON + 12 * MINUTE, "now") == [(5, 30.0), (10, 11.0)]
    assert line(NOON + 41 * MINUTE, "then") == [(5, 30.0), (10, 11.0)]
    assert line(NOON + 9 * MINUTE, "now") == [(5, 30.0)]


def test_a_correction_that_comes_after_the_standings_were_made_counts_now_and_not_then(corrected: Archive) -> None:
    corrected.say(NOON + 4 * HOUR, value(NOON + 10 * MINUTE, 55.0, revision=1))
    assert stood(corrected, NOON + HOUR, "now") == {"T1|440303|": (10, 55.0, "complete")}
    assert stood(corrected, NOON + HOUR, "then") == {"T1|440303|": (10, 11.0, "complete")}
    assert appeared(corrected, NOON, NOON + HOUR, "now") == [(5, 30.0, 1), (10, 55.0, 1)]


def test_what_follows_one_another_between_moments_is_the_same_in_any_steps(tmp_path: Path) -> None:
    archive, draw = Archive(tmp_path), random.Random(7)
    for minute in range(1, 24 * 60, 7):
        at = MIDNIGHT + minute * MINUTE
        told = value(at - at % (5 * MINUTE), float(minute), region=draw.choice(["440303", "440303001"]))
        archive.say(at, told, part=minute % 350 == 1)
    archive.standings()
    for known in ("then", "now"):
        whole = appeared(archive, MIDNIGHT, MIDNIGHT + DAY, known)  # type: ignore[arg-type]
        steps: list[tuple[int, float | None, int]] = []
        at = MIDNIGHT
        while at < MIDNIGHT + DAY:
            step = draw.choice([150, 600, 3_500, 90_000]) * 1_000
            steps += appeared(archive, at, min(at + step, MIDNIGHT + DAY), known)  # type: ignore[arg-type]
            at += step
        assert steps == whole
        assert len(whole) > 100


def test_a_standing_goes_over_midnight_and_what_fell_silent_has_left(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.say(NOON, value(NOON, 1.0, name="slow"), value(NOON, 2.0, minutes=24 * 60, name="daily"))
    for hour in range(1, 61):
        archive.say(NOON + hour * HOUR, value(NOON + hour * HOUR, float(hour), name="hourly"), part=hour % 20 == 0)
    made = archive.standings()
    assert made == ["2024-06-01", "2024-06-02", "2024-06-03"]
    at = MIDNIGHT + DAY + 30 * MINUTE
    for known in ("then", "now"):
        told = stood(archive, at, known)  # type: ignore[arg-type]
        assert set(told) == {"slow|440303|", "daily|440303|", "hourly|440303|"}
        assert told["hourly|440303|"][1] == 12.0
        assert set(stood(archive, NOON + 50 * HOUR, known)) == {"hourly|440303|"}  # type: ignore[arg-type]


def test_an_hour_is_made_once_it_is_over_and_the_same_is_said_with_and_without_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for minute in range(0, 180, 5):
        at = NOON + minute * MINUTE
        archive.say(at + 1_000, value(at, float(minute)), part=minute == 175)
    assert archive.standings() == ["2024-06-01"]
    assert [hour.end - NOON for hour in hours(tmp_path, LIFE, "2024-06-01", "now")] == [0, HOUR, 2 * HOUR]
    assert archive.standings() == []
    archive.say(NOON + 3 * HOUR + GRACE_MS + MINUTE, value(NOON + 3 * HOUR, 180.0))
    assert archive.standings() == ["2024-06-01"]
    assert stood(archive, NOON + 2 * HOUR + 7 * MINUTE, "now") == {"T1|440303|": (125, 125.0, "complete")}


def test_where_much_was_said_a_moment_rests_on_an_instant_of_the_same_hour_before_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_standing, "WORDS", 50)
    archive = Archive(tmp_path)
    for second in range(0, 120, 10):  # an opening: every commit says a whole hour of windows, the newest last
        said = [
            value(NOON - HOUR + minute * MINUTE, float(minute), region=f"440303{second:03d}") for minute in range(20)
        ]
        archive.say(NOON + second * 1_000, *said, part=False)
    archive.say(NOON + 200_000, value(NOON, 7.0))
    asked = [NOON + 5_000, NOON + 65_000, NOON + 119_000, NOON + 250_000]
    before = [stood(archive, at, "then") for at in asked]
    assert archive.standings() == ["2024-06-01"]
    made = [hour.end - NOON for hour in hours(tmp_path, LIFE, "2024-06-01", "then")]
    assert [end for end in made if end > 0] == [20_000, 40_000, 70_000, 90_000]
    assert [stood(archive, at, "then") for at in asked] == before
    assert [len(each) for each in before] == [1, 7, 12, 13]
    assert archive.standings() == []


def test_recomputed_windows_fill_what_was_never_published_and_only_as_known_now(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.say(NOON + HOUR, value(NOON + HOUR, 7.0))
    anew = [recomputed.Anew("440303", "", end - HOUR, end, 5.0, "complete", 9) for end in (NOON, NOON + HOUR)]
    recomputed.write(tmp_path, LIFE, ("T1", 1), NOON + 2 * DAY, anew, facts={})
    archive.say(NOON + 2 * HOUR, value(NOON + 2 * HOUR, 8.0))
    archive.standings()
    assert stood(archive, NOON + MINUTE, "now") == {"T1|440303|": (0, 5.0, "complete")}
    assert stood(archive, NOON + MINUTE, "then") == {}
    assert stood(archive, NOON + HOUR, "now") == {"T1|440303|": (60, 7.0, "complete")}


def test_the_span_and_how_far_each_source_had_come(corrected: Archive) -> None:
    past = Past(corrected.root, LIFE)
    span = past.span()
    assert span is not None
    assert span[0] <= NOON + HOUR
    assert span[1] == NOON + 3 * HOUR
    assert past.watermarks(NOON + 20 * MINUTE) == {"traffic": NOON + 10 * MINUTE}
    assert Past(corrected.root, Life("nobody")).span() is None


def test_an_alarm_stands_from_when_it_was_told_or_from_the_window_that_raised_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.alarm(NOON + 2 * MINUTE, NOON, "early", 0, "yellow")
    archive.alarm(NOON + 12 * MINUTE, NOON + 10 * MINUTE, "late", 0, "red")
    archive.alarm(NOON + 22 * MINUTE, NOON + 20 * MINUTE, "early", 1, None)
    alarms = PastAlarms(tmp_path, LIFE)

    def named(one: Told) -> str:
        event = AlarmEvent.from_json(one[3])
        return f"{event.dims[0][1]}:{event.number}"

    def stands(minutes: int, known: Known) -> list[str]:
        return [named(one) for one in alarms.standing(NOON + minutes * MINUTE, known)]

    assert [stands(at, "then") for at in (1, 2, 11, 12, 21, 22)] == [
        [], ["early:0"], ["early:0"], ["early:0", "late:0"], ["early:0", "late:0"], ["late:0"],
    ]  # fmt: skip
    assert [stands(at, "now") for at in (0, 10, 20)] == [["early:0"], ["early:0", "late:0"], ["late:0"]]
    between = alarms.between(NOON + 2 * MINUTE, NOON + 22 * MINUTE, "then")
    assert [named(one) for one in between] == ["late:0", "early:1"]
