"""Livelihood: requests and calls of residents, hospitals, schools, follow-ups and findings of video."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals, Flow
from ioc.sources.city.ground import Ground, dated, numbered
from ioc.sources.city.life import Lives, Records
from ioc.sources.city.model import Hourly, Model, in_order
from ioc.sources.city.readings import Fields, Readings
from ioc.sources.city.requests import requests
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, NIGHT, OFFICE, WAKING, hour_of, is_rest, opened
from ioc.sources.city.stock import Stock
from ioc.sources.city.town import STANDING
from ioc.sources.rows import Rows
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Columns = Mapping[str, RawColumn]

CALLS_A_DAY, FOLLOWUPS_A_DAY, FINDINGS_A_DAY = 2_600.0, 320.0, 60.0
LINES = ("12345", "区长专线", "社区专线")
FINDING_KINDS = ("kitchen", "street", "campus", "other")
BUSY_CALLS = 260.0  # an hour; beyond it, callers wait


def models(ground: Ground) -> list[Model]:
    """The sources of the scene."""
    lines = _Lines(ground)
    seed = ground.seed
    return [
        requests(ground),
        Flow("call", CALLS_A_DAY / 86_400, lines.rate, lines.call, seed=seed),
        *_hospitals(ground),
        *_schools(ground),
        Records("followup", "SF", ground.daily(FOLLOWUPS_A_DAY, OFFICE), _Care(ground).followup, seed=seed, days=45),
        Records("finding", "FJ", ground.daily(FINDINGS_A_DAY, WAKING), _Care(ground).finding, seed=seed, days=8),
    ]


class _Lines:
    """Telephone lines: what moves people to write moves more of them to call."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def rate(self, times: Times) -> NDArray[np.float64]:
        ground = self._ground
        ordinary = CALLS_A_DAY / 24.0 * WAKING.at(times)
        moved = 14.0 * ground.weather("pool", times).mean(axis=1) + 6.0 * ground.forced("smell", times).sum(axis=1)
        found: NDArray[np.float64] = (ordinary + moved)[:, None] * np.array([0.8, 0.05, 0.15])[None, :]
        return found

    def call(self, born: Arrivals) -> tuple[RawColumn, Columns]:
        cells, inverse = np.unique(born.time // (10 * MINUTE_MS), return_inverse=True)
        load = self.rate(cells * 10 * MINUTE_MS).sum(axis=1)[inverse] / BUSY_CALLS
        wait = np.minimum(300.0, 3.0 * (1.0 + 4.0 * np.maximum(0.0, load - 0.7) ** 2) * np.exp(0.6 * born.bell(1)))
        answered = born.draw(2) < np.clip(0.985 - 0.0022 * wait, 0.2, 1.0)
        fields = {
            "call_id": columns.texts(dated(born, "DH")),
            "answered": columns.flags(answered),
            "wait_s": columns.numbers(wait),
        }
        return columns.words(born.strand, LINES), fields


def _hospitals(ground: Ground) -> list[Model]:
    """Emergency rooms fill in the evening, on heat days and in storms."""
    places = [place for row in STANDING["hospital"] for place in row["places"]]
    sites = ground.town.at(places)
    names = [f"{place['zh']}（示意）" for place in places]
    rooms = np.array([place["er"] for place in places], np.float64)
    key, trait = ground.keys("hospital", len(places)), ground.trait("hospital", len(places))

    def fields(times: Times, which: Which) -> Columns:
        hot = np.maximum(0.0, ground.conditions.temperature(times) - 32.0)
        wet = ground.conditions.pool(times, sites.place[which])
        load = 0.42 + 0.12 * trait[which] + 0.12 * NIGHT.at(times) + 0.045 * hot + 0.002 * wet
        load = load * (1.0 + draw.wander(key[which], times, 0.16, 3 * HOUR_MS, 2))
        return {"occupied": columns.numbers(np.floor(rooms[which] * np.clip(load, 0.1, 1.15)))}

    register = {
        "beds": columns.numbers(np.array([place["beds"] for place in places])),
        "er_beds": columns.numbers(rooms),
        "zh": columns.texts(names),
        "en": columns.texts([f"{place['en']} (assumed)" for place in places]),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("hospital", names, register, seed=ground.seed),
        Readings("bed", names, 5 * MINUTE_MS, fields, seed=ground.seed),
    ]


def _schools(ground: Ground) -> list[Model]:
    """A school tells once on each school day how many are absent and nobody knows why."""
    count = int(STANDING["counts"]["schools"])
    names, sites = numbered("SC", count), ground.town.spread("school", count)
    enrolled = np.floor(300 + 1_700 * ground.trait("school", count)).astype(np.int64)
    key = ground.keys("school", count)

    def absent(times: Times, which: Which) -> Columns:
        wet = ground.conditions.rain(times, sites.place[which]) / 400.0
        share = 0.004 + 0.012 * draw.uniform(key[which], (times + 8 * HOUR_MS) // DAY_MS, 2) ** 3 + wet
        return {"absent_unexplained": columns.numbers(np.floor(enrolled[which] * np.minimum(share, 0.5)))}

    def in_school(times: Times, which: Which) -> NDArray[np.bool_]:  # noqa: ARG001
        hour = hour_of(times)
        return (hour >= 8.0) & (hour < 17.0) & ~is_rest(times)

    def alarms(times: Times, which: Which) -> Columns:
        rung = draw.uniform(key[which], times // HOUR_MS, 4) < np.where(in_school(times, which), 0.0003, 0.00005)
        return {"alarms": columns.numbers(rung.astype(np.int64))}

    register = {
        "enrolled": columns.numbers(enrolled),
        "zh": columns.texts([f"学校{at:03d}（示意）" for at in range(1, count + 1)]),
        "en": columns.texts([f"School {at:03d} (assumed)" for at in range(1, count + 1)]),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("school", names, register, seed=ground.seed, state=alarms, every_ms=HOUR_MS),
        _Attendance(names, absent, key),
    ]


class _Attendance(Hourly):
    """Every school, once between nine and ten on days of school."""

    def __init__(self, names: list[str], absent: Fields, key: NDArray[np.uint64]) -> None:
        super().__init__("attendance", len(names) / 86_400)
        self._names, self._absent, self._key = names, absent, key

    def hour(self, start_ms: int) -> Rows | None:
        """See Hourly."""
        start = np.array([start_ms])
        if int(hour_of(start)[0]) != 9 or is_rest(start)[0]:
            return None
        share = draw.uniform(self._key, np.full(len(self._key), start_ms // DAY_MS), 6)
        time = start_ms + (share * 50 * MINUTE_MS).astype(np.int64)
        which = in_order(time).astype(np.int32)
        time = time[which]
        return Rows(time, columns.words(which, self._names), self._absent(time, which))


class _Care:
    """Clinics that follow patients up, and what cameras find."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._clinics = [f"社康中心{at:02d}" for at in range(1, int(STANDING["counts"]["clinics"]) + 1)]
        self._sites = ground.town.spread("clinic", len(self._clinics))

    def followup(self, lives: Lives, born: Arrivals) -> None:
        """One of the chronically ill is due within a month."""
        which = np.floor(born.draw(1) * len(self._clinics)).astype(np.int32)
        due = opened(born.time + (10 + np.floor(born.draw(2) * 25)).astype(np.int64) * DAY_MS)
        done = opened(born.time + ((due - born.time) * 0.55 * np.exp(0.2 * born.bell(3))).astype(np.int64))
        lives.set("clinic", columns.words(which, self._clinics))
        lives.set("due", columns.times(due))
        lives.set("community", columns.texts([self._sites.community[at] for at in which.tolist()]))
        lives.stamp("done_at", lives.when(done, born.draw(4) < 0.975))

    def finding(self, lives: Lives, born: Arrivals) -> None:
        """A finding is to be mended within a day."""
        ground = self._ground
        place = (born.strand % ground.places).astype(np.int32)
        lives.stamp("found_at", born.time)
        lives.set("kind", columns.words(born.chosen(1, (0.4, 0.35, 0.08, 0.17)), FINDING_KINDS))
        lives.set("org", columns.words((len(ground.orgs) - ground.places + place).astype(np.int32), ground.orgs))
        lives.set("community", ground.community(ground.spot(place, born.draw(2))))
        lives.stamp("mended_at", lives.later(born.time, born.lasting(3, 5 * HOUR_MS, 0.6), born.draw(4) < 0.99))
