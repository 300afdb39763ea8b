"""Generated definitions with rows: small worlds in which times meet the edges of windows, for both programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ioc.offline.evaluation import Engine, Evaluation
from ioc.offline.question import Grouping
from ioc.offline.source_file import read
from metrics.definition import Bundle, load_tables
from metrics.window import DAY_MS, MINUTE_MS

END = 1_717_545_600_000  # 2024-06-05T08:00+08:00, a Wednesday
REGIONS = [
    {"code": "D", "parent": "", "level": "district", "area": 4.0, "people": None},
    {"code": "S1", "parent": "D", "level": "subdistrict", "area": 1.5, "people": 100.0},
    {"code": "S2", "parent": "D", "level": "subdistrict", "area": 2.5, "people": 0.0},
    {"code": "C1", "parent": "S1", "level": "community", "area": None, "people": 60.0},
    {"code": "C2", "parent": "S1", "level": "community", "area": None, "people": 40.0},
    {"code": "C3", "parent": "S2", "level": "community", "area": 0.5, "people": 0.0},
]
LEVELS = ["district", "subdistrict", "community"]
TIME, TEXT, CATEGORY = {"type": "time"}, {"type": "text"}, {"type": "category"}
SOURCES: dict[str, Any] = {
    "gauge": {
        "kind": "records", "key": "gauge", "changed": "seen", "region": {"field": "place"},
        "fields": {"gauge": TEXT, "seen": TIME, "class": CATEGORY, "place": TEXT, "active": {"type": "bool"}, "length":
                   {"type": "decimal", "scale": 3}},
    },
    "level": {
        "kind": "readings", "time": "time", "entity": "gauge", "period": "5m", "stale_after": "20m",
        "registry": "gauge", "take": ["class", "length"], "region": {"registry": "place"},
        "fields": {"time": TIME, "gauge": TEXT, "x": {"type": "decimal", "scale": 2, "missing": ["-99"]},
                   "n": {"type": "int"}, "state": CATEGORY, "noted": TIME},
    },
    "call": {
        "kind": "readings", "time": "time", "entity": "gauge", "id": ["call"], "period": "5m",
        "region": {"field": "place"},
        "fields": {"time": TIME, "gauge": TEXT, "call": TEXT, "x": {"type": "decimal", "scale": 2},
                   "n": {"type": "int"},
                   "state": CATEGORY, "noted": TIME, "place": TEXT},
    },
    "case": {
        "kind": "records", "key": "case", "changed": "changed", "deleted": "void", "region": {"field": "place"},
        "fields": {"case": TEXT, "changed": TIME, "void": {"type": "bool"}, "created": TIME, "due": TIME, "done": TIME,
                   "x": {"type": "decimal", "scale": 1}, "n": {"type": "int"}, "state": CATEGORY,
                   "place": TEXT, "holds": {"type": "intervals"}},
    },
    "wish": {
        "kind": "records", "key": "wish", "region": {"field": "place"},
        "fields": {"wish": TEXT, "made": TIME, "due": TIME, "done": TIME, "x": {"type": "decimal", "scale": 1},
                   "n": {"type": "int"}, "state": CATEGORY, "place": TEXT},
    },
    "matter": {"kind": "union", "of": ["case", "wish"], "rename": {"wish": {"made": "created"}}},
}  # fmt: skip
CALENDARS = {
    "office": {"week": {day: ["06:00-07:30", "14:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}},
    "night": {"daily": ["22:00-06:00"]},
}
READINGS = ("level", "call")
RECORDS = ("case", "matter")


@dataclass(frozen=True)
class World:
    """A question: indicators as written, rows by source as text, what is asked."""

    indicators: Sequence[Mapping[str, Any]]
    rows: Mapping[str, Sequence[Mapping[str, str]]]
    by: str
    instants: Sequence[int]

    def __repr__(self) -> str:
        lines = [json.dumps(one, ensure_ascii=False) for one in self.indicators]
        for source, rows in self.rows.items():
            lines += [f"{source}: {row}" for row in rows]
        return "\n".join([*lines, f"by {self.by!r} at {list(self.instants)} (END {END})"])

    def bundle(self) -> Bundle:
        """The checked definitions."""
        return load_tables(SOURCES, self.indicators, REGIONS, {}, CALENDARS, ["people"])

    def answer(self, engine: Engine, folder: Path, bundle: Bundle) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """Value, quality and samples by indicator, window and group."""
        batches = {}
        for source, rows in self.rows.items():
            path = folder / f"{source}.csv"
            names = list(SOURCES[source]["fields"])
            path.write_text(
                "\n".join([",".join(names), *(",".join(row.get(one, "") for one in names) for row in rows)])
            )
            admitted = read(bundle.sources[source], path)
            assert not admitted.rejected
            batches[source] = admitted.batches
        evaluation = Evaluation.of(bundle, batches, engine)
        ids = [str(one["id"]) for one in self.indicators]
        return {
            (row.indicator, row.end_ms, row.group, row.start_ms): (row.value, row.quality, row.samples)
            for row in evaluation.rows(ids, self.instants, Grouping.parse(self.by))
        }


# ---- rows ----

NUMBERS = st.one_of(st.just(""), st.sampled_from(["0", "1", "2.5", "-0.1", "7", "0.05"]))
WHOLE = st.one_of(st.just(""), st.integers(-3, 9).map(str))
STATES = st.sampled_from(["", "a", "b"])
PLACES = st.sampled_from(["", "C1", "C2", "C3", "S1", "X"])


def times(days: int = 0) -> st.SearchStrategy[str]:
    """Instants on a grid of minutes around END, some days before it."""
    minutes = st.sampled_from([-1440, -121, -120, -61, -60, -31, -30, -20, -15, -10, -6, -5, -4, -1, 0, 1, 15])
    return st.tuples(st.integers(-days, 0), minutes).map(
        lambda found: str(END + found[0] * DAY_MS + found[1] * MINUTE_MS)
    )


def sometimes(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(strategy, strategy, st.just(""))


GAUGES = st.sampled_from(["g1", "g2", "g3"])
BOOLS = st.sampled_from(["", "true", "false"])
ROWS: dict[str, st.SearchStrategy[dict[str, str]]] = {
    "gauge": st.fixed_dictionaries(
        {"gauge": GAUGES, "seen": sometimes(times(1)), "class": STATES, "place": PLACES, "active": BOOLS,
         "length": sometimes(st.sampled_from(["0.5", "1.125", "3"]))}
    ),
    "level": st.fixed_dictionaries(
        {"time": times(2), "gauge": st.sampled_from(["g1", "g2", "g3", "g9"]), "x": NUMBERS, "n": WHOLE,
         "state": STATES, "noted": sometimes(times())}
    ),
    "call": st.fixed_dictionaries(
        {"time": times(2), "gauge": GAUGES, "call": st.sampled_from(["k1", "k2", "k3", "k4", "k5", "k6"]), "x": NUMBERS,
         "n": WHOLE, "state": STATES, "noted": sometimes(times()), "place": PLACES}
    ),
    "case": st.fixed_dictionaries(
        {"case": st.sampled_from(["c1", "c2", "c3", "c4"]), "changed": sometimes(times(1)), "void": BOOLS,
         "created": sometimes(times(2)), "due": sometimes(times()), "done": sometimes(times()), "x": NUMBERS,
         "n": WHOLE, "state": STATES, "place": PLACES,
         "holds": st.one_of(st.just(""), st.tuples(times(), times()).map(sorted).map("/".join),
                            times().map(lambda start: f"{start}/"))}
    ),
    "wish": st.fixed_dictionaries(
        {"wish": st.sampled_from(["w1", "w2", "w3"]), "made": sometimes(times(2)), "due": sometimes(times()),
         "done": sometimes(times()), "x": NUMBERS, "n": WHOLE, "state": STATES, "place": PLACES}
    ),
}  # fmt: skip
NEEDED = {"level": ("level", "gauge"), "call": ("call",), "case": ("case",), "matter": ("case", "wish"),
          "gauge": ("gauge",)}  # fmt: skip

# ---- definitions ----

WINDOWS = [
    {"kind": "tumbling", "size": "15m"}, {"kind": "tumbling", "size": "1d"}, {"kind": "tumbling", "size": "1w"},
    {"kind": "sliding", "size": "1h", "every": "15m"}, {"kind": "sliding", "size": "2d", "every": "1h"},
    {"kind": "day_to_date", "every": "15m"}, {"kind": "week_to_date", "every": "1h"},
    {"kind": "month_to_date", "every": "30m"}, {"kind": "now", "every": "15m"}, {"kind": "all", "every": "5m"},
]  # fmt: skip
OWN_WINDOWS = [{"kind": "sliding", "size": "30m"}, {"kind": "day_to_date"}, {"kind": "now"}, {"kind": "all"}]
FIELDS = ["x", "n", "x * n", "x / n", "x - 1.005", "abs(n)", "coalesce(x, n, 0)", "if(state = 'a', x, n)",
          "x * x * 0.125", "min(x, n)", "round(x / 3, 1)", "match(state, 'a', 2.5, 'b', n, -1)",
          "clamp(x, 0, 1.5)"]  # fmt: skip
TIMED_FIELDS = {
    "readings": ["minutes(noted - time)", "hour(time)", "hours(worked(noted, time, 'office'))"],
    "records": ["minutes(done - created)", "weekday(due)", "hours(worked(created, done, 'night'))",
                "seconds(after(created, 90m, 'office') - created)"],
}  # fmt: skip
HELD_FIELDS = [
    "minutes(worked(created, done, 'always', holds))",
    "hours(after(created, 2h, 'office', holds) - created)",
]
STOCK_FIELDS = {"readings": ["minutes(now() - time)"], "records": ["hours(now() - created)"]}
WHERES = ["n > 1", "x is not null", "state = 'a'", "state != 'a'", "state in ('b') or x >= 2", "n between 0 and 5",
          "not (n = 2)", "x > n", "n / 2 > 1", "state is null"]  # fmt: skip
TIMED_WHERES = {
    "readings": ["noted <= time", "noted is null", "time < now() - 10m", "now() - noted > 15m"],
    "records": ["done <= due", "done is null", "done is null and due < now()", "due between now() and now() + 30m",
                "worked(created, now(), 'office') > 30m"],
}  # fmt: skip
ATS = ["created", "due", "due - 15m", "coalesce(done, due)", "after(created, 1h, 'night')"]
DIMENSIONS = {"level": ["state", "class"], "call": ["state"], "case": ["state"], "matter": ["state", "origin"]}
SIMPLE = [
    "count",
    "count_field",
    "sum",
    "mean",
    "min",
    "max",
    "first",
    "last",
    "percentile",
    "distinct",
    "distinct_many",
]


@st.composite
def measures(draw: st.DrawFn, source: str, window: Mapping[str, Any]) -> dict[str, Any]:
    """A measure of a source in a window."""
    kind = "readings" if source in READINGS else "records"
    out: dict[str, Any] = {"source": source}
    own = draw(st.sampled_from([None, None, None, *OWN_WINDOWS]))
    if own is not None:
        out["window"] = window = own
    extra = ["dwell"] if kind == "readings" or source == "case" else []
    extra += ["delta", "rate"] if kind == "readings" else []
    extra += ["online"] if source == "level" else []
    agg = draw(st.sampled_from(SIMPLE + extra * 2))
    if kind == "records" and (window["kind"] not in ("now", "all") or draw(st.booleans())):
        out["at"] = draw(st.sampled_from(ATS))
    if window["kind"] == "now" and kind == "readings" and draw(st.booleans()):
        out["window"] = {"kind": "now", "max_age": "20m"}
    wheres = list(WHERES)
    if agg != "dwell":
        wheres += TIMED_WHERES[kind]
    if agg == "online":
        wheres = ["active", "class = 'a'", "length > 1", "not active"]
    if draw(st.booleans()):
        out["where"] = draw(st.sampled_from(wheres))
    fields = FIELDS + TIMED_FIELDS[kind] + (STOCK_FIELDS[kind] if window["kind"] == "now" else [])
    fields += HELD_FIELDS if source == "case" else []
    match agg:
        case "count_field":
            out |= {"agg": "count", "field": draw(st.sampled_from(fields))}
        case "distinct":
            out |= {"agg": "distinct", "field": draw(st.sampled_from(["state", "n", "x", "x / n"]))}
        case "distinct_many":
            out |= {"agg": "distinct", "field": ["state", "n"]}
        case "count" | "online":
            out["agg"] = agg
            if agg == "online" and draw(st.booleans()):
                out["within"] = draw(st.sampled_from(["30m", 3]))
        case "dwell":
            out["agg"] = "dwell"
            out |= draw(st.sampled_from([{}, {"calendar": "night"}, {"calendar": "office"}]))
            if kind == "readings":
                out |= draw(st.sampled_from([{}, {"hold": "7m"}, {"hold": "2h"}]))
        case _:
            out |= {"agg": agg, "field": draw(st.sampled_from(fields))}
            if agg == "percentile":
                out["p"] = draw(st.sampled_from([0, 25, 50, 90, 100]))
            if draw(st.integers(0, 4)) == 0:
                out["scale"] = draw(st.sampled_from([0, 1, 9]))
    two = agg in ("delta", "rate") or (agg != "online" and draw(st.integers(0, 3)) == 0)
    if two:
        out |= draw(second_steps(source, agg))
    return out


@st.composite
def second_steps(draw: st.DrawFn, source: str, agg: str) -> dict[str, Any]:
    """The second step of a measure."""
    takes = source == "level"
    pers = [["entity"], ["entity", "state"]]
    if agg not in ("delta", "rate"):
        pers += [["state"], ["n"], ["n", "state"]]
    per = draw(st.sampled_from(pers))
    by_entity = takes and "entity" in per
    out: dict[str, Any] = {
        "per": per,
        "then": draw(st.sampled_from(["count", "sum", "mean", "min", "max", "percentile"])),
    }
    if out["then"] == "percentile" or agg == "percentile":
        out["p"] = draw(st.sampled_from([10, 50, 90]))
    if draw(st.booleans()):
        out["having"] = draw(st.sampled_from(["value > 1", "value >= 0"] + (["class = 'a'"] if by_entity else [])))
    if draw(st.booleans()):
        out["each"] = draw(
            st.sampled_from(["min(value, 2)", "value - 1", "1 / value"] + (["length * value"] if by_entity else []))
        )
    return out


@st.composite
def indicators(draw: st.DrawFn, name: str = "X") -> dict[str, Any]:
    """An indicator of one or two measures."""
    source = draw(st.sampled_from(["level", "call", "case", "matter"]))
    window = draw(st.sampled_from(WINDOWS))
    first = draw(measures(source, window))
    found: dict[str, Any] = {"id": name, "window": window, "levels": LEVELS, "measures": {"m": first}}
    formulas = ["m", "m * 2", "coalesce(m, -1)", "m / region('people')", "rank(m)", "m - previous(m)"]
    formulas += ["same_time(m, '1d')", "zscore(m)"]
    if draw(st.booleans()):
        other = draw(st.sampled_from([source, source, "case", "level"]))
        found["measures"]["k"] = draw(measures(other, window))
        formulas = ["m / k", "pct(m, k)", "coalesce(m, 0) + coalesce(k, 0)", "if(m > k, m, previous(k))"]
    found["formula"] = draw(st.sampled_from(formulas))
    found["dimensions"] = draw(st.sampled_from([[], *([one] for one in DIMENSIONS[source]), DIMENSIONS[source]]))
    if "zscore" in found["formula"]:
        found["baseline"] = {"weeks": 3, "min": 2, "floor": 0.5}
    if draw(st.integers(0, 5)) == 0:
        found["rollup"] = draw(
            st.sampled_from([
                {"from": "subdistrict", "how": "max"}, {"from": "community", "how": "mean"},
                {"from": "community", "how": "weighted", "weight": "people"}, {"from": "subdistrict", "how": "worst"},
            ])
        )  # fmt: skip
    if draw(st.integers(0, 5)) == 0:
        found["min_samples"] = 2
    return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Definitions with rows and a question."""
    found = [draw(indicators())]
    if draw(st.integers(0, 4)) == 0:
        dims = list(found[0]["dimensions"])
        found.append(
            {"id": "Y", "window": {"kind": "now", "every": "15m"}, "levels": LEVELS, "dimensions": dims,
             "formula": draw(
                 st.sampled_from(["indicator('X') + 1", "previous(indicator('X'))", "rank(indicator('X'))"])
             )}
        )  # fmt: skip
    if draw(st.integers(0, 5)) == 0 and found[0]["window"]["kind"] not in ("now", "all"):
        found.append(
            {"id": "Z", "window": {"kind": "sliding", "size": "1d", "every": "15m"}, "levels": LEVELS,
             "formula": "n", "source": "indicator:X", "dimensions": [],
             "measures": {"n": {"agg": draw(st.sampled_from(["count", "sum", "max"])), "field": "value"}}}
        )  # fmt: skip
    sources = {
        name
        for one in found
        for measure in one.get("measures", {}).values()
        for name in NEEDED.get(measure.get("source", ""), ())
    }
    rows = {name: draw(st.lists(ROWS[name], max_size=8)) for name in sorted(sources)}
    dims = list(found[0]["dimensions"]) if all(one["dimensions"] == found[0]["dimensions"] for one in found) else []
    asked = draw(st.sampled_from([[], ["region"], ["region:community"], dims, ["region", *dims]]))
    instants = draw(st.sampled_from([[END], [END - 30 * MINUTE_MS, END], [END, END + 15 * MINUTE_MS]]))
    return World(found, rows, ",".join(asked), instants)
