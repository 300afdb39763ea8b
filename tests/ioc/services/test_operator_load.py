"""E17 counts what the centre told its officers: for each ten minutes it says what the book of the messages says."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from ioc.services import messages
from ioc.services.messages import Draft
from ioc.store.message_tables import MessageRow
from ioc.store.outbox_table import OutboxRow
from ioc.store.unit import Store

T0 = 1_788_192_000_000  # a whole hour
MINUTE = 60_000
WINDOW = 10 * MINUTE
PACKS = Path(__file__).resolve().parents[3] / "ioc" / "packs"
SOURCES = [str(PACKS / scene / "sources.toml") for scene in ("emergency", "safety")]  # its neighbours read devices


def tell(store: Store, minute: int, cause: str, to: list[str], kind: messages.Kind = "notice") -> None:
    with store.write() as unit:
        messages.write(unit, Draft(cause, kind, "duty", "积水", "东门"), to, lambda *_: ("im",), T0 + minute * MINUTE)


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def test_the_busiest_officer_of_each_ten_minutes_is_the_one_of_the_book(sqlite_store: Store, tmp_path: Path):
    tell(sqlite_store, 1, "a", ["role:duty", "person:li"])
    tell(sqlite_store, 2, "b", ["role:duty"], "escalation")
    tell(sqlite_store, 2, "b", ["role:duty"], "escalation")  # the same cause tells nobody twice
    tell(sqlite_store, 3, "c", ["role:duty", "org:水务局", "unit:u1"])  # officers alone are counted
    tell(sqlite_store, 4, "d", ["role:duty"], "order")  # an order is no alarm
    tell(sqlite_store, 14, "e", ["person:li", "person:wu"])
    tell(sqlite_store, 15, "f", ["person:wu"], "escalation")
    tell(sqlite_store, 25, "g", ["post:subdistrict:440303003"])

    with sqlite_store.read() as unit:
        book = unit.scalars(select(MessageRow).where(MessageRow.kind.in_(["notice", "escalation"]))).all()
        told = Counter(
            (row.made_ms // WINDOW * WINDOW, row.recipient)
            for row in book
            if row.recipient.partition(":")[0] in {"person", "role", "post"}
        )
        sent = unit.scalars(select(OutboxRow).where(OutboxRow.source == "alarm").order_by(OutboxRow.seq)).all()
    with (tmp_path / "alarm.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["raised_at", "operator", "alarm_no"])
        rows.writerows([iso(row.at_ms), row.entity, json.loads(row.fields)["alarm_no"]] for row in sent)
    out = tmp_path / "values.csv"
    done = CliRunner().invoke(
        app,
        [
            "evaluate", "--sources", SOURCES[0], "--sources", SOURCES[1], "--indicators",
            str(PACKS / "emergency" / "indicators.toml"), "--only", "E17", "--data", f"alarm={tmp_path / 'alarm.csv'}",
            "--every", "10m", "--from", iso(T0),
            "--to", iso(T0 + 3 * WINDOW), "--out", str(out),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    with out.open() as file:
        found = [row for row in csv.DictReader(file) if row["indicator"] == "E17" and not row.get("operator")]
    busiest = [max(n for (at, _), n in told.items() if at == T0 + k * WINDOW) for k in range(3)]
    assert busiest == [3, 2, 1]
    assert [float(row["value"]) for row in found] == [0, *busiest]  # before the first nobody was told anything
