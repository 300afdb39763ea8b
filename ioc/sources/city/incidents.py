"""Incidents: what the duty desk commands, with its dispatches, orders, plan steps and evacuations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ioc.sources.city import columns
from ioc.sources.city.emergency import UNIT_KINDS
from ioc.sources.city.flow import Arrivals, Flow
from ioc.sources.city.ground import Ground, dated
from ioc.sources.city.life import Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Readings
from ioc.sources.city.rhythm import DAY_MS, MINUTE_MS, OFFICE, WAKING, opened
from metrics.clock import LOCAL_OFFSET_MS
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

CLASSES = ("natural", "accident", "health", "security")
INCIDENTS_A_DAY, FLOOD_INCIDENTS = 14.0, 0.05  # the latter an hour and place for each mm that stands
DISPATCHES_A_DAY, ORDERS_A_DAY, STEPS_A_DAY, ACTIONS_A_DAY = 260.0, 180.0, 60.0, 6.0
OPERATORS = ("值班员01", "值班员02", "值班员03", "值班员04", "值班员05", "值班员06")
ALARMS_AN_HOUR = 0.25  # for each operator on an ordinary day
EVACUATED = 8  # areas that report while people are being moved
INCIDENT_IDS = 400


def models(ground: Ground) -> list[Model]:
    """The sources of an incident's course."""
    desk = _Desk(ground)
    seed = ground.seed
    return [
        Records("incident", "SJ", desk.incidents, desk.incident, seed=seed, days=6),
        Records("dispatch", "DP", desk.dispatches, desk.dispatch, seed=seed, days=2),
        Records("order", "ZL", desk.orders, desk.order, seed=seed, days=2),
        Records("plan_step", "BZ", desk.steps, desk.step, seed=seed, days=3),
        Records("action", "ZG", ground.daily(ACTIONS_A_DAY, OFFICE), desk.action, seed=seed, days=45),
        Flow("alarm", ALARMS_AN_HOUR * len(OPERATORS) / 3600, desk.alarms, desk.alarm, seed=seed),
        _evacuation(ground),
    ]


class _Desk:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def _with_floods(self, times: Times, a_day: float, flood: float) -> Floats:
        pool = self._ground.weather("pool", times - 10 * MINUTE_MS)
        return np.concatenate([self._ground.daily(a_day, WAKING)(times), flood * pool], axis=1)

    def incidents(self, times: Times) -> Floats:
        return self._with_floods(times, INCIDENTS_A_DAY, FLOOD_INCIDENTS)

    def dispatches(self, times: Times) -> Floats:
        return self._with_floods(times, DISPATCHES_A_DAY, 0.4)

    def orders(self, times: Times) -> Floats:
        return self._with_floods(times, ORDERS_A_DAY, 0.3)

    def steps(self, times: Times) -> Floats:
        return self._with_floods(times, STEPS_A_DAY, 0.2)

    def incident(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        place, wet = (born.strand % ground.places).astype(np.int32), born.strand >= ground.places
        kind = np.where(wet, 0, born.chosen(1, (0.06, 0.64, 0.1, 0.2))).astype(np.int32)
        level = 1 + born.chosen(2, (0.93, 0.06, 0.009, 0.001))
        spot = ground.spot(place, born.draw(3))
        sent = lives.later(born.time, born.lasting(4, 50_000, 0.45))
        on_scene = lives.later(sent, born.lasting(5, 7 * MINUTE_MS, 0.4))
        closed = lives.later(on_scene, born.lasting(6, 45 * MINUTE_MS * np.where(level > 1, 3.0, 1.0), 0.6))
        lives.set("class", columns.words(kind, CLASSES))
        lives.set("level", columns.numbers(level))
        lives.stamp("received_at", born.time)
        lives.stamp("dispatched_at", sent)
        lives.stamp("on_scene_at", on_scene)
        lives.stamp("closed_at", closed)
        lives.set("deaths", columns.numbers(np.zeros(len(born))))
        dead = (born.draw(7) < 0.002) & (level > 1)
        lives.set("deaths", columns.numbers(np.ones(len(born))), lives.later(on_scene, born.lasting(8, 60_000), dead))
        lives.set("community", ground.community(spot))
        lives.set("point", ground.point(spot))

    def dispatch(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        place, wet = (born.strand % ground.places).astype(np.int32), born.strand >= ground.places
        kind = np.where(wet, UNIT_KINDS.index("flood"), born.chosen(1, (0.05, 0.45, 0.12, 0.3, 0.06, 0.02)))
        priority = born.draw(2) < 0.25
        # water on the roads holds everyone up
        slow = 1.0 + ground.conditions.pool(born.time, place) / 35.0
        way = 5.6 * MINUTE_MS * slow * np.where(priority, 0.72, 1.0)
        lives.stamp("dispatched_at", born.time)
        lives.set("incident", self._incident(born))
        lives.set("unit_kind", columns.words(kind, UNIT_KINDS))
        lives.set("priority", columns.flags(priority))
        lives.stamp("arrived_at", lives.later(born.time, born.lasting(3, way, 0.3)))
        lives.set("community", ground.community(ground.spot(place, born.draw(4))))

    def order(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        lives.stamp("sent_at", born.time)
        lives.set("org", columns.words(np.floor(born.draw(1) * len(ground.orgs)).astype(np.int32), ground.orgs))
        known = lives.later(born.time, born.lasting(2, 95_000, 0.4), born.draw(3) < 0.998)
        lives.stamp("receipt_at", known)

    def step(self, lives: Lives, born: Arrivals) -> None:
        allowed: Times = 20 * MINUTE_MS + np.floor(born.draw(1) * 8).astype(np.int64) * 10 * MINUTE_MS
        lives.set("incident", self._incident(born))
        lives.set("due", columns.times(born.time + allowed))
        lives.stamp(
            "done_at",
            lives.later(born.time, born.lasting(2, 0.42 * allowed.astype(np.float64), 0.24), born.draw(3) < 0.999),
        )

    def action(self, lives: Lives, born: Arrivals) -> None:
        allowed: Times = (7 + np.floor(born.draw(1) * 4) * 7).astype(np.int64) * DAY_MS
        lives.set("due", columns.times(opened(born.time + allowed)))
        done = opened(born.time + born.lasting(2, 0.5 * allowed.astype(np.float64), 0.25))
        lives.stamp("done_at", lives.when(done, born.draw(3) < 0.99))

    def alarms(self, times: Times) -> Floats:
        storm = 1.0 + self._ground.weather("pool", times).mean(axis=1) / 3.0
        return np.repeat((ALARMS_AN_HOUR * storm)[:, None], len(OPERATORS), axis=1)

    def alarm(self, born: Arrivals) -> tuple[RawColumn, dict[str, RawColumn]]:
        return columns.words(born.strand, OPERATORS), {"alarm_no": columns.texts(dated(born, "GJ"))}

    def _incident(self, born: Arrivals) -> RawColumn:
        """One of the incidents of the day, by an invented number: only those of a script are commanded in full."""
        day = np.datetime_as_string((born.time + LOCAL_OFFSET_MS).astype("datetime64[ms]"), unit="D")
        number = 1 + np.floor(born.draw(9) * INCIDENTS_A_DAY).astype(np.int64)
        return columns.texts(
            [f"SJ{one.replace('-', '')}{at:05d}" for one, at in zip(day.tolist(), number.tolist(), strict=True)]
        )


def _evacuation(ground: Ground) -> Model:
    """How many people of each area are moved, every five minutes while a script moves them."""
    names = [f"转移片区{at:02d}" for at in range(1, EVACUATED + 1)]
    place = (np.arange(EVACUATED) * ground.places // EVACUATED).astype(np.int32)

    def fields(times: Times, which: NDArray[np.int32]) -> dict[str, RawColumn]:
        required, share, deadline = _moving(ground, times, place[which])
        return {
            "required": columns.numbers(required),
            "moved": columns.numbers(np.floor(required * share)),
            "deadline": columns.times(deadline),
            "incident": columns.one("转移演练", len(times)),
        }

    def heard(times: Times, which: NDArray[np.int32]) -> NDArray[np.bool_]:
        return _moving(ground, times, place[which])[0] > 0

    return Readings("evacuation", names, 5 * MINUTE_MS, fields, seed=ground.seed, also=heard)


def _moving(ground: Ground, times: Times, place: NDArray[np.int32]) -> tuple[Floats, Floats, Times]:
    """(required, share moved, deadline): a script's persons are asked for at once and moved over four fifths of it."""
    required, share = np.zeros(len(times)), np.ones(len(times))
    deadline = times.copy()
    if not len(times):
        return required, share, deadline
    for one in ground.conditions.acting("evacuation", int(times.min()), int(times.max())):
        here = one.touches(ground.town.codes)[place] & (times >= one.start_ms) & (times < one.end_ms)
        lasts = one.end_ms - one.start_ms
        required[here] = np.floor(one.value)
        share[here] = np.clip((times[here] - one.start_ms) / (0.8 * lasts), 0.0, 1.0)
        deadline[here] = one.end_ms - lasts // 5
    return required, share, deadline
