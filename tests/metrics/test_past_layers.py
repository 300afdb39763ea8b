"""The layers of the past: what stood is what the archived rows say, whether days were made of them or not."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from metrics.archive_cells import Known
from metrics.archive_tenures import TENURES, sweep, update
from metrics.past_layers import PastLayers
from metrics.whereabouts_row import Row, unpack_row
from tests.metrics.past_archive import DAY, HOUR, LIFE, MIDNIGHT, MINUTE
from tests.metrics.past_map import UNITS, MapArchive, Stood, bundle, stood

pytestmark = pytest.mark.service
FACES: tuple[Known, ...] = ("then", "now")


def layers(root: Path, known: Known) -> PastLayers:
    return PastLayers(root, LIFE, known, bundle())


def said(rows: dict[str, Row]) -> Stood:
    return {name: (row.kind, row.changed_ms, row.place) for name, row in rows.items() if row.place is not None}


def standing(past: PastLayers, at: int) -> dict[str, Row]:
    return {name: unpack_row(packed) for name, packed in past.standing(at)[UNITS].items()}


def moments(seed: int, count: int, hours: int) -> list[int]:
    draw = random.Random(seed)
    return [MIDNIGHT + draw.randrange(hours * HOUR) for _ in range(count)]


@pytest.mark.parametrize("known", FACES)
@pytest.mark.parametrize("made", [False, True], ids=["from parts", "from days"])
def test_what_stood_at_any_moment_is_the_newest_row_that_had_come_or_happened(
    tmp_path: Path, known: Known, made: bool
) -> None:
    MapArchive(tmp_path).fill(1, 400, 60)
    if made:
        assert update(tmp_path, LIFE, bundle()) > 4
    for at in moments(2, 5, 60):
        assert said(standing(layers(tmp_path, known), at)) == stood(tmp_path, at, known)


@pytest.mark.parametrize("known", FACES)
def test_changes_from_moment_to_moment_over_midnight_lead_to_what_stands(tmp_path: Path, known: Known) -> None:
    MapArchive(tmp_path).fill(3, 300, 40)
    update(tmp_path, LIFE, bundle())
    past, at = layers(tmp_path, known), MIDNIGHT + 20 * HOUR
    held: dict[str, Row] = standing(past, at)
    for until in range(at + HOUR, at + 8 * HOUR, 47 * MINUTE):
        for name, row in past.changes(at, until).get(UNITS, {}).items():
            if row is None:
                held.pop(name, None)
            else:
                held[name] = row
        at = until
        assert said(held) == stood(tmp_path, at, known)


@pytest.mark.parametrize("known", FACES)
def test_what_is_archived_after_a_day_was_made_counts_at_once_and_when_the_day_is_made_again(
    tmp_path: Path, known: Known
) -> None:
    archive = MapArchive(tmp_path)
    archive.put("track", MIDNIGHT, MIDNIGHT, "U9", point="114.1 22.5")
    archive.put("unit", MIDNIGHT + HOUR, MIDNIGHT + HOUR, "U1", kind="police", point="114.1 22.5")
    archive.put("unit", MIDNIGHT + 30 * HOUR, MIDNIGHT + 30 * HOUR, "U1", kind="fire", point="114.2 22.5")
    archive.write()
    update(tmp_path, LIFE, bundle())
    past = layers(tmp_path, known)
    assert said(standing(past, MIDNIGHT + 2 * HOUR))["U1"][0] == "police"
    archive.put("unit", MIDNIGHT + 31 * HOUR, MIDNIGHT + 90 * MINUTE, "U1", kind="medical", point="114.3 22.5")
    archive.put("unit", MIDNIGHT + 31 * HOUR + 1, MIDNIGHT + 90 * MINUTE, "U2", kind="medical", point="114.3 22.5")
    archive.write()
    wanted = stood(tmp_path, MIDNIGHT + 2 * HOUR, known)
    past.follow()
    told = past.changes(MIDNIGHT + 2 * HOUR, MIDNIGHT + 2 * HOUR + 1).get(UNITS, {})
    assert set(told) == ({"U1", "U2"} if known == "now" else set())
    for _ in range(2):
        for at in (MIDNIGHT + 2 * HOUR, MIDNIGHT + 25 * HOUR, MIDNIGHT + 32 * HOUR):
            assert said(standing(layers(tmp_path, known), at)) == stood(tmp_path, at, known)
        assert said(standing(layers(tmp_path, known), MIDNIGHT + 2 * HOUR)) == wanted
        update(tmp_path, LIFE, bundle())


def test_a_turn_makes_no_more_days_than_it_may_and_the_next_one_goes_on(tmp_path: Path) -> None:
    MapArchive(tmp_path).fill(5, 200, 80)
    assert [update(tmp_path, LIFE, bundle(), 3) for _ in range(3)] == [3, 3, 3]
    for known in FACES:
        at = MIDNIGHT + 70 * HOUR
        assert said(standing(layers(tmp_path, known), at)) == stood(tmp_path, at, known)


def test_nothing_is_made_while_too_little_has_come_and_nothing_twice(tmp_path: Path) -> None:
    archive = MapArchive(tmp_path)
    archive.fill(7, 100, 10)
    assert update(tmp_path, LIFE, bundle()) > 0
    assert update(tmp_path, LIFE, bundle()) == 0
    archive.put("unit", MIDNIGHT + 10 * HOUR, MIDNIGHT + 10 * HOUR, "U1", kind="fire")
    archive.write()
    assert update(tmp_path, LIFE, bundle()) == 0


def test_other_layers_have_days_made_anew(tmp_path: Path) -> None:
    MapArchive(tmp_path).fill(8, 100, 10)
    update(tmp_path, LIFE, bundle())
    other = replace(bundle(), layers=(replace(bundle().layers[0], where=None, digest="other"),))
    assert update(tmp_path, LIFE, other) > 0
    past = PastLayers(tmp_path, LIFE, "now", other)
    kinds = {unpack_row(row).kind for row in past.standing(MIDNIGHT + 9 * HOUR)[UNITS].values()}
    assert "void" in kinds


def test_old_days_go_but_never_the_newest_of_all(tmp_path: Path) -> None:
    MapArchive(tmp_path).fill(9, 100, 60)
    update(tmp_path, LIFE, bundle())
    folder = LIFE.folder(tmp_path) / TENURES / "unit"
    before = len(list(folder.glob("*.now.parquet")))
    assert sweep(tmp_path, LIFE, bundle(), MIDNIGHT + 900 * DAY, DAY) > 0
    assert before > 2
    assert len(list(folder.glob("*.now.parquet"))) == 1
    at = MIDNIGHT + 59 * HOUR
    assert said(standing(layers(tmp_path, "now"), at)) == cast(Stood, stood(tmp_path, at, "now"))


def test_a_world_without_an_archive_has_empty_layers(tmp_path: Path) -> None:
    assert layers(tmp_path, "then").standing(MIDNIGHT) == {UNITS: {}}
    assert layers(tmp_path, "now").changes(MIDNIGHT, MIDNIGHT + HOUR) == {}
