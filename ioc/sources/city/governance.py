"""Governance: the cases (案卷) of the district, from report to closing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals
from ioc.sources.city.ground import DEPARTMENTS, Ground, numbered
from ioc.sources.city.life import NEVER, Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS, WAKING, opened, worked
from ioc.sources.city.town import STANDING
from metrics.codec import RawColumn

CASES_A_DAY = 1_500.0
LIFTS_A_DAY = 6.0
FLOOD_CASES = 0.9  # an hour and place for each mm that stands on its roads
NOTICED_MS = 20 * MINUTE_MS  # water on a road becomes a case so much later
KINDS = ("part", "event", "site", "safety", "other", "lift")
KIND_SHARES = (0.27, 0.44, 0.15, 0.09, 0.05)
CHANNELS = ("warden", "hotline", "video", "iot", "public")
ALLOWED_H = np.array([27.0, 18.0, 27.0, 9.0, 36.0, 4.0])  # working hours to handle, by kind
ORG_OF_KIND = np.array([0, 0, 1, 4, 5, 5])  # department by kind, where it is not the subdistrict's office
WATER = DEPARTMENTS.index("区水务局")


def models(ground: Ground) -> list[Model]:
    """The sources of the scene."""
    cases = _Cases(ground)
    return [Records("case", "AJ", cases.rate, cases.live, seed=ground.seed, days=31, per_s=0.15)]


class _Cases:
    """Strands: each place, then each place's flood cases, then each place's people trapped in lifts."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._sites = numbered("工地", int(STANDING["counts"]["sites"]), 2)

    def rate(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        ground = self._ground
        ordinary = ground.daily(CASES_A_DAY, WAKING)(times)
        flood = FLOOD_CASES * ground.weather("pool", times - NOTICED_MS)
        lifts = ground.daily(LIFTS_A_DAY, WAKING)(times) * (1.0 + ground.weather("rain", times) / 30.0)
        return np.concatenate([ordinary, flood, lifts], axis=1)

    def live(self, lives: Lives, born: Arrivals) -> None:
        ground, rows = self._ground, len(born)
        place, group = (born.strand % ground.places).astype(np.int32), born.strand // ground.places
        flood, lift = group == 1, group == 2
        kind = np.where(lift, 5, np.where(flood, 1, born.chosen(1, KIND_SHARES))).astype(np.int32)
        spot = ground.spot(place, born.draw(2))
        channel = np.where(kind == 2, 0, born.chosen(3, (0.55, 0.2, 0.1, 0.05, 0.1))).astype(np.int32)
        site = np.where(kind == 2, np.floor(born.draw(4) * len(self._sites)), -1).astype(np.int32)
        lives.set("created_at", columns.times(born.time))
        lives.set("reported_at", columns.times(born.time))
        lives.set("channel", columns.words(channel, CHANNELS))
        lives.set("kind", columns.words(kind, KINDS))
        lives.set("site", columns.words(site, self._sites))
        lives.set("place", _spots(born, ground.town.names, place, flood))
        lives.set("point", ground.point(spot))
        lives.set("community", ground.community(spot))
        lives.set("rework", columns.numbers(np.zeros(rows)))
        lives.set("extended", columns.flags(np.zeros(rows, np.bool_)))
        lives.set("file_by", columns.times(born.time + 30 * MINUTE_MS))

        valid = (born.draw(5) < 0.97) | lift
        seen = lives.later(born.time, born.lasting(6, 7 * MINUTE_MS, 0.6))
        filed = lives.later(born.time, born.lasting(6, 7 * MINUTE_MS, 0.6), valid)
        lives.set("valid", columns.flags(valid), seen)
        lives.stamp("filed_at", filed)
        routed = self._routed(lives, born, place=place, kind=kind, flood=flood, filed=filed)
        deadline, handled = self._handled(lives, born, kind, filed)
        self._closed(
            lives, born, deadline=deadline, handled=handled, seen=seen, valid=valid, filed=filed, routed=routed
        )
        freed = lives.later(born.time, born.lasting(21, 12 * MINUTE_MS, 0.3), lift)
        lives.set("trapped_at", columns.times(born.time, lift))
        lives.stamp("rescued_at", freed)

    def _routed(
        self,
        lives: Lives,
        born: Arrivals,
        *,
        place: NDArray[np.int32],
        kind: NDArray[np.int32],
        flood: NDArray[np.bool_],
        filed: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        routed = lives.later(filed, born.lasting(7, 3 * MINUTE_MS, 0.5))
        office = (len(DEPARTMENTS) + place).astype(np.int32)
        own = np.where(flood, WATER, np.where(born.draw(8) < 0.45, ORG_OF_KIND[kind], office)).astype(np.int32)
        wrong = born.draw(9) < 0.005
        first = np.where(wrong, np.floor(born.draw(10) * len(DEPARTMENTS)), own).astype(np.int32)
        auto = born.draw(11) < 0.7
        moved = lives.later(routed, born.lasting(12, 2 * HOUR_MS, 0.4), wrong | (born.draw(13) < 0.035))
        lives.stamp("routed_at", routed)
        lives.set("auto_routed", columns.flags(auto), routed)
        lives.set("reassigned", columns.flags(np.zeros(len(born), np.bool_)), routed)
        lives.set("should_dispatch", columns.flags(np.ones(len(born), np.bool_)), routed)
        lives.set("dispatch_ok", columns.flags(~wrong), routed)
        lives.set("org", columns.words(first, self._ground.orgs), routed)
        lives.set("reassigned", columns.flags(np.ones(len(born), np.bool_)), moved)
        lives.set("org", columns.words(own, self._ground.orgs), moved)
        return routed

    def _handled(
        self, lives: Lives, born: Arrivals, kind: NDArray[np.int32], filed: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        start = np.where(filed >= NEVER, born.time, filed)
        allowed = ALLOWED_H[kind]
        deadline = worked(start, allowed)
        share = 0.42 * np.exp(0.38 * born.bell(14))  # 1 in 100 take longer than they may
        handled = lives.when(worked(start, allowed * np.minimum(share, 4.0)), filed < NEVER)
        held = (born.draw(15) < 0.05) & (handled < NEVER) & (handled - start > 4 * HOUR_MS)
        from_, to = start + HOUR_MS, start + 3 * HOUR_MS
        spans = [
            f"{a}/{b}" if one else None for a, b, one in zip(from_.tolist(), to.tolist(), held.tolist(), strict=True)
        ]
        lives.set("deadline", columns.times(deadline), filed)
        late = (handled > deadline) & (filed < deadline - HOUR_MS)
        asked = lives.when(deadline - HOUR_MS, late & (born.draw(16) < 0.55))
        lives.set("extended", columns.flags(np.ones(len(born), np.bool_)), asked)
        lives.set("deadline", columns.times(worked(deadline, np.full(len(born), 18.0))), asked)
        lives.set("holds", columns.texts(spans), lives.when(to, held))
        lives.stamp("handled_at", handled)
        return deadline, handled

    def _closed(
        self,
        lives: Lives,
        born: Arrivals,
        *,
        deadline: NDArray[np.int64],
        handled: NDArray[np.int64],
        seen: NDArray[np.int64],
        valid: NDArray[np.bool_],
        filed: NDArray[np.int64],
        routed: NDArray[np.int64],
    ) -> None:
        checked = lives.when(opened(handled + born.lasting(17, 3 * HOUR_MS, 0.5)), handled < NEVER)
        poor = born.draw(18) < 0.01
        again = lives.later(checked, born.lasting(19, 20 * HOUR_MS, 0.3), poor)
        closed = lives.later(np.where(poor, again, checked), born.lasting(20, 2 * HOUR_MS, 0.4))
        lives.set("rework", columns.numbers(np.ones(len(born))), lives.when(checked, poor))
        lives.set("close_by", columns.times(worked(deadline, np.full(len(born), 18.0))), filed)
        lives.stamp("closed_at", closed)
        taken = lives.later(routed, 5 * MINUTE_MS + born.lasting(22, 40 * MINUTE_MS, 0.5))
        lives.stages(
            "status",
            [
                ("reported", born.time), ("void", lives.when(seen, ~valid)), ("filed", filed), ("dispatched", routed),
                ("handling", np.where(taken < handled, taken, NEVER)), ("handled", handled), ("checked", checked),
                ("handling", lives.when(checked + 1, poor)), ("handled", again), ("closed", closed),
            ],
        )  # fmt: skip


def _spots(born: Arrivals, names: tuple[str, ...], place: NDArray[np.int32], flood: NDArray[np.bool_]) -> RawColumn:
    """The place of each case as text: nearly always a new one, now and then one of the few that come again."""
    again = (flood & (born.draw(25) < 0.02)) | (born.draw(23) < 0.0002)
    number = np.where(again, np.floor(born.draw(24) * 6), 100 + np.floor(born.draw(24) * 9_999_900)).astype(np.int64)
    return columns.texts([f"{names[at]}{one}号点位" for at, one in zip(place.tolist(), number.tolist(), strict=True)])
