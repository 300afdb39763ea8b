"""Emergency: rain, water, units, orders, shelters and what is done about an incident."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ioc.geo.plane import METRES_PER_DEGREE
from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.ground import Ground, numbered
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Faults, Readings
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, hour_of, is_rest
from ioc.sources.city.stock import Stock
from ioc.sources.city.town import STANDING
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Columns = Mapping[str, RawColumn]

GAUGE_MS = MINUTE_MS
TRACK_MS = 20_000
UNIT_KINDS = tuple(STANDING["units"])
SUPPLIES = ("沙袋", "水泵", "帐篷", "救生衣", "应急灯", "折叠床", "饮用水", "药箱")
PLANS = ("flood", "typhoon", "heat", "geology", "fire", "health")
# from how much rain in an hour (mm) on the wettest subdistrict the flood response stands at level 1 (Ⅳ) .. 4 (Ⅰ)
MOST_LEVEL = 4
FLOOD_LEVELS = np.array([16.0, 30.0, 50.0, 70.0])
# the same in warnings of the weather service, by rain and by heat: level 1 (blue) .. 4 (red)
HAZARDS, RAIN_SIGNALS, HEAT_SIGNALS = ("暴雨", "高温"), (10.0, 16.0, 40.0, 60.0), (34.0, 35.0, 37.0, 40.0)
SEVERITIES, COLOURS = ("Unknown", "Minor", "Moderate", "Severe", "Extreme"), ("blue", "yellow", "orange", "red")
STATIONS, RAINS = 4, ("none", "light", "moderate", "heavy")
ON_CALL = 0.8  # of those who are off duty so many can be called
READY = {"warden": 0.99, "police": 0.9, "fire": 0.92, "medical": 0.85, "rescue": 0.88, "flood": 0.86}


def models(ground: Ground) -> list[Model]:
    """Gauges, water, units and stores; incidents are in `incidents`."""
    return [
        *_rain(ground), *_water(ground), *_units(ground), _shelters(ground), _supplies(ground), _responses(ground),
        _warnings(ground), _weather(ground),
    ]  # fmt: skip


def _rain(ground: Ground) -> list[Model]:
    count = int(STANDING["counts"]["gauges"])
    names, sites = numbered("雨量站", count, 2), ground.town.spread("gauge", count)
    key = ground.keys("gauge", count)
    catch = 0.9 + 0.2 * ground.trait("gauge", count)

    def fields(times: Times, which: Which) -> Columns:
        rate = ground.conditions.rain(times, sites.place[which]) * catch[which]
        # tenths that do not come out are drawn, so that the sum over an hour is right
        tenths = rate / 60.0 * 10.0 * (0.8 + 0.4 * draw.uniform(key[which], times, 2))
        whole = np.floor(tenths + draw.uniform(key[which], times, 3))
        return {"mm": RawColumn("fixed", whole.astype(np.int64), scale=1)}

    register = {
        "zh": columns.texts(names),
        "en": columns.texts([f"Rain gauge {at:02d}" for at in range(1, count + 1)]),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("gauge", names, register, seed=ground.seed),
        Readings("rain", names, GAUGE_MS, fields, seed=ground.seed, faults=Faults(0.004, 0.001)),
    ]


def _water(ground: Ground) -> list[Model]:
    """Flood points, reservoirs and rivers: one rises in minutes, one in hours, one in days."""
    counts = STANDING["counts"]
    low = [place for row in STANDING["flood_point"] for place in row["places"]]
    basins = [place for row in STANDING["reservoir"] for place in row["places"]]
    flood, rivers = int(counts["flood_points"]), int(counts["rivers"])
    named = ground.town.at([*low, *basins])
    more = ground.town.spread("low", flood - len(low))
    stream = ground.town.spread("river", rivers)
    kind = np.repeat([0, 1, 2], [flood, len(basins), rivers])
    lon = np.concatenate([named.lon[: len(low)], more.lon, named.lon[len(low) :], stream.lon])
    lat = np.concatenate([named.lat[: len(low)], more.lat, named.lat[len(low) :], stream.lat])
    place = np.concatenate([named.place[: len(low)], more.place, named.place[len(low) :], stream.place])
    sites = ground.town.sites(lon, lat, place.astype(np.int32))
    names = numbered("WP", len(kind))
    key = ground.keys("water", len(kind))
    trait = ground.trait("water", len(kind))
    # named spots are the low ones; water finds others only in heavy rain
    depth_cm = np.where(np.arange(len(kind)) < len(low), 0.9 + 0.5 * trait, 0.15 + 0.35 * trait)
    limit = np.where(kind == 1, np.round(22.0 + 6.0 * trait, 2), 0.0)
    warn = np.where(kind == 2, np.round(3.2 + 0.6 * trait, 2), 0.0)
    river_m = 0.021 + 0.006 * trait  # metres a river rises for each mm on its way

    def fields(times: Times, which: Which) -> Columns:
        of, at = kind[which], sites.place[which]
        noise = draw.wander(key[which], times, 1.0, 40 * MINUTE_MS, 2)
        pool, run = ground.conditions.pool(times, at), ground.conditions.river(times, at)
        depth = np.maximum(0.0, pool * depth_cm[which] + 0.05 * noise - 0.05)
        slow = draw.wander(key[which], times, 1.0, 9 * DAY_MS, 3)
        level = np.select(
            [of == 1, of == 2],
            [limit[which] - 0.75 + 0.35 * slow + 0.0075 * run, 1.5 + 0.15 * slow + 0.02 * noise + river_m[which] * run],
            depth / 100.0,
        )
        return {"level": columns.numbers(level, 2), "depth_cm": columns.numbers(depth, 1, of == 0)}

    said = [*(one["zh"] for one in low), *(f"易涝点{at}" for at in range(len(low) + 1, flood + 1))]
    said += [*(one["zh"] for one in basins), *(f"河道水位站{at}" for at in range(1, rivers + 1))]
    english = [f"Flood point {at}" for at in range(1, flood + 1)]
    english += [f"Reservoir {at}" for at in range(1, len(basins) + 1)]
    english += [f"River gauge {at}" for at in range(1, rivers + 1)]
    register = {
        "kind": columns.words(kind, ("flood", "reservoir", "river")),
        "flood_limit": columns.numbers(limit, 2, kind == 1),
        "warn_level": columns.numbers(warn, 2, kind == 2),
        "zh": columns.texts(said),
        "en": columns.texts(english),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("water_point", names, register, seed=ground.seed),
        Readings("water", names, MINUTE_MS, fields, seed=ground.seed, faults=Faults(0.004, 0.001)),
    ]


def _units(ground: Ground) -> list[Model]:
    """Teams on duty: wardens by day (at night on call), the others round the clock; in heavy rain more are out. Who is
    rostered says where it is: wardens walk, the others drive about their post."""
    counts = [int(STANDING["units"][kind]) for kind in UNIT_KINDS]
    kind = np.repeat(np.arange(len(UNIT_KINDS)), counts)
    sites = ground.town.spread("unit", len(kind))
    key = ground.keys("unit", len(kind))
    ready = np.array([READY[name] for name in UNIT_KINDS])

    def state(times: Times, which: Which) -> Columns:
        hour, warden = hour_of(times), kind[which] == 0
        mine = draw.uniform(key[which], np.zeros(len(which), np.int64), 2)
        day = (hour >= 8.0) & (hour < 20.0) & ~(is_rest(times) & (mine < 0.4))
        rostered = ~warden | day
        busy = draw.uniform(key[which], times // HOUR_MS, 3)
        out = np.minimum(0.5, ground.conditions.pool(times, sites.place[which]) / 60.0)
        present = draw.uniform(key[which], times // (2 * HOUR_MS), 4) < 0.975
        return {
            "rostered": columns.flags(rostered),
            "on_post": columns.flags(rostered & present),
            "ready": columns.flags(present & (busy < np.where(rostered, ready[kind[which]], ON_CALL) - out)),
        }

    fixed = {
        "kind": columns.words(kind, UNIT_KINDS),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    reach = np.where(kind == 0, 160.0, 520.0)  # metres from the post
    round_ms = np.where(kind == 0, 50, 24) * MINUTE_MS

    def where(times: Times, which: Which) -> Columns:
        found = np.empty((2, len(which)))
        for slow in (0, 1):  # two paces: a wander has one of its own
            here = np.flatnonzero((kind[which] == 0) == (slow == 1))
            mine, pace = which[here], int(round_ms[0 if slow else -1])
            for axis in (0, 1):
                away = draw.wander(key[mine], times[here], 1.0, pace, 5 + axis)
                found[axis, here] = away * reach[mine] / METRES_PER_DEGREE[axis]
        lon, lat = sites.lon[which] + found[0], sites.lat[which] + found[1]
        points = [f"{x:.5f} {y:.5f}" for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
        return {"point": columns.texts(points)}

    def heard(times: Times, which: Which) -> NDArray[np.bool_]:
        hour = hour_of(times)
        out: NDArray[np.bool_] = (kind[which] != 0) | ((hour >= 8.0) & (hour < 20.0))
        return out

    names = numbered("U", len(kind), 4)
    return [
        Stock("unit", names, fixed, seed=ground.seed, state=state, every_ms=HOUR_MS),
        Readings("track", names, TRACK_MS, where, seed=ground.seed, also=heard),
    ]


def _shelters(ground: Ground) -> Stock:
    count = int(STANDING["counts"]["shelters"])
    sites = ground.town.spread("shelter", count)
    capacity = (100 + np.floor(9 * ground.trait("shelter", count)) * 50).astype(np.int64)

    def state(times: Times, which: Which) -> Columns:
        place = sites.place[which]
        wet = np.minimum(0.55, ground.conditions.pool(times, place) / 120.0)
        fled = ground.conditions.force("evacuation", times, place) / (capacity.sum() / ground.places)
        return {"occupied": columns.numbers(np.floor(capacity[which] * np.minimum(0.97, wet + fled)))}

    fixed = {
        "zh": columns.texts([f"应急避难场所{at:02d}" for at in range(1, count + 1)]),
        "en": columns.texts([f"Shelter {at:02d}" for at in range(1, count + 1)]),
        "capacity": columns.numbers(capacity),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    names = numbered("SH", count)
    return Stock("shelter", names, fixed, seed=ground.seed, state=state, every_ms=10 * MINUTE_MS)


def _supplies(ground: Ground) -> Stock:
    count = int(STANDING["counts"]["supplies"])
    kind = np.arange(count) % len(SUPPLIES)
    planned = (200 + 50 * np.floor(20 * ground.trait("supply", count))).astype(np.int64)
    key = ground.keys("supply", count)
    place = (np.arange(count) // len(SUPPLIES) * 2).astype(np.int32) % ground.places

    def state(times: Times, which: Which) -> Columns:
        slow = draw.wander(key[which], times // HOUR_MS * HOUR_MS, 0.08, 6 * DAY_MS, 2)
        used = np.minimum(0.5, ground.conditions.river(times, place[which]) / 160.0)
        return {"stock": columns.numbers(np.floor(planned[which] * (1.06 + slow - used)))}

    fixed = {"kind": columns.words(kind, SUPPLIES), "planned": columns.numbers(planned)}
    return Stock("supply", numbered("SU", count), fixed, seed=ground.seed, state=state, every_ms=HOUR_MS)


def _responses(ground: Ground) -> Stock:
    """Each plan's response level, 0 none to 4: by the rain of the last hour, the heat, and what a script says. The
    level that a script orders does not stand before its order: the rain alone raises no higher than to the one below.
    """
    highest = ground.conditions.most_scripted("response", PLANS)

    def state(times: Times, which: Which) -> Columns:
        level = np.zeros(len(times))
        wet = which == PLANS.index("flood")
        if wet.any():
            level[wet] = np.searchsorted(FLOOD_LEVELS, _wettest(ground, times[wet]), side="right")
        hot = which == PLANS.index("heat")
        level[hot] = np.searchsorted([35.5, 37.0, 39.0, 40.0], ground.conditions.temperature(times[hot]), side="right")
        ordered = ground.conditions.force_on("response", times, PLANS, which)
        before = np.minimum(level, np.where(highest[which] > 0, highest[which] - 1, MOST_LEVEL))
        return {"level": columns.numbers(np.where(ordered > 0, ordered, before))}

    fixed = {"plan": columns.texts(PLANS)}
    return Stock("response", PLANS, fixed, seed=ground.seed, state=state, every_ms=MINUTE_MS)


def _warnings(ground: Ground) -> Stock:
    """One warning of each hazard, which stands while the weather calls for one."""

    def state(times: Times, which: Which) -> Columns:
        level = np.zeros(len(times), np.int64)
        wet = which == 0
        level[wet] = np.searchsorted(RAIN_SIGNALS, _wettest(ground, times[wet]), side="right")
        level[~wet] = np.searchsorted(HEAT_SIGNALS, ground.conditions.temperature(times[~wet]), side="right")
        return {
            "level": columns.numbers(level),
            "severity": columns.words(level, SEVERITIES),
            "colour": columns.words(level - 1, COLOURS),
            "state": columns.words((level == 0).astype(np.int32), ("standing", "cancelled")),
        }

    rows = len(HAZARDS)
    fixed = {
        "sender": columns.one("气象台（演练）", rows), "status": columns.one("Actual", rows),
        "message": columns.one("Alert", rows), "scope": columns.one("Public", rows),
        "category": columns.one("Met", rows), "event": columns.texts(HAZARDS),
        "urgency": columns.one("Expected", rows), "certainty": columns.one("Likely", rows),
        "area": columns.one("罗湖区", rows), "community": columns.one(ground.town.codes[0][:6], rows),
    }  # fmt: skip
    names = numbered("YJ", rows)
    return Stock("warning", names, fixed, seed=ground.seed, state=state, every_ms=10 * MINUTE_MS)


def _weather(ground: Ground) -> Readings:
    """Stations that differ by a degree or so; humid in rain and at night."""
    names = numbered("QX", STATIONS, 2)
    offset = ground.trait("weather", STATIONS) * 1.6 - 0.8
    place = (np.arange(STATIONS) % ground.places).astype(np.int32)

    def fields(times: Times, which: Which) -> Columns:
        rain = ground.conditions.rain(times, place[which])
        warm = ground.conditions.temperature(times) + offset[which] - np.minimum(4.0, rain / 10.0)
        humid = np.clip(74.0 - 3.0 * (warm - 27.0) + 18.0 * (rain > 0.5), 20.0, 100.0)
        return {
            "temperature": columns.numbers(warm, 1),
            "humidity": columns.numbers(humid),
            "rain": columns.words(np.searchsorted((0.1, 2.5, 8.0), rain, side="right").astype(np.int32), RAINS),
        }

    return Readings("weather", names, 5 * MINUTE_MS, fields, seed=ground.seed, faults=Faults(0.004, 0.001))


def _wettest(ground: Ground, times: Times) -> NDArray[np.float64]:
    """The rain of the wettest subdistrict in the hour before each time, mm/h."""
    looks = (times[:, None] - np.arange(0, 60, 10)[None, :] * MINUTE_MS).ravel()
    places = range(ground.places)
    rain = np.stack([ground.conditions.rain(looks, np.full(len(looks), at, np.int32)) for at in places])
    found: NDArray[np.float64] = rain.max(axis=0).reshape(-1, 6).max(axis=1)
    return found
