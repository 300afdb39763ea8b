"""`ioc archive --list` says what lies in the archive, alarms too, without touching it."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from metrics.alarm_event import AlarmEvent
from metrics.archive import Life, Strand
from metrics.archive_alarms import told
from metrics.archive_tail import Tail
from metrics.stream import Place

NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00


def test_each_strand_is_a_line(tmp_path: Path) -> None:
    event = AlarmEvent(
        "live", "A", 1, "440303", (), "level", "raised", None, "red", 2.0, None, 1.0, NOON - 60_000, NOON, NOON, NOON,
        0, 3, 0, "complete", "real",
    )  # fmt: skip
    tail = Tail(tmp_path / "archive", Strand(Life("live", 7), "alarms"), told, Place())
    tail.receive([[b"%d-0" % (NOON + 5_000), [b"v", b"1", b"e", event.to_json().encode()]]])
    tail.write()
    answer = CliRunner().invoke(app, ["archive", "--list"], env={"IOC_DATA_DIR": str(tmp_path)})
    assert answer.exit_code == 0, answer.output
    (line,) = [line for line in answer.output.splitlines() if "alarms" in line]
    assert line.startswith("live/7  alarms")
    assert "分片 parts 1" in line
    assert "2024-06-01T12:00" in line
    other = CliRunner().invoke(app, ["archive", "--list", "--world", "drill"], env={"IOC_DATA_DIR": str(tmp_path)})
    assert "alarms" not in other.output
    assert other.exit_code == 4
    assert "no such world" in other.stderr
    absent = CliRunner().invoke(app, ["archive", "--list"], env={"IOC_DATA_DIR": str(tmp_path / "none")})
    assert (absent.exit_code, absent.stdout) == (4, "")
    assert "there is no archive" in absent.stderr
