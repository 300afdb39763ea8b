"""What windows without a beginning ask for stays in the archive however old it is; the rest goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from metrics.archive import Life, Strand, every_part, in_force, part_path
from metrics.archive_compaction import GRACE_MS, Retention, sweep
from metrics.archive_evidence import Evidence
from metrics.archive_keeper import Keeper
from metrics.archive_lasting import condense, lasting
from metrics.archive_reach import reach_ms
from metrics.archive_remarks import REMARKS
from metrics.archive_rows import Observations
from metrics.archive_tail import Tail
from metrics.archive_taken import Taken, taken
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.stream import Place
from metrics.watermark import BEGINNING

LIFE = Life("live")
DAY, MIDNIGHT = 86_400_000, 1_717_171_200_000  # 2024-06-01T00:00:00+08:00
CASE = {
    "kind": "records", "key": "case_id", "changed": "changed_at",
    "fields": {"case_id": {"type": "text"}, "changed_at": {"type": "time"}, "status": {"type": "category"}},
}  # fmt: skip
RAIN = {
    "kind": "readings", "time": "time", "entity": "station",
    "fields": {"time": {"type": "time"}, "station": {"type": "text"}, "mm": {"type": "int"}},
}  # fmt: skip


def bundle(window: dict[str, Any] | None = None) -> Bundle:
    indicators = [
        {"id": "O", "source": "case", "window": {"kind": "now", "every": "5m"}, "formula": "n",
         "measures": {"n": {"agg": "count"}}},
        {"id": "R", "source": "rain", "window": window or {"kind": "tumbling", "size": "5m"}, "formula": "m",
         "measures": {"m": {"agg": "sum", "field": "mm"}}},
    ]  # fmt: skip
    return load({"v": 1, "hash": "h", "sources": {"case": CASE, "rain": RAIN}, "indicators": indicators})


def archived(root: Path, source: str, days: list[list[tuple[str, int, str]]]) -> Strand:
    """Each day's entries, one part a day: (key, time, status or millimetres)."""
    definition = bundle().sources[source]
    strand = Strand(LIFE, "observations", source, 0)
    tail = Tail(root, strand, Observations(Contract.from_source(definition)), Place())
    name = b"status" if source == "case" else b"mm"
    for number, rows in enumerate(days):
        tail.receive(
            [
                [
                    b"%d-%d" % (MIDNIGHT + number * DAY, at),
                    [b"t", b"%d" % time, b"k", key.encode(), name, text.encode()],
                ]
                for at, (key, time, text) in enumerate(rows)
            ]
        )
        tail.write()
    return strand


CASES = [
    [("a", MIDNIGHT + 1, "filed"), ("b", MIDNIGHT + 2, "filed"), ("a", MIDNIGHT + 3, "sent")],
    [("b", MIDNIGHT + DAY + 1, "sent"), ("c", MIDNIGHT + DAY + 2, "filed"), ("c", MIDNIGHT + DAY + 2, "sent")],
    [("a", MIDNIGHT + 2 * DAY + 1, "closed")],
]


def versions(root: Path) -> list[tuple[str, int, str]]:
    batch = Evidence(root, LIFE).everything(bundle().sources["case"]).batch
    status = batch.fields["status"]
    assert status.dictionary is not None
    return [
        (batch.entities[entity], int(time), status.dictionary[code])
        for entity, time, code in zip(batch.entity, batch.time, status.values, strict=True)
    ]


def test_of_old_days_the_newest_version_of_each_key_stays(tmp_path: Path) -> None:
    strand = archived(tmp_path, "case", CASES)
    now = MIDNIGHT + 32 * DAY  # the first two days are older than thirty
    assert condense(tmp_path, strand, now, 30 * DAY) == 1
    assert versions(tmp_path) == [
        ("a", MIDNIGHT + 3, "sent"), ("b", MIDNIGHT + DAY + 1, "sent"),
        ("c", MIDNIGHT + DAY + 2, "filed"), ("c", MIDNIGHT + DAY + 2, "sent"), ("a", MIDNIGHT + 2 * DAY + 1, "closed"),
    ]  # fmt: skip
    assert condense(tmp_path, strand, now, 30 * DAY) == 0


def test_years_later_the_snapshot_is_still_the_same(tmp_path: Path) -> None:
    strand = archived(tmp_path, "case", CASES)
    for day in range(31, 40):
        condense(tmp_path, strand, MIDNIGHT + day * DAY, 30 * DAY)
    assert [key for key, _, _ in versions(tmp_path)] == ["b", "c", "c", "a"]
    assert len(in_force(every_part(strand.folder(tmp_path)))) == 1
    assert sweep(tmp_path, strand, MIDNIGHT + 4_000 * DAY + GRACE_MS * 10**6, Retention().lasting_ms) >= 2
    assert len(every_part(strand.folder(tmp_path))) == 1


def test_which_sources_last_follows_from_the_windows_that_read_them() -> None:
    assert lasting(bundle()) == {"case": "newest"}
    assert lasting(bundle({"kind": "all", "every": "5m"})) == {"case": "newest", "rain": "rows"}
    assert lasting(bundle({"kind": "now", "every": "5m"})) == {"case": "newest", "rain": "newest"}
    assert lasting(bundle({"kind": "now", "every": "5m", "max_age": "1h"})) == {"case": "newest"}


@pytest.mark.parametrize(
    ("window", "left"),
    [({"kind": "tumbling", "size": "5m"}, [3]), ({"kind": "all", "every": "5m"}, [1, 2, 3]),
     ({"kind": "now", "every": "5m"}, [2, 3])],
)  # fmt: skip
def test_the_keeper_keeps_readings_as_long_as_windows_ask_for_them(
    tmp_path: Path, window: dict[str, Any], left: list[int]
) -> None:
    days = [[("x", MIDNIGHT + 1, "1"), ("x", MIDNIGHT + 5, "2")], [("x", MIDNIGHT + DAY, "3")]]
    strand = archived(tmp_path, "rain", days)
    keeper = Keeper(tmp_path, lambda: {"live": 0}, Retention(observations=30), lambda: bundle(window))
    keeper.turn(MIDNIGHT + 31 * DAY + 1)
    batch = Evidence(tmp_path, LIFE).everything(bundle().sources["rain"]).batch
    assert batch.fields["mm"].values.tolist() == left
    reach = reach_ms(tmp_path, LIFE, "rain", {0: every_part(strand.folder(tmp_path))[-1].last}, {})
    assert (reach > MIDNIGHT + 5) is (left != [1, 2, 3])


@pytest.mark.parametrize(
    ("window", "stay"), [({"kind": "tumbling", "size": "5m"}, False), ({"kind": "all", "every": "5m"}, True)]
)
def test_what_the_intake_said_stays_as_long_as_the_rows_of_which_it_spoke(
    tmp_path: Path, window: dict[str, Any], stay: bool
) -> None:
    archived(tmp_path, "rain", [[("x", MIDNIGHT + 1, "1")]])
    said = part_path(Strand(LIFE, "intake").folder(tmp_path), "0-0", f"{MIDNIGHT}-1", (MIDNIGHT, MIDNIGHT), "0" * 8)
    said.parent.mkdir(parents=True)
    pq.write_table(REMARKS.empty_table(), said)
    keeper = Keeper(tmp_path, lambda: {"live": 0}, Retention(), lambda: bundle(window))
    keeper.turn(MIDNIGHT + 400 * DAY)  # its day is over a day later
    assert said.exists()
    keeper.turn(MIDNIGHT + 401 * DAY)
    assert keeper.chores.failures == 0
    assert said.exists() is stay
    assert Retention(observations=500).keep_ms("intake") == 500 * DAY


def test_what_goes_is_written_down_by_the_rows_that_counted(tmp_path: Path) -> None:
    strand = archived(tmp_path, "rain", [[("x", MIDNIGHT + 1, "1"), ("x", MIDNIGHT + 5, "2")], [("x", MIDNIGHT, "3")]])
    assert taken(tmp_path, strand) == Taken()
    sweep(tmp_path, strand, MIDNIGHT + 31 * DAY, 30 * DAY)
    assert taken(tmp_path, strand) == Taken(f"{MIDNIGHT}-1", MIDNIGHT + 5)
    sweep(tmp_path, strand, MIDNIGHT + 32 * DAY, 30 * DAY)
    assert taken(tmp_path, strand) == Taken(f"{MIDNIGHT + DAY}-0", MIDNIGHT + 5)


def test_of_what_was_condensed_it_is_known_up_to_when(tmp_path: Path) -> None:
    strand = archived(tmp_path, "case", CASES)
    condense(tmp_path, strand, MIDNIGHT + 32 * DAY, 30 * DAY)
    found = taken(tmp_path, strand)
    assert found == Taken(condensed=f"{MIDNIGHT + DAY}-2", condensed_ms=MIDNIGHT + DAY + 2)
    later = f"{MIDNIGHT + 2 * DAY}-0"
    assert found.lacks(BEGINNING, MIDNIGHT + DAY + 2, later)
    assert not found.lacks(BEGINNING, MIDNIGHT + DAY + 3, later)
    assert found.lacks(BEGINNING, MIDNIGHT + DAY + 3, f"{MIDNIGHT + DAY}-1")  # it did not know all that came since


def test_while_no_definitions_are_known_nothing_goes(tmp_path: Path) -> None:
    strand = archived(tmp_path, "rain", [[("x", MIDNIGHT + 1, "1")]])
    Keeper(tmp_path, lambda: {"live": 0}, Retention(observations=30)).turn(MIDNIGHT + 400 * DAY)
    assert len(every_part(strand.folder(tmp_path))) == 1
