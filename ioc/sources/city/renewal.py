"""Renewal: projects with their progress and milestones, building sites, risk objects, industrial space and leases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals
from ioc.sources.city.ground import Ground, numbered
from ioc.sources.city.life import Live, Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, OFFICE, opened, year_share
from ioc.sources.city.stock import Stock
from ioc.sources.city.town import STANDING
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Columns = Mapping[str, RawColumn]

STAGES = ("planning", "signing", "demolition", "construction", "done")
PARKS = ("笋岗片区", "清水河片区", "水贝片区", "莲塘片区", "大梧桐片区", "蔡屋围片区")
MILESTONES_A_DAY, LEASES_A_DAY = 4.0, 30.0
COURSE_DAYS = 1_600.0  # from planning to the end, about
INSPECTED_DAYS = 27  # a risk object is looked at about so often


def models(ground: Ground) -> list[Model]:
    """The sources of the scene."""
    work = _Projects(ground)
    return [
        work.projects(),
        work.progress(),
        Records("milestone", "LCB", ground.daily(MILESTONES_A_DAY, OFFICE), work.milestone, seed=ground.seed, days=60),
        _sites(ground),
        _risks(ground),
        _spaces(ground),
        Records("lease", "ZY", ground.daily(LEASES_A_DAY, OFFICE), _lease(ground), seed=ground.seed, days=60),
    ]


class _Projects:
    """Projects run through their stages over years, each at its own pace, and begin again as another one."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._count = int(STANDING["counts"]["projects"])
        self._names = numbered("GX", self._count)
        self._sites = ground.town.spread("project", self._count)
        self._key = ground.keys("project", self._count)
        self._start = ground.trait("project", self._count)
        self._behind = ground.trait("project", self._count, 2)

    def _course(self, times: Times, which: Which) -> NDArray[np.float64]:
        """0 at the start of planning to 5 at the end of the last stage."""
        done: NDArray[np.float64] = ((times / DAY_MS / COURSE_DAYS + self._start[which]) % 1.0) * 4.6
        return done

    def projects(self) -> Stock:
        def state(times: Times, which: Which) -> Columns:
            return {"stage": columns.words(np.floor(self._course(times, which)).astype(np.int32), STAGES)}

        fixed = {
            "name": columns.texts([f"更新单元{at:02d}（示意）" for at in range(1, self._count + 1)]),
            "community": columns.texts(self._sites.community),
            "point": columns.texts(self._sites.points),
        }
        seed = self._ground.seed
        return Stock("project", self._names, fixed, seed=seed, state=state, every_ms=24 * HOUR_MS)

    def progress(self) -> Stock:
        demolished_m2 = 4_000 + np.round(60_000 * self._start, 0)
        plan = 2_000 + np.round(90_000 * self._behind**2, 0)

        def state(times: Times, which: Which) -> Columns:
            course, behind = self._course(times, which), 0.16 * self._behind[which] ** 200  # hardly one in a hundred
            signed, torn = np.clip(course - 1.0, 0.0, 1.0), np.clip(course - 2.0, 0.0, 1.0)
            slow = draw.wander(self._key[which], times, 0.05, 40 * DAY_MS, 3)
            year = year_share(times)
            return {
                "plan_signed_pct": columns.numbers(100 * signed, 2),
                "signed_pct": columns.numbers(100 * signed * (1 - behind), 2),
                "plan_demolished_m2": columns.numbers(demolished_m2[which] * torn, 1),
                "demolished_m2": columns.numbers(demolished_m2[which] * torn * (1 - behind), 1),
                "plan_investment": columns.numbers(plan[which], 1),
                "investment": columns.numbers(plan[which] * year * np.clip(1.02 - behind + slow, 0.0, 1.2), 1),
            }

        fixed = {"community": columns.texts(self._sites.community)}
        seed = self._ground.seed
        return Stock("progress", self._names, fixed, seed=seed, state=state, every_ms=24 * HOUR_MS)

    def milestone(self, lives: Lives, born: Arrivals) -> None:
        which = np.floor(born.draw(1) * self._count).astype(np.int32)
        due = opened(born.time + (10 + np.floor(born.draw(2) * 35)).astype(np.int64) * DAY_MS)
        lives.set("project", columns.words(which, self._names))
        lives.set("due", columns.times(due))
        lives.set("community", columns.texts([self._sites.community[at] for at in which.tolist()]))
        done = opened(born.time + ((due - born.time) * 0.5 * np.exp(0.25 * born.bell(3))).astype(np.int64))
        lives.stamp("done_at", lives.when(done, born.draw(4) < 0.985))


def _sites(ground: Ground) -> Stock:
    count = int(STANDING["counts"]["sites"])
    sites = ground.town.spread("site", count)
    active = ground.trait("site", count) < 0.92
    names = numbered("工地", count, 2)
    fixed = {
        "required": columns.numbers(np.full(count, 2)),
        "active": columns.flags(active),
        "zh": columns.texts([f"{name}（示意）" for name in names]),
        "en": columns.texts([f"Site {at:02d} (assumed)" for at in range(1, count + 1)]),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return Stock("site_duty", names, fixed, seed=ground.seed)


def _risks(ground: Ground) -> Stock:
    """Dangerous houses and slopes; after rain, slopes are looked at sooner."""
    count = int(STANDING["counts"]["risk_objects"])
    sites = ground.town.spread("risk", count)
    slope = ground.trait("risk", count) < 0.45
    key = ground.keys("risk", count)

    def state(times: Times, which: Which) -> Columns:
        span = INSPECTED_DAYS * DAY_MS
        shift = (draw.uniform(key[which], np.zeros(len(which), np.int64), 2) * span).astype(np.int64)
        turn = (times - shift) // span
        # a turn ends somewhere in its last days; now and then it is left out
        at = turn * span + shift + (draw.uniform(key[which], turn, 3) * 0.2 * span).astype(np.int64)
        left_out = draw.uniform(key[which], turn, 4) < 0.05
        at = np.where(left_out | (at > times), at - span, at)
        return {"inspected_at": columns.times(opened(at))}

    fixed = {
        "kind": columns.words(slope.astype(np.int32), ("dangerous_house", "slope")),
        "listed": columns.flags(np.ones(count, np.bool_)),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return Stock("risk_object", numbered("FX", count), fixed, seed=ground.seed, state=state, every_ms=6 * HOUR_MS)


def _spaces(ground: Ground) -> Stock:
    count = int(STANDING["counts"]["spaces"])
    sites = ground.town.spread("space", count)
    park = np.floor(ground.trait("space", count) * len(PARKS)).astype(np.int32)
    total = np.round(600 + 9_000 * ground.trait("space", count, 2) ** 2, 1)
    base = ground.trait("space", count, 3)
    key = ground.keys("space", count)

    def state(times: Times, which: Which) -> Columns:
        moved = draw.uniform(key[which], times // (30 * DAY_MS), 4)
        share = np.clip(0.12 * base[which] ** 2 + 0.05 * moved + 0.02 * (park[which] == 1), 0.0, 1.0)
        return {"vacant_m2": columns.numbers(np.round(total[which] * share, 1), 1)}

    fixed = {
        "park": columns.words(park, PARKS),
        "total_m2": columns.numbers(total, 1),
        "community": columns.texts(sites.community),
    }
    return Stock("space", numbered("CY", count), fixed, seed=ground.seed, state=state, every_ms=24 * HOUR_MS)


def _lease(ground: Ground) -> Live:
    """Rents of collective assets that fall due: most are paid about their day, some of the assets stand idle."""

    def live(lives: Lives, born: Arrivals) -> None:
        due = opened(born.time + (5 + np.floor(born.draw(1) * 20)).astype(np.int64) * DAY_MS)
        spot = ground.spot((born.strand % ground.places).astype(np.int32), born.draw(3))
        idle = born.draw(4) < 0.012
        amount = np.where(idle, 0.0, np.round(3_000 * np.exp(0.5 * born.bell(2)), 2))
        lives.set("due", columns.times(due))
        lives.set("amount_due", columns.numbers(amount, 2))
        lives.set("idle", columns.flags(idle))
        lives.set("community", ground.community(spot))
        paid = opened(due + np.rint(DAY_MS * (3 * born.bell(5) - 9)).astype(np.int64))
        paid = lives.when(np.maximum(paid, born.time + HOUR_MS), ~idle & (born.draw(6) < 0.995))
        part = np.where(born.draw(7) < 0.01, 0.5, 1.0)
        lives.stamp("collected_at", paid)
        lives.set("amount_collected", columns.numbers(np.zeros(len(born)), 2))
        lives.set("amount_collected", columns.numbers(np.round(amount * part, 2), 2), paid)

    return live
