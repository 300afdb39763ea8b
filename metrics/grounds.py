"""Grounds: what the stored state of a source rests on, so that state is not misread by definitions that came later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from metrics.clock import LOCAL_OFFSET_MS
from metrics.identity import Identities
from metrics.intake import Intake
from metrics.journal import Journal
from metrics.register import Register
from metrics.watermark import BEGINNING

FieldForm = tuple[str, int]  # type and decimals


@dataclass(frozen=True, slots=True)
class Grounds:
    """`scans`: from when on each has all rows; `whole_ms` the same of the kept rows, None: none were kept. `columns`:
    kept columns that only later rows have. `fields`: their types as they were. `grid_ms`: of presence; `bucket_ms`: of
    identities without a name."""

    kind: str
    identity: tuple[str, ...]
    bucket_ms: int
    grid_ms: int
    fields: Mapping[str, FieldForm]
    scans: Mapping[str, int]
    whole_ms: int | None
    current: bool
    columns: Mapping[str, int]
    silent_ms: int
    silent: tuple[str, ...]

    @staticmethod
    def of(intake: Intake) -> Grounds:
        """As they are now."""
        source, kept, seen = intake.source, intake.kept, intake.identities
        journal = kept if isinstance(kept, Journal) else None
        return Grounds(
            source.kind, source.identity, seen.bucket_ms if isinstance(seen, Identities) else 0, intake.plan.grid_ms,
            {name: (one.type, one.scale) for name, one in source.fields.items()},
            {scan: panes.since_ms for scan, panes in intake.panes.items()},
            None if kept is None else kept.whole_ms, journal is not None and journal.current,
            dict(journal.since) if journal is not None else {}, journal.silent_ms if journal is not None else BEGINNING,
            tuple(sorted(journal.silent)) if journal is not None else (),
        )  # fmt: skip

    def packed(self) -> bytes:
        """As a field of a checkpoint."""
        found: bytes = msgpack.packb([
            self.kind, self.identity, self.bucket_ms, self.grid_ms, dict(sorted(self.fields.items())),
            dict(sorted(self.scans.items())), self.whole_ms, self.current, dict(sorted(self.columns.items())),
            self.silent_ms, self.silent,
        ])  # fmt: skip
        return found

    @staticmethod
    def read(raw: Sequence[Any]) -> Grounds:
        """From the decoded field. Raises ValueError, TypeError."""
        kind, identity, bucket_ms, grid_ms, fields, scans, whole_ms, current, columns, silent_ms, silent = raw
        forms = {name: (str(form[0]), int(form[1])) for name, form in fields.items()}
        return Grounds(
            kind, tuple(identity), bucket_ms, grid_ms, forms, dict(scans), whole_ms, current, dict(columns), silent_ms,
            tuple(silent),
        )  # fmt: skip

    def changed_fields(self, intake: Intake) -> dict[str, FieldForm]:
        """Fields that are declared otherwise than when the rows came, as they were then."""
        now = {name: (one.type, one.scale) for name, one in intake.source.fields.items()}
        return {name: form for name, form in self.fields.items() if now.get(name, form) != form}

    def hold(self, intake: Intake) -> None:
        """Go on from what was whole then; what nobody asked for then begins behind the newest row. Rows are there."""
        newest = intake.watermark.newest_ms
        later = newest + 1 if newest > BEGINNING else BEGINNING
        for scan, panes in intake.panes.items():
            panes.since_ms = self.scans.get(scan, later)
        kept = intake.kept
        if isinstance(kept, Journal):
            kept.whole_ms = later if self.whole_ms is None else self.whole_ms
            if self.whole_ms is not None:
                known = {name: since for name, since in self.columns.items() if name in kept.columns}
                kept.since = known | kept.since
            kept.silent_ms, kept.silent = self.silent_ms, frozenset(self.silent)
            if kept.current and not self.current and kept.whole_ms > BEGINNING:
                kept.silent_ms, kept.silent = later, frozenset(intake.entities.dictionary)
        elif isinstance(kept, Register) and self.whole_ms is not None:
            kept.whole_ms = max(kept.whole_ms, self.whole_ms)
        if self.grid_ms != intake.plan.grid_ms:
            regridded: dict[int, int] = {}
            for time in intake.presence.newest_in.values():
                pane = (time + LOCAL_OFFSET_MS) // intake.plan.grid_ms
                regridded[pane] = max(time, regridded.get(pane, time))
            intake.presence.newest_in = regridded
            intake.changed = True
