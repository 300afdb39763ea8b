"""The simulated server: streams, hashes and the fenced commit in memory, with a line that can fail on demand.

It answers the calls that `Serving`, `Checkpoint`, `History` and `Hold` make of a client, as the real server does, and
follows `metrics/commit.py` line by line; a service test holds both equal.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import redis

from metrics import commit
from metrics.checkpoint import LEASE_MS
from metrics.stream import order

_LETTER = ("source", "shard", "entry", "row", "field", "rule", "value")
_ALARM = ("id", "fingerprint", "e")
Line = Literal["sound", "deaf", "mute"]  # deaf: a commit does not arrive; mute: it arrives and the answer is lost


class Server:
    """Everything the server holds. `applied` counts the commits that wrote something."""

    def __init__(self) -> None:
        self.strings: dict[str, bytes] = {}
        self.hashes: dict[str, dict[bytes, bytes]] = {}
        self.streams: dict[str, list[list[Any]]] = {}
        self.added: dict[str, int] = {}
        self.last: dict[str, bytes] = {}  # the id of the newest entry each stream ever had
        self.applied = 0
        self.calls: list[tuple[str, Sequence[str], Sequence[Any], Any]] = []  # scripts, with their answers
        self.wrote: dict[bytes, int] = {}  # entry -> the commit that appended it
        self.fenced = True  # a defect that a test may inject: any owner's commit is taken
        self._ids = 0

    def append(self, key: str, fields: Sequence[str | bytes | int]) -> None:
        """XADD."""
        self._ids += 1
        entry = [b"%d-0" % (1_000_000 + self._ids), [_bytes(field) for field in fields]]
        self.streams.setdefault(key, []).append(entry)
        self.added[key] = self.added.get(key, 0) + 1
        self.last[key] = entry[0]
        self.wrote[entry[0]] = self.applied

    def after(self, key: str, place: str) -> list[list[Any]]:
        """The entries behind an id."""
        stream = self.streams.get(key, [])
        low, high, floor = 0, len(stream), order(place)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if order(stream[middle][0].decode()) <= floor else (low, middle)
        return stream[low:]

    def head(self, key: str) -> str:
        """The id of the newest entry."""
        return self.last.get(key, b"0-0").decode()

    def trim(self, key: str, floor: str) -> None:
        """XTRIM MINID, exactly: the real server may leave more."""
        if key in self.streams:
            self.streams[key] = [entry for entry in self.streams[key] if order(entry[0].decode()) >= order(floor)]

    def image(self) -> tuple[Any, ...]:
        """All that a refused commit must leave as it was."""
        return copy.deepcopy((self.hashes, self.added, self.applied))

    def take_over(self, names: Sequence[str]) -> int:
        """`metrics.commit.TAKE_OVER`."""
        epoch = int(self.strings.get(names[0], b"0")) + 1
        self.strings[names[0]] = b"%d" % epoch
        self.calls.append(("take over", names, (LEASE_MS,), epoch))
        return epoch

    def commit(self, names: Sequence[str], arguments: Sequence[Any]) -> list[bytes]:
        """`metrics.commit.SCRIPT`."""
        answer = self._commit(names, arguments)
        self.calls.append(("commit", names, arguments, answer))
        return answer

    def _commit(self, names: Sequence[str], arguments: Sequence[Any]) -> list[bytes]:
        given = [_bytes(argument) for argument in arguments]
        owner, sequence, expected, beside = given[:4]
        target, other = names[1], names[2]
        held = self.strings.get(names[0], b"")
        if held != owner and self.fenced:
            return [b"FENCED", held]
        have = self.hashes.get(target, {}).get(b"#seq", b"")
        if have == sequence:
            return [b"DONE"]
        if expected and have != expected:
            return [b"CHANGED", have]
        if beside and self.hashes.get(other, {}).get(b"#seq", b"") != beside:
            return [b"CHANGED", have]
        if not expected:
            self.hashes.pop(target, None)
        if not beside:
            self.hashes.pop(other, None)
        deletes, sets, latest, feeds, values, completed, dead, alarms = (int(count) for count in given[8:16])
        intake, outlook, gone, body = int(given[17]), int(given[18]), int(given[20]), iter(given[21:])
        said = self.hashes.setdefault(names[12], {})
        told, kept = (3, 4, 7, 9, 10), said.get(given[19])
        if kept is not None:
            for place, last in zip(told, kept.decode().split(), strict=True):
                entries = self.streams.get(names[place], [])
                left = [entry for entry in entries if order(entry[0].decode()) <= order(last)]
                self.streams[names[place]] = left
        for _ in range(deletes):
            self.hashes.get(target, {}).pop(next(body), None)
        for name, pairs in ((target, sets), (names[5], latest), (names[6], feeds), (names[11], outlook)):
            table = self.hashes.setdefault(name, {})
            for _ in range(gone if name == names[5] else 0):
                table.pop(next(body), None)
            for _ in range(pairs // 2):
                field = next(body)
                table[field] = next(body)
        for name, cells in ((names[3], values), (names[4], completed)):
            if cells:
                self.append(name, [next(body) for _ in range(cells)])
        for name, count, heads in ((names[7], dead, _LETTER), (names[9], alarms, _ALARM)):
            for _ in range(count):
                fields = [part for head in heads for part in (head, next(body))]
                self.append(name, (["v", "1", *fields] if heads is _ALARM else fields))
        if intake:
            self.append(names[10], [next(body) for _ in range(intake)])
        newest = [(self.streams.get(names[place]) or [(b"0-0",)])[-1][0] for place in told]
        said[sequence] = b" ".join(newest)
        if next(body, None) is not None:
            raise AssertionError("the script of the commit has changed: follow it here")
        self.applied += 1
        return [b"DONE"]


class Client:
    """One connection to the simulated server; `line` is the state of the wire for its next commit."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.line: Line = "sound"

    def eval(self, script: str, count: int, *arguments: Any) -> Any:
        if script == commit.TAKE_OVER:
            return self.server.take_over(arguments[:count])
        assert script == commit.SCRIPT, "the simulated server knows two scripts"
        return self.evalsha(commit.DIGEST, count, *arguments)

    def evalsha(self, digest: str, count: int, *arguments: Any) -> list[bytes]:
        assert digest == commit.DIGEST
        line, self.line = self.line, "sound"
        if line == "deaf":
            raise redis.ConnectionError("the commit did not arrive")
        answer = self.server.commit(arguments[:count], arguments[count:])
        if line == "mute":
            raise redis.TimeoutError("the answer was lost")
        return answer

    def get(self, name: str) -> bytes | None:
        return self.server.strings.get(name)

    def exists(self, name: str) -> int:
        return int(name in self.server.strings)

    def hgetall(self, name: str) -> Mapping[bytes, bytes]:
        return dict(self.server.hashes.get(name, {}))

    def hmget(self, name: str, fields: Sequence[str]) -> list[bytes | None]:
        return [self.server.hashes.get(name, {}).get(_bytes(field)) for field in fields]

    def execute_command(self, *words: Any) -> Any:
        match words:
            case ("HGETALL", name):
                return self.hgetall(name)
            case ("HGET", name, field):
                return self.server.hashes.get(name, {}).get(_bytes(field))
            case ("XRANGE", name, first, "+", "COUNT", count):
                after = "0-0" if first == "-" else first.removeprefix("(")
                return self.server.after(name, after)[:count]
            case ("XINFO", "STREAM", name):
                return self._facts(name)
            case ("XTRIM", name, "MINID", "~", floor, "LIMIT", 0):
                return self.server.trim(name, floor)
        raise AssertionError(f"the simulated server does not know {words}")

    def pipeline(self, transaction: bool = True) -> Pipeline:  # as the real one
        return Pipeline(self)

    def _facts(self, name: str) -> dict[bytes, Any] | redis.ResponseError:
        if name not in self.server.added:
            return redis.ResponseError("no such key")
        stream = self.server.streams[name]
        return {
            b"entries-added": self.server.added[name],
            b"length": len(stream),
            b"first-entry": stream[0] if stream else None,
            b"last-generated-id": self.server.last[name],
        }


class Pipeline:
    """Commands that are sent together."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._commands: list[tuple[Any, ...]] = []

    def execute_command(self, *words: Any) -> None:
        self._commands.append(words)

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # as the real one
        return [self._client.execute_command(*words) for words in self._commands]


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
