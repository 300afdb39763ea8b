"""Operations: cyber findings, backups, models, address service, meters and sign-ins of the digital district."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals, Events, Flow
from ioc.sources.city.ground import Ground, dated, numbered
from ioc.sources.city.life import Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Faults, Readings
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS, OFFICE, WAKING, worked
from ioc.sources.city.town import STANDING
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Columns = Mapping[str, RawColumn]

FINDINGS_A_DAY, INFERENCES_A_DAY, GEOCODES_A_DAY, LOGINS_A_DAY = 9.0, 60_000.0, 40_000.0, 9_000.0
SEVERITIES = ("low", "medium", "high", "critical")
SYSTEMS = ("政务云", "视频云", "时空平台", "物联平台", "融合通信", "数据库", "指挥平台", "档案库")
MODELS = ("分拨模型", "识别模型", "问答模型", "预测模型")
CLIENTS = ("一网统管", "网格", "热线", "应急", "政务")
METER_KINDS = ("water", "power", "gas")
# mean use in a quarter of an hour of one meter (m3, kWh, m3)
USED = np.array([0.9, 34.0, 0.5])


def models(ground: Ground) -> list[Model]:
    """The sources of the scene but for the machine's own, which are real."""
    seed = ground.seed
    daily = ground.daily
    return [
        Records("finding_cyber", "WA", daily(FINDINGS_A_DAY, OFFICE), _finding, seed=seed, days=20),
        _backup(ground),
        Flow("inference", INFERENCES_A_DAY / 86_400, daily(INFERENCES_A_DAY, WAKING), _inference(ground), seed=seed),
        Flow("geocode", GEOCODES_A_DAY / 86_400, daily(GEOCODES_A_DAY, WAKING), _geocode, seed=seed),
        Flow("login", LOGINS_A_DAY / 86_400, daily(LOGINS_A_DAY, OFFICE), _login, seed=seed),
        _meters(ground),
    ]


def _finding(lives: Lives, born: Arrivals) -> None:
    severity = born.chosen(1, (0.45, 0.35, 0.16, 0.04))
    allowed = np.array([90.0, 63.0, 27.0, 9.0])[severity]  # working hours
    closed = worked(born.time, allowed * np.minimum(1.4, 0.45 * np.exp(0.3 * born.bell(2))))
    lives.set("severity", columns.words(severity, SEVERITIES))
    lives.set("due", columns.times(worked(born.time, allowed)))
    lives.stamp("closed_at", lives.when(closed, born.draw(3) < 0.998))


def _backup(ground: Ground) -> Model:
    """Each system is saved every hour."""
    key = ground.keys("backup", len(SYSTEMS))

    def fields(times: Times, which: Which) -> Columns:
        return {"ok": columns.flags(draw.uniform(key[which], times // HOUR_MS, 1) >= 0.0002)}

    return Readings("backup", SYSTEMS, HOUR_MS, fields, seed=ground.seed)


def _inference(ground: Ground) -> Events:
    """Calls of models; some stretches are slow."""
    key = ground.keys("inference", len(MODELS))

    def fields(born: Arrivals) -> tuple[RawColumn, Columns]:
        model = born.chosen(1, (0.35, 0.4, 0.15, 0.1))
        busy = draw.uniform(key[model], born.time // (20 * MINUTE_MS), 2) < 0.002
        latency = np.array([60.0, 95.0, 190.0, 130.0])[model] * np.exp(0.35 * born.bell(3)) * np.where(busy, 4.0, 1.0)
        return columns.words(model, MODELS), {
            "call_id": columns.texts(dated(born, "T")),
            "latency_ms": columns.numbers(np.minimum(latency, 60_000.0)),
            "ok": columns.flags(born.draw(4) < np.where(busy, 0.97, 0.998)),
        }

    return fields


def _geocode(born: Arrivals) -> tuple[RawColumn, Columns]:
    client = born.chosen(1, (0.35, 0.25, 0.2, 0.05, 0.15))
    fields = {"call_id": columns.texts(dated(born, "G")), "ok": columns.flags(born.draw(2) < 0.988)}
    return columns.words(client, CLIENTS), fields


def _login(born: Arrivals) -> tuple[RawColumn, Columns]:
    system = born.chosen(1, np.full(len(SYSTEMS), 1.0))
    fields = {
        "login_id": columns.texts(dated(born, "D")),
        "denied": columns.flags(born.draw(2) < 0.006),
        "privileged": columns.flags(born.draw(3) < 0.012),
    }
    return columns.words(system, SYSTEMS), fields


def _meters(ground: Ground) -> Model:
    """Water, power and gas: power follows the heat, gas the cold and the kitchen."""
    count = int(STANDING["counts"]["meters"])
    kind = np.repeat(np.arange(3), [count // 3, count - 2 * (count // 3), count // 3])
    sites = ground.town.spread("meter", count)
    key = ground.keys("meter", count)
    size = np.exp(0.6 * (2.0 * ground.trait("meter", count) - 1.0))
    names = numbered("ME", count, 5)
    communities = tuple(dict.fromkeys(sites.community))
    index = {code: at for at, code in enumerate(communities)}
    home = np.array([index[code] for code in sites.community], np.int32)

    def fields(times: Times, which: Which) -> Columns:
        warm = ground.conditions.temperature(times)
        cool = np.select(
            [kind[which] == 1, kind[which] == 2],
            [
                0.6 + 0.055 * np.maximum(0.0, warm - 24.0) + 0.02 * np.maximum(0.0, 14.0 - warm),
                1.0 + 0.02 * np.maximum(0.0, 20.0 - warm),
            ],
            1.0,
        )
        noise = 1.0 + draw.wander(key[which], times, 0.25, 90 * MINUTE_MS, 1)
        value = USED[kind[which]] * size[which] * cool * noise * WAKING.at(times)
        return {
            "kind": columns.words(kind[which], METER_KINDS),
            "value": columns.numbers(np.maximum(0.0, value), 3),
            "community": columns.words(home[which], communities),
        }

    return Readings("utilities", names, 15 * MINUTE_MS, fields, seed=ground.seed, faults=Faults(0.0, 0.0005))
