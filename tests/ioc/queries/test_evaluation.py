"""The evaluation of offices: its figures are the published values of G4 to G15, office by office."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from ioc.door.evaluation import table_of
from ioc.entrypoints.cli import app
from ioc.queries.evaluation import Evaluation, NoEvaluation, evaluation
from metrics.archive import Life, Strand
from metrics.archive_rollup import RollUp
from metrics.archive_rows import values
from metrics.archive_tail import Tail
from metrics.stream import Place
from metrics.value import Value
from metrics.value_form import pack_values

LIVE = Life("live")
HOUR, DAY = 3_600_000, 86_400_000
NOON = int(datetime(2026, 8, 28, 4, tzinfo=UTC).timestamp() * 1000)  # a Friday, 12:00 in Shanghai
PACK = Path("ioc/packs/governance")
OFFICES = {"区城管局": 60, "@cmd": 80, "": 30}  # cases of each; the other name is what a spreadsheet would run
FIELDS = (
    "case_id", "changed_at", "created_at", "reported_at", "filed_at", "routed_at", "should_dispatch", "dispatch_ok",
    "org", "deadline", "handled_at", "close_by", "closed_at", "rework", "extended", "community", "status",
)  # fmt: skip


def at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def case(org: str, number: int) -> dict[str, object]:
    """Due a day ago; every tenth was handled late, every fifth done again, every twentieth is not handled yet."""
    made, due, done = NOON - 3 * DAY, NOON - DAY, NOON - (HOUR if number % 10 == 0 else 26 * HOUR)
    handled = "" if number % 20 == 1 else at(done)
    return dict(zip(FIELDS, (
        f"{org}-{number}", at(NOON - HOUR // 2), at(made), at(made), at(made), at(made + HOUR), "true", "true",
        org, at(due), handled, at(due + HOUR), handled, 1 if number % 5 == 0 else 0, "false", "440303001",
        "handled" if handled else "handling",
    ), strict=True))  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> dict[tuple[str, str], dict[str, str]]:
    """What the engine's program says of these cases at noon: (indicator, dims) -> row."""
    root = tmp_path_factory.mktemp("cases")
    with (root / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(case(org, number) for org, count in OFFICES.items() for number in range(count))
    sources = (PACK / "sources.toml").read_text().partition("[source.complaint]")[0]
    texts = (PACK / "indicators.toml").read_text().split("[[indicator]]")[1:]
    of_cases = [f"[[indicator]]{text}" for text in texts if 'source = "case"' in text]
    (root / "sources.toml").write_text(sources)
    (root / "indicators.toml").write_text("\n".join(of_cases))
    whole = evaluated(root, "G4,G5,G6,G7,G7o,G8,G9,G10,G11,G11o,G15,G15o")
    return whole | evaluated(root, "G4,G5,G6,G7o,G8,G9,G10,G11o,G15o", "--by", "org")


def evaluated(root: Path, only: str, *by: str) -> dict[tuple[str, str], dict[str, str]]:
    asked = ["evaluate", "--sources", str(root / "sources.toml"), "--indicators", str(root / "indicators.toml")]
    asked += ["--data", f"case={root / 'cases.csv'}", "--at", at(NOON), "--out", str(root / "values.csv")]
    done = CliRunner().invoke(app, [*asked, "--only", only, *by])
    assert done.exit_code == 0, done.output
    with (root / "values.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["indicator"], f"org={row['org']}" if "org" in row else ""): row for row in rows}


@pytest.fixture(scope="module")
def told(published, tmp_path_factory) -> Evaluation:
    root = tmp_path_factory.mktemp("archive")
    said = [
        Value(
            indicator, 1, "440303", dims=tuple([tuple(dims.split("=", 1))] if dims else ()),  # type: ignore[arg-type]
            window_start=NOON - 7 * DAY, window_end=NOON, value=float(row["value"]) if row["value"] else None,
            quality=row["quality"], samples=int(row["samples"]),  # type: ignore[arg-type]
        )
        for (indicator, dims), row in published.items()
    ]  # fmt: skip
    tail = Tail(root, Strand(LIVE, "completed"), values, Place())
    fields = {b"v": b"1", b"at": b"1", b"now": b"0", b"positions": b"{}", b"watermarks": b"{}", b"b": pack_values(said)}
    tail.receive([[f"{NOON}-0".encode(), [cell for pair in fields.items() for cell in pair]]])
    tail.write()
    with duckdb.connect() as connection:
        RollUp(root, LIVE, connection).update()
    return evaluation(root, LIVE, "governance", NOON, NOON + HOUR, world="live")


def figure(told: Evaluation, office: str, indicator: str) -> float | None:
    [row] = [each for each in told.offices if each.id == office]
    [found] = [of for measure, of in zip(told.measures, row.figures, strict=True) if measure.id == indicator]
    assert found is not None
    return found.value


def test_every_figure_equals_the_published_value_of_its_indicator_and_office(published, told: Evaluation):
    shown = {
        (measure.id, f"org={office.id}"): ("" if of.value is None else of.value, of.samples, of.quality)
        for office in told.offices for measure, of in zip(told.measures, office.figures, strict=True) if of
    }  # fmt: skip
    by_office = {
        key: (float(row["value"]) if row["value"] else "", int(row["samples"]), row["quality"])
        for key, row in published.items() if key[1].startswith("org=")
    }  # fmt: skip
    assert shown == by_office
    assert {measure for measure, _ in shown} >= {"G5", "G6", "G7o", "G8", "G9", "G10", "G11o", "G15o"}


def test_the_whole_is_what_the_walls_show(published, told: Evaluation):
    shown = {m.id: of.value for m, of in zip(told.measures, told.whole, strict=True) if of is not None}
    assert shown["G6"] == float(published["G6", ""]["value"])
    assert shown["G7o"] == float(published["G7", ""]["value"])
    assert shown["G15o"] == float(published["G15", ""]["value"])


def test_the_figures_follow_from_the_records_themselves(told: Evaluation):
    # of 60 cases: 3 not handled, 6 late, 12 done again
    assert figure(told, "区城管局", "G5") == pytest.approx(100 * 57 / 60)
    assert figure(told, "区城管局", "G6") == pytest.approx(100 * 51 / 60)
    assert figure(told, "区城管局", "G7o") == pytest.approx(100 * 51 / 60)
    assert figure(told, "区城管局", "G8") is None  # of fewer than 200 nothing is said


def test_who_misses_most_stands_first_and_another_moment_has_nothing(told: Evaluation, tmp_path: Path):
    assert [office.missed for office in told.offices] == sorted((o.missed for o in told.offices), reverse=True)
    assert evaluation(tmp_path, LIVE, "governance", NOON, NOON, world="live").offices == ()
    with pytest.raises(NoEvaluation):
        evaluation(tmp_path, LIVE, "traffic", NOON, NOON, world="live")


def test_the_file_quotes_what_a_spreadsheet_would_run(told: Evaluation):
    lines = list(csv.DictReader(table_of(told).splitlines()))
    assert {line["office"] for line in lines} == {"区城管局", "'@cmd", "未派部门"}
    [g6] = [line for line in lines if line["office"] == "区城管局" and line["indicator"] == "G6"]
    assert float(g6["value"]) == figure(told, "区城管局", "G6")
    assert g6["window_end"] == "2026-08-28T04:00:00Z"
