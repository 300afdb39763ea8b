"""Intake: a batch of one source becomes folded panes and kept rows; late rows and duplicates are counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.column import Column
from metrics.identity import Identities
from metrics.journal import Journal
from metrics.keeping import NO_KEY, Keeping, key_name, rescaled
from metrics.keyspace import Entities, Keys, at_rows
from metrics.measure import ENTITY
from metrics.named import NamedIdentities
from metrics.observation import Batch, Dictionary
from metrics.panes import Panes
from metrics.plan import REGION, Key, SourcePlan
from metrics.presence import Presence
from metrics.register import Register
from metrics.remark import Finding
from metrics.rows import Rows
from metrics.source import Source
from metrics.union import joined
from metrics.watermark import BEGINNING, Watermark


@dataclass(slots=True)
class Counters:
    """What became of the rows of a source since the world began."""

    rows: int = 0  # admitted by the contract, late ones and duplicates included
    late: int = 0
    duplicate: int = 0
    unregistered: int = 0


class Intake:
    """One source: its entities, keys, identities, watermark, presence, the panes of its scans and its kept rows."""

    def __init__(self, plan: SourcePlan) -> None:
        source = plan.source
        self.plan = plan
        self.source: Source = source
        self.entities = Entities(source, plan.registry)
        self.texts: dict[str, Dictionary] = {}
        self.keys: dict[Key, Keys] = {}
        for key in plan.keys:
            for column in key:
                if column != ENTITY:
                    self.texts.setdefault(column, Dictionary([""]))
            self.keys[key] = Keys(key, self.entities.dictionary, self.texts)
        self.panes = {scan.id: Panes(scan) for scan in plan.scans}
        self.watermark = Watermark(source.disorder_ms, source.lateness_ms, source.idle_ms)
        self.identities = Identities(source.lateness_ms) if not source.identity else NamedIdentities()
        self.kept: Journal | Register | None = None
        if plan.kept is not None:
            keeping = Keeping(plan.kept, source, self.texts)
            named = self.identities.names if isinstance(self.identities, NamedIdentities) else None
            self.kept = (
                Register(keeping)
                if source.kind == "records"
                else Journal(keeping, self.entities.dictionary, named, current=plan.kept.current)
            )
        self.unions: list[Intake] = []  # that its rows join
        self.registry: Intake | None = None  # the records that tell what is taken, where a source has such
        self.presence = Presence(plan.grid_ms)
        nothing = np.empty(0, np.int32), np.empty(0, np.int64), -1, np.empty(0, np.intp)
        self._asked: tuple[NDArray[np.int32], NDArray[np.int64], int, NDArray[np.intp]] = nothing
        self.oldest_ms: int | None = None  # the oldest row of the batches since the last publication
        self.first_ms: int | None = None  # the oldest row that ever counted
        self.touched: set[int] = set()  # panes of the source's grid with kept rows that came since then
        self.counters = Counters()
        self.changed = False

    @property
    def heard(self) -> bool:
        """Whether a row of it was ever admitted."""
        return self.counters.rows > 0

    @property
    def journal(self) -> Journal:
        """The kept readings. Raises TypeError for a source that keeps none."""
        if not isinstance(self.kept, Journal):
            raise TypeError(f"{self.source.id} keeps no readings")
        return self.kept

    @property
    def register(self) -> Register:
        """The kept versions. Raises TypeError for a source that keeps none."""
        if not isinstance(self.kept, Register):
            raise TypeError(f"{self.source.id} keeps no records")
        return self.kept

    @property
    def rows_kept(self) -> int:
        """How many rows it keeps."""
        return 0 if self.kept is None else len(self.kept.ledger)

    def take(self, batch: Batch, now_ms: int) -> list[Finding]:
        """Fold a batch in. The rows are judged in their order: late, then duplicate, then folded; returns which rows
        were not folded, or counted at another time than they say."""
        self.changed = True
        self.counters.rows += batch.rows
        mapping = self.entities.dictionary.codes(batch.entities)
        rows = Rows(batch, mapping, self)
        late = self.watermark.late(rows.time)
        if self.source.kind == "records":
            return self._take_versions(rows, late, now_ms)
        found: list[Finding] = []
        if late is not None:
            self.counters.late += int(late.sum())
            found.append(Finding("late", np.flatnonzero(late)))
            rows.keep(~late)
        identity: NDArray[np.int32] | None = None
        if isinstance(self.identities, NamedIdentities):
            identity = self.identities.codes([rows.column(name) for name in self.source.identity])
            new = self.identities.admit(identity, rows.time)
        else:
            new = self.identities.admit(rows.entity, rows.time)
        if new is not None:
            self.counters.duplicate += len(new) - int(new.sum())
            again = np.flatnonzero(~new)
            found.append(Finding("duplicate", again if late is None else np.flatnonzero(~late)[again]))
            rows.keep(new)
            identity = None if identity is None else identity[new]
        if not len(rows.time):
            return found
        missing = self.entities.unregistered()
        if missing is not None:
            self.counters.unregistered += int(missing[rows.entity].sum())
        elif self.registry is not None:
            version = self._versions(self.registry, rows)
            self.counters.unregistered += int((version < 0).sum())
        self._hold(rows, identity, now_ms)
        return found

    def replace(self, at_ms: int, batch: Batch, now_ms: int) -> None:
        """The readings of this time are now these, those that stood are taken back: of a derived source, whose rows are
        as late as the values that they say, and never come twice."""
        self.changed = True
        self.counters.rows += batch.rows
        rows = Rows(batch, self.entities.dictionary.codes(batch.entities), self)
        for scan in self.plan.scans:
            index = (at_ms + LOCAL_OFFSET_MS) // scan.pane_ms
            if self.panes[scan.id].panes.pop(index, None) is not None:
                self.panes[scan.id].touched.add(index)
                self.panes[scan.id].dirty.add(index)
            if len(rows):
                self.panes[scan.id].fold(rows, self.keys[scan.key])
        if self.kept is not None:
            identity: NDArray[np.int32] | None = None
            if isinstance(self.identities, NamedIdentities):
                identity = self.identities.codes([rows.column(name) for name in self.source.identity])
                self.identities.admit(identity, rows.time)  # so that the checkpoint names them
            self.journal.replace(at_ms, rows, identity)
            self.touched.add((at_ms + LOCAL_OFFSET_MS) // self.plan.grid_ms)
        if len(rows):
            self._hear(rows, now_ms)

    def begin_at(self, at_ms: int) -> None:
        """Rows before this time are not all there."""
        for panes in self.panes.values():
            panes.since_ms = max(panes.since_ms, at_ms)
        if isinstance(self.kept, Journal):
            self.kept.whole_ms = max(self.kept.whole_ms, at_ms)
            self.kept.silent_ms = max(self.kept.silent_ms, at_ms)

    def taken(self, name: str, rows: Rows) -> Column:
        """A registry field, or the region, of each row."""
        if name == REGION:
            rule = self.source.region
            assert rule is not None  # noqa: S101  # the plan asks for the regions of sources that have some
            if rule.way == "point" and self.plan.outlines is not None:
                return self.plan.outlines.region_of(rows.column(rule.name))
            if rule.way == "point" or self.source.union_of:  # without outlines no row has a region
                return Column(np.full(len(rows), -1, np.int32), np.zeros(len(rows), np.bool_), None, ())
            name = rule.name
        if self.registry is None:
            return at_rows(self.entities.column(name), rows.entity)
        register = self.registry.register
        return register.keeping.raw(register.ledger, name, self._versions(self.registry, rows))

    def _versions(self, registry: Intake, rows: Rows) -> NDArray[np.intp]:
        """The version of each row's record; several fields of the same rows ask for it one after another."""
        entity, times, size, found = self._asked
        if entity is not rows.entity or times is not rows.time or size != len(registry.register.ledger):
            found = registry.version_of(self.entities.dictionary, rows.entity, rows.time)
            self._asked = rows.entity, rows.time, len(registry.register.ledger), found
        return found

    def version_of(self, names: Dictionary, entity: NDArray[np.int32], times: NDArray[np.int64]) -> NDArray[np.intp]:
        """For each entity (codes of `names`) the version of its record at a time; -1 if it is not registered then."""
        if len(entity) < len(names):  # a batch names few of all
            used, place = np.unique(entity, return_inverse=True)
            entity = place.astype(np.int32)
            known = [self.code_of(names[code]) for code in used.tolist()]
        else:
            known = [self.code_of(name) for name in names]
        return self.register.as_of(np.array(known, np.int32)[entity], times)

    def code_of(self, name: str) -> int:
        """The code of an entity; -1 if it was never seen."""
        code = self.entities.dictionary.get(name)
        return -1 if code is None else code

    def _take_versions(self, rows: Rows, late: NDArray[np.bool_] | None, now_ms: int) -> list[Finding]:
        """A version that comes too late is applied as if changed at the watermark, and counted; none is lost."""
        found: list[Finding] = []
        if late is not None:
            # Known since ever is no lateness: the record has no change time of its own.
            late &= rows.time > BEGINNING
            self.counters.late += int(late.sum())
            # The watermark as it was when the row came, so that the cut of the stream into batches does not matter.
            marks = self.watermark.marks(rows.time)
            found += [Finding("moved", np.flatnonzero(late & (marks == at)), int(at)) for at in np.unique(marks[late])]
            rows.time = np.where(late, marks, rows.time)
        if len(rows):
            self._hold(rows, None, now_ms)
        return found

    def _hold(
        self, rows: Rows, identity: NDArray[np.int32] | None, now_ms: int, deleted: NDArray[np.bool_] | None = None
    ) -> None:
        """Rows that count: into panes, kept rows, and the unions that they join. `deleted`: versions that remove their
        key, where the part of a union has said so."""
        self._hear(rows, now_ms)
        for scan in self.plan.scans:
            self.panes[scan.id].fold(rows, self.keys[scan.key])
        if self.source.deleted:
            column = rows.column(self.source.deleted)
            deleted = column.values.astype(np.bool_) & column.known()
        if isinstance(self.kept, Journal):
            self.kept.take(rows, identity)
            self._touch(rows)
        elif self.kept is not None:
            self.kept.take(rows, np.zeros(len(rows), np.bool_) if deleted is None else deleted)
            self._touch(rows)
        for union in self.unions:
            union.join(rows, self, now_ms, deleted)

    def join(self, rows: Rows, part: Intake, now_ms: int, deleted: NDArray[np.bool_] | None) -> None:
        """Take over the rows that count of a part of this union."""
        batch = joined(rows, part.source, part.entities.dictionary, self.source)
        self.changed = True
        self.counters.rows += batch.rows
        mine = Rows(batch, self.entities.dictionary.codes(batch.entities), self)
        identity = None
        if isinstance(self.identities, NamedIdentities):
            identity = self.identities.codes([mine.column(name) for name in self.source.identity])
        self._hold(mine, identity, now_ms, deleted)

    # ---- from a checkpoint ----

    def take_over_rows(self, chunks: dict[int, bytes], changed: Mapping[str, tuple[str, int]]) -> None:
        """Take over the kept rows of a checkpoint. What they lack is made from the fields that were kept, as far as
        they were; else only rows from now on have it. `changed`: type and decimals, as they were, of fields that are
        declared otherwise now."""
        kept = self.kept
        assert kept is not None  # noqa: S101  # asked only of a source that keeps rows
        lacking = kept.load(chunks)
        if not len(kept.ledger):
            return
        keeping = kept.keeping
        for name, raw in keeping.raws.items():
            if name in lacking or raw.name not in changed:
                continue
            cells = rescaled(kept.ledger[name], changed[raw.name], self.source.fields[raw.name])
            if cells is None:
                lacking.add(name)
            else:
                kept.ledger.replace({name: cells})
        stale = lacking & keeping.raws.keys()
        rows = self._as_rows(stale)
        if isinstance(kept, Register):
            for name in stale:  # what nobody knew when it came is null
                kept.ledger.replace({f"?{name}": np.zeros(len(rows), np.bool_)})
            kept.remake(rows)
            return
        wanted = {name for name, fields in keeping.fields.items() if name in lacking or fields & changed.keys()}
        given = {raw.name for name, raw in keeping.raws.items() if name not in stale}
        given |= {ENTITY, self.source.entity, self.source.time}
        if self.registry is None and not self.source.union_of:
            given |= {*self.source.take}  # a fixed registry says it of the entity
        makeable = {name for name in wanted if keeping.fields[name] <= given}
        kept.ledger.replace(keeping.made(rows, makeable))
        for name in wanted - makeable:
            if name in map(key_name, self.keys):
                kept.ledger.replace({name: np.full(len(rows), NO_KEY, np.int32)})
        since = self.watermark.newest_ms + 1
        kept.since |= dict.fromkeys((wanted - makeable) | stale, since)

    def join_parts(self, parts: Iterable[Intake]) -> None:
        """As the union that is asked for only now: the versions of its parts as they stand."""
        for part in parts:
            rows = part._as_rows(())
            if not len(rows) or not isinstance(self.kept, Register):
                continue
            batch = joined(rows, part.source, part.entities.dictionary, self.source)
            mine = Rows(batch, self.entities.dictionary.codes(batch.entities), self)
            self.kept.take(mine, part.register.ledger["deleted"].copy())
            self.kept.whole_ms = max(self.kept.whole_ms, part.register.whole_ms)

    def _as_rows(self, lacking: Collection[str]) -> Rows:
        """All kept rows, with the fields that are kept of them."""
        kept = self.kept
        assert kept is not None  # noqa: S101  # asked only of a source that keeps rows
        names = self.entities.dictionary
        batch = kept.keeping.batch(kept.ledger, self.source.id, names, lacking)
        return Rows(batch, np.arange(len(names), dtype=np.int32), self)

    def _hear(self, rows: Rows, now_ms: int) -> None:
        if int(rows.time.min()) <= BEGINNING:  # records that are known since ever say nothing of time
            rows = rows.of(rows.time > BEGINNING)
            if not len(rows):
                return
        oldest = int(rows.time.min())
        self.oldest_ms = oldest if self.oldest_ms is None else min(self.oldest_ms, oldest)
        self.first_ms = oldest if self.first_ms is None else min(self.first_ms, oldest)
        self.watermark.heard(int(rows.time.max()), now_ms)
        self.presence.note(rows)

    def _touch(self, rows: Rows) -> None:
        # A row that counts changes the windows that hold it, however far later rows have moved the watermark since.
        times, closed = rows.time, self.watermark.closed_ms
        if int(times.min()) <= BEGINNING:  # known since ever: it changes all that can still be corrected
            times = np.where(times > BEGINNING, times, closed)
            times = times[times > BEGINNING]
        self.touched.update(np.unique((times + LOCAL_OFFSET_MS) // self.plan.grid_ms).tolist())

    def settle(self, before_ms: int, panes_before: Mapping[str, int]) -> None:
        """Everything due was published: nothing counts as touched, and what can change no more is dropped.

        `before_ms`: presence older than this is not asked for again; `panes_before`: per scan the first pane needed.
        """
        self.oldest_ms = None
        self.touched.clear()
        self.presence.risen.clear()
        self.identities.forget(self.watermark.closed_ms)
        if self.kept is not None and not (self.plan.kept and self.plan.kept.whole) and before_ms > BEGINNING:
            self.kept.forget(before_ms - (self.plan.kept.reach_ms if self.plan.kept else 0))
        self.changed |= self.presence.forget(before_ms - (self.plan.source.stale_after_ms or 0))
        for scan, panes in self.panes.items():
            panes.touched.clear()
            if scan in panes_before:
                panes.settle(panes_before[scan])

    def fold_quietly(self, scan: str, rows: Rows) -> None:
        """Fold rows of old into a scan; no window is due for it."""
        panes = self.panes[scan]
        touched = panes.touched.copy()
        panes.fold(rows, self.keys[panes.scan.key])
        panes.touched = touched
