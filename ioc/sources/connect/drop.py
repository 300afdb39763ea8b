"""The connector for files: tables put into a folder, each taken once, its rows sent once, with a report beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from ioc.api.shapes import RowFault
from ioc.sources.connect.inbox import Inbox, Taken
from ioc.sources.connect.landing import Landing
from ioc.sources.connect.mapping import Shape
from ioc.sources.connect.memory import Memory
from ioc.sources.connect.sheet import Sheet, UnreadableSheet
from metrics.clock import real_ms

LOOK_S: Final = 1.0
PIECE_ROWS: Final = 5_000  # rows between two notes of how far a file is
TOLD: Final = 1_000  # wrong rows that a report lists; the counts are always whole
REMEMBERED: Final = 10_000  # files whose content is known


@dataclass(slots=True)
class Progress:
    """How far a file is: `rows` of it are on the bus."""

    digest: str
    rows: int = 0
    accepted: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def add(self, faults: list[RowFault], rows: int) -> None:
        """A further piece; the places of its faults count from 0 in it, those of a report from 1 in the file."""
        self.faults += [asdict(one) | {"row": self.rows + one.row + 1} for one in faults[: TOLD - len(self.faults)]]
        self.rules.update(one.rule for one in faults)
        self.accepted += rows - len(faults)
        self.rows += rows

    def saved(self) -> dict[str, Any]:
        """For `restored`, as JSON values."""
        return {
            "digest": self.digest, "rows": self.rows, "accepted": self.accepted, "rules": dict(self.rules),
            "faults": self.faults,
        }  # fmt: skip

    @staticmethod
    def restored(saved: Mapping[str, Any], digest: str) -> Progress:
        """Of the same content, where it was left; else the beginning."""
        if saved.get("digest") != digest:
            return Progress(digest)
        return Progress(digest, saved["rows"], saved["accepted"], Counter(saved["rules"]), list(saved["faults"]))


@dataclass(slots=True)
class DropWay:
    """`done` remembers whole files by content, `under_way` the one that is being read."""

    inbox: Inbox
    shape: Shape
    sheet: Sheet  # whose form holds for all files; its path is not looked at
    most_bytes: int
    done: Memory
    under_way: Memory
    kind: str = "drop"
    _files: Counter[str] = field(default_factory=Counter)

    def run(self, landing: Landing) -> None:
        """See Way. Raises OSError, UnknownMemory."""
        self.inbox.prepare()
        while not landing.stop.is_set():
            for taken in self.inbox.take():
                self._files[self._file(taken, landing)] += 1
                landing.alive(files=dict(self._files))
            landing.alive(files=dict(self._files))
            landing.stop.wait(LOOK_S)

    def _file(self, taken: Taken, landing: Landing) -> str:
        """Deal with one file: `processed`, `failed` or `repeated`."""
        known: dict[str, str] = self.done.load().get("files", {})
        progress = Progress.restored(self.under_way.load(), taken.digest)
        why, state = "", "processed"
        if taken.digest in known:
            state, why = "repeated", f"内容与已处理的文件相同 the same content as {known[taken.digest]}"
        else:
            try:
                self._send(taken, progress, landing)
                if not progress.accepted:
                    state, why = "failed", "没有一行合契约 no row keeps the contract"
            except UnreadableSheet as error:
                state, why = "failed", str(error)
                landing.unreadable(f"{taken.name}: {why}")
                landing.settle()
            if state == "processed":
                files = {**known, taken.digest: taken.name}
                self.done.keep({"files": dict(list(files.items())[-REMEMBERED:])})
        report = {
            "v": 1, "file": taken.name, "sha256": taken.digest, "source": landing.source.id, "state": state, "why": why,
            "rows": progress.rows, "accepted": progress.accepted, "rejected": progress.rows - progress.accepted,
            "rules": dict(progress.rules), "faults": progress.faults,
            "ignored_columns": list(landing.ignored)[:20],
            "finished_at": datetime.fromtimestamp(real_ms() / 1000, UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        taken.finish("failed" if state == "failed" else "processed", report)
        self.under_way.keep({})
        return state

    def _send(self, taken: Taken, progress: Progress, landing: Landing) -> None:
        """The rows that are not on the bus yet. A file that cannot be read to its end sends none. Raises
        UnreadableSheet, Stopped."""
        if taken.size > self.most_bytes:
            raise UnreadableSheet(f"超过 more than {self.most_bytes} bytes")
        for number, _ in enumerate(self._rows(taken)):
            if number % PIECE_ROWS == 0:
                landing.working()
        rest = islice(self._rows(taken), progress.rows, None)
        while rows := list(islice(rest, PIECE_ROWS)):
            faults = landing.rows([row if isinstance(row, str) else self.shape.row(row) for row in rows])
            landing.settle()
            progress.add(faults, len(rows))
            self.under_way.keep(progress.saved())
            landing.working()
        if not taken.unchanged():
            raise UnreadableSheet("读取期间仍被写入 it was still being written while it was read")

    def _rows(self, taken: Taken) -> Iterator[dict[str, Any] | str]:
        return Sheet(taken.path, self.sheet.encoding, self.sheet.delimiter, self.sheet.tab).rows()
