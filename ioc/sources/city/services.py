"""Government services: applications, halls and their tickets, electronic licences, the app, contracts and payments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals, Events, Flow
from ioc.sources.city.ground import DEPARTMENTS, Ground, dated
from ioc.sources.city.life import NEVER, Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Readings
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, OFFICE, WAKING, opened, worked
from ioc.sources.city.stock import Stock
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

APPLICATIONS_A_DAY, TICKETS_A_DAY, LICENCES_A_DAY = 4_200.0, 6_500.0, 21_000.0
CONTRACTS_A_DAY, PAYMENTS_A_DAY = 5.0, 90.0
COMMUNITY_HALLS = 83
ITEMS = (
    "社保登记", "居住证办理", "企业设立登记", "食品经营许可", "公租房申请", "老年优待证", "医保报销", "学位申请",
    "建设工程报建", "户籍迁入", "婚姻登记预约", "残疾人补贴", "人才补贴", "道路占用许可", "营业执照变更",
)  # fmt: skip
ALLOWED_H = np.array([9, 18, 27, 90, 180, 9, 45, 90, 135, 45, 9, 45, 90, 45, 18], np.float64)
AUTO_ITEMS = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1], np.bool_)
PROACTIVE_ITEMS = np.array([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0], np.bool_)
CLIENTS = ("一网通办", "i罗湖", "自助终端", "区级大厅", "街道大厅")
RATINGS = ("good", "ok", "bad")


def models(ground: Ground) -> list[Model]:
    """The sources of the scene."""
    halls = _Halls(ground)
    seed = ground.seed
    return [
        halls.stock(),
        Flow("ticket", TICKETS_A_DAY / 86_400, halls.rate, halls.ticket, seed=seed),
        Records(
            "application",
            "BJ",
            ground.daily(APPLICATIONS_A_DAY, OFFICE),
            halls.application,
            seed=seed,
            days=31,
            per_s=0.15,
        ),
        Flow("licence", LICENCES_A_DAY / 86_400, ground.daily(LICENCES_A_DAY, WAKING), _licence(ground), seed=seed),
        _probe(ground),
        Records("contract", "HT", ground.daily(CONTRACTS_A_DAY, OFFICE), _contract, seed=seed, days=90),
        Records("payment", "ZF", ground.daily(PAYMENTS_A_DAY, OFFICE), _payment, seed=seed, days=12),
    ]


class _Halls:
    """One district hall, a hall in each subdistrict, and those of the communities."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        district = ground.town.at([{"at": [114.1190, 22.5560]}])
        offices = ground.town.at([{"at": list(at)} for at in ground.town.centres.tolist()])
        small = ground.town.spread("hall", COMMUNITY_HALLS)
        lon, lat, place = (
            np.concatenate([getattr(one, name) for one in (district, offices, small)])
            for name in ("lon", "lat", "place")
        )
        self._sites = ground.town.sites(lon, lat, place)
        self._size = np.repeat([160.0, 26.0, 12.0], [1, ground.places, COMMUNITY_HALLS])  # tickets in 30 min
        self._ids = ["区政务服务大厅", *(f"{name}政务大厅" for name in ground.town.names)]
        self._ids += [f"社区便民服务点{at:02d}" for at in range(1, COMMUNITY_HALLS + 1)]
        self._english = ["District service hall", *(f"{name} hall" for name in ground.town.english)]
        self._english += [f"Community point {at:02d}" for at in range(1, COMMUNITY_HALLS + 1)]

    def stock(self) -> Stock:
        fixed = {
            "capacity_30m": columns.numbers(self._size),
            "zh": columns.texts(self._ids),
            "en": columns.texts(self._english),
            "community": columns.texts(self._sites.community),
            "point": columns.texts(self._sites.points),
        }
        return Stock("hall", self._ids, fixed, seed=self._ground.seed)

    def _load(self, times: Times) -> Floats:
        """People an hour, (times, halls); a queue of one hall now and then surges."""
        key = self._ground.keys("hall", len(self._size))
        slots = times // (2 * HOUR_MS)
        surge = np.stack([draw.uniform(key, np.full(len(key), slot), 1) < 0.002 for slot in slots.tolist()])
        base = self._size / self._size.sum() * TICKETS_A_DAY / 24.0
        rain = 1.0 - np.minimum(0.5, self._ground.weather("rain", times).mean(axis=1) / 60.0)
        found: Floats = (OFFICE.at(times) * rain)[:, None] * base[None, :] * np.where(surge, 2.2, 1.0)
        return found

    def rate(self, times: Times) -> Floats:
        return self._load(times)

    def ticket(self, born: Arrivals) -> tuple[RawColumn, Mapping[str, RawColumn]]:
        """A ticket is told when it is called; it was taken as long before as the hall is full."""
        cells, inverse = np.unique(born.time // (10 * MINUTE_MS), return_inverse=True)
        load = self._load(cells * 10 * MINUTE_MS)[inverse, born.strand] / (2.0 * self._size[born.strand])
        wait = 6.0 * MINUTE_MS * (0.35 + load**3)
        taken = born.time - np.minimum(born.lasting(1, wait, 0.5), 3 * HOUR_MS)
        fields = {"ticket_no": columns.texts(dated(born, "P")), "taken_at": columns.times(taken)}
        return columns.words(born.strand, self._ids), fields

    def application(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        place = (born.strand % ground.places).astype(np.int32)
        item = born.chosen(1, np.full(len(ITEMS), 1.0))
        online, fit = born.draw(2) < 0.96, AUTO_ITEMS[item]
        auto = fit & (born.draw(3) < 0.89)
        eligible = PROACTIVE_ITEMS[item]
        hall = np.where(born.draw(4) < 0.45, 0, 1 + place)
        allowed = ALLOWED_H[item]
        # far sooner than the law asks for
        used = np.where(auto, 0.05, allowed * 0.155 * np.exp(0.35 * born.bell(5)))
        finished = lives.when(np.where(auto, born.time + born.lasting(6, 90_000), worked(born.time, used)))
        lives.set("received_at", columns.times(born.time))
        lives.set("item", columns.words(item, ITEMS))
        lives.set("hall", columns.words(hall, self._ids))
        lives.set("org", columns.words(item % len(DEPARTMENTS), DEPARTMENTS))
        lives.set("online", columns.flags(online))
        lives.set("eligible_auto", columns.flags(fit))
        lives.set("auto", columns.flags(auto))
        lives.set("eligible_proactive", columns.flags(eligible))
        lives.set("proactive", columns.flags(eligible & (born.draw(7) < 0.6)))
        lives.set("due", columns.times(worked(born.time, allowed * 0.5)))
        lives.set("hours_allowed", columns.numbers(allowed, 2))
        lives.set("hours_used", columns.numbers(used, 2), finished)
        lives.stamp("finished_at", finished)
        lives.set("community", ground.community(ground.spot(place, born.draw(8))))
        rated = lives.later(finished, born.lasting(9, 30 * MINUTE_MS, 0.8), born.draw(10) < 0.35)
        rating = born.chosen(11, (0.9985, 0.0007, 0.0008))
        lives.set("rating", columns.words(rating, RATINGS), rated)
        lives.stamp("rated_at", rated)
        # a bad rating is to be mended within five working days
        mended = worked(np.where(rated < NEVER, rated, born.time), 18.0 * np.exp(0.25 * born.bell(12)))
        lives.stamp("mended_at", lives.when(mended, (rating == 2) & (rated < NEVER) & (born.draw(13) < 0.9995)))
        lacking = (born.draw(14) < 0.015) & ~auto
        late = worked(born.time, 45.0 * 0.4 * np.exp(0.22 * born.bell(15)))
        lives.set("supplement_due", columns.times(worked(born.time, np.full(len(born), 45.0)), lacking))
        lives.stamp("supplemented_at", lives.when(late, lacking))


def _licence(ground: Ground) -> Events:
    """Calls of electronic licences; some hours one of the callers has trouble."""
    key = ground.keys("licence", len(CLIENTS))

    def fields(born: Arrivals) -> tuple[RawColumn, Mapping[str, RawColumn]]:
        client = born.chosen(1, (0.4, 0.3, 0.1, 0.12, 0.08))
        trouble = draw.uniform(key[client], born.time // HOUR_MS, 2) < 0.001
        ok = born.draw(3) < np.where(trouble, 0.93, 0.996)
        return columns.words(client, CLIENTS), {"call_id": columns.texts(dated(born, "L")), "ok": columns.flags(ok)}

    return fields


def _probe(ground: Ground) -> Model:
    """The app is looked at every minute; about every two weeks it is away for a while."""
    key = ground.keys("app", 1)

    def fields(times: Times, which: NDArray[np.int32]) -> Mapping[str, RawColumn]:
        down = draw.uniform(key[which], times // (10 * MINUTE_MS), 1) < 0.0005
        missed = draw.uniform(key[which], times, 2) < 0.0003
        return {"ok": columns.flags(~(down | missed))}

    return Readings("probe", ("iluohu",), MINUTE_MS, fields, seed=ground.seed)


def _contract(lives: Lives, born: Arrivals) -> None:
    due = opened(born.time + (20 + np.floor(born.draw(1) * 60)).astype(np.int64) * DAY_MS)
    checked = lives.later(born.time, born.lasting(2, 3 * DAY_MS), born.draw(3) < 0.9)
    broken = lives.when(due, born.draw(4) < 0.0008)
    lives.set("due", columns.times(due))
    lives.set("breached", columns.flags(np.zeros(len(born), np.bool_)))
    lives.set("breached", columns.flags(np.ones(len(born), np.bool_)), broken)
    lives.set("evidence_checked", columns.flags(np.zeros(len(born), np.bool_)))
    lives.set("evidence_checked", columns.flags(np.ones(len(born), np.bool_)), checked)
    lives.set("evidence_ok", columns.flags(born.draw(5) < 0.99995), checked)


def _payment(lives: Lives, born: Arrivals) -> None:
    allowed = 27.0 + 9.0 * np.floor(born.draw(1) * 5)  # working hours
    refused = lives.later(born.time, born.lasting(2, 4 * HOUR_MS), born.draw(3) < 0.003)
    paid = worked(born.time, allowed * 0.45 * np.exp(0.22 * born.bell(4)))
    lives.set("due", columns.times(worked(born.time, allowed)))
    lives.set("rejected", columns.flags(np.zeros(len(born), np.bool_)))
    lives.set("rejected", columns.flags(np.ones(len(born), np.bool_)), refused)
    lives.stamp("paid_at", lives.when(paid, refused >= NEVER))
