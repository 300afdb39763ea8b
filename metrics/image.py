"""The image of the state in a checkpoint: small named fields, so that a commit writes only what changed.

| field | holds |
|---|---|
| `meta` | the version of this form |
| `source/ID` | watermark, counters, presence |
| `entities/ID/CHUNK`, `texts/ID/FIELD/CHUNK`, `keys/ID/COLUMNS/CHUNK` | dictionaries, append-only but for expiry |
| `seen/ID/BUCKET/CHUNK` | identities |
| `rows/ID/CHUNK` | kept rows, in order of arrival |
| `grounds/ID` | what the state of a source rests on |
| `pane/SCAN/INDEX` | folded state |
| `indicator/ID@VERSION` | how far it is published |
| `groups/ID@VERSION/CHUNK` | its groups, as the dictionaries |
| `record/ID@VERSION/END` | what was published of one window |
| `kept/ID@VERSION/MEASURE/END` | a measure, or (MEASURE empty) the values, of a window that comparisons ask for |
| `alarms/ID@VERSION/KEY` | the memory of its alarms |
| `shape/ID@VERSION` | what its groups, windows and measures are |
| `outlook/ID@VERSION/KEY` | the memory of what is normal for it, and of its anomalies |
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from metrics.grounds import Grounds
from metrics.image_form import (
    CHUNK,
    chunk_of,
    constant,
    meta,
    pack,
    pane_form,
    progress_form,
    record_form,
    source_form,
)
from metrics.intake import Intake
from metrics.outlooks import Outlooks
from metrics.publication import Publication
from metrics.region import Regions
from metrics.restoration import Parts, Restoration
from metrics.succession import Orphan, Shape


class Image:
    """Translates a state to fields and back, and remembers what the last commit has seen."""

    def __init__(self, intakes: Mapping[str, Intake], publications: Sequence[Publication], regions: Regions) -> None:
        self._intakes = intakes
        self._publications = {publication.plan.id: publication for publication in publications}
        self._panes = {scan: panes for intake in intakes.values() for scan, panes in intake.panes.items()}
        self._lists: dict[str, Callable[[], Sequence[Any]]] = {}
        for name, intake in intakes.items():
            self._lists[f"entities/{name}"] = constant(intake.entities.dictionary)
            for field, texts in intake.texts.items():
                self._lists[f"texts/{name}/{field}"] = constant(texts)
            for columns, keys in intake.keys.items():
                self._lists[f"keys/{name}/{','.join(columns)}"] = constant(keys.rows)
        for name, publication in self._publications.items():
            self._lists[f"groups/{name}"] = constant(publication.deriver.groups.all)
        found = ((name, publication.outlook) for name, publication in self._publications.items())
        self.outlooks = Outlooks({name: outlook for name, outlook in found if outlook is not None})
        self._regions = regions
        self._shapes: dict[str, bytes] = {}
        self._told: dict[str, bytes] = {}  # small fields as they were written
        self.orphans: list[Orphan] = []  # until their alarms are somebody's or nobody's
        self._written: dict[str, int] = {}
        self._chunks: dict[str, int] = {}  # of each list, in the checkpoint
        self._stray: list[str] = []  # fields of a checkpoint that the plan has no use for
        self._fresh = True

    def changed(self) -> dict[str, bytes | None]:
        """Fields that differ since the last call; None: delete."""
        out: dict[str, bytes | None] = dict.fromkeys(self._stray)
        self._stray = []
        if self._fresh:
            out["meta"] = meta()
            self._fresh = False
        for name, listed in self._lists.items():
            items, written = listed(), self._written.get(name, 0)
            if len(items) > written:
                for chunk in range(written // CHUNK, (len(items) - 1) // CHUNK + 1):
                    out[f"{name}/{chunk}"] = chunk_of(items, chunk)
            chunks = -(-len(items) // CHUNK)
            out |= {f"{name}/{chunk}": None for chunk in range(chunks, self._chunks.get(name, 0))}
            self._written[name], self._chunks[name] = len(items), chunks
        for name, intake in self._intakes.items():
            if intake.changed:
                out[f"source/{name}"] = source_form(intake)
                intake.changed = False
            for chunk_name, payload in intake.identities.changed():
                out[f"seen/{name}/{chunk_name}"] = payload
            if intake.kept is not None:
                for chunk, cells in intake.kept.ledger.changed(intake.kept.columns):
                    out[f"rows/{name}/{chunk}"] = cells
        for scan, panes in self._panes.items():
            for index in panes.dirty:
                folded = panes.panes.get(index)
                out[f"pane/{scan}/{index}"] = None if folded is None else pane_form(folded)
            panes.dirty.clear()
        for name, publication in self._publications.items():
            if publication.agenda.changed:
                out[f"indicator/{name}"] = progress_form(publication)
            for end in publication.dirty:
                record = publication.records.get(end)
                out[f"record/{name}/{end}"] = None if record is None else record_form(record)
            publication.dirty.clear()
            for measure, remembered in publication.remembered.items():
                for end, kept in remembered.changed():
                    out[f"kept/{name}/{measure}/{end}"] = kept
            if publication.desk is not None:
                for key, memory in publication.desk.changed().items():
                    out[f"alarms/{name}/{key}"] = memory
        for publication in self._publications.values():
            publication.agenda.changed = False  # several publications may have one agenda
        out |= {f"outlook/{tail}": memory for tail, memory in self.outlooks.changed().items()}
        for field, told in self._small():
            if self._told.get(field) != told:
                out[field] = self._told[field] = told
        for one in [one for one in self.orphans if one.desk.closed]:
            self.orphans.remove(one)
            out |= {field: None for field in one.fields if field not in out}
        return out

    def renumbered(self, lists: Collection[str]) -> None:
        """These lists are others now: they are written anew as a whole."""
        self._written |= dict.fromkeys(lists, 0)

    def _small(self) -> Iterator[tuple[str, bytes]]:
        """Fields that seldom change and are compared with what was written."""
        for name, intake in self._intakes.items():
            yield f"grounds/{name}", Grounds.of(intake).packed()
        if not self._shapes:  # a plan never changes
            self._shapes = {
                f"shape/{name}": pack(Shape.of(publication.plan).stored())
                for name, publication in self._publications.items()
            }
        yield from self._shapes.items()

    def snapshot(self) -> dict[str, bytes]:
        """Every field; does not count as a look at the changes."""
        out = {"meta": meta()}
        for name, listed in self._lists.items():
            items = listed()
            for chunk in range((len(items) + CHUNK - 1) // CHUNK):
                out[f"{name}/{chunk}"] = chunk_of(items, chunk)
        for name, intake in self._intakes.items():
            out[f"source/{name}"] = source_form(intake)
            for chunk_name, payload in intake.identities.snapshot():
                out[f"seen/{name}/{chunk_name}"] = payload
            if intake.kept is not None:
                for chunk, cells in intake.kept.ledger.snapshot(intake.kept.columns):
                    out[f"rows/{name}/{chunk}"] = cells
        for scan, panes in self._panes.items():
            for index, folded in panes.panes.items():
                out[f"pane/{scan}/{index}"] = pane_form(folded)
        for name, publication in self._publications.items():
            if publication.agenda.begun:
                out[f"indicator/{name}"] = progress_form(publication)
            for end, record in publication.records.items():
                out[f"record/{name}/{end}"] = record_form(record)
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
        parts = Parts(self._intakes, self._publications, self._panes, self._lists, self.outlooks, self._regions)
        restoration = Restoration(parts)
        restoration.load(fields)
        self._fresh = False
        for field in fields:
            name, _, chunk = field.rpartition("/")
            if name in self._lists:
                self._chunks[name] = max(self._chunks.get(name, 0), int(chunk) + 1)
        self._stray, self._written, self.orphans = restoration.stray, restoration.written, restoration.orphans
