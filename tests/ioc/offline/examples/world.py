"""A district made up by a seed: rows for every source of the examples, as data frames and as the files of a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
E = pd.Timestamp("2024-06-28T10:00:00")  # a Friday, local time
COMMUNITIES = ["C1", "C2", "C3"]
REGIONS = pd.DataFrame(
    {
        "code": ["D", "S1", "S2", "C1", "C2", "C3"],
        "parent": ["", "D", "D", "S1", "S1", "S2"],
        "name": ["区", "一街", "二街", "甲", "乙", "丙"],
        "level": ["district", "subdistrict", "subdistrict", "community", "community", "community"],
        "population": [60_000, 45_000, 15_000, 20_000, 25_000, 15_000],
        "area_km2": [0.026, None, None, None, None, None],
        "population_10k": [2.141, None, None, None, None, None],
    }
)
ENTERED = pd.DataFrame(
    {
        "name": ["complaints", "days", "rate", "cases", "quota", "quota"],
        "region": ["", "D", "", "D", "D", "D"],
        "valid_from": ["", "", "2024-01-01T00:00:00+08:00", "", "", "2024-06-28T10:00:00+08:00"],
        "value": [100, 1.5, 60, 9050, 8300, 1],
    }
)
UNITS = {"below": {"C1": "S1", "C2": "S1", "C3": "S2", "S1": "D", "S2": "D"}}


@dataclass
class World:
    """Frames by source; times are local and naive, absent values are NaN or NaT."""

    frames: dict[str, pd.DataFrame]

    def write(self, folder: Path) -> list[str]:
        """The files, and the arguments `--data NAME=FILE` that name them."""
        arguments = []
        for name, frame in {**self.frames, "regions": REGIONS, "entered": ENTERED}.items():
            shown = frame.copy()
            for column in shown.columns:
                if pd.api.types.is_datetime64_any_dtype(shown[column]):
                    shown[column] = shown[column].map(lambda at: "" if pd.isna(at) else f"{at.isoformat()}+08:00")
            shown.to_csv(folder / f"{name}.csv", index=False)
            arguments += ["--data", f"{name}={folder / name}.csv"]
        return arguments


def make(seed: int, scale: float = 1.0) -> World:
    """Rows of the ten weeks before E, some of them after it."""
    rng = np.random.default_rng(seed)
    frames = {
        "case": _cases(rng, int(160 * scale)),
        "request": _requests(rng, int(400 * scale)),
        "ticket": _tickets(rng, int(240 * scale)),
        "project": _projects(rng, int(40 * scale)),
        "incident": _incidents(rng, int(60 * scale)),
        "alarm": _alarms(rng, int(80 * scale)),
    }
    frames["device"], frames["iot"] = _devices(rng, int(24 * scale))
    frames["rain"] = _rain(rng, int(600 * scale))
    frames["road"], frames["traffic"] = _traffic(rng)
    return World(frames)


def _times(rng: np.random.Generator, count: int, first: pd.Timestamp, last: pd.Timestamp, step: str) -> pd.Series[Any]:
    steps = int((last - first) / pd.Timedelta(step))
    return pd.Series(first + pd.to_timedelta(rng.integers(0, steps, count) * pd.Timedelta(step)))


def _sometimes(rng: np.random.Generator, values: pd.Series[Any], share: float) -> pd.Series[Any]:
    """Absent in this share of the rows."""
    return values.mask(rng.random(len(values)) < share)


def _choice(rng: np.random.Generator, values: list[str], count: int, share: float = 0.1) -> pd.Series[Any]:
    return _sometimes(rng, pd.Series(rng.choice(values, count), dtype=object), share)


def _versions(rng: np.random.Generator, frame: pd.DataFrame, key: str, again: pd.DataFrame) -> pd.DataFrame:
    """A first version of each key and, for some, a later one; some with equal change time."""
    later = again[rng.random(len(again)) < 0.5].copy()
    wait = pd.to_timedelta(rng.choice([0, 15, 60, 1440, 10_000], len(later)), unit="min")
    later["changed_at"] = later["changed_at"] + wait
    both = pd.concat([frame, later], ignore_index=True)
    return both.sample(frac=1, random_state=int(rng.integers(1 << 30))).reset_index(drop=True).assign(
        **{key: lambda found: found[key].astype(str)}
    )  # fmt: skip


def _cases(rng: np.random.Generator, count: int) -> pd.DataFrame:
    def one(known: float) -> pd.DataFrame:
        created = _times(rng, count, E - pd.Timedelta(days=40), E + pd.Timedelta(days=1), "15min")
        span = pd.to_timedelta(rng.integers(1, 400, count) * 15, unit="min")
        handled = created + pd.to_timedelta(rng.integers(0, 20_000, count), unit="min")
        hold = handled - pd.to_timedelta(rng.integers(0, 3000, count), unit="min")
        holds = [
            f"{a.isoformat()}+08:00/{b.isoformat()}+08:00" if keep < 0.3 else ""
            for a, b, keep in zip(hold, hold + pd.Timedelta(hours=5), rng.random(count), strict=True)
        ]
        return pd.DataFrame(
            {
                "case_id": np.arange(count), "changed_at": created, "created_at": _sometimes(rng, created, 0.05),
                "deadline": _sometimes(rng, created + span, 0.05), "close_by": created + span * 2,
                "handled_at": _sometimes(rng, handled, known), "closed_at": _sometimes(rng, handled + span, known),
                "rework": _sometimes(rng, pd.Series(rng.integers(0, 3, count)).astype("Int64"), 0.1),
                "extended": _choice(rng, ["true", "false"], count), "holds": holds,
                "kind": _choice(rng, ["lamp", "litter"], count), "org": _choice(rng, ["police", "parks"], count),
                "place": _choice(rng, ["p1", "p2", "p3", "p4"], count, 0.3),
                "community": _choice(rng, [*COMMUNITIES, "S1", "X9"], count),
            }
        )  # fmt: skip

    return _versions(rng, one(0.6), "case_id", one(0.2))


def _requests(rng: np.random.Generator, count: int) -> pd.DataFrame:
    received = _times(rng, count, E - pd.Timedelta(days=64), E + pd.Timedelta(hours=4), "15min")
    evening = pd.Series(rng.random(count) < 0.5)  # many in the six hours before E of some weekday
    received = received.where(~evening, E - pd.to_timedelta(rng.integers(0, 9, count) * 7 * 24 * 60
                              + rng.integers(0, 24, count) * 15, unit="min"))  # fmt: skip
    recent = pd.Series(rng.random(count) < 0.2)
    received = received.where(~recent, E - pd.to_timedelta(rng.integers(0, 160, count) * 15, unit="min"))

    def one(share: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "request_id": np.arange(count), "changed_at": received, "received_at": received,
                "contacted_at": _sometimes(
                    rng, received + pd.to_timedelta(rng.integers(0, 48, count), unit="h"), share
                ),
                "theme": _choice(rng, ["renewal", "noise"], count), "topic": _choice(rng, ["water", "lift"], count),
                "org": _choice(rng, ["police", "parks"], count), "caller": rng.choice(["a", "b", "c"], count),
                "place": _choice(rng, ["p1", "p2", "p5"], count, 0.5), "community": _choice(rng, COMMUNITIES, count),
            }
        )  # fmt: skip

    return _versions(rng, one(0.5), "request_id", one(0.1))


def _tickets(rng: np.random.Generator, count: int) -> pd.DataFrame:
    called = _times(rng, count, E - pd.Timedelta(hours=2), E + pd.Timedelta(minutes=10), "30s")
    taken = called - pd.to_timedelta(rng.integers(0, 3600, count), unit="s")
    frame = pd.DataFrame(
        {
            "called_at": called, "hall": rng.choice(["east", "west"], count), "taken_at": _sometimes(rng, taken, 0.1),
            "ticket_no": [f"t{number}" for number in rng.permutation(count)],
        }
    )  # fmt: skip
    return pd.concat([frame, frame.head(count // 10)], ignore_index=True)  # sent twice


def _projects(rng: np.random.Generator, count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "project_id": [f"p{number % max(1, count - 5)}" for number in range(count)],
            "stage": _choice(rng, ["plan", "build"], count), "community": _choice(rng, COMMUNITIES, count),
        }
    )  # fmt: skip


def _incidents(rng: np.random.Generator, count: int) -> pd.DataFrame:
    received = _times(rng, count, E - pd.Timedelta(days=2), E, "1s")
    sent = received + pd.to_timedelta(rng.integers(0, 3000, count), unit="s")
    return pd.DataFrame(
        {"incident_id": np.arange(count), "received_at": received, "dispatched_at": _sometimes(rng, sent, 0.2)}
    )


def _alarms(rng: np.random.Generator, count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "raised_at": _times(rng, count, E - pd.Timedelta(minutes=30), E + pd.Timedelta(minutes=1), "1s"),
            "operator": rng.choice(["li", "wang", "zhao"], count),
            "alarm_no": [f"a{number}" for number in range(count)],
        }
    )


def _devices(rng: np.random.Generator, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    device = pd.DataFrame(
        {
            "device": [f"d{number}" for number in range(count)], "kind": _choice(rng, ["pm10", "flood"], count),
            "community": _choice(rng, [*COMMUNITIES, "D"], count), "active": _choice(rng, ["true", "false"], count),
        }
    )  # fmt: skip
    iot = pd.DataFrame(
        {
            "time": _times(rng, count * 3, E - pd.Timedelta(minutes=30), E + pd.Timedelta(minutes=2), "1min"),
            "device": [f"d{number}" for number in rng.integers(0, count + 3, count * 3)],
            "reading": rng.integers(0, 1000, count * 3) / 1000,
        }
    )
    return device, iot


def _rain(rng: np.random.Generator, count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": _times(rng, count, E - pd.Timedelta(hours=5), E + pd.Timedelta(minutes=5), "1min"),
            "station": rng.choice(["north", "south", "peak"], count),
            "mm": _sometimes(rng, pd.Series(rng.integers(0, 30, count) / 10), 0.2),
        }
    )


def _traffic(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    count = 9
    road = pd.DataFrame(
        {
            "road": [f"r{number}" for number in range(count)],
            "class": ["expressway", "expressway", "arterial", "arterial", "arterial", "local", "local", "local", None],
            "corridor": ["a", "b", "a", "b", "a", "a", "b", None, "b"],
            "length_km": [3.2, 1.105, 0.8, 1.25, 2.0, 0.5, 0.333, 1.0, 0.75],
        }
    )
    parts = []
    for number in range(count + 1):  # the last one is in no registry
        for day in range(7):
            start = (E - pd.Timedelta(days=day)).normalize() + pd.Timedelta(hours=7)
            steps = np.sort(rng.choice(60, 40, replace=False))
            parts.append(
                pd.DataFrame(
                    {
                        "time": start + pd.to_timedelta(steps * 5 + (0 if day else -2), unit="min"),
                        "road": f"r{number}",
                        "speed": _sometimes(
                            rng,
                            pd.Series(np.round(rng.uniform(0, 70, 40) * rng.choice([0, 1, 1, 1, 0.4], 40), 2)),
                            0.05,
                        ),
                        "vehicles": _sometimes(rng, pd.Series(rng.integers(0, 60, 40)).astype("Int64"), 0.1),
                    }
                )
            )
    return road, pd.concat(parts, ignore_index=True).sample(frac=1, random_state=7).reset_index(drop=True)
