"""Alarm events as an engine would say them, for tests of the duty room."""

from __future__ import annotations

from collections.abc import Sequence

from ioc.packs.alarm_desk import DeskRules, shipped_rules
from ioc.services.alarm_intake import STREAM, take
from ioc.store.position_table import StreamPositionRow
from ioc.store.unit import Store
from metrics.alarm import Condition, Kind
from metrics.alarm_event import AlarmEvent
from metrics.value import Level

T0 = 1_790_000_400_000  # at ten full minutes
MINUTE = 60_000
RULES: DeskRules = shipped_rules()


def event(  # noqa: PLR0917 - what a test says of an alarm
    level: Level | None = "yellow", at: int = T0, number: int = 0, region: str = "440303001", indicator: str = "E3",
    dims: tuple[tuple[str, str], ...] = (), condition: Condition = "level", world: str = "live", begun: int = T0,
) -> AlarmEvent:  # fmt: skip
    kind: Kind = "raised" if number == 0 else "cleared" if level is None else "escalated"
    return AlarmEvent(
        world=world, indicator=indicator, version=1, region=region, dims=dims, condition=condition, kind=kind,
        level_before=None, level_after=level, value=12.5, z=None, limit=10.0, window_start=at - MINUTE, window_end=at,
        at=at, begun=begun, number=number, samples=3, revision=0, quality="complete", origin="real",
    )  # fmt: skip


def taken(store: Store, events: Sequence[AlarmEvent], now_ms: int = T0, world: str = "live", life: int = 0) -> int:
    """Take events in as the duty process does."""
    with store.write() as unit:
        row = unit.get(StreamPositionRow, (world, STREAM))
        if row is None:
            unit.add(
                StreamPositionRow(
                    world=world, stream=STREAM, life=life, entry="0-0", read=0, added=0, missing=0, world_ms=now_ms
                )
            )
        return take(unit, RULES, world, life, events, now_ms)
