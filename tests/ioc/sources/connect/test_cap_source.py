"""Warnings come in from feeds and files through the contract, give indicator values, and are taken once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from ioc.services.outward import allowed
from ioc.sources.connect.cap import Alert, Area, Reference
from ioc.sources.connect.cap_source import CapWay, folder_inbox
from ioc.sources.connect.cap_xml import write
from ioc.sources.connect.fetch import Fetcher
from ioc.sources.connect.memory import Memory
from metrics import keys
from metrics.clock import real_ms
from tests.conftest import wait_until
from tests.ioc.sources.connect.test_cap import RAIN
from tests.ioc.sources.connect.wire import Run, Site, bundle, stream, values

pytestmark = pytest.mark.service

CODES = frozenset(row["code"] for row in bundle()["regions"])


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def now(minutes: float = 0) -> datetime:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).replace(microsecond=0)


def alert(name: str, severity: str, minutes: float = -1, **more: object) -> Alert:
    here = replace(
        RAIN,
        severity=severity,
        effective=None,
        onset=None,
        expires=now(60),
        areas=(Area("x", geocodes=(("c", "440303"),)),),
    )
    return replace(Alert(name, "met", now(minutes), "Actual", "Alert", "Public", infos=(here,)), **more)  # type: ignore[arg-type]


def atom(*entries: tuple[str, str]) -> bytes:
    """Entries of id and link."""
    inner = "".join(
        f'<entry><id>{name}</id><updated>1</updated><link type="application/cap+xml" href="{link}"/></entry>'
        for name, link in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{inner}</feed>'.encode()


def way(tmp_path: Path, *urls: str, folder: bool = False, every_s: float = 0.1, also: str = "") -> CapWay:
    origins = ",".join([*(url.rsplit("/", 1)[0] for url in urls), *([also] if also else [])])
    inbox = folder_inbox(tmp_path / "in") if folder else None
    return CapWay(
        urls, every_s, inbox, Fetcher(allowed(origins), limit_s=2), Memory(tmp_path / "met.json"), "440303", CODES
    )


def test_a_feed_gives_warnings_and_their_end_and_the_level_in_force(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    site.answers["/all"] = atom(("1", "/1.xml"), ("2", "/2.xml"))
    site.answers["/1.xml"], site.answers["/2.xml"] = write(alert("A", "Moderate")), write(alert("B", "Severe"))
    with Run(valkey_url, "warning", way(tmp_path, f"{site.origin}/all")) as run:
        wait_until(lambda: run.fact("accepted") == 2, "both warnings are on the bus")
        found = stream(redis_client, "warning", real_ms())
        assert {(row["k"], row["colour"], row["state"]) for row in found.rows} == {
            ("met,A", "yellow", "standing"), ("met,B", "orange", "standing"),
        }  # fmt: skip
        assert values(found.batches, "E19", now_ms=real_ms())["E19", "440303"] == (3.0, "complete")
        cancel = Alert("C", "met", now(), "Actual", "Cancel", "Public", references=(Reference("met", "B", now()),))
        site.answers["/3.xml"] = write(cancel)
        site.answers["/all"] = atom(("3", "/3.xml"), ("1", "/1.xml"), ("2", "/2.xml"))
        wait_until(lambda: run.fact("accepted") == 3, "the cancellation is on the bus")
    found = stream(redis_client, "warning", real_ms())
    assert found.letters == []
    assert values(found.batches, "E19", now_ms=real_ms())["E19", "440303"] == (2.0, "complete")
    assert [path for path, _ in site.heard if path != "/all"] == ["/1.xml", "/2.xml", "/3.xml"]
    assert redis_client.hget(keys.origins("live"), "warning") == b"real"


def test_after_a_restart_nothing_is_sent_again_and_a_cancellation_still_ends_the_warning(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    site.answers["/all"], site.answers["/1.xml"] = atom(("1", "/1.xml")), write(alert("A", "Extreme"))
    with Run(valkey_url, "warning", way(tmp_path, f"{site.origin}/all")) as run:
        wait_until(lambda: run.fact("accepted") == 1, "the warning is on the bus")
    cancel = Alert("C", "met", now(), "Actual", "Cancel", "Public", references=(Reference("met", "A", now()),))
    site.answers["/2.xml"], site.answers["/all"] = write(cancel), atom(("2", "/2.xml"), ("1", "/1.xml"))
    with Run(valkey_url, "warning", way(tmp_path, f"{site.origin}/all")) as run:
        wait_until(lambda: run.fact("accepted") == 1, "the end of it is on the bus")
    rows = stream(redis_client, "warning", real_ms()).rows
    assert [(row["k"], row["state"], row["severity"]) for row in rows] == [
        ("met,A", "standing", "Extreme"), ("met,A", "cancelled", "Extreme"),
    ]  # fmt: skip


def test_a_message_that_breaks_the_standard_is_a_dead_letter_with_its_reason_once(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    site.answers["/all"] = atom(("1", "/1.xml"), ("2", "/2.xml"))
    site.answers["/1.xml"] = write(alert("A", "Severe")).replace(b">Severe<", b">Dreadful<")
    site.answers["/2.xml"] = write(alert("B", "Severe"))
    with Run(valkey_url, "warning", way(tmp_path, f"{site.origin}/all")) as run:
        wait_until(lambda: run.fact("accepted") == 1, "the right one is on the bus")
        asked = len(site.heard)
        wait_until(lambda: len(site.heard) > asked + 2, "the feed was asked again")
    found = stream(redis_client, "warning", real_ms())
    [(row, field, rule, value)] = found.letters
    assert (row, field, rule) == (-1, "p", "form")
    assert "info.severity: 'Dreadful'" in value
    assert (run.fact("unread"), [one["k"] for one in found.rows]) == (1, ["met,B"])


def test_an_entry_that_cannot_be_got_is_asked_for_again(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    site.answers["/all"] = atom(("1", "/1.xml"), ("2", "http://127.0.0.1:1/2.xml"))
    with Run(valkey_url, "warning", way(tmp_path, f"{site.origin}/all")) as run:
        wait_until(lambda: "allow-list" in (run.fact("error") or ""), "the other host is refused")
        wait_until(lambda: [path for path, _ in site.heard].count("/1.xml") > 1, "it is asked for again")
        site.answers["/1.xml"] = write(alert("A", "Severe"))
        wait_until(lambda: run.fact("accepted") == 1, "it is there at last")


def test_files_of_messages_are_taken_and_reported(valkey_url: str, redis_client: redis.Redis, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.xml").write_bytes(write(alert("A", "Extreme")))
    (folder / "bad.xml").write_bytes(b"<alert/>")
    with Run(valkey_url, "warning", way(tmp_path, folder=True)) as run:
        wait_until((folder / "processed" / "good.xml").exists, "the good one is processed")
        wait_until((folder / "failed" / "bad.xml").exists, "the other one has failed")
        wait_until(lambda: redis_client.hexists(keys.HEARTBEATS, "feed:live:warning"), "a heartbeat")
        assert run.fact("accepted") == 1
    good = json.loads((folder / "processed" / "good.xml.report.json").read_text())
    assert (good["state"], good["messages"], good["accepted"], good["faults"]) == ("processed", 1, 1, [])
    bad = json.loads((folder / "failed" / "bad.xml.report.json").read_text())
    assert "CAP 1.2" in bad["faults"][0]["why"]
    found = stream(redis_client, "warning", real_ms())
    assert ([row["k"] for row in found.rows], len(found.letters)) == (["met,A"], 1)


def test_a_published_message_comes_in_when_it_is_of_today(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, shared_data: Path
) -> None:
    """As it was published it is of 2003: that is read, reported and not put on the bus."""
    folder = tmp_path / "in"
    folder.mkdir()
    example = (shared_data / "cap" / "cap_amber_alert_example.xml").read_bytes()
    today = example.replace(b"2003-06-11T22:39:00-07:00", now(-5).isoformat().encode())
    (folder / "1-amber.xml").write_bytes(example)
    (folder / "2-elsewhere.xml").write_bytes(today)
    here = today.replace(b"KAR0-0306112239-SW", b"HERE").replace(b"006037", b"440303001")
    (folder / "3-here.xml").write_bytes(here)
    with Run(valkey_url, "warning", way(tmp_path, folder=True)):
        wait_until((folder / "processed" / "3-here.xml").exists, "all are processed")
    report = json.loads((folder / "processed" / "1-amber.xml.report.json").read_text())
    assert (report["messages"], report["old"], report["accepted"]) == (1, 1, 0)
    found = stream(redis_client, "warning", real_ms())
    assert found.letters == []
    assert [(row["event"], row["colour"], row.get("community")) for row in found.rows] == [
        ("Child Abduction", "orange", None), ("Child Abduction", "orange", "440303001"),
    ]  # fmt: skip
    assert values(found.batches, "E19", now_ms=real_ms())["E19", "440303"] == (3.0, "complete")


def test_a_feed_that_does_not_answer_is_shown_as_lost_with_the_reason(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, site: Site
) -> None:
    with Run(valkey_url, "warning", way(tmp_path, f"{site.origin}/none")):

        def fact() -> dict[str, object]:
            told = redis_client.hget(keys.HEARTBEATS, "feed:live:warning")
            return json.loads(told) if told else {}

        wait_until(lambda: fact().get("ended"), "the feed is lost")
        assert fact()["connectors"]["one"]["state"] == "unreachable"  # type: ignore[index]
        assert "HTTP 404" in fact()["connectors"]["one"]["error"]  # type: ignore[index]
        site.answers["/none"] = atom()
        wait_until(lambda: not fact().get("ended"), "it is back")
