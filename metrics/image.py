"""The image of the state in a checkpoint: small named fields, so that a commit writes only what changed.

| field | holds |
|---|---|
| `meta` | the version of this form |
| `source/ID` | watermark, counters, presence |
| `entities/ID/CHUNK`, `texts/ID/FIELD/CHUNK`, `keys/ID/COLUMNS/CHUNK` | dictionaries, append-only |
| `seen/ID/BUCKET/CHUNK` | identities |
| `rows/ID/CHUNK` | kept rows, in order of arrival |
| `grounds/ID` | what the state of a source rests on |
| `pane/SCAN/INDEX` | folded state |
| `indicator/ID@VERSION` | how far it is published |
| `groups/ID@VERSION/CHUNK` | its groups, append-only |
| `record/ID@VERSION/END` | what was published of one window |
| `kept/ID@VERSION/MEASURE/END` | a measure, or (MEASURE empty) the values, of a window that comparisons ask for |
| `alarms/ID@VERSION/KEY` | the memory of its alarms |
| `shape/ID@VERSION` | what its groups, windows and measures are |
| `outlook/ID@VERSION/KEY` | the memory of what is normal for it, and of its anomalies |
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.aggregate import Folded, Integers
from metrics.alarm_state import UnknownAlarmVersion
from metrics.grounds import Grounds
from metrics.identity import Identities
from metrics.intake import Counters, Intake
from metrics.memory import UnknownMemoryVersion
from metrics.outlooks import Outlooks
from metrics.publication import Publication
from metrics.record import Record
from metrics.region import Regions
from metrics.register import Register
from metrics.succession import Orphan, Shape, Split, orphan, settle
from metrics.watermark import BEGINNING

Read = TypeVar("Read")

VERSION = 1
CHUNK = 1024  # items of an append-only list in one field


class UnknownStateVersion(ValueError):
    """A checkpoint was written by another version of this program."""


class DamagedState(ValueError):
    """A checkpoint does not decode; `field` names where."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the checkpoint is damaged at {field!r}")
        self.field = field


class Image:
    """Translates a state to fields and back, and remembers what the last commit has seen."""

    def __init__(self, intakes: Mapping[str, Intake], publications: Sequence[Publication], regions: Regions) -> None:
        self._intakes = intakes
        self._publications = {publication.plan.id: publication for publication in publications}
        self._panes = {scan: panes for intake in intakes.values() for scan, panes in intake.panes.items()}
        self._lists: dict[str, Callable[[], Sequence[Any]]] = {}
        for name, intake in intakes.items():
            self._lists[f"entities/{name}"] = _constant(intake.entities.dictionary)
            for field, texts in intake.texts.items():
                self._lists[f"texts/{name}/{field}"] = _constant(texts)
            for columns, keys in intake.keys.items():
                self._lists[f"keys/{name}/{','.join(columns)}"] = _constant(keys.rows)
        for name, publication in self._publications.items():
            self._lists[f"groups/{name}"] = _constant(publication.deriver.groups.all)
        found = ((name, publication.outlook) for name, publication in self._publications.items())
        self.outlooks = Outlooks({name: outlook for name, outlook in found if outlook is not None})
        self._regions = regions
        self._told: dict[str, bytes] = {}  # small fields as they were written
        self.orphans: list[Orphan] = []  # until their alarms are somebody's or nobody's
        self._written: dict[str, int] = {}
        self._stray: list[str] = []  # fields of a checkpoint that the plan has no use for
        self._fresh = True

    def changed(self) -> dict[str, bytes | None]:
        """Fields that differ since the last call; None: delete."""
        out: dict[str, bytes | None] = dict.fromkeys(self._stray)
        self._stray = []
        if self._fresh:
            out["meta"] = _meta()
            self._fresh = False
        for name, listed in self._lists.items():
            items, written = listed(), self._written.get(name, 0)
            if len(items) > written:
                for chunk in range(written // CHUNK, (len(items) - 1) // CHUNK + 1):
                    out[f"{name}/{chunk}"] = _chunk(items, chunk)
                self._written[name] = len(items)
        for name, intake in self._intakes.items():
            if intake.changed:
                out[f"source/{name}"] = _source(intake)
                intake.changed = False
            for chunk_name, payload in intake.identities.changed():
                out[f"seen/{name}/{chunk_name}"] = payload
            if intake.kept is not None:
                for chunk, cells in intake.kept.ledger.changed(intake.kept.columns):
                    out[f"rows/{name}/{chunk}"] = cells
        for scan, panes in self._panes.items():
            for index in panes.dirty:
                folded = panes.panes.get(index)
                out[f"pane/{scan}/{index}"] = None if folded is None else _folded(folded)
            panes.dirty.clear()
        for name, publication in self._publications.items():
            if publication.agenda.changed:
                out[f"indicator/{name}"] = _progress(publication)
                publication.agenda.changed = False
            for end in publication.dirty:
                record = publication.records.get(end)
                out[f"record/{name}/{end}"] = None if record is None else _record(record)
            publication.dirty.clear()
            for measure, remembered in publication.remembered.items():
                for end, kept in remembered.changed():
                    out[f"kept/{name}/{measure}/{end}"] = kept
            if publication.desk is not None:
                for key, memory in publication.desk.changed().items():
                    out[f"alarms/{name}/{key}"] = memory
        out |= {f"outlook/{tail}": memory for tail, memory in self.outlooks.changed().items()}
        for field, told in self._small():
            if self._told.get(field) != told:
                out[field] = self._told[field] = told
        for one in [one for one in self.orphans if one.desk.closed]:
            self.orphans.remove(one)
            out |= {field: None for field in one.fields if field not in out}
        return out

    def _small(self) -> Iterator[tuple[str, bytes]]:
        """Fields that seldom change and are compared with what was written."""
        for name, intake in self._intakes.items():
            yield f"grounds/{name}", Grounds.of(intake).packed()
        for name, publication in self._publications.items():
            yield f"shape/{name}", _pack(Shape.of(publication.plan).stored())

    def snapshot(self) -> dict[str, bytes]:
        """Every field; does not count as a look at the changes."""
        out = {"meta": _meta()}
        for name, listed in self._lists.items():
            items = listed()
            for chunk in range((len(items) + CHUNK - 1) // CHUNK):
                out[f"{name}/{chunk}"] = _chunk(items, chunk)
        for name, intake in self._intakes.items():
            out[f"source/{name}"] = _source(intake)
            for chunk_name, payload in intake.identities.snapshot():
                out[f"seen/{name}/{chunk_name}"] = payload
            if intake.kept is not None:
                for chunk, cells in intake.kept.ledger.snapshot(intake.kept.columns):
                    out[f"rows/{name}/{chunk}"] = cells
        for scan, panes in self._panes.items():
            for index, folded in panes.panes.items():
                out[f"pane/{scan}/{index}"] = _folded(folded)
        for name, publication in self._publications.items():
            out[f"indicator/{name}"] = _progress(publication)
            for end, record in publication.records.items():
                out[f"record/{name}/{end}"] = _record(record)
            for measure, remembered in publication.remembered.items():
                for end, kept in remembered.snapshot():
                    out[f"kept/{name}/{measure}/{end}"] = kept
            if publication.desk is not None:
                for key, memory in publication.desk.snapshot().items():
                    out[f"alarms/{name}/{key}"] = memory
        out |= {f"outlook/{tail}": memory for tail, memory in self.outlooks.snapshot().items()}
        for one in self.orphans:
            if not one.desk.closed:
                out |= one.fields
        return out | dict(self._small())

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Take the state over from fields. Raises UnknownStateVersion, DamagedState."""
        if not fields:
            return
        version = _decode("meta", fields.get("meta", b"\xc0"))
        if version != VERSION:
            raise UnknownStateVersion(f"checkpoint version {version!r} is not {VERSION}")
        self._fresh = False
        seen: dict[str, dict[tuple[int, int], bytes]] = {}
        lists: dict[str, dict[int, list[Any]]] = {}
        rows: dict[str, dict[int, bytes]] = {}
        alarms: dict[str, dict[str, bytes]] = {}
        outlooks: dict[str, bytes] = {}
        kept_windows: list[tuple[str, str, str, int, bytes]] = []
        old_groups: dict[str, dict[int, list[Any]]] = {}
        past: list[tuple[str, str, str, bytes]] = []
        inherited: list[tuple[str, str, str, str, int, bytes]] = []
        rest: list[tuple[str, str, str, bytes]] = []
        grounds = {tail: self._read(field, payload, Grounds.read) for field, tail, payload in _of(fields, "grounds")}
        shapes = {tail: self._read(field, payload, Shape.read) for field, tail, payload in _of(fields, "shape")}
        foreign = {  # sources whose rows and identities are of another kind now
            name for name, told in grounds.items()
            if name not in self._intakes or told.kind != self._intakes[name].source.kind
        }  # fmt: skip
        gone = {
            name for name, shape in shapes.items()
            if name not in self._publications or not shape.same_lines(Shape.of(self._publications[name].plan))
        }  # fmt: skip
        heirs = self._heirs(gone, shapes)
        for field, payload in fields.items():
            kind, _, tail = field.partition("/")
            if kind in ("meta", "grounds", "shape"):
                if tail and tail not in self._intakes and tail not in self._publications:
                    self._stray.append(field)
                continue
            if kind == "seen":
                name, bucket, chunk = tail.rsplit("/", 2)
                told = grounds.get(name)
                same = (
                    told is None or told.identity == self._intakes[name].source.identity
                    if name not in foreign
                    else False
                )
                if name in self._intakes and same:
                    seen.setdefault(name, {})[int(bucket), int(chunk)] = payload
                else:
                    self._stray.append(field)
            elif kind == "alarms":
                name, _, key = tail.rpartition("/")
                if name in gone:
                    self._stray.append(field)
                elif name in self._publications and self._publications[name].desk is not None:
                    alarms.setdefault(name, {})[key] = payload
                else:
                    self._stray.append(field)
            elif kind == "outlook":
                outlooks[tail] = payload
            elif kind == "kept":
                name, measure, at = tail.rsplit("/", 2)
                if name in gone:
                    self._stray.append(field)
                    heir = heirs.get(name)
                    if heir is not None and self._same_measure(heir, measure, shapes[name]):
                        inherited.append((field, name, heir, measure, int(at), payload))
                elif name in self._publications and measure in self._publications[name].remembered:
                    kept_windows.append((field, name, measure, int(at), payload))
                else:
                    self._stray.append(field)
            elif kind == "rows":
                name, _, chunk = tail.rpartition("/")
                if name in self._intakes and self._intakes[name].kept is not None and name not in foreign:
                    rows.setdefault(name, {})[int(chunk)] = payload
                else:
                    self._stray.append(field)
            elif kind in ("entities", "texts", "keys", "groups"):
                name, _, chunk = field.rpartition("/")
                if kind == "groups" and name.removeprefix("groups/") in gone:
                    self._stray.append(field)
                    old_groups.setdefault(name.removeprefix("groups/"), {})[int(chunk)] = _decode(field, payload)
                elif name in self._lists:
                    lists.setdefault(name, {})[int(chunk)] = _decode(field, payload)
                else:
                    self._stray.append(field)
            elif kind in ("record", "indicator") and (tail if kind == "indicator" else tail.rpartition("/")[0]) in gone:
                self._stray.append(field)
                past.append((field, kind, tail, payload))
            else:
                rest.append((field, kind, tail, payload))
        codes = {name: self._load_list(name, chunks) for name, chunks in lists.items()}
        for name, chunks in seen.items():
            identities = self._intakes[name].identities
            try:
                told = grounds.get(name)
                if isinstance(identities, Identities) and told is not None and told.bucket_ms != identities.bucket_ms:
                    self._stray += [f"seen/{name}/{bucket}/{chunk}" for bucket, chunk in chunks]
                    identities.regroup(chunks, told.bucket_ms)
                else:
                    identities.load(chunks)
            except ValueError as error:
                raise DamagedState(f"seen/{name}") from error
        for field, name, measure, window_end, payload in kept_windows:
            groups = codes.get(f"groups/{name}", np.empty(0, np.int64))
            try:
                self._publications[name].remembered[measure].load(window_end, payload, groups)
            except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
                raise DamagedState(field) from error
        for name, memory in alarms.items():
            self._load_alarms(name, memory, codes.get(f"groups/{name}", np.empty(0, np.int64)))
        try:
            self.outlooks.load(outlooks)
        except UnknownMemoryVersion as error:
            raise UnknownStateVersion(str(error)) from error
        except (ValueError, TypeError, IndexError, KeyError, msgpack.UnpackException) as error:
            raise DamagedState("outlook") from error
        for field, kind, tail, payload in rest:
            try:
                if not self._load_field(kind, tail, _decode(field, payload), codes):
                    self._stray.append(field)
            except (TypeError, ValueError, IndexError, KeyError) as error:
                raise DamagedState(field) from error
        self._load_rows(rows, grounds)
        for name in gone:
            self._leave(name, shapes[name], _joined(old_groups.get(name, {})), fields)
        for name, publication in self._publications.items():
            if name in shapes and name not in gone and publication.desk is None:  # its thresholds are gone
                self._leave(name, shapes[name], _joined(lists.get(f"groups/{name}", {})), fields)
        settle(self.orphans, self._publications)
        for one in self.orphans:
            if not one.withdrawn:  # its alarms wait for the one that takes them over
                self._stray = [field for field in self._stray if field not in one.fields]
        for field, name, heir, measure, window_end, payload in inherited:
            known = self._publications[heir].deriver.groups
            places = np.array([known.add(group) for group in _joined(old_groups.get(name, {}))], np.int64)
            try:
                self._publications[heir].remembered[measure].load(window_end, payload, places, moved=True)
            except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
                raise DamagedState(field) from error
        self._begin(shapes, past, fields)

    def _load_alarms(self, name: str, memory: Mapping[str, bytes], codes: NDArray[np.int64]) -> None:
        publication = self._publications[name]
        assert publication.desk is not None  # noqa: S101  # fields without a desk are stray
        try:
            publication.desk.load(memory, publication.alarm_members(), codes)
        except UnknownAlarmVersion as error:
            raise UnknownStateVersion(str(error)) from error
        except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
            raise DamagedState(f"alarms/{name}") from error

    def _load_rows(self, rows: Mapping[str, dict[int, bytes]], grounds: Mapping[str, Grounds]) -> None:
        """Kept rows, and from when on they and the panes are whole; a new union begins with the rows of its parts."""
        unions = [name for name, intake in self._intakes.items() if intake.source.union_of]
        for name in [*(name for name in self._intakes if name not in unions), *unions]:
            intake, told = self._intakes[name], grounds.get(name)
            if name in rows:
                changed = {} if told is None else told.changed_fields(intake)
                try:
                    intake.take_over_rows(rows[name], changed)
                except (ValueError, KeyError, TypeError, IndexError, msgpack.UnpackException) as error:
                    raise DamagedState(f"rows/{name}") from error
            elif isinstance(intake.kept, Register):
                intake.join_parts([self._intakes[part] for part in intake.source.union_of])
            if told is not None:
                told.hold(intake)

    # ---- versions that come and go ----

    def _heirs(self, gone: Collection[str], shapes: Mapping[str, Shape]) -> dict[str, str]:
        """For each version that is gone the new one that goes on with what it remembers."""
        found = {}
        for name in gone:
            fresh = [
                (publication.plan.indicator.version, heir)
                for heir, publication in self._publications.items()
                if (heir not in shapes or heir in gone)
                and _line(heir)[0] == _line(name)[0]
                and publication.plan.indicator.dimensions == shapes[name].dimensions
            ]
            if fresh:
                found[name] = max(fresh)[1]
        return found

    def _same_measure(self, heir: str, measure: str, shape: Shape) -> bool:
        publication = self._publications[heir]
        mine = Shape.of(publication.plan)
        same = not measure or mine.measures.get(measure) == shape.measures.get(measure)
        return same and mine.window == shape.window and measure in publication.remembered

    def _leave(self, name: str, shape: Shape, groups: Sequence[Split], fields: Mapping[str, bytes]) -> None:
        """The alarms of a version that is gone."""
        mine = {field: raw for field, raw in fields.items() if field.startswith((f"alarms/{name}/", f"groups/{name}/"))}
        mine |= {f"shape/{name}": fields[f"shape/{name}"]}
        memory = {field.removeprefix(f"alarms/{name}/"): raw for field, raw in mine.items() if field[0] == "a"}
        try:
            found = orphan(name, shape, groups, memory, self._regions) if memory else None
        except UnknownAlarmVersion as error:
            raise UnknownStateVersion(str(error)) from error
        except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
            raise DamagedState(f"alarms/{name}") from error
        if found is not None:
            found.fields = {} if name in self._publications else mine
            self.orphans.append(found)

    def _begin(
        self, shapes: Mapping[str, Shape], past: Sequence[tuple[str, str, str, bytes]], fields: Mapping[str, bytes]
    ) -> None:
        """A new version goes on where the one before stands; a new indicator begins where the stream stands."""
        cursors: dict[str, tuple[int, int]] = {}  # indicator -> (version, how far it is published)
        for field, tail, payload in _of(fields, "indicator"):
            name, version = _line(tail)
            cursor = _decode(field, payload)[0]
            if cursor is not None:
                cursors[name] = max(cursors.get(name, (0, cursor)), (version, cursor))
        for field, kind, tail, payload in past:
            if kind != "record":
                continue
            line, _, end = tail.rpartition("/")
            name, version = _line(line)
            if name in cursors and not _decode(field, payload)[0]:  # its successor completes the window
                place = cursors[name]
                if version == place[0]:
                    cursors[name] = (place[0], min(place[1], int(end) - 1))
        for line, publication in self._publications.items():
            if line in shapes and f"indicator/{line}" in fields and publication.agenda.cursor_ms is not None:
                continue
            agenda, indicator = publication.agenda, publication.plan.indicator
            heard = [self._intakes[name].watermark.newest_ms > BEGINNING for name in publication.plan.sources]
            agenda.started = agenda.started or any(heard)
            name, _ = _line(line)
            if agenda.cursor_ms is None and name in cursors:
                agenda.cursor_ms = indicator.window.floor(cursors[name][1])
            elif agenda.cursor_ms is None and any(heard):
                marks = [self._intakes[one].watermark for one in publication.plan.sources]
                agenda.cursor_ms = indicator.window.floor(max(max(one.newest_ms, one.mark_ms) for one in marks))
                if publication.plan.inner:
                    self._first_rows(f"indicator:{indicator.id}", agenda.cursor_ms)
            agenda.changed = True

    def _first_rows(self, name: str, since_ms: int) -> None:
        """A derived source that is new in an old world has only the values that come."""
        intake = self._intakes.get(name)
        if intake is None or intake.watermark.newest_ms > BEGINNING:
            return
        for panes in intake.panes.values():
            panes.since_ms = since_ms
        if intake.kept is not None:
            intake.kept.whole_ms = since_ms

    def _read(self, field: str, payload: bytes, reading: Callable[[Any], Read]) -> Read:
        try:
            return reading(_decode(field, payload))
        except (TypeError, ValueError, AttributeError) as error:
            raise DamagedState(field) from error

    def _load_list(self, name: str, chunks: Mapping[int, list[Any]]) -> NDArray[np.int64]:
        """Take a list over; returns the code that each of its items has now."""
        items = [item for chunk in sorted(chunks) for item in chunks[chunk]]
        kind, _, tail = name.partition("/")
        if kind == "groups":
            groups = self._publications[tail].deriver.groups
            codes = [groups.add((region, None if split is None else tuple(split))) for region, split in items]
            if codes == list(range(len(codes))):
                self._written[name] = len(items)
            return np.array(codes, np.int64)
        source, _, part = tail.partition("/")
        intake = self._intakes[source]
        if kind == "keys":
            keys = intake.keys[tuple(part.split(","))]
            codes = [keys.append(tuple(row)) for row in items]
        else:
            dictionary = intake.entities.dictionary if kind == "entities" else intake.texts[part]
            codes = [dictionary.code(item) for item in items]
        if codes != list(range(len(items))):
            raise DamagedState(name)
        self._written[name] = len(items)
        return np.array(codes, np.int64)

    def _load_field(self, kind: str, tail: str, raw: Any, codes: Mapping[str, NDArray[np.int64]]) -> bool:
        """Whether the plan has a use for the field."""
        if kind == "source" and tail in self._intakes:
            intake = self._intakes[tail]
            mark = intake.watermark
            mark.newest_ms, mark.mark_ms, mark.heard_ms, counters, presence = raw
            intake.counters = Counters(*counters)
            intake.newest_in = dict(presence)
            return True
        if kind == "indicator" and tail in self._publications:
            publication = self._publications[tail]
            agenda = publication.agenda
            agenda.cursor_ms, agenda.started, waiting = raw
            agenda.waiting = set(waiting)
            return True
        name, _, number = tail.rpartition("/")
        if kind == "pane" and name in self._panes:
            self._panes[name].panes[int(number)] = _unfold(raw)
            return True
        if kind == "record" and name in self._publications:
            publication, end = self._publications[name], int(number)
            record = _unrecord(raw)
            now = codes.get(f"groups/{name}", np.empty(0, np.int64))
            size = len(record.shown)
            if not np.array_equal(now[:size], np.arange(size)):
                record = _moved(record, now[:size], len(publication.deriver.groups))
                publication.dirty.add(end)
            publication.records[end] = record
            if not record.completed:
                publication.unfinished.add(end)
            return True
        return False


def _of(fields: Mapping[str, bytes], kind: str) -> Iterator[tuple[str, str, bytes]]:
    """The fields of a kind: (field, what follows the kind, payload)."""
    for field, payload in fields.items():
        found, _, tail = field.partition("/")
        if found == kind:
            yield field, tail, payload


def _line(name: str) -> tuple[str, int]:
    """What `ID@VERSION` and `ID@VERSION~rows` are versions of, and which."""
    indicator, _, rest = name.rpartition("@")
    version, between, inner = rest.partition("~")
    return indicator + between + inner, int(version)


def _joined(chunks: Mapping[int, list[Any]]) -> list[Split]:
    """The groups of a version, by code."""
    rows = [row for chunk in sorted(chunks) for row in chunks[chunk]]
    return [(region, None if split is None else tuple(split)) for region, split in rows]


def _constant(items: Sequence[Any]) -> Callable[[], Sequence[Any]]:
    return lambda: items


def _pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def _decode(field: str, payload: bytes) -> Any:
    try:
        return msgpack.unpackb(payload, strict_map_key=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise DamagedState(field) from error


def _meta() -> bytes:
    return _pack(VERSION)


def _chunk(items: Sequence[Any], chunk: int) -> bytes:
    return _pack(list(items[chunk * CHUNK : (chunk + 1) * CHUNK]))


def _source(intake: Intake) -> bytes:
    mark, counters = intake.watermark, intake.counters
    numbers = (counters.rows, counters.late, counters.duplicate, counters.unregistered)
    return _pack((mark.newest_ms, mark.mark_ms, mark.heard_ms, numbers, sorted(intake.newest_in.items())))


def _progress(publication: Publication) -> bytes:
    agenda = publication.agenda
    return _pack((agenda.cursor_ms, agenda.started, sorted(agenda.waiting)))


def _folded(folded: Folded) -> bytes:
    return _pack([_integers(part) for part in (folded.count, folded.sum, folded.min, folded.max)])


def _unfold(raw: Sequence[Any]) -> Folded:
    count, *others = (_unpacked(part) for part in raw)
    if count is None:
        raise ValueError("a pane without counts")
    return Folded(count, *others)


def _integers(values: Integers | None) -> Any:
    """int64 as bytes, Python integers as decimal texts."""
    if values is None:
        return None
    return [str(value) for value in values] if values.dtype == object else values.tobytes()


def _unpacked(raw: Any) -> Integers | None:
    if raw is None:
        return None
    if isinstance(raw, bytes):
        return np.frombuffer(raw, np.int64).copy()
    whole = np.empty(len(raw), object)
    whole[:] = [int(text) for text in raw]
    return whole


def _record(record: Record) -> bytes:
    return _pack([record.completed, *(array.tobytes() for array in record.arrays())])


def _unrecord(raw: Sequence[Any]) -> Record:
    completed, *parts = raw
    return Record.of(_arrays(parts), completed)


def _arrays(parts: Sequence[bytes]) -> Iterator[NDArray[Any]]:
    for part, kind in zip(parts, Record.TYPES, strict=True):
        yield np.frombuffer(part, kind).copy()


def _moved(record: Record, codes: NDArray[np.int64], size: int) -> Record:
    """A record whose groups have other codes now."""
    moved = Record.empty(size)
    for old, new in zip(record.arrays(), moved.arrays(), strict=True):
        new[codes] = old
    moved.completed = record.completed
    return moved
