"""Each example of the language, computed with pandas from its meaning, equals what both programs answer."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from tests.ioc.offline.examples.world import HERE, E, World, make

Frames = Mapping[str, pd.DataFrame]
Meaning = Callable[[Frames, pd.Timestamp, pd.Timestamp], float | None]
LIMITS = {"expressway": 35, "arterial": 20}
INDEX = {
    "expressway": ([0, 20, 35, 50, 65, 80], [10, 8, 6, 4, 2, 0]),
    "arterial": ([0, 15, 20, 30, 40, 60], [10, 8, 6, 4, 2, 0]),
}
OTHER = ([0, 10, 15, 25, 35, 50], [10, 8, 6, 4, 2, 0])


# ---- what the page calls snap, within, d ----


def snap(frame: pd.DataFrame, key: str, end: pd.Timestamp) -> pd.DataFrame:
    if "changed_at" in frame:
        frame = frame[frame.changed_at < end].sort_values("changed_at", kind="stable")
    return of_group(frame.groupby(key).tail(1))  # of a group are the versions that say so now


def within(frame: pd.DataFrame, column: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    return of_group(frame[(frame[column] >= start) & (frame[column] < end)])


def of_group(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame.mine] if "mine" in frame else frame


def d(days: float) -> pd.Timedelta:
    return pd.Timedelta(days=days)


def share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def percentile(spans: pd.Series, p: float) -> float | None:
    minutes = (spans / pd.Timedelta("1min")).dropna()
    return float(np.percentile(minutes, p)) if len(minutes) else None


# ---- what each example means for one group and one end ----


def g6(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    due = within(snap(f["case"], "case_id", end), "deadline", end - d(7), end)
    return share((due.closed_at <= due.deadline).sum(), len(due))


def g9(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    o = snap(f["case"], "case_id", end)
    o = o[o.handled_at.isna()]
    return share((o.deadline < end).sum(), len(o))


def g15(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    cases = snap(f["case"], "case_id", end)
    should = within(cases, "deadline", end - d(7), end)
    close = within(cases, "close_by", end - d(7), end)
    n, c = len(should), len(close)
    if not n or not c:
        return None
    handled, overdue = should.handled_at.notna().sum(), should.handled_at.isna().sum()
    on_time = (should.handled_at <= should.deadline).sum()
    rework, extended = (close.rework > 0).sum(), (should.extended == "true").sum()
    return (
        30 * handled / n + 20 * on_time / n + 20 * (1 - rework / c) + 20 * (1 - overdue / n) + 10 * (1 - extended / n)
    )


def office_hours(created: pd.Timestamp, handled: pd.Timestamp, holds: str) -> float:
    if pd.isna(created) or pd.isna(handled):
        return math.nan
    held = [tuple(pd.Timestamp(side[:19]) for side in span.split("/")) for span in holds.split(";") if span]
    total = pd.Timedelta(0)
    for day in pd.date_range(created.normalize(), handled.normalize()):
        for opens, closes in ((9, 12), (14, 18)) if day.weekday() < 5 else ():
            a, b = max(created, day + pd.Timedelta(hours=opens)), min(handled, day + pd.Timedelta(hours=closes))
            if b > a:
                total += b - a - sum((max(pd.Timedelta(0), min(b, y) - max(a, x)) for x, y in held), pd.Timedelta(0))
    return total / pd.Timedelta("1h")


def g11(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    c = within(snap(f["case"], "case_id", end), "handled_at", end - d(7), end)
    hours = [office_hours(row.created_at, row.handled_at, row.holds) for row in c.itertuples()]
    known = [one for one in hours if not math.isnan(one)]
    return float(np.mean(known)) if known else None


def g12(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    requests = snap(f["request"], "request_id", end).rename(columns={"received_at": "created_at"})
    both = pd.concat([snap(f["case"], "case_id", end), requests])
    c = within(both, "created_at", end - d(30), end)
    return float((c.dropna(subset="place").groupby("place").size() >= 3).sum())


def s9(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    t = within(f["ticket"].drop_duplicates("ticket_no"), "called_at", start, end)
    waits = t.called_at - t.taken_at
    return percentile(waits, 90) if waits.notna().sum() >= 5 else None


def l5(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    r = snap(f["request"], "request_id", end)
    r = within(r.assign(due=r.received_at + d(1)), "due", start, end)
    return share((r.contacted_at <= r.due).sum(), len(r))


def l11(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    def n(e: pd.Timestamp) -> int:
        return len(within(snap(f["request"], "request_id", e), "received_at", e - pd.Timedelta("6h"), e))

    h = [n(end - d(7 * k)) for k in range(1, 9)]
    return float((n(end) - np.mean(h)) / max(np.std(h, ddof=1), 2))


def p12(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    g = of_group(f["device"].query("active == 'true'"))
    heard = set(within(f["iot"], "time", end - pd.Timedelta("10min"), end).device)
    return share(g.device.isin(heard).sum(), len(g))


def e2(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    rain = within(f["rain"].drop_duplicates(["station", "time"]), "time", start, end)
    found = rain.groupby("station").mm.sum(min_count=1).max()
    return None if pd.isna(found) else float(found)


def e9(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    i = within(f["incident"], "dispatched_at", start, end)
    return percentile(i.dispatched_at - i.received_at, 90)


def e17(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    busiest = within(f["alarm"], "raised_at", start, end).groupby("operator").size().max()
    return 0.0 if pd.isna(busiest) else float(busiest)


def r1(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    return float(len(snap(f["project"], "project_id", end)))


def r12(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    r = within(snap(f["request"], "request_id", end).query("theme == 'renewal'"), "received_at", start, end)
    return 10_000 * len(r) / 60_000


def on_roads(f: Frames) -> pd.DataFrame:
    """Readings with what is known of their road; speed 0 is missing; the first reading of an instant counts."""
    t = f["traffic"].drop_duplicates(["road", "time"]).merge(f["road"], on="road", how="left")
    return t.assign(speed=t.speed.where(t.speed != 0))


def road_speeds(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    t = within(on_roads(f), "time", start, end)
    found = t.groupby("road").agg(v=("speed", "mean")).dropna()
    return found.join(f["road"].set_index("road")).dropna(subset="length_km")


def t1(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    v = road_speeds(f, start, end)
    x = [np.interp(row.v, *INDEX.get(row._2, OTHER)) for row in v[["v", "class"]].itertuples()]
    return float((v.length_km * x).sum() / v.length_km.sum()) if len(v) else None


def t3(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    v = road_speeds(f, start, end)
    bad = v.length_km[v.v <= v["class"].map(LIMITS).fillna(15)].sum()
    return share(bad, v.length_km.sum())


def t2(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    t = within(on_roads(f), "time", start, end)
    t = t[(t["class"] == "arterial") & (t.speed > 0)]
    km = (t.vehicles * t.length_km).astype(float)
    return float(km.sum() / (km / t.speed).sum()) if (km / t.speed).sum() else None


def slow_minutes(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Per road: each reading is the state until the next one, 10 minutes at most."""
    t = on_roads(f).sort_values("time")
    t["until"] = np.minimum(
        t.groupby("road").time.shift(-1).fillna(pd.Timestamp("2100-01-01")), t.time + pd.Timedelta("10min")
    )
    t = of_group(t[t.speed <= t["class"].map(LIMITS).fillna(15)])
    span = t.until.clip(upper=end) - t.time.clip(lower=start)
    minutes: pd.Series = (span[span > pd.Timedelta(0)] / pd.Timedelta("1min")).groupby(t.road).sum()
    return minutes


def t4a(f: Frames, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    return float(slow_minutes(f, start, end).sum())


def t4(f: Frames, _start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    days = [slow_minutes(f, end - d(k + 1), end - d(k)) > 30 for k in range(5)]
    return float((pd.concat(days).groupby(level=0).sum() >= 3).sum()) if any(one.any() for one in days) else 0.0


@dataclass(frozen=True)
class Example:
    """`start` and `end` of the window that answers E; `dimension` and the frames it cuts; how exact the page is."""

    meaning: Meaning
    start: pd.Timestamp
    end: pd.Timestamp = E
    dimension: str = ""
    frames: tuple[str, ...] = ()
    exact: float = 1e-9


MIDNIGHT, MONDAY = E.normalize(), E.normalize() - d(4)
M = pd.Timedelta("1min")
# Parts of a minute or an hour are kept to six decimals (S9, E9, G11), vehicle hours to nine (T2).
EXAMPLES = {
    "G6": Example(g6, E - d(7), dimension="org", frames=("case",)),
    "G9": Example(g9, E, dimension="org", frames=("case",)),
    "G15": Example(g15, E - d(7)),
    "G11": Example(g11, E - d(7), dimension="kind", frames=("case",), exact=1e-6),
    "G12": Example(g12, E - d(30)),
    "S9": Example(s9, E - 30 * M, dimension="hall", frames=("ticket",), exact=1e-6),
    "L5": Example(l5, MIDNIGHT, dimension="org", frames=("request",)),
    "L11": Example(l11, E - 360 * M, dimension="topic", frames=("request",)),
    "P12": Example(p12, E, dimension="kind", frames=("device",)),
    "E2": Example(e2, E - 180 * M, dimension="station", frames=("rain",)),
    "E9": Example(e9, E - d(1), exact=1e-6),
    "E17": Example(e17, E - 10 * M, dimension="operator", frames=("alarm",)),
    "R1": Example(r1, E, dimension="stage", frames=("project",)),
    "R12": Example(r12, MONDAY),
    "T1": Example(t1, E - 5 * M),
    "T2": Example(t2, E - 5 * M, exact=1e-6),
    "T3": Example(t3, E - 5 * M),
    "T4a": Example(t4a, MIDNIGHT - d(1), MIDNIGHT, dimension="road", frames=("traffic",)),
    "T4": Example(t4, MIDNIGHT - d(5), MIDNIGHT),
}


@pytest.fixture(scope="module", params=[1, 2], ids=lambda seed: f"seed {seed}")
def world(request: pytest.FixtureRequest) -> World:
    return make(request.param)


@pytest.fixture(scope="module")
def answers(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, str], list[dict[str, str]]]:
    """Rows by engine, `--by` and indicators; each command runs once."""
    folder = tmp_path_factory.mktemp("world")
    data, known = world.write(folder), dict[tuple[str, str, str], list[dict[str, str]]]()

    def answer(engine: str, by: str, only: str) -> list[dict[str, str]]:
        if (engine, by, only) not in known:
            known[engine, by, only] = evaluate(folder, data, engine, by, only)
        return known[engine, by, only]

    return answer


def evaluate(folder: Path, data: list[str], engine: str, by: str, only: str) -> list[dict[str, str]]:
    out = folder / "out.csv"
    arguments = ["evaluate", "--sources", str(HERE / "sources.toml"), "--indicators", str(HERE / "measures.toml"),
                 "--indicators", str(HERE / "lines.toml"), *data, "--at", E.isoformat(), "--engine", engine,
                 "--only", only, "--out", str(out), *(["--by", by] if by else [])]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def agree(told: str, meant: float | None, exact: float) -> None:
    assert (None if told == "" else float(told)) == (
        meant if meant is None else pytest.approx(meant, rel=exact, abs=exact)
    )


@pytest.mark.parametrize("engine", ["stream", "sql"])
@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_total_of_an_example_is_what_its_expression_says(
    world: World, answers: Callable[[str, str, str], list[dict[str, str]]], name: str, engine: str
) -> None:
    example = EXAMPLES[name]
    row = next(one for one in answers(engine, "", ",".join(EXAMPLES)) if one["indicator"] == name)
    assert row["window_end"] == f"{example.end.isoformat()}+08:00"
    assert row["window_start"] == f"{example.start.isoformat()}+08:00"
    agree(row["value"], example.meaning(world.frames, example.start, example.end), example.exact)


@pytest.mark.parametrize("engine", ["stream", "sql"])
@pytest.mark.parametrize("name", [name for name, one in EXAMPLES.items() if one.dimension])
def test_each_group_of_an_example_is_what_its_expression_says_of_the_rows_of_the_group(
    world: World, answers: Callable[[str, str, str], list[dict[str, str]]], name: str, engine: str
) -> None:
    example = EXAMPLES[name]
    rows = answers(engine, example.dimension, name)
    assert rows
    for row in rows:
        cut = dict(world.frames)
        for frame in example.frames:
            group = cut[frame][example.dimension]
            value = row[example.dimension]
            cut[frame] = cut[frame].assign(mine=group.isna() if value == "" else group == value)
        agree(row["value"], example.meaning(cut, example.start, example.end), example.exact)


@pytest.mark.parametrize("engine", ["stream", "sql"])
def test_the_worked_cases_come_out_exactly(
    answers: Callable[[str, str, str], list[dict[str, str]]], engine: str
) -> None:
    found = {row["indicator"]: row["value"] for row in answers(engine, "", "A1,A2,A3,A4")}
    assert round(float(found["A1"]), 3) == 26.407
    assert (found["A2"], found["A3"], found["A4"]) == ("5", "-0.15", "-0.3")
