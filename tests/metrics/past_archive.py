"""Archives of a few values that tests play again: commits at instants, written as an archiver would have."""

from __future__ import annotations

from pathlib import Path

from metrics.alarm_event import AlarmEvent
from metrics.archive import Life, Strand
from metrics.archive_alarms import told
from metrics.archive_rows import values as decoded
from metrics.archive_standing import Standings
from metrics.archive_tail import Tail
from metrics.stream import Place
from metrics.value import Quality, Value
from metrics.value_form import pack_values

LIFE = Life("live")
MIDNIGHT = 1_717_171_200_000  # 2024-06-01T00:00:00+08:00
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = MIDNIGHT + 12 * HOUR


class Archive:
    """Published values as an archiver would have written them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tails = {kind: Tail(root, Strand(LIFE, kind), decoded, Place()) for kind in ("values", "completed")}
        self._alarms = Tail(root, Strand(LIFE, "alarms"), told, Place())

    def say(self, at_ms: int, *said: Value, part: bool = True, behind_ms: int = MINUTE) -> None:
        """A commit, and a part of all that was in none; what is complete also goes into `completed`."""
        for kind, tail in self._tails.items():
            told = [one for one in said if kind == "values" or one.quality != "provisional"]
            fields = {b"v": b"1", b"at": b"%d" % at_ms, b"now": b"%d" % at_ms, b"positions": b"{}",
                      b"watermarks": b'{"traffic": %d}' % (at_ms - behind_ms), b"b": pack_values(told)}  # fmt: skip
            tail.receive([[b"%d-0" % at_ms, [cell for pair in fields.items() for cell in pair]]])
            if part:
                tail.write()

    def alarm(self, told_ms: int, at_ms: int, name: str, number: int, level: str | None) -> None:
        """An event of the alarm `name`, of a window that ended at `at_ms`."""
        event = AlarmEvent(
            "live", "T1", 1, "440303", (("road", name),), "level", "raised" if level else "cleared",
            None if level else "red", level, 1.0, None, 1.0, at_ms - 5 * MINUTE, at_ms, at_ms, NOON, number, 3, 0,
            "complete", "real",
        )  # fmt: skip
        fields = {b"v": b"1", b"id": event.id, b"fingerprint": event.fingerprint, b"e": event.to_json().encode()}
        self._alarms.receive([[b"%d-0" % told_ms, [cell for pair in fields.items() for cell in pair]]])
        self._alarms.write()

    def standings(self) -> list[str]:
        return Standings(self.root, LIFE, ["440303"]).update()


def value(end: int, number: float | None, *, minutes: int = 5, region: str = "440303", quality: Quality = "complete",
          revision: int = 0, name: str = "T1") -> Value:  # fmt: skip
    return Value(name, 1, region, (), end - minutes * MINUTE, end, number, quality, 3, revision)
