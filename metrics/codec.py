"""The two forms of a stream entry, plain and packed, as columns; whatever is malformed becomes a reject.

Everything here is pure and total: any bytes a producer can XADD decode to columns and rejects, never to an exception.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from metrics import packed as packed_form
from metrics.packed import MAX_PAYLOAD, MAX_ROWS, coded, pack
from metrics.raw import MAX_TEXT, Decoded, Entry, RawColumn, RawRows, Reject, Rule, shown

__all__ = [
    "MAX_PAYLOAD", "MAX_ROWS", "MAX_TEXT", "Decoded", "Entry", "RawColumn", "RawRows", "Reject", "Rule", "coded",
    "decode", "pack", "shown",
]  # fmt: skip


def decode(entries: Sequence[Entry], wanted: Collection[str]) -> Decoded:
    """Columns of the fields `wanted` (with `t` and `k`), in stream order; other fields are ignored.

    Consecutive entries of one form (for packed ones: of one column layout) become one run, so that what follows works
    on few long arrays.
    """
    out = Decoded()
    names = frozenset(wanted)
    plain: list[Entry] = []
    packed: list[packed_form.Payload] = []
    for entry in entries:
        fields = entry[1]
        if len(fields) == 2 and fields[0] == b"p":
            if plain:
                _plain_run(plain, names, out)
                plain = []
            payload = packed_form.read(entry[0], fields[1], names)
            if isinstance(payload, Reject):
                out.rejects.append(payload)
                continue
            if packed and packed[0].layout != payload.layout:
                packed_form.add_run(packed, out)
                packed = []
            packed.append(payload)
        else:
            if packed:
                packed_form.add_run(packed, out)
                packed = []
            plain.append(entry)
    if plain:
        _plain_run(plain, names, out)
    if packed:
        packed_form.add_run(packed, out)
    return out


def _plain_run(entries: Sequence[Entry], wanted: frozenset[str], out: Decoded) -> None:
    rows = [entry[1] for entry in entries]
    ids = [entry[0] for entry in entries]
    columns = _uniform(rows, wanted)
    if columns is None:
        kept = []
        for position, row in enumerate(rows):
            fields = dict(zip(row[::2], row[1::2], strict=True))
            if len(fields) * 2 == len(row):
                kept.append((ids[position], fields))
            else:
                out.rejects.append(Reject(ids[position].decode("latin-1"), -1, "", "form", "a field is given twice"))
        ids = [entry_id for entry_id, _ in kept]
        keys = {name: name.encode() for name in wanted}
        present = set().union(*(fields.keys() for _, fields in kept)) if kept else set()
        columns = {n: [fields.get(key) for _, fields in kept] for n, key in keys.items() if key in present}
    if ids:
        empty = np.empty(0, dtype=np.int64)
        raw = {name: RawColumn("lines", empty, lines=lines) for name, lines in columns.items()}
        out.runs.append(RawRows(len(ids), raw, ids, np.arange(len(ids) + 1, dtype=np.int64)))


def _uniform(rows: Sequence[Sequence[bytes]], wanted: frozenset[str]) -> dict[str, Sequence[bytes | None]] | None:
    """Columns when every entry lists the same names in the same order (what one producer does), else None."""
    width = len(rows[0])
    if width > 2 * MAX_TEXT or any(len(row) != width for row in rows):
        return None
    columns = list(zip(*rows, strict=True))
    heads = [column[0] for column in columns[::2]]
    if len(set(heads)) != len(heads):
        return None
    if any(column.count(head) != len(rows) for column, head in zip(columns[::2], heads, strict=True)):
        return None
    by_name = {head.decode("utf-8", "replace"): lines for head, lines in zip(heads, columns[1::2], strict=True)}
    return {name: by_name[name] for name in by_name if name in wanted}
