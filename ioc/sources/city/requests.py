"""Requests of residents (诉求): what about, how they are passed on, and how they end. All callers are invented."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals
from ioc.sources.city.ground import Ground
from ioc.sources.city.life import NEVER, Lives, Records
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, WAKING, opened, worked
from metrics.clock import LOCAL_OFFSET_MS

Times = NDArray[np.int64]

REQUESTS_A_DAY = 900.0
CLASSES = (
    "city_management", "housing", "planning", "transport", "environment", "water", "market", "consumer", "labour",
    "social_insurance", "civil_affairs", "education", "health", "culture", "public_security", "work_safety",
    "government_services", "other",
)  # fmt: skip
SERVICE = CLASSES.index("government_services")
HOUSING = CLASSES.index("housing")
THEMES = ("governance", "traffic", "renewal", "livelihood", "safety", "emergency")
# topic, class, theme, weight of the ordinary mix; the last ones come with what happens
TOPICS = (
    ("垃圾", 0, 0, 9), ("占道经营", 0, 0, 8), ("停车", 3, 1, 9), ("交通拥堵", 3, 1, 5), ("公交", 3, 1, 3),
    ("房屋漏水", 1, 3, 5), ("物业收费", 1, 3, 7), ("电梯故障", 1, 3, 5), ("噪声", 4, 0, 10), ("扬尘", 4, 2, 3),
    ("食品安全", 6, 3, 5), ("消费纠纷", 7, 3, 7), ("欠薪", 8, 3, 4), ("社保", 9, 3, 4), ("入学", 11, 3, 3),
    ("就医", 12, 3, 3), ("养老", 10, 3, 3), ("治安", 14, 4, 3), ("停水", 5, 3, 2), ("停电", 17, 3, 2),
    ("办事咨询", 16, 3, 8), ("拆迁补偿", 2, 2, 4), ("公园设施", 13, 3, 2), ("消防通道", 15, 4, 3), ("其他", 17, 3, 5),
    ("积水", 5, 5, 0), ("异味", 4, 4, 0), ("地铁故障", 3, 1, 0), ("燃气味", 15, 4, 0),
)  # fmt: skip
FLOOD = 25  # where those that come with what happens begin: one for each further strand
MATTERS = ("反映", "投诉", "咨询", "求助", "建议")


def requests(ground: Ground) -> Records:
    """The source `request`."""
    told = _Requests(ground)
    return Records("request", "SQ", told.rate, told.live, seed=ground.seed, days=31, per_s=0.08)


class _Requests:
    """Strands: each place's ordinary requests, then those about floods, smells, the metro and gas."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def rate(self, times: Times) -> NDArray[np.float64]:
        ground = self._ground
        metro = np.zeros((len(times), ground.places))
        if len(times):
            for one in ground.conditions.acting("metro_failure", int(times.min()), int(times.max())):
                metro += (60.0 * one.at(times))[:, None] * ground.share[None, :]
        parts = [
            ground.daily(REQUESTS_A_DAY, WAKING)(times),
            1.6 * ground.weather("pool", times - 10 * MINUTE_MS),
            ground.forced("smell", times - 5 * MINUTE_MS),
            metro,
            0.05 * ground.forced("gas_leak", times),
        ]
        return np.concatenate(parts, axis=1)

    def live(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        place, group = (born.strand % ground.places).astype(np.int32), born.strand // ground.places
        ordinary = born.chosen(1, [one[3] for one in TOPICS])
        topic = np.where(group == 0, ordinary, FLOOD - 1 + group).astype(np.int32)
        kind, theme = (np.array([one[at] for one in TOPICS])[topic] for at in (1, 2))
        spot = ground.spot(place, born.draw(2))
        lives.stamp("received_at", born.time)
        lives.set("class", columns.words(kind, CLASSES))
        lives.set("theme", columns.words(theme, THEMES))
        lives.set("topic", columns.words(topic, tuple(one[0] for one in TOPICS)))
        lives.set("community", ground.community(spot))
        self._said(lives, born, place, topic)
        self._handled(lives, born, place, kind)
        dispute = (born.draw(20) < 0.06) & (kind == HOUSING)
        lives.set("mediation", columns.flags(dispute))
        lives.set("firm", columns.flags(born.draw(21) < 0.08))

    def _said(self, lives: Lives, born: Arrivals, place: NDArray[np.int32], topic: NDArray[np.int32]) -> None:
        """Who, what and where, all invented: some call again about the same thing."""
        names = self._ground.town.names
        day = (born.time + LOCAL_OFFSET_MS) // DAY_MS
        again = born.draw(3) < 0.045
        # one in twenty is one of a few hundred who call again and again about one matter
        fresh = 1_000 + (day % 400) * 10_000 + np.floor(born.draw(4) * 9_999)
        number = np.where(again, np.floor(born.draw(4) * 700), fresh)
        own = np.where(again, number.astype(np.int64) % len(TOPICS), topic)
        what = np.where(again, 0, np.floor(born.draw(5) * len(MATTERS))).astype(np.int64)
        where = np.where(again & (born.draw(24) < 0.15), number, 1_000 + np.floor(born.draw(6) * 999_000)).astype(
            np.int64
        )
        lives.set("caller", columns.texts([f"演练来电{int(one):07d}" for one in number.tolist()]))
        topics = [one[0] for one in TOPICS]
        matters = [f"{MATTERS[a]}{topics[b]}" for a, b in zip(what.tolist(), own.tolist(), strict=True)]
        lives.set("matter", columns.texts(matters))
        spots = [f"{names[a]}{b}号" for a, b in zip(place.tolist(), where.tolist(), strict=True)]
        lives.set("place", columns.texts(spots))

    def _handled(self, lives: Lives, born: Arrivals, place: NDArray[np.int32], kind: NDArray[np.int64]) -> None:
        orgs = self._ground.orgs
        departments = len(orgs) - self._ground.places
        own = np.where(born.draw(7) < 0.5, kind % departments, departments + place).astype(np.int32)
        routed = lives.later(born.time, born.lasting(8, 9 * MINUTE_MS, 0.7))
        back = lives.later(routed, born.lasting(9, 3 * HOUR_MS), born.draw(10) < 0.006)
        other = ((own + 1) % departments).astype(np.int32)
        lives.stamp("routed_at", routed)
        lives.set("org", columns.words(own, orgs), routed)
        lives.set("returned", columns.flags(np.zeros(len(born), np.bool_)), routed)
        lives.set("returned", columns.flags(np.ones(len(born), np.bool_)), back)
        lives.set("org", columns.words(other, orgs), lives.later(back, born.lasting(11, HOUR_MS)))
        lives.stamp("contacted_at", lives.later(routed, born.lasting(12, 4 * HOUR_MS, 0.55), born.draw(13) < 0.998))
        allowed = np.where(kind == SERVICE, 9.0, 45.0)
        lives.set("deadline", columns.times(worked(born.time, allowed)))
        done = worked(born.time, allowed * np.minimum(0.45 * np.exp(0.24 * born.bell(14)), 3.0))
        closed = lives.when(np.maximum(done, routed + HOUR_MS), routed < NEVER)
        lives.stamp("closed_at", closed)
        redo = lives.later(closed, born.lasting(15, 2 * DAY_MS), born.draw(16) < 0.003)
        lives.set("redone", columns.flags(np.zeros(len(born), np.bool_)))
        lives.set("redone", columns.flags(np.ones(len(born), np.bool_)), redo)
        asked = lives.when(opened(closed + born.lasting(17, 20 * HOUR_MS)), (closed < NEVER) & (born.draw(18) < 0.6))
        lives.stamp("surveyed_at", asked)
        lives.set("resolved", columns.flags(born.draw(19) < 0.965), asked)
        lives.stamp("rated_at", asked)
        lives.set("satisfied", columns.flags(born.draw(22) < 0.999), asked)
        lives.set("settled", columns.flags(born.draw(23) < 0.86), closed)
