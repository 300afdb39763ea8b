"""The whole path: what a plain producer sends stands on the wall, and no kill changes what the wall ends with."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.world import World
from tests.centre import Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey

DISTRICT = "440303"


def number(page: Page, indicator: str, region: str = DISTRICT) -> object:
    """Locator of the number of an indicator's tile."""
    return page.locator(f'.tile [data-indicator="{indicator}"][data-region="{region}"]').first


def enter(browser: Browser, centre: Centre, role: str) -> Page:
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(centre.links()[role])
    return page


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Centre]:
    """A centre in which nobody feeds traffic but the test."""
    with Centre(tmp_path / "var", IOC_SOURCES="cloud") as centre:
        centre.start()
        yield centre


def test_an_observation_added_by_plain_redis_py_stands_in_the_tile(quiet: Centre, browser: Browser) -> None:
    page = enter(browser, quiet, "wall")
    page.goto(f"{quiet.url}/wall/traffic")
    producer = redis.Redis(unix_socket_path=str(quiet.home / "valkey.sock"))
    now = dt.datetime.now(dt.UTC).isoformat()
    producer.xadd("ioc:live:{traffic:0}:in", {"t": now, "k": "LH001", "speed": "23.4", "vehicles": "12"})
    expect(number(page, "T2")).to_have_text("23.4", timeout=5_000)
    expect(number(page, "T2")).to_have_attribute("data-quality", "provisional")
    later = dt.datetime.now(dt.UTC).isoformat()
    producer.xadd("ioc:live:{traffic:0}:in", {"t": later, "k": "LH001", "speed": "15.6", "vehicles": "24"})
    # 36 vehicle-km-parts over 12/23.4 + 24/15.6 hours = 17.55
    expect(number(page, "T2")).to_have_text("17.6", timeout=5_000)
    page.close()


WINDOW_S = 300


def test_a_wall_judges_the_last_complete_window_and_shows_an_open_one_as_a_number(
    quiet: Centre, browser: Browser
) -> None:
    opened = time.time() // WINDOW_S * WINDOW_S
    # a world whose clock stands ten seconds in a window: a row of now closes the one before, and the next is far away
    drill = World("drill", "exercise", WorldClock(round(1000 * opened) + 10_000, real_ms(), 1.0), started_ms=real_ms())
    quiet.redis().hset(keys.WORLDS, drill.id, drill.to_json())
    page = enter(browser, quiet, "wall")
    page.goto(f"{quiet.url}/wall/traffic?world=drill")
    expect(page.locator("html[data-path]")).to_have_count(1)  # the page has read its settings
    roads = page.evaluate("Object.keys(ioc.state.settings[0].coverage.T2.roads)")
    assert len(roads) == 20
    producer = redis.Redis(unix_socket_path=str(quiet.home / "valkey.sock"))
    tile, verdict = page.locator("#tile-T2"), page.locator("#verdict-word")

    def report(names: list[str], speed: str, at_s: float) -> None:
        for name in names:
            row = {"t": str(round(1000 * at_s)), "k": name, "speed": speed, "vehicles": "1"}
            producer.xadd("ioc:drill:{traffic:0}:in", row)

    report(roads[:1], "8.0", opened - 1)
    expect(number(page, "T2")).to_have_text("8.0", timeout=5_000)
    expect(tile.locator(".coverage")).to_have_text("样本不足：报数路段 1/20")
    expect(tile.locator(".judged")).to_have_text("未满，不判级")
    expect(verdict).to_have_text("不可判")
    report(roads, "8.0", opened - 1)
    expect(tile.locator(".coverage")).to_have_text("报数路段 20/20", timeout=5_000)
    expect(tile.locator(".chip")).to_be_hidden()  # half of the roads would do, but the window may go on

    report(roads[:1], "60.0", drill.clock.now_ms(real_ms()) / 1000)
    expect(number(page, "T2")).to_have_text("60.0", timeout=5_000)
    expect(number(page, "T2")).to_have_attribute("data-quality", "provisional")
    expect(tile.locator(".coverage")).to_have_text("样本不足：报数路段 1/20")
    expect(tile.locator(".chip")).to_have_text("红")
    expect(tile.locator(".judged")).to_have_text(f"{beijing(opened)} 值 8.0")
    expect(page.locator("#trend-T2 .chip")).to_have_text("红")
    expect(page.locator("#trend-T2 .number")).to_have_text("8.0")
    expect(page.locator(f"#road-{roads[0]} .road-level")).to_have_text("红")
    expect(page.locator("#facts .state-5 .number")).to_have_text("20")
    expect(verdict).to_have_text("严重")
    expect(page.locator("#verdict-detail")).to_contain_text(
        f"{beijing(opened - WINDOW_S)}–{beijing(opened)} 完整时段：主干路车速 8.0"
    )
    page.close()


def beijing(at_s: float) -> str:
    return dt.datetime.fromtimestamp(at_s, dt.timezone(dt.timedelta(hours=8))).strftime("%H:%M")


def test_a_broken_observation_is_a_dead_letter_and_the_wall_goes_on(quiet: Centre) -> None:
    producer = redis.Redis(unix_socket_path=str(quiet.home / "valkey.sock"))
    now = dt.datetime.now(dt.UTC).isoformat()
    producer.xadd("ioc:live:{traffic:0}:in", {"t": now, "k": "LH001", "speed": "fast", "vehicles": "12"})
    bus = quiet.redis()
    wait_until(lambda: bus.xlen("ioc:live:{engine}:dead") == 1, "the dead letter is kept")
    [(_, letter)] = bus.xrange("ioc:live:{engine}:dead")
    assert letter[b"source"] == b"traffic"
    assert letter[b"field"] == b"speed"
    assert letter[b"rule"] == b"type"


def test_entries_that_were_trimmed_before_they_were_read_are_said_on_the_wall(quiet: Centre, browser: Browser) -> None:
    page = enter(browser, quiet, "wall")
    page.goto(f"{quiet.url}/wall/traffic")
    stream, bus = "ioc:live:{traffic:0}:in", quiet.redis()
    row = {"k": "LH001", "speed": "23.4", "vehicles": "12"}
    bus.xadd(stream, {"t": dt.datetime.now(dt.UTC).isoformat(), **row})
    expect(number(page, "T2")).to_have_text("23.4", timeout=5_000)
    engine = quiet.pid("engine")
    os.kill(engine, signal.SIGSTOP)
    for _ in range(3):
        bus.xadd(stream, {"t": dt.datetime.now(dt.UTC).isoformat(), **row})
    bus.xtrim(stream, maxlen=1, approximate=False)
    os.kill(engine, signal.SIGCONT)
    # a read that was under way may have got the first of them; the last one is kept
    expect(page.locator("#feed-live-traffic")).to_contain_text(re.compile("缺 [12] 条"), timeout=15_000)
    page.close()


def recording(shared_data: Path, home: Path, rows: int) -> Path:
    """The first `rows` quarters of an hour of the real recording, as a file of its own."""
    lines = (shared_data / "luohu_roads" / "speed_2015-01-01_to_24.csv").read_text().splitlines()[: rows + 1]
    path = home / "speeds.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def oracle(path: Path) -> pd.DataFrame:
    """T1, T2, T3 of each quarter, as the definitions' pandas expressions give them for 40 equal arterial roads."""
    wide = pd.read_csv(path)
    ends = pd.to_datetime(wide.pop("date"), format="%m/%d/%Y %H:%M").dt.tz_localize("Asia/Shanghai") + pd.Timedelta(
        "15min"
    )
    # the contract holds speed in hundredths, rounded half to even; 0 is missing
    speed = (wide.to_numpy() * 100).round() / 100
    speed[speed == 0] = np.nan
    index = np.interp(speed, [0, 15, 20, 30, 40, 60], [10, 8, 6, 4, 2, 0])
    seen = ~np.isnan(speed)
    hours = np.where(seen, np.round(1 / np.where(seen, speed, 1), 9), 0)
    frame = pd.DataFrame(
        {
            "T1": np.where(seen, index, 0).sum(1) / seen.sum(1),
            "T2": seen.sum(1) / hours.sum(1),
            "T3": 100 * (np.where(seen, speed, 99) <= 20).sum(1) / seen.sum(1),
        }
    )
    frame.index = pd.Index(ends.map(lambda end: int(end.timestamp() * 1000)))
    return frame


def completed(bus: redis.Redis) -> dict[tuple[str, int], Value]:
    """Latest revision of each complete district value of the replay."""
    found: dict[tuple[str, int], Value] = {}
    for _, fields in bus.xrange("ioc:replay:{engine}:completed"):
        for value in unpack_values(fields[b"b"]):
            key = (value.indicator, value.window_end)
            if (
                value.region == DISTRICT
                and not value.dims
                and value.revision >= (found[key].revision if key in found else 0)
            ):
                found[key] = value
    return found


def test_killed_engine_gateway_and_valkey_the_wall_goes_stale_recovers_and_ends_exact(
    shared_data: Path, tmp_path: Path, browser: Browser
) -> None:
    path = recording(shared_data, tmp_path, 48)
    with Centre(tmp_path / "var", IOC_FEED=str(path), IOC_FEED_SPEED="900") as centre:
        centre.start()
        kill_each_in_turn(centre, browser, path)


def kill_each_in_turn(centre: Centre, browser: Browser, path: Path) -> None:
    page = enter(browser, centre, "wall")
    page.goto(f"{centre.url}/wall/traffic")
    expect(page.locator("body")).to_contain_text("回放")
    expect(page.locator("body")).to_contain_text("2015")
    for victim in ("engine", "gateway", "valkey"):
        wait_until(
            lambda: page.locator("html[data-path='ok']").count() == 1, f"the wall is whole before {victim} dies", 40
        )
        os.kill(centre.pid(victim), signal.SIGKILL)
        wait_until(
            lambda: page.locator("html[data-path='lost']").count() == 1, f"the wall shows that {victim} is lost", 8
        )
    wait_until(
        lambda: page.locator("html[data-path='ok']").count() == 1, "the wall is whole again without a reload", 40
    )

    expected = oracle(path).iloc[:-1]  # the last window stays open: nothing comes after it
    bus = centre.redis()
    last = int(expected.index[-1])
    wait_until(lambda: ("T3", last) in completed(bus), "the last window but one is complete", 120)
    values = completed(bus)
    for indicator in ("T1", "T2", "T3"):
        published = [values[indicator, int(end)].value for end in expected.index]
        np.testing.assert_allclose(published, expected[indicator], rtol=1e-9)
