"""An outbox: the bounded queue of one client whose socket takes nothing at the moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

QUEUE_FRAMES = 8  # deltas of one topic; they hold full values, so above this a snapshot costs less than the tail
QUEUE_BYTES = 512 * 1024  # of all topics; with what the transport holds it stays below the 1 MiB of the cut-off rule
NOTE = ""  # in the place of a topic: frames about none


class Outbox:
    """What a client is still to get: frames in order, topics of which it is owed a snapshot, the newest heartbeat.

    Nothing is lost by the bound: a topic that outgrows it is owed a snapshot instead of its deltas.
    """

    __slots__ = ("_frames", "_owed", "_pulse", "bytes", "empty")

    def __init__(self) -> None:
        self._frames: deque[tuple[str, bytes]] = deque()
        self._owed: dict[str, None] = {}
        self._pulse: bytes | None = None
        self.bytes = 0
        self.empty = True

    def add(self, topic: str, wire: bytes) -> int:
        """Queue a delta; gives the number of frames that a snapshot will stand for instead."""
        if topic in self._owed:
            return 1
        self._frames.append((topic, wire))
        self.bytes += len(wire)
        self.empty = False
        if sum(1 for queued, _ in self._frames if queued == topic) > QUEUE_FRAMES:
            return self.owe(topic)
        if self.bytes > QUEUE_BYTES:
            return sum(self.owe(queued) for queued in {queued for queued, _ in self._frames if queued != NOTE})
        return 0

    def note(self, wire: bytes) -> None:
        """Queue an answer, which nothing can stand for; its sender must look at `bytes`."""
        self._frames.append((NOTE, wire))
        self.bytes += len(wire)
        self.empty = False

    def owe(self, topic: str) -> int:
        """Owe a snapshot of the topic instead of its queued frames; gives the number of those."""
        dropped = self._drop(topic)
        self._owed[topic] = None
        self.empty = False
        return dropped

    def pulse(self, wire: bytes) -> None:
        """Queue a heartbeat; only the newest one means anything."""
        self._pulse = wire
        self.empty = False

    def forget(self, topic: str) -> None:
        """The client left the topic."""
        self._drop(topic)
        self._owed.pop(topic, None)
        self._settle()

    def take(self, snapshot: Callable[[str], bytes | None]) -> bytes | None:
        """The next frame to send, or None. A snapshot is made only now; None of it: there is nothing to show yet."""
        wire: bytes | None = None
        if self._pulse is not None:
            wire, self._pulse = self._pulse, None
        elif self._frames:
            _, wire = self._frames.popleft()
            self.bytes -= len(wire)
        else:
            while wire is None and self._owed:
                topic = next(iter(self._owed))
                del self._owed[topic]
                wire = snapshot(topic)
        self._settle()
        return wire

    def _drop(self, topic: str) -> int:
        kept = deque(queued for queued in self._frames if queued[0] != topic)
        dropped = len(self._frames) - len(kept)
        self._frames = kept
        self.bytes = sum(len(wire) for _, wire in kept)
        return dropped

    def _settle(self) -> None:
        self.empty = not self._frames and not self._owed and self._pulse is None
