"""Any published value can be computed anew from the archive, exactly, by both programs."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from metrics import keys
from metrics.archive import Life, strands
from metrics.archive_compaction import Retention, sweep
from metrics.archive_evidence import Evidence
from metrics.archive_keeper import Keeper
from metrics.archive_ledger import bundle_of
from metrics.archive_published import Published, Said
from metrics.clock import real_ms
from metrics.definition import load
from metrics.voucher_check import Checked, Checker, NotRecomputable
from metrics.window import DAY_MS
from tests.conftest import wait_until
from tests.metrics.archive_world import archiving
from tests.metrics.voucher_city import INDICATORS, WORLD, City, bundle, live_through
from tests.metrics.worker_world import working

pytestmark = pytest.mark.service
LIFE = Life(WORLD, 7)


@pytest.fixture(scope="module")
def lived(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The archive of a city that lived for some seconds, and whose engine and archiver then stopped."""
    root = tmp_path_factory.mktemp("archive")
    live_through(valkey_url, root)
    yield root
    redis.Redis.from_url(valkey_url).flushall()


def checker(root: Path) -> Checker:
    return Checker(Evidence(root, LIFE), Published(root, LIFE), lambda digest: bundle_of(root, digest))


def everything(root: Path, condition: str = "true") -> list[Said]:
    return Published(root, LIFE).said(condition, [])


def wrong(found: Sequence[Checked]) -> list[str]:
    return [
        f"{one.said.name} {one.said.quality} {one.said.value}: {one.quality} {one.value}, {one.samples} samples"
        for one in found
        if not (one.equal if one.said.indicator == "ABOUT" else one.same) or one.quality != one.said.quality
    ]


def test_a_thousand_random_values_are_computed_anew_exactly(lived: Path) -> None:
    said = everything(lived)
    chosen = random.Random(5).sample(said, 1000)
    assert wrong(checker(lived).check(chosen)) == []
    assert {one.indicator for one in said if one.value is not None} == {one["id"] for one in INDICATORS}
    assert Counter(one.quality for one in chosen).keys() >= {"complete", "provisional", "no_data"}
    assert sum(one.revision > 0 for one in chosen) > 100
    assert any(one.indicator == "ABOUT" and one.value is not None for one in chosen)


def test_the_streaming_program_comes_to_the_same(lived: Path) -> None:
    chosen = random.Random(6).sample(everything(lived), 300)
    assert wrong(checker(lived).check(chosen, "stream")) == []


def test_values_that_rest_on_others_name_them_as_they_stood(lived: Path) -> None:
    first, last = (everything(lived, "indicator = 'SCORE' AND value IS NOT NULL")[at] for at in (0, -1))
    ((before,), (after,)) = (checker(lived).check([one])[0].used for one in (first, last))
    assert (before.indicator, before.region) == ("CASES", first.region)
    assert first.value == 10.0 + 2 * (before.value or 0.0)
    assert last.value == 30.0 + 2 * (after.value or 0.0)


def test_without_the_remarks_of_the_intake_late_and_repeated_rows_would_be_found_to_differ(lived: Path) -> None:
    evidence = Evidence(lived, LIFE)
    said = random.Random(7).sample(everything(lived, "indicator = 'QUEUE'"), 60)
    honest = Checker(evidence, Published(lived, LIFE), lambda digest: bundle_of(lived, digest))
    assert wrong(honest.check(said, "stream")) == []
    evidence.forget_remarks()
    assert wrong(honest.check(said, "stream"))


def test_a_value_that_was_altered_is_found_to_differ(lived: Path) -> None:
    one = next(one for one in everything(lived, "indicator = 'SUM'") if one.value)
    (found,) = checker(lived).check([replace(one, value=one.value + 1.0)])
    assert (found.same, found.equal, found.value) == (False, False, one.value)


def test_a_value_whose_definitions_are_not_kept_says_so(lived: Path) -> None:
    lost = Checker(Evidence(lived, LIFE), Published(lived, LIFE), lambda _digest: None)
    with pytest.raises(NotRecomputable, match="the archive lacks bundle city-1"):
        lost.check(everything(lived)[:1])


def test_an_indicator_that_came_later_has_no_data_until_its_window_is_full_and_is_exact_from_then_on(
    valkey_url: str, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    city = City(client, seed=3, without=("RATIO", "SLOW", "DUE"))
    with archiving(valkey_url, tmp_path, worlds=(WORLD,)), working(valkey_url, commit_ms=100, worlds=(WORLD,)):
        wait_until(lambda: client.xlen(keys.engine(WORLD, "values")) or city.live(0.1), "the first values")
        city.live(1.5)
        client.set(keys.BUNDLE, json.dumps(bundle() | {"hash": "city-2"}))
        wait_until(lambda: city.live(0.1) or b"SLOW|440303|" in client.hgetall(keys.engine(WORLD, "latest")), "SLOW")
        city.live(4.5)
    client.close()
    said = everything(tmp_path, "indicator IN ('RATIO', 'SLOW', 'DUE')")
    found = checker(tmp_path).check(said, "stream")
    assert [one.said.name for one in found if not one.equal] == []
    assert {one.said.indicator for one in found if one.same and one.value is not None} == {"RATIO", "SLOW", "DUE"}
    assert any(one.young for one in found)


def aged(lived: Path, root: Path, days: int) -> int:
    """A copy of the archive as its keeper leaves it so many days later. Returns the real time."""
    shutil.copytree(lived, root, dirs_exist_ok=True)
    now = real_ms() + days * DAY_MS
    definitions = load(bundle()).for_world({})
    Keeper(root, lambda: {WORLD: LIFE.started_ms}, Retention(), lambda: definitions).turn(now)
    return now


def outcome(root: Path, said: Said) -> str:
    """`equal`, `not equal`, or why not."""
    try:
        (found,) = checker(root).check([said])
    except NotRecomputable as error:
        return error.en
    return "equal" if found.equal else "not equal"


def test_once_rows_have_gone_a_value_is_neither_vouched_for_nor_accused(lived: Path, tmp_path: Path) -> None:
    now = real_ms() + 40 * DAY_MS
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    for strand in strands(tmp_path, LIFE):
        if strand.kind == "observations":
            assert sweep(tmp_path, strand, now, Retention().keep_ms(strand.kind)) > 0
    said = random.Random(8).sample(everything(tmp_path, "quality = 'complete'"), 150)
    outcomes = {one.indicator: outcome(tmp_path, one) for one in said}
    rested = {name for name, text in outcomes.items() if "the archive lacks what the value rests on" in text}
    assert set(outcomes) - rested <= {"SCORE", "PLACE"}  # these rest on values, which stay for longer
    assert len(rested) > 10
    assert "not equal" not in outcomes.values()
    traffic = outcomes["SUM"]
    assert "observations/traffic/0: what is up to 2024-06-01T" in traffic
    assert "was removed by retention" in traffic


def test_the_keeper_leaves_what_values_without_a_beginning_rest_on(lived: Path, tmp_path: Path) -> None:
    aged(lived, tmp_path, 40)
    newest = {}
    for one in everything(tmp_path, "quality = 'complete' AND value IS NOT NULL"):
        newest[one.indicator] = one
    outcomes = {name: outcome(tmp_path, one) for name, one in newest.items()}
    assert "not equal" not in outcomes.values()
    assert "removed by retention" in outcomes["SUM"]
    oldest = everything(tmp_path, "indicator = 'CASES' AND quality = 'complete'")[0]
    assert "only the newest row of each key was kept" in outcome(tmp_path, oldest)


def test_no_value_is_accused_however_long_it_lies(lived: Path, tmp_path: Path) -> None:
    aged(lived, tmp_path, 8)  # what was said of windows that were not over has gone
    for one in random.Random(9).sample(everything(tmp_path), 60):
        assert outcome(tmp_path, one) != "not equal", one.name


def test_an_altered_value_is_accused_as_long_as_its_rows_are_there(lived: Path, tmp_path: Path) -> None:
    aged(lived, tmp_path, 8)
    one = next(one for one in everything(tmp_path, "indicator = 'SUM'") if one.value)
    assert outcome(tmp_path, replace(one, value=one.value + 1.0)) == "not equal"
