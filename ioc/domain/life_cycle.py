"""A life cycle: the stages that a case or an incident goes through, and the moves that lead from one to another.

One table says all of it: who may make a move, from which stages, where it leads, and what must be said with it. A move
that is not in the table is not made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

STAYS: Final = ""  # a move that changes no stage: hold, transfer, extend
BACK: Final = "<"  # to the stage before the one that is left

Why = Literal["unknown", "stage", "permission", "missing", "held"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where something is. `calendar`: by which its time counts, empty where no clock runs; `within_ms` of its open time
    it may take, `by_level` from a level on less. `final`: nothing is owed any more."""

    id: str
    zh: str
    en: str
    calendar: str = ""
    within_ms: int = 0
    final: bool = False
    by_level: tuple[tuple[int, int], ...] = ()  # (from this level on, ms), ascending levels

    def owed_ms(self, level: int) -> int:
        """What the stage may take at a level: as the highest level says that is not above it."""
        return next((owed for least, owed in reversed(self.by_level) if level >= least), self.within_ms)


@dataclass(frozen=True, slots=True)
class Move:
    """A way from stages (empty: from every one that is not final) to a stage, STAYS or BACK.

    `needs`: fields that must be said with it. `tells`: who hears of it. `held`: whether it may be made while on hold.
    """

    id: str
    zh: str
    en: str
    sources: frozenset[str]
    to: str
    permission: str
    needs: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    held: bool = False


class MoveRefused(Exception):
    """A move that the table does not allow, and why: `fields` are those that were not said."""

    def __init__(self, move: str, stage: str, why: Why, fields: Sequence[str] = ()) -> None:
        super().__init__(f"{move} from {stage}: {why} {', '.join(fields)}".strip())
        self.move, self.stage, self.why, self.fields = move, stage, why, tuple(fields)


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """The table of one kind of thing. The first stage is where it begins."""

    id: str
    stages: Mapping[str, Stage]
    moves: Mapping[str, Move]

    @property
    def first(self) -> Stage:
        return next(iter(self.stages.values()))

    def open_moves(self, stage: str, permissions: Iterable[str], *, held: bool = False) -> tuple[Move, ...]:
        """What somebody with these permissions may do at a stage, in the order of the table."""
        have = frozenset(permissions)
        return tuple(
            move for move in self.moves.values()
            if move.permission in have and self._leads(move, stage) and (move.held or not held)
        )  # fmt: skip

    def move(
        self, stage: str, move_id: str, said: Mapping[str, Any], permissions: Iterable[str], *, before: str = "",
        held: bool = False,
    ) -> Stage:  # fmt: skip
        """The stage that a move leads to. `before`: the stage before this one, for a move BACK. Raises MoveRefused."""
        move = self.moves.get(move_id)
        if move is None:
            raise MoveRefused(move_id, stage, "unknown")
        if not self._leads(move, stage) or (move.to == BACK and before not in self.stages):
            raise MoveRefused(move_id, stage, "stage")
        if move.permission not in frozenset(permissions):
            raise MoveRefused(move_id, stage, "permission", [move.permission])
        if held and not move.held:
            raise MoveRefused(move_id, stage, "held")
        missing = [field for field in move.needs if said.get(field) in (None, "", [], {})]
        if missing:
            raise MoveRefused(move_id, stage, "missing", missing)
        return self.stages[{STAYS: stage, BACK: before}.get(move.to, move.to)]

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the table: (stage or move, sentence). Nothing for one that can be walked."""
        for move in self.moves.values():
            for source in sorted(move.sources - self.stages.keys()):
                yield move.id, f"没有阶段 {source} there is no stage {source}"
            if move.to not in {STAYS, BACK} and move.to not in self.stages:
                yield move.id, f"没有阶段 {move.to} there is no stage {move.to}"
        for stage in self.stages.values():
            if stage.id not in self._reached(self.first.id):
                yield stage.id, "无法到达 no way leads there"
            elif not any(self.stages[one].final for one in self._reached(stage.id)):
                yield stage.id, "由此无法办结 no way leads from here to an end"

    def _leads(self, move: Move, stage: str) -> bool:
        return stage in move.sources if move.sources else stage in self.stages and not self.stages[stage].final

    def _reached(self, start: str) -> frozenset[str]:
        found, fresh = {start}, [start]
        while fresh:
            stage = fresh.pop()
            for move in self.moves.values():
                if move.to in self.stages and move.to not in found and self._leads(move, stage):
                    found.add(move.to)
                    fresh.append(move.to)
        return frozenset(found)
