"""A scripted path: the frames of a gateway and the list of what matters, said to a page as a test needs them.

The page, its scripts and the web server are the real ones; what arrives is written here, so that a state that takes
hours of a city, or a night of rain, is there at once and in every size.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Page, Route, WebSocketRoute

from ioc.packs.bundle import build, overview, walls
from ioc.queries.composition import newest
from ioc.queries.layers import Layer, layers
from ioc.queries.wall import DISTRICT
from tests.centre import Centre

BUNDLE = build()
TABLES = newest(BUNDLE["indicators"])
PARTS = [row["code"] for row in BUNDLE["regions"] if row["level"] == "subdistrict"]
LEVELS = ("yellow", "orange", "red")
MINUTE = 60_000
WALLS = walls()
STANDING = 24  # entities of each layer
GROUPS = 12  # of an indicator by dimensions
NAMED = ("莲塘口岸人行广场", "Chinese medicine hospital")  # as long as names of registers are
CHECKS = Path(__file__).with_name("wall_checks.js")


@dataclass(slots=True)
class Script:
    """What the page is told. `worst` None: a calm day; else every indicator with limits has reached that level. `over`:
    indicators that have reached one of their own; `coming`: indicator, the level it will reach, minutes until then.

    `kind` is the world's, `cell` and `feed` are laid over every cell and feed, `feeds` over those of one source,
    `processes` over those of the path. `called`: what everything is called that has a name
    ("": its own); `label`: what the world says of itself. What is changed later is told by `say`.
    """

    world: str = "live"
    kind: str = "live"
    worst: str | None = None
    over: Mapping[str, str] = field(default_factory=dict)
    response: int = 0
    coming: tuple[tuple[str, str, int], ...] = ()
    origin: str = "real"
    cell: Mapping[str, Any] = field(default_factory=dict)
    feed: Mapping[str, Any] = field(default_factory=dict)
    feeds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    processes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    called: str = ""
    label: tuple[str, str] = ("暴雨之夜：演练时间线的一行", "a night of rain: a line of the timeline")
    _heard: list[tuple[WebSocketRoute, list[str]]] = field(default_factory=list)

    def play(self, page: Page) -> None:
        """Say it to every socket that the page opens from now on, and to its questions."""
        page.route("**/api/v1/attention*", lambda route: route.fulfill(json=self.matters(now_ms())))
        page.route("**/api/v1/command?*", lambda route: route.fulfill(json=self.command(now_ms())))
        page.route("**/api/v1/outlook?*", lambda route: route.fulfill(json=self.outlook(route)))
        page.route("**/api/v1/names?*", lambda route: self._named(route))  # noqa: PLW0108 - as below
        page.route_web_socket(lambda url: "/live" in url, lambda socket: self._socket(socket))  # noqa: PLW0108 - a method is no place for marks of playwright

    def say(self) -> None:
        """Say everything anew to who listens, as it is now."""
        for socket, topics in self._heard[-1:]:
            self._tell(socket, topics)

    def _socket(self, socket: WebSocketRoute) -> None:
        topics: list[str] = []
        self._heard.append((socket, topics))

        def asked(message: str | bytes) -> None:
            request = json.loads(message)
            if request["op"] == "subscribe":
                topics.extend(request["topics"])
                self._tell(socket, request["topics"])

        socket.on_message(asked)

    def _tell(self, socket: WebSocketRoute, topics: list[str]) -> None:
        now = now_ms()
        socket.send(json.dumps(self.heartbeat(now)))
        for topic in topics:
            if not topic.startswith("screens/"):
                socket.send(json.dumps(self.snapshot(topic, now)))

    def heartbeat(self, now: int) -> dict[str, Any]:
        ok = {name: {"age": 100, "ok": True} for name in ("engine", "archive", "gateway", "web", "source")}
        feeds = [
            {
                "world": self.world, "source": name, "zh": self.called or table.get("zh", name),
                "en": self.called or table.get("en", name),
                "origin": self.origin, "state": "ok", "newest": now - 2000, "watermark": now - 2000, "age": 2000,
                "arrived": now - 1000, "rows": 100, "late": 0, "duplicate": 0, "rejected": {}, "unregistered": 0,
                "lag": 0, "gap": 0, **self.feed, **self.feeds.get(name, {}),
            }
            for name, table in BUNDLE["sources"].items()
            if table.get("kind") != "union"
        ]  # fmt: skip
        clock = {"event_ms": now, "real_ms": now, "speed": 1}
        label = {"zh": self.called or self.label[0], "en": self.label[1], "known": "then"}
        world = {"id": self.world, "kind": self.kind, "clock": clock, "origins": {}, "label": label}
        return {"v": 1, "op": "heartbeat", "at": now, "valkey": True, "worlds": {self.world: world},
                "processes": {**ok, **self.processes}, "feeds": feeds}  # fmt: skip

    def snapshot(self, topic: str, now: int) -> dict[str, Any]:
        scene, _, layer = topic.partition("/")[2].partition("/")
        said = {"v": 1, "op": "snapshot", "topic": topic, "seq": 1, "at": now}
        if layer:
            return {**said, "points": self.points(layers()[layer])}
        brief = BUNDLE["overview"] if scene == "overview" else None
        mine = [
            name for name, table in TABLES.items() if (name in brief["whole"] if brief else table["scene"] == scene)
        ]
        cells = [
            cell for name in mine for cell in self._cells(TABLES[name], now, parts=not brief or name in brief["parts"])
        ]
        drawn = [cell for cell in cells if cell["r"] == DISTRICT and not cell["d"]]
        series = {cell["s"]: [[now - (60 - at) * 15 * MINUTE, cell["x"]] for at in range(60)]
                  for cell in drawn if not brief or cell["i"] in brief["lines"]}  # fmt: skip
        return {**said, "cells": cells, "series": series}

    def _named(self, route: Route) -> None:
        values = parse_qs(urlsplit(route.request.url).query).get("value", [])
        route.fulfill(json={"v": 1, "names": dict.fromkeys(values, (self.called,) * 2 if self.called else NAMED)})

    def outlook(self, route: Route) -> dict[str, Any]:
        """A band of a day round what the chart shows, and a forecast that goes to the worst limit in three hours."""
        asked = parse_qs(urlsplit(route.request.url).query)
        table, now = TABLES[asked["indicator"][0]], now_ms()
        at = now - now % (15 * MINUTE)
        value = self._cell(table, DISTRICT, {}, now)["x"]
        limits = table.get("thresholds", {})
        worst = float(next((limits[level] for level in reversed(LEVELS) if level in limits), 2 * value))
        wide, hours = max(abs(value), 1.0) * 0.2, (0.25, 0.5, 1, 2, 3)
        said = lambda ms: datetime.fromtimestamp(ms / 1000, UTC).isoformat()  # noqa: E731 - a word for the table below
        band = [{"end": said(at + step * 30 * MINUTE), "low": value - wide, "high": value + wide, "cold": False}
                for step in range(-47, 7)]  # fmt: skip
        coming = [{"end": said(at + round(hour * 60) * MINUTE), "value": value + (worst - value) * hour / 2.5,
                   "low": value, "high": worst * 1.5} for hour in hours]  # fmt: skip
        return {"indicator": table["id"], "world": self.world, "region": DISTRICT, "state": "here", "at": said(at),
                "band": band, "forecast_at": said(at), "forecast": coming, "anomaly": None,
                "origin": self.origin, "member": None, "value": None, "leads": False}  # fmt: skip

    def points(self, of: Layer) -> dict[str, Any]:
        """What stands on a layer: entities of every class over the district; some have a level while `worst` is set."""
        kinds = [symbol.value for symbol in of.symbols] or [""]
        every = range(0 if of.kind == "area" and not self.worst else 2 if of.kind == "area" else STANDING)
        ids = [entity(of, at) for at in every]
        return {
            "id": ids, "lon": [114_092_000 + 9_000 * (at % 9) for at in every],
            "lat": [22_540_000 + 12_000 * (at % 5) + 1_500 * (at % 7) for at in every],
            "kind": [at % len(kinds) for at in every], "kinds": kinds,
            "region": [at % len(PARTS) for at in every], "regions": list(PARTS),
            "level": [self.worst if at % 5 == 0 else None for at in every],
            "hollow": [at % 2 if of.hollow else 0 for at in every],
            "label": dict.fromkeys(ids, self.called or NAMED[0]), "shape": {},
        }  # fmt: skip

    def _cells(self, table: Mapping[str, Any], now: int, *, parts: bool) -> list[dict[str, Any]]:
        regions = [DISTRICT, *(PARTS if parts and "subdistrict" in table.get("levels", ()) else [])]
        return [self._cell(table, region, {}, now) for region in regions] + [
            self._cell(table, DISTRICT, dims, now) for dims in self._groups(table) if parts or table["id"] == "E1"
        ]

    def _groups(self, table: Mapping[str, Any]) -> list[dict[str, str]]:
        """The groups of an indicator by dimensions: as its wall names them, else entities of its layer."""
        dimensions = list(table.get("dimensions", ()))
        if table["id"] == "E1":
            return [{"plan": "flood"}] if self.response else []
        if not dimensions or table["scene"] not in WALLS:
            return []
        names = WALLS[table["scene"]].get("names", {})
        of = next((each for each in layers().values() if each.indicator == table["id"] and each.dimension), None)
        values = {
            name: list(names.get(name, ()))
            or [self.called + (entity(of, at) if of else f"{name}-{at}") for at in range(GROUPS)]
            for name in dimensions
        }
        count = GROUPS if len(values) > 1 else len(next(iter(values.values())))
        turns = list(enumerate(values.items()))
        return [{name: said[(at + at // len(said) * turn) % len(said)] for turn, (name, said) in turns}
                for at in range(count)]  # fmt: skip

    def _cell(self, table: Mapping[str, Any], region: str, dims: dict[str, str], now: int) -> dict[str, Any]:
        limits = table.get("thresholds", {})
        worst = self.over.get(table["id"], self.worst)
        level = worst if worst in limits else None
        if table["id"] == "E1":
            value, level = float(self.response), [None, "blue", *LEVELS][self.response]
        elif level and limits.get("on", "value") == "value":
            value = float(limits[level])
        else:
            high = table.get("direction") == "up"
            value = (
                99.0
                if high
                else 0.0
                if limits.get("on", "value") == "value" and limits
                else 1284.0
                if not table.get("decimals")
                else 12.3
            )
        end = now - now % MINUTE
        group = ",".join(f"{name}={at}" for name, at in dims.items())
        return {
            "i": table["id"], "iv": 1, "r": region, "d": dims, "s": f"{table['id']}|{region}|{group}",
            "ws": end - 5 * MINUTE, "we": end, "x": value, "q": "complete", "n": 50, "rev": 0, "lv": level,
            "y": value, "o": self.origin, "last": None, "done": None, **self.cell,
        }  # fmt: skip

    def command(self, now: int) -> dict[str, Any]:
        """A plan with steps that are done, late, under way and to come, and what happened."""
        phases = ["done", "open", "open", "open", *["waiting"] * 8]
        owner = {"zh": self.called or "值班领导", "en": self.called or "leader on duty"}
        steps = [
            {"id": f"step-{at}", "zh": self.called or "封闭积水路段并安排绕行", "en": self.called or "close roads",
             "phase": phase, "opened": now - 50 * MINUTE, "due": now + (10 * at - 15) * MINUTE, "late": False,
             "ended": now - 40 * MINUTE if phase == "done" else None, "overdue": at == 1, "for": None, "owner": owner,
             "receipts": {"answered": 7, "asked": 10}}
            for at, phase in enumerate(phases)
        ]  # fmt: skip
        run = {"id": "run", "plan": "flood", "zh": "防汛应急预案", "en": "flood", "started": now - 60 * MINUTE,
               "done": 1, "owed": len(steps), "late": 1, "steps": steps}  # fmt: skip
        happened = [
            {"kind": "incident", "at": now - (7 * at + 3) * MINUTE, "lv": "red", "r": PARTS[at % len(PARTS)],
             "zh": "社会安全事件", "en": "public security incident"}
            for at in range(12)
        ]  # fmt: skip
        ordered = {"plan": "flood", "level": self.response, "since": now - 30 * MINUTE, "by": "带班领导"}
        return {"v": 1, "world": self.world, "at": now, "runs": [run],
                "moments": happened, "orders": [ordered] if self.response else []}  # fmt: skip

    def matters(self, now: int) -> dict[str, Any]:
        entries = []
        if self.worst:
            alarms = [_alarm(table, self.worst, now) for table in _alarming(self.worst)]
            entries = [_incident(now, self.called), _warning(now, self.called), *alarms]
        world = {"id": self.world, "kind": self.kind, "now": now}
        coming = [
            {
                "i": name,
                "lv": level,
                "at": now + ahead * MINUTE,
                "x": 1.0,
                "limit": TABLES[name]["thresholds"][level],
                "d": {},
            }
            for name, level, ahead in self.coming
        ]
        return {"v": 1, "at": now, "answers": True, "world": world, "entries": entries, "coming": coming}


def entity(of: Layer, at: int) -> str:
    """The id of an entity of a layer."""
    return f"{of.id}-{at}"


def scripted(context: BrowserContext, script: Script) -> Page:
    """A page to which this is said from now on, wherever it goes."""
    page = context.new_page()
    page.add_init_script(path=CHECKS)
    script.play(page)
    return page


def opened(page: Page, centre: Centre, path: str, size: tuple[int, int] = (1920, 1080)) -> None:
    """A wall that has been told everything once, and stays as it is."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(centre.url + path)
    told(page)
    settled(page)


def told(page: Page) -> None:
    """What was said has come; the path, which says one heartbeat and stays silent, is not what is looked at."""
    page.wait_for_function(
        "() => window.ioc && ioc.state.settings.length && ioc.state.settings.every((each) => ioc.come(each))"
        " && !ioc.state.waiting.size"
    )
    page.evaluate(
        "() => { ioc.state.beat = performance.now() + 1e9; ioc.state.spoke = performance.now() + 1e9;"
        " ioc.state.closed = false; ioc.state.everything = true; ioc.schedule(); }"
    )


def settled(page: Page) -> None:
    """Everything is drawn in the size that the window has."""
    page.wait_for_function(
        "() => (!document.querySelector('#attention') || ioc.attention.known())"
        " && (!document.querySelector('#plan-runs') || ioc.command.known())"
        " && document.querySelector('#district-word, #verdict-word').textContent"
        " && [...document.querySelectorAll('.plot')].every((plot) => {"
        " if (!plot.clientWidth || !plot.clientHeight) return true;"
        " const drawn = plot.querySelector('.main-svg') && plot.querySelector('.main-svg').getBoundingClientRect();"
        " return drawn && Math.abs(drawn.width - plot.clientWidth) < 2"
        " && Math.abs(drawn.height - plot.clientHeight) < 2; })"
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _alarming(level: str) -> list[Mapping[str, Any]]:
    scenes = {row["id"] for row in (overview() or {})["scene"]}
    return [
        table
        for table in TABLES.values()
        if table["scene"] in scenes and level in table.get("thresholds", {}) and table["id"] not in {"E1", "E8", "E19"}
    ]


def _alarm(table: Mapping[str, Any], level: str, now: int) -> dict[str, Any]:
    limit = float(table["thresholds"][level])
    return {
        "key": f"indicator:{table['id']}", "kind": "indicator", "lv": level, "i": table["id"], "r": PARTS[0], "d": {},
        "we": now, "q": "complete", "o": "real", "x": limit, "limit": limit, "z": 3.4,
        "places": [{"r": code, "d": {}} for code in PARTS[:3]], "more": 4, "parts": 7, "changed": now - 12 * MINUTE,
        "begun": now - 95 * MINUTE, "worse": now - 12 * MINUTE, "waits": False,
    }  # fmt: skip


def _incident(now: int, called: str) -> dict[str, Any]:
    return _alarm(TABLES["E3"], "red", now) | {
        "key": "incident:SJ1", "kind": "incident", "i": "SJ1", "r": PARTS[1], "x": None, "limit": None, "waits": True,
        "about": {"name": ["社会安全事件", "public security incident"], "label": called, "who": called,
                  "at": [114.12, 22.55], "stage": ["接报", "received", now - 3 * MINUTE]},
    }  # fmt: skip


def _warning(now: int, called: str) -> dict[str, Any]:
    return _alarm(TABLES["E3"], "red", now) | {
        "key": "warning:YJ1", "kind": "warning", "i": "YJ1", "r": DISTRICT, "x": None, "limit": None,
        "about": {"name": ["预警区域", "areas of warnings"], "label": called or "暴雨", "who": called or "深圳市气象台",
                  "at": None, "stage": None},
    }  # fmt: skip
