"""Files of the archive: written as a draft, made durable, then renamed, so that a reader sees all of one or nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import DRAFT, VERSION

LEVEL = 1  # of zstd: half the size of lz4 at two thirds of its speed, and still far faster than the engine reads
ROW_GROUP = 131_072  # rows; small enough that a span of an hour skips most of a large part


class ArchiveNotWritten(OSError):
    """The disk refused a file of the archive: it is full, read-only or gone. Nothing of the file is visible."""


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` in one step. Raises ArchiveNotWritten."""
    draft = path.with_name(f".{path.name}{DRAFT}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _make_durable(draft)
        draft.replace(path)
        _make_durable(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ArchiveNotWritten(error.errno, f"{path}: {error.strerror or error}") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a small file. Raises ArchiveNotWritten."""
    with _draft(path) as draft:
        draft.write_bytes(content)


def append_line(path: Path, line: str) -> None:
    """Add one line to a file of lines. Raises ArchiveNotWritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ArchiveNotWritten(error.errno, f"{path}: {error.strerror or error}") from error


def write_table(path: Path, table: pa.Table, facts: Mapping[str, str], groups: Sequence[int] = ()) -> None:
    """Write a Parquet file; `facts` go into its description. Raises ArchiveNotWritten.

    `groups`: the rows at which a new row group begins (the first, 0, included); without them each has ROW_GROUP rows.
    """
    ends = [*groups[1:], table.num_rows]
    slices = [table.slice(begin, end - begin) for begin, end in zip(groups, ends, strict=True)] if groups else [table]
    write_slices(path, table.schema, slices, facts, row_group=None if groups else ROW_GROUP)


def write_slices(
    path: Path, schema: pa.Schema, slices: Sequence[pa.Table] | Iterator[pa.Table], facts: Mapping[str, str],
    row_group: int | None = ROW_GROUP,
) -> None:  # fmt: skip
    """Write tables one after the other into one Parquet file. Raises ArchiveNotWritten."""
    schema = schema.with_metadata({"ioc.archive": str(VERSION), **facts})
    with (
        _draft(path) as draft,
        pq.ParquetWriter(draft, schema, compression="zstd", compression_level=LEVEL, **encodings(schema)) as file,
    ):
        for piece in slices:
            file.write_table(piece, row_group_size=row_group)


def encodings(schema: pa.Schema) -> dict[str, Any]:
    """Dictionaries for texts, differences for whole numbers: positions and times nearly vanish, and quickly."""
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)]
    whole = {field.name: "DELTA_BINARY_PACKED" for field in schema if pa.types.is_integer(field.type)}
    return {"use_dictionary": texts, "column_encoding": whole}


def facts_of(path: Path) -> dict[str, str]:
    """The facts a file was written with. Raises OSError."""
    metadata = pq.read_schema(path).metadata or {}
    return {name.decode(): text.decode() for name, text in metadata.items() if not name.startswith(b"ARROW")}


def form_of(schema: pa.Schema) -> str:
    """Eight hexadecimal digits that tell one set of columns from another: names, types and scales."""
    columns = [f"{one.name}:{one.type}:{sorted((one.metadata or {}).items())}" for one in schema]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:8]


def remove_drafts(folder: Path, ended: Callable[[Path], bool] = lambda _: True) -> int:
    """Delete what a writer that was killed left behind; returns how many files."""
    drafts = [path for path in folder.rglob(f".*{DRAFT}") if ended(path)]
    for path in drafts:
        path.unlink(missing_ok=True)
    return len(drafts)


def _make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
