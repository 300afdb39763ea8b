"""Evidence: the archived rows of a source as the engine had counted them at given positions of its streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics import archive_remarks
from metrics.archive import Life, Strand, every_part, in_force, shards
from metrics.archive_batch import batch_of, in_scale
from metrics.archive_ledger import gaps
from metrics.archive_observations import EVER, Span, Wanted, refused, rows, scales
from metrics.archive_rows import SCALE
from metrics.archive_unwritten import Nothing, Unwritten
from metrics.basis import Basis
from metrics.column import Column
from metrics.observation import Batch
from metrics.remark import LEFT_OUT
from metrics.source import Source
from metrics.stream import order

Index = NDArray[np.int64]
PLACE = ("_ms", "_seq", "_row")
_LETTER = ["source", "shard", "entry", "rule"]


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows that counted, in order of arrival. `shard`, `ms`, `seq` (rows,): where each stands in its stream;
    `remarked`: how many rows were remarked on, by what was said."""

    source: Source
    batch: Batch
    shard: Index
    ms: Index
    seq: Index
    remarked: Mapping[str, int]

    def until(self, positions: Mapping[str, str]) -> Counted:
        """The rows of entries up to positions (shard -> id); a shard that is not named has none."""
        keep = np.zeros(len(self.ms), np.bool_)
        for shard, last in positions.items():
            ms, seq = order(last)
            keep |= (self.shard == int(shard)) & ((self.ms < ms) | ((self.ms == ms) & (self.seq <= seq)))
        if keep.all():
            return self
        return Counted(
            self.source, _only(self.batch, keep), self.shard[keep], self.ms[keep], self.seq[keep], self.remarked
        )


class Evidence:
    """The archive of one life as a witness; what it has not written yet is asked of `unwritten`."""

    def __init__(self, root: Path, life: Life, unwritten: Unwritten | None = None, since_ms: int = 0) -> None:
        """`since_ms`: nothing is asked of rows that arrived before."""
        self.root, self.life = root, life
        self._unwritten = unwritten or Nothing()
        table = archive_remarks.remarks(root, life, since_ms)
        fresh = self._unwritten.rows(Strand(life, "intake"))
        self._remarks = pa.concat_tables([_plain(one) for one in (table, fresh) if one is not None])
        self.bases = archive_remarks.bases(self._remarks)

    @property
    def newest_basis(self) -> Basis | None:
        """What values rest on lately; None if nothing is archived."""
        return next(reversed(self.bases.values()), None)

    def forget_remarks(self) -> None:
        """From now on every archived row counts as it stands: what there would be without the intake's remarks."""
        self._remarks = self._remarks.slice(0, 0)

    def stands(self, source: str) -> bool:
        """Whether `everything` has each archived row of a source, at the time that the archive says."""
        mine = self._remarks.filter(pc.equal(self._remarks.column("source"), source))
        kinds = set(mine.column("kind").to_pylist())
        return not kinds & {"future", "dated"} and not refused(self.root, self.life, source)

    def everything(self, source: Source, from_ms: int = -(2**62), until_ms: int = 2**62) -> Counted:
        """All archived rows of a source with event time in [from, until), late and repeated ones too; without those
        that were too far ahead of the clock."""
        known = {strand.shard for strand in shards(self.root, self.life, source.id)}
        spans = dict.fromkeys([*known, *range(source.shards)], EVER)
        return self._read(source, spans, (from_ms, until_ms), ("future",))

    def counted(
        self, source: Source, positions: Mapping[str, str], from_ms: int = -(2**62), until_ms: int = 2**62
    ) -> Counted:
        """The rows of a source with event time in [from, until) that had counted at positions (shard -> id)."""
        spans = {int(shard): ("0-0", last) for shard, last in positions.items()}
        return self._read(source, spans, (from_ms, until_ms), (*LEFT_OUT, "moved"))

    def _read(
        self, source: Source, spans: Mapping[int, Span], between: tuple[int, int], minded: Collection[str]
    ) -> Counted:
        """Rows of entries `(first, last]` of shards; `minded`: the remarks that count beside missing dates."""
        # A record without change time, or a late one, counts at another time than the archive says.
        times = between if source.kind == "readings" else (-(2**62), 2**62)
        wanted = Wanted(self.life, source.id, *times, spans)
        table = in_scale(rows(self.root, wanted), source, scales(self.root, wanted))
        tables = [table] if table.num_rows else []
        for shard in sorted(spans):
            fresh = self._unwritten.rows(Strand(self.life, "observations", source.id, shard), source, spans[shard][1])
            if fresh is not None and fresh.num_rows:
                fresh = fresh.append_column("_shard", pa.array(np.full(fresh.num_rows, shard, np.int32)))
                times_of = fresh.column("t").to_numpy()
                fresh = fresh.filter(pa.array((times_of >= times[0]) & (times_of < times[1])))
                own = {
                    one.name: int(one.metadata[SCALE]) for one in fresh.schema if one.metadata and SCALE in one.metadata
                }
                tables.append(in_scale(fresh, source, own))
        whole = pa.concat_tables([_plain(one) for one in tables], promote_options="permissive") if tables else None
        return self._counted(source, whole, {*minded, "dated"})

    def rejected(self, source: str, positions: Mapping[str, str]) -> dict[str, int]:
        """Dead letters of a source up to positions, by rule; of a flood the stream keeps the newest only."""
        parts = [str(part.path) for part in in_force(every_part(Strand(self.life, "dead").folder(self.root)))]
        tables = [pq.read_table(path, columns=_LETTER) for path in parts]
        fresh = self._unwritten.rows(Strand(self.life, "dead"))
        if fresh is not None:
            tables.append(fresh.select(_LETTER))
        found: dict[str, int] = {}
        for table in tables:
            mine = table.filter(pc.equal(table.column("source"), source))
            for _, shard, entry, rule in zip(*(mine.column(name).to_pylist() for name in _LETTER), strict=True):
                if order(entry) <= order(positions.get(str(shard), "0-0")):
                    found[rule] = found.get(rule, 0) + 1
        return found

    def missing(self, sources: Iterable[str]) -> tuple[str, ...]:
        """What the archive knows to lack of sources and of the engine's remarks, a line each."""
        names = {strand.name for source in sources for strand in shards(self.root, self.life, source)} | {"intake"}
        return tuple(
            f"{gap.stream}: {gap.missing} ({gap.why}) after {gap.after}"
            for gap in gaps(self.root, self.life)
            if gap.stream in names
        )

    def _counted(self, source: Source, table: pa.Table | None, minded: Collection[str]) -> Counted:
        if table is None or not table.num_rows:
            nothing = np.empty(0, np.int64)
            return Counted(source, batch_of(source, None, nothing), nothing, nothing, nothing, {})
        table = table.sort_by([("_shard", "ascending"), *((name, "ascending") for name in PLACE)])
        time = table.column("t").to_numpy().copy()
        keep, remarked = self._judge(source.id, table, time, minded)
        shard, ms, seq = (table.column(name).to_numpy().astype(np.int64) for name in ("_shard", "_ms", "_seq"))
        arrival = np.lexsort((shard, seq, ms))  # stable: rows of one entry stay in order
        arrival = arrival[keep[arrival]]
        batch = batch_of(source, table.take(pa.array(arrival)), time[arrival])
        return Counted(source, batch, shard[arrival], ms[arrival], seq[arrival], remarked)

    def judge(self, source: str, shard: int, table: pa.Table) -> tuple[NDArray[np.bool_], Index]:
        """Which rows of a shard's parts (in their order) counted, and at which times."""
        time = table.column("t").to_numpy().copy()
        placed = table.append_column("_shard", pa.array(np.full(table.num_rows, shard, np.int32)))
        keep, _ = self._judge(source, placed, time, (*LEFT_OUT, "moved", "dated"))
        return keep, time

    def dated(self, source: str, table: pa.Table) -> Index:
        """The time at which each row of `archive_observations.rows` counted, where it counted."""
        time: Index = table.column("t").to_numpy().copy()
        self._judge(source, table, time, ("moved", "dated"))
        return time

    def _judge(
        self, source: str, table: pa.Table, time: Index, minded: Collection[str]
    ) -> tuple[NDArray[np.bool_], dict[str, int]]:
        """Which rows (sorted by shard and place) counted; `time` is set where they counted at another time."""
        keep = np.ones(len(time), np.bool_)
        remarked: dict[str, int] = {}
        mine = self._remarks.filter(pc.equal(self._remarks.column("source"), source))
        if not mine.num_rows:
            return keep, remarked
        shard_of = table.column("_shard").to_numpy()
        for shard in np.unique(shard_of).tolist():
            at = np.flatnonzero(shard_of == shard)
            said = mine.filter(pc.equal(mine.column("shard"), shard))
            if not said.num_rows:
                continue
            places = [table.column(name).to_numpy()[at] for name in PLACE]
            first = _rank(
                places, [said.column(f"first_{name}").to_numpy() for name in ("ms", "seq", "row")], after=False
            )
            last = _rank(places, [said.column(f"last_{name}").to_numpy() for name in ("ms", "seq", "row")], after=True)
            kinds = said.column("kind").to_numpy(zero_copy_only=False).astype(object)
            moved = said.column("time_ms").to_numpy(zero_copy_only=False)
            for kind in dict.fromkeys(kinds.tolist()):
                chosen = np.flatnonzero(kinds == kind)
                found, of = _spread(first[chosen], last[chosen])
                remarked[kind] = remarked.get(kind, 0) + len(found)
                if kind not in minded:
                    continue
                if kind in LEFT_OUT:
                    keep[at[found]] = False
                else:
                    time[at[found]] = moved[chosen][of].astype(np.int64)
        return keep, remarked


def _rank(places: Sequence[Index], points: Sequence[Index], *, after: bool) -> Index:
    """For each point the number of rows (sorted places) before it; `after`: at or before it."""
    count, asked = len(places[0]), len(points[0])
    kind = np.repeat([0, 1] if after else [1, 0], [count, asked])
    ms, seq, row = (np.concatenate([one, other]).astype(np.int64) for one, other in zip(places, points, strict=True))
    by = np.lexsort((kind, row, seq, ms))
    before = np.cumsum(by < count)
    found = np.empty(count + asked, np.int64)
    found[by] = before
    return found[count:]


def _spread(first: Index, last: Index) -> tuple[Index, Index]:
    """All rows of stretches [first, last), and the stretch of each."""
    length = np.maximum(last - first, 0)
    of = np.repeat(np.arange(len(first)), length)
    return np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length) + first[of], of


def _plain(table: pa.Table) -> pa.Table:
    """Without what tells one part's columns from another's."""
    return table.replace_schema_metadata(None).cast(
        pa.schema([pa.field(one.name, pa.string() if _is_text(one.type) else one.type) for one in table.schema])
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) or pa.types.is_string(kind))


def _only(batch: Batch, keep: NDArray[np.bool_]) -> Batch:
    fields = {
        name: Column(
            column.values[keep], None if column.valid is None else column.valid[keep], column.scale, column.dictionary
        )
        for name, column in batch.fields.items()
    }
    return Batch(batch.source, batch.time[keep], batch.entity[keep], batch.entities, fields)
