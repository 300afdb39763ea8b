"""Any published value can be computed anew from the archive, exactly, by both programs."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from metrics import keys
from metrics.archive import Life
from metrics.archive_evidence import Evidence
from metrics.archive_ledger import bundle_of
from metrics.archive_published import Published, Said
from metrics.voucher_check import Checked, Checker, NotRecomputable
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
