"""The connector for warnings: CAP 1.2 messages from Atom, RSS and bare addresses, and from files put into a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ioc.sources.connect import atom
from ioc.sources.connect.cap import Alert, CapError
from ioc.sources.connect.cap_xml import document, from_element
from ioc.sources.connect.fetch import Fetcher, FetchError
from ioc.sources.connect.inbox import Inbox, Taken
from ioc.sources.connect.landing import Landing
from ioc.sources.connect.memory import Memory
from ioc.sources.connect.warning_board import KEPT_MS, Board
from metrics.clock import monotonic_s, real_ms

LOOK_S: Final = 1.0
ACCEPT: Final = "application/cap+xml, application/atom+xml, application/rss+xml, application/xml, text/xml"
MOST_ENTRIES: Final = 500  # of one feed at one look: its first ones, which are the newest
WHOLE: Final = (
    "sha256"  # under which the digest of a feed stands that was taken as a whole; ids of entries are addresses
)
KNOWN: Final = 2_000  # entries of a feed that are remembered
MOST_BYTES: Final = 8 * 2**20  # of a file


@dataclass(slots=True)
class CapWay:
    """`codes` are the regions there are, `district` the one at their top. `urls` are asked every `every_s`."""

    urls: Sequence[str]
    every_s: float
    inbox: Inbox | None
    fetcher: Fetcher
    memory: Memory
    district: str
    codes: Collection[str]
    kind: str = "cap"
    _tags: dict[str, str] = field(default_factory=dict)
    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, landing: Landing) -> None:
        """See Way. Raises OSError, UnknownMemory."""
        kept = self.memory.load()
        board = Board.restored(self.district, kept.get("board", {}))
        self._known = {url: dict(told) for url, told in kept.get("known", {}).items()}
        if self.inbox:
            self.inbox.prepare()
        due_s = monotonic_s()
        reached: bool = not self.urls
        while not landing.stop.is_set():
            if self.inbox:
                for taken in self.inbox.take():
                    self._file(taken, board, landing)
            if self.urls and monotonic_s() >= due_s:
                reached = self._poll(board, landing)
                due_s = monotonic_s() + self.every_s
            if reached or self.inbox:
                landing.alive("live" if reached else "unreachable", standing=_standing(board))
            landing.stop.wait(LOOK_S)

    def _poll(self, board: Board, landing: Landing) -> bool:
        """Ask every address; whether at least one answered."""
        answered = 0
        for url in self.urls:
            try:
                told = self.fetcher.get(url, ACCEPT, self._tags.get(url, ""))
            except FetchError as error:
                landing.away("unreachable", str(error))
                continue
            answered += 1
            if told.changed and self._feed(url, told.address, told.body, board, landing):
                self._tags[url] = told.tag
        return answered > 0

    def _feed(self, url: str, address: str, body: bytes, board: Board, landing: Landing) -> bool:
        """Take what is new in a feed; whether all of it could be got."""
        known = self._known.setdefault(url, {})
        digest = hashlib.sha256(body).hexdigest()
        if known.get(WHOLE) == digest:
            return True
        whole, alerts, seen = True, list[Alert](), dict[str, str]()
        try:
            entries = atom.entries(document(body), address)[:MOST_ENTRIES]
        except CapError as error:
            landing.unreadable(f"{address}: {error}", body)
            entries = []
        for entry in entries:
            landing.working()
            if entry.id and known.get(entry.id) == entry.updated:
                continue
            try:
                element = entry.alert
                if element is None:
                    got = self.fetcher.get(entry.link, ACCEPT)
                    element = document(got.body)
                alerts.append(from_element(element))
            except FetchError as error:  # asked again at the next look
                landing.failed(str(error))
                whole = False
                continue
            except CapError as error:
                landing.unreadable(f"{entry.link or address}: {error}")
            seen[entry.id] = entry.updated
        self._land(alerts, board, landing)
        known.pop(WHOLE, None)
        self._known[url] = dict(list((known | seen).items())[-KNOWN:]) | ({WHOLE: digest} if whole else {})
        self._keep(board)
        return whole

    def _file(self, taken: Taken, board: Board, landing: Landing) -> None:
        """One file: a message, or a feed whose entries carry theirs."""
        report: dict[str, Any] = {"v": 1, "file": taken.name, "sha256": taken.digest, "source": landing.source.id}
        alerts: list[Alert] = []
        faults: list[dict[str, Any]] = []
        try:
            if taken.size > MOST_BYTES:
                raise CapError(f"超过 more than {MOST_BYTES} bytes")
            entries = atom.entries(document(taken.path.read_bytes()), taken.path.as_uri())
        except CapError as error:
            entries, faults = [], [{"row": 0, "why": str(error)}]
        for number, entry in enumerate(entries, 1):
            try:
                if entry.alert is None:
                    raise CapError("条目不含消息 the entry carries no message, and files lead nowhere")
                alerts.append(from_element(entry.alert))
            except CapError as error:
                faults.append({"row": number, "why": str(error)})
        for fault in faults:
            landing.unreadable(f"{taken.name}: {fault['why']}")
        old = sum(_ms(one) < real_ms() - KEPT_MS for one in alerts)
        rows = self._land(alerts, board, landing)
        self._keep(board)
        report |= {
            "state": "processed" if alerts else "failed", "messages": len(alerts), "old": old, "accepted": rows,
            "faults": faults,
            "finished_at": datetime.fromtimestamp(real_ms() / 1000, UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        taken.finish("processed" if alerts else "failed", report)

    def _land(self, alerts: list[Alert], board: Board, landing: Landing) -> int:
        """Rows of messages, the oldest first, on the bus before anything remembers them; how many were taken.

        What was sent weeks ago is history: a feed that still lists it says nothing of today.
        """
        recent = [one for one in alerts if _ms(one) >= real_ms() - KEPT_MS]
        rows = [row for one in sorted(recent, key=lambda one: one.sent) for row in board.take(one, self.codes)]
        before = landing.accepted
        landing.rows(rows)
        landing.settle()
        return landing.accepted - before

    def _keep(self, board: Board) -> None:
        board.forget(real_ms())
        self.memory.keep({"board": board.saved(), "known": self._known})


def _ms(alert: Alert) -> int:
    return round(alert.sent.timestamp() * 1000)


def folder_inbox(folder: Path) -> Inbox:
    """An inbox for files of messages."""
    return Inbox(folder, (".xml", ".cap", ".atom"))


def _standing(board: Board) -> int:
    """Warnings that are neither closed nor run out."""
    now = real_ms()
    return sum(
        name not in board.closed and int(row.get("expires_at") or now + 1) > now for name, row in board.rows.items()
    )
