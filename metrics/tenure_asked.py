"""What layers of a map ask of the past of a source: which fields of its rows, and which rows stand on any of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive_rows import PLACE, TEXT, field_of
from metrics.formula import Node
from metrics.layer import Layer
from metrics.source import Source
from metrics.tenure import FROM, UNTIL

SHOWN: Final = "shown"


@dataclass(frozen=True, slots=True)
class Asked:
    """What layers ask of a source: `fields` of its rows, `wheres`: on which conditions one stands on any layer (None:
    always). `sign` names all of it."""

    source: Source
    fields: tuple[str, ...]
    wheres: tuple[Node | None, ...]
    sign: str

    @property
    def schema(self) -> pa.Schema:
        """The columns of a file."""
        return _schema(self.source, self.fields)


def asked_of(layers: Iterable[Layer], sources: Mapping[str, Source]) -> list[Asked]:
    """What a map's layers ask of each source of records, and of each source of their moves."""
    by_source: dict[str, list[Layer]] = {}
    moves: dict[str, str] = {}
    for layer in layers:
        by_source.setdefault(layer.source, []).append(layer)
        if layer.moves:
            moves.setdefault(layer.moves, layer.digest)
    found = []
    for name, own in by_source.items():
        source = sources[name]
        fields = frozenset().union(*(layer.fields for layer in own)) | {source.deleted}
        kept = tuple(sorted(fields - {source.entity, source.time, ""}))
        found.append(Asked(source, kept, tuple(layer.where for layer in own), "+".join(layer.digest for layer in own)))
    for name, digest in moves.items():
        points = tuple(one for one, field in sources[name].fields.items() if field.type == "point")[:1]
        found.append(Asked(sources[name], points, (None,), digest))
    return found


def _schema(source: Source, fields: Sequence[str]) -> pa.Schema:
    told = [field_of(name, source.fields[name].type, source.fields[name].scale) for name in fields]
    return pa.schema([
        pa.field("_shard", pa.int32()), *PLACE, *(pa.field(name, pa.int64()) for name in ("t", FROM, UNTIL)),
        pa.field(SHOWN, pa.bool_()), pa.field("k", TEXT), *told,
    ]).remove_metadata()  # fmt: skip


def in_form(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of a file; what the rows do not tell is null."""
    columns = []
    for spec in schema:
        if spec.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, spec.type))
            continue
        column = table.column(spec.name)
        if pa.types.is_dictionary(spec.type) and not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        columns.append(column.cast(spec.type))
    return pa.table(columns, schema=schema)
