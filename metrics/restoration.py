"""The restoration of a state from the fields of a checkpoint, also where definitions have changed since."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.alarm_state import UnknownAlarmVersion
from metrics.grounds import Grounds
from metrics.identity import Identities
from metrics.image_form import (
    VERSION,
    DamagedState,
    UnknownStateVersion,
    decode,
    joined,
    line_of,
    moved,
    of_kind,
    read_pane,
    read_record,
)
from metrics.intake import Counters, Intake
from metrics.memory import UnknownMemoryVersion
from metrics.outlooks import Outlooks
from metrics.panes import Panes
from metrics.publication import Publication
from metrics.region import Regions
from metrics.register import Register
from metrics.succession import Orphan, Shape, Split, orphan, settle
from metrics.watermark import BEGINNING

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a state is made of: sources by id, publications by version, panes by scan, and the append-only lists."""

    intakes: Mapping[str, Intake]
    publications: Mapping[str, Publication]
    panes: Mapping[str, Panes]
    lists: Mapping[str, Callable[[], Sequence[Any]]]
    outlooks: Outlooks
    regions: Regions


class Restoration:
    """One loading. Afterwards `stray` are fields that the plan has no use for, `written` how much of each list the
    checkpoint holds already, `orphans` the alarms of definitions that are gone."""

    def __init__(self, parts: Parts) -> None:
        self._intakes = parts.intakes
        self._publications = parts.publications
        self._panes = parts.panes
        self._lists = parts.lists
        self._regions = parts.regions
        self.outlooks = parts.outlooks
        self.orphans: list[Orphan] = []
        self.stray: list[str] = []
        self.written: dict[str, int] = {}

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Put the fields into the parts. Raises UnknownStateVersion, DamagedState."""
        version = decode("meta", fields.get("meta", b"\xc0"))
        if version != VERSION:
            raise UnknownStateVersion(f"checkpoint version {version!r} is not {VERSION}")
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
        grounds = {
            tail: self._read(field, payload, Grounds.read) for field, tail, payload in of_kind(fields, "grounds")
        }
        shapes = {tail: self._read(field, payload, Shape.read) for field, tail, payload in of_kind(fields, "shape")}
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
                    self.stray.append(field)
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
                    self.stray.append(field)
            elif kind == "alarms":
                name, _, key = tail.rpartition("/")
                if name in gone:
                    self.stray.append(field)
                elif name in self._publications and self._publications[name].desk is not None:
                    alarms.setdefault(name, {})[key] = payload
                else:
                    self.stray.append(field)
            elif kind == "outlook":
                outlooks[tail] = payload
            elif kind == "kept":
                name, measure, at = tail.rsplit("/", 2)
                if name in gone:
                    self.stray.append(field)
                    heir = heirs.get(name)
                    if heir is not None and self._same_measure(heir, measure, shapes[name]):
                        inherited.append((field, name, heir, measure, int(at), payload))
                elif name in self._publications and measure in self._publications[name].remembered:
                    kept_windows.append((field, name, measure, int(at), payload))
                else:
                    self.stray.append(field)
            elif kind == "rows":
                name, _, chunk = tail.rpartition("/")
                if name in self._intakes and self._intakes[name].kept is not None and name not in foreign:
                    rows.setdefault(name, {})[int(chunk)] = payload
                else:
                    self.stray.append(field)
            elif kind in ("entities", "texts", "keys", "groups"):
                name, _, chunk = field.rpartition("/")
                if kind == "groups" and name.removeprefix("groups/") in gone:
                    self.stray.append(field)
                    old_groups.setdefault(name.removeprefix("groups/"), {})[int(chunk)] = decode(field, payload)
                elif name in self._lists:
                    lists.setdefault(name, {})[int(chunk)] = decode(field, payload)
                else:
                    self.stray.append(field)
            elif kind in ("record", "indicator") and (tail if kind == "indicator" else tail.rpartition("/")[0]) in gone:
                self.stray.append(field)
                past.append((field, kind, tail, payload))
            else:
                rest.append((field, kind, tail, payload))
        codes = {name: self._load_list(name, chunks) for name, chunks in lists.items()}
        for name, chunks in seen.items():
            identities = self._intakes[name].identities
            try:
                told = grounds.get(name)
                if isinstance(identities, Identities) and told is not None and told.bucket_ms != identities.bucket_ms:
                    self.stray += [f"seen/{name}/{bucket}/{chunk}" for bucket, chunk in chunks]
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
                if not self._load_field(kind, tail, decode(field, payload), codes):
                    self.stray.append(field)
            except (TypeError, ValueError, IndexError, KeyError) as error:
                raise DamagedState(field) from error
        self._load_rows(rows, grounds)
        for name in gone:
            self._leave(name, shapes[name], joined(old_groups.get(name, {})), fields)
        for name, publication in self._publications.items():
            if name in shapes and name not in gone and publication.desk is None:  # its thresholds are gone
                self._leave(name, shapes[name], joined(lists.get(f"groups/{name}", {})), fields)
        settle(self.orphans, self._publications)
        for one in self.orphans:
            if not one.withdrawn:  # its alarms wait for the one that takes them over
                self.stray = [field for field in self.stray if field not in one.fields]
        for field, name, heir, measure, window_end, payload in inherited:
            known = self._publications[heir].deriver.groups
            places = np.array([known.add(group) for group in joined(old_groups.get(name, {}))], np.int64)
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
                and line_of(heir)[0] == line_of(name)[0]
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
        for field, tail, payload in of_kind(fields, "indicator"):
            name, version = line_of(tail)
            cursor = decode(field, payload)[0]
            if cursor is not None:
                cursors[name] = max(cursors.get(name, (0, cursor)), (version, cursor))
        for field, kind, tail, payload in past:
            if kind != "record":
                continue
            line, _, end = tail.rpartition("/")
            name, version = line_of(line)
            if name in cursors and not decode(field, payload)[0]:  # its successor completes the window
                place = cursors[name]
                if version == place[0]:
                    cursors[name] = (place[0], min(place[1], int(end) - 1))
        for line, publication in self._publications.items():
            if line in shapes and f"indicator/{line}" in fields and publication.agenda.cursor_ms is not None:
                continue
            agenda, indicator = publication.agenda, publication.plan.indicator
            heard = [self._intakes[name].watermark.newest_ms > BEGINNING for name in publication.plan.sources]
            agenda.started = agenda.started or any(heard)
            name, _ = line_of(line)
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
            return reading(decode(field, payload))
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
                self.written[name] = len(items)
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
        self.written[name] = len(items)
        return np.array(codes, np.int64)

    def _load_field(self, kind: str, tail: str, raw: Any, codes: Mapping[str, NDArray[np.int64]]) -> bool:
        """Whether the plan has a use for the field."""
        if kind == "source" and tail in self._intakes:
            intake = self._intakes[tail]
            mark = intake.watermark
            mark.newest_ms, mark.mark_ms, mark.heard_ms, counters, presence, *further = raw
            # where nobody wrote down when it began, it has been there since ever
            intake.first_ms = further[0] if further else BEGINNING if mark.newest_ms > BEGINNING else None
            intake.counters = Counters(*counters)
            intake.presence.newest_in = dict(presence)
            return True
        if kind == "indicator" and tail in self._publications:
            publication = self._publications[tail]
            agenda = publication.agenda
            agenda.cursor_ms, agenda.started, waiting = raw
            agenda.waiting = set(waiting)
            return True
        name, _, number = tail.rpartition("/")
        if kind == "pane" and name in self._panes:
            self._panes[name].panes[int(number)] = read_pane(raw)
            return True
        if kind == "record" and name in self._publications:
            publication, end = self._publications[name], int(number)
            record = read_record(raw)
            now = codes.get(f"groups/{name}", np.empty(0, np.int64))
            size = len(record.shown)
            if not np.array_equal(now[:size], np.arange(size)):
                record = moved(record, now[:size], len(publication.deriver.groups))
                publication.dirty.add(end)
            publication.take_over(end, record)
            return True
        return False
