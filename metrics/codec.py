"""The two forms of a stream entry, plain and packed, and their columns; whatever is malformed becomes a reject.

Everything here is pure and total: any bytes a producer can XADD decode to columns and rejects, never to an exception.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgpack
import numpy as np
from numpy.typing import NDArray

VERSION = 1
MAX_ROWS = 65_536  # rows of one packed payload
MAX_PAYLOAD = 4 * 1024 * 1024  # bytes of one packed payload
MAX_TEXT = 256  # bytes of one text
MAX_SCALE = 9
SHOWN = 200  # characters of an offending value that a dead letter keeps

Rule = Literal["form", "version", "size", "missing", "type", "range", "category", "future", "length"]
Kind = Literal["int", "float", "fixed", "coded", "lines"]
Entry = Sequence[Any]  # [id, [name, value, name, value, ...]] as XREAD answers it, all bytes

_KINDS: Mapping[str, Kind] = {"i8": "int", "f8": "float", "d8": "fixed", "s": "coded"}


@dataclass(frozen=True, slots=True)
class Reject:
    """One dead letter: why a row (or, with `row` -1, a whole entry) was not accepted."""

    entry: str
    row: int
    field: str
    rule: Rule
    value: str


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column before any contract.

    int: int64; float: float64, NaN = null; fixed: int64 in units of 10^-scale; coded: int32 codes into `dictionary`,
    -1 = null; lines: `lines` holds the bytes of every row (None or empty = null), `values` is empty.
    """

    kind: Kind
    values: NDArray[Any]
    valid: NDArray[np.bool_] | None = None
    scale: int = 0
    dictionary: Sequence[str] = ()
    lines: Sequence[bytes | None] = ()


@dataclass(frozen=True, slots=True)
class RawRows:
    """A run of consecutive entries of one form; `starts` (entries + 1) says at which row each entry begins."""

    rows: int
    columns: Mapping[str, RawColumn]
    ids: Sequence[bytes]
    starts: NDArray[np.int64]

    def origin(self, row: int) -> tuple[str, int]:
        """The entry id and the row inside that entry."""
        entry = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.ids[entry].decode("latin-1"), row - int(self.starts[entry])


@dataclass(slots=True)
class Decoded:
    """What a read gave: runs in stream order, and the entries that are of neither form."""

    runs: list[RawRows] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def shown(value: object) -> str:
    """At most 200 characters of an offending value, whatever it is."""
    if isinstance(value, bytes):
        return value[: SHOWN * 4].decode("utf-8", "replace")[:SHOWN]
    if isinstance(value, (str, int, float, type(None))):
        return str(value)[:SHOWN] if not isinstance(value, int) or value.bit_length() < 4096 else "integer too long"
    return type(value).__name__


def pack(columns: Mapping[str, RawColumn | Sequence[Any]], rows: int) -> bytes:
    """A packed payload: the value of the field `p`. `columns` holds `t`, `k` and the declared fields.

    A column is a RawColumn of kind int, float, fixed or coded, or the ready wire form `[type, bytes, ...]`.
    """
    wire = {name: _wire(column) if isinstance(column, RawColumn) else list(column) for name, column in columns.items()}
    payload: bytes = msgpack.packb({"v": VERSION, "n": rows, "c": wire})
    return payload


def coded(texts: Sequence[str | None]) -> RawColumn:
    """A dictionary-coded column of texts, for producers."""
    index: dict[str, int] = {}
    codes = [-1 if text is None else index.setdefault(text, len(index)) for text in texts]
    return RawColumn("coded", np.asarray(codes, dtype="<i4"), dictionary=list(index))


def decode(entries: Sequence[Entry], wanted: Collection[str]) -> Decoded:
    """Columns of the fields `wanted` (with `t` and `k`), in stream order; other fields are ignored.

    Consecutive entries of one form (for packed ones: of one column layout) become one run, so that what follows works
    on few long arrays.
    """
    out = Decoded()
    names = frozenset(wanted)
    plain: list[Entry] = []
    packed: list[_Payload] = []
    for entry in entries:
        fields = entry[1]
        if len(fields) == 2 and fields[0] == b"p":
            if plain:
                _plain_run(plain, names, out)
                plain = []
            payload = _payload(entry[0], fields[1], names)
            if isinstance(payload, Reject):
                out.rejects.append(payload)
                continue
            if packed and packed[0].layout != payload.layout:
                _packed_run(packed, out)
                packed = []
            packed.append(payload)
        else:
            if packed:
                _packed_run(packed, out)
                packed = []
            plain.append(entry)
    if plain:
        _plain_run(plain, names, out)
    if packed:
        _packed_run(packed, out)
    return out


# ---- plain ----


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


# ---- packed ----


@dataclass(frozen=True, slots=True)
class _Payload:
    id: bytes
    rows: int
    layout: tuple[tuple[str, str, int], ...]  # (name, wire type, scale) of each wanted column, by name
    buffers: Mapping[str, bytes]
    bitmaps: Mapping[str, bytes]
    dictionaries: Mapping[str, list[str]]


def _payload(entry_id: bytes, payload: bytes, wanted: frozenset[str]) -> _Payload | Reject:
    def reject(rule: Rule, value: object, name: str = "p") -> Reject:
        return Reject(entry_id.decode("latin-1"), -1, name, rule, shown(value))

    if len(payload) > MAX_PAYLOAD:
        return reject("size", f"{len(payload)} bytes")
    try:
        # the limits keep a header that announces more than it brings from reserving memory
        raw = msgpack.unpackb(payload, max_array_len=MAX_ROWS, max_map_len=1024, max_ext_len=0, strict_map_key=True)
    except (msgpack.UnpackException, ValueError, TypeError, OverflowError, RecursionError) as error:
        return reject("form", f"not msgpack: {error}")
    if not isinstance(raw, dict):
        return reject("form", raw)
    if type(raw.get("v")) is not int or raw["v"] != VERSION:
        return reject("version", raw.get("v"))
    rows, columns = raw.get("n"), raw.get("c")
    if type(rows) is not int or rows < 0 or not isinstance(columns, dict):
        return reject("form", "n and c are required")
    if rows > MAX_ROWS:
        return reject("size", f"{rows} rows")
    layout: list[tuple[str, str, int]] = []
    parsed = _Payload(entry_id, rows, (), {}, {}, {})
    buffers, bitmaps, dictionaries = {}, {}, {}
    for name in sorted(wanted.intersection(columns)):
        column = columns[name]
        fault = _fault(column, rows)
        if fault:
            return reject("form", fault, name)
        scale = column[2] if column[0] == "d8" else 0
        layout.append((name, column[0], scale))
        buffers[name] = column[1]
        if column[0] == "s":
            dictionaries[name] = column[2]
        elif len(column) > (3 if column[0] == "d8" else 2):
            bitmaps[name] = column[-1]
    parsed = _Payload(entry_id, rows, tuple(layout), buffers, bitmaps, dictionaries)
    return parsed


def _fault(column: object, rows: int) -> str | None:
    """What is wrong with the wire form of a column, or None. Codes are checked later, for a whole run at once."""
    if not isinstance(column, list) or len(column) < 2 or column[0] not in ("i8", "f8", "d8", "s"):
        return "not [type, bytes, ...]"
    kind, buffer = column[0], column[1]
    width = 4 if kind == "s" else 8
    if not isinstance(buffer, bytes) or len(buffer) != width * rows:
        return f"not {rows} values of {width} bytes"
    if kind == "s":
        if len(column) != 3 or not isinstance(column[2], list) or set(map(type, column[2])) - {str}:
            return "no dictionary of texts"
        return None
    rest = column[2:]
    if kind == "d8":
        if not rest or type(rest[0]) is not int or not 0 <= rest[0] <= MAX_SCALE:
            return f"scale is not 0..{MAX_SCALE}"
        rest = rest[1:]
    if len(rest) > 1 or (rest and (not isinstance(rest[0], bytes) or len(rest[0]) != (rows + 7) // 8)):
        return "the validity bitmap does not fit"
    return None


def _packed_run(payloads: Sequence[_Payload], out: Decoded) -> None:
    """One run of payloads that share a layout."""
    starts = np.zeros(len(payloads) + 1, dtype=np.int64)
    np.cumsum([payload.rows for payload in payloads], out=starts[1:])
    columns: dict[str, RawColumn] = {}
    for name, wire, scale in payloads[0].layout:
        joined = b"".join([payload.buffers[name] for payload in payloads])
        if wire == "s":
            merged = _merge(name, np.frombuffer(joined, dtype="<i4"), starts, payloads)
            if merged is None:
                _packed_run_without_strays(name, payloads, out)
                return
            columns[name] = merged
        else:
            values = np.frombuffer(joined, dtype="<f8" if wire == "f8" else "<i8")
            columns[name] = RawColumn(_KINDS[wire], values, _validity(name, payloads), scale)
    out.runs.append(RawRows(int(starts[-1]), columns, [payload.id for payload in payloads], starts))


def _packed_run_without_strays(name: str, payloads: Sequence[_Payload], out: Decoded) -> None:
    """The same run without the payloads that have a code outside their dictionary."""
    kept = []
    for payload in payloads:
        codes = np.frombuffer(payload.buffers[name], dtype="<i4")
        if codes.size and (codes.min() < -1 or codes.max() >= len(payload.dictionaries[name])):
            out.rejects.append(Reject(payload.id.decode("latin-1"), -1, name, "form", "a code outside the dictionary"))
        else:
            kept.append(payload)
    if kept:
        _packed_run(kept, out)


def _merge(
    name: str, codes: NDArray[np.int32], starts: NDArray[np.int64], payloads: Sequence[_Payload]
) -> RawColumn | None:
    """One dictionary for all payloads of a run; None when a code lies outside its dictionary."""
    first = payloads[0].dictionaries[name]
    if all(payload.dictionaries[name] == first for payload in payloads):
        if codes.size and (codes.min() < -1 or codes.max() >= len(first)):
            return None
        return RawColumn("coded", codes, dictionary=first)
    index: dict[str, int] = {}
    merged = np.empty(codes.size, dtype=np.int32)
    for position, payload in enumerate(payloads):
        own = payload.dictionaries[name]
        part = codes[starts[position] : starts[position + 1]]
        if part.size and (part.min() < -1 or part.max() >= len(own)):
            return None
        # the last element answers code -1: null stays null
        table = np.asarray([*(index.setdefault(text, len(index)) for text in own), -1], dtype=np.int32)
        merged[starts[position] : starts[position + 1]] = table[part]
    return RawColumn("coded", merged, dictionary=list(index))


def _validity(name: str, payloads: Sequence[_Payload]) -> NDArray[np.bool_] | None:
    if not any(name in payload.bitmaps for payload in payloads):
        return None
    parts = []
    for payload in payloads:
        bitmap = payload.bitmaps.get(name)
        if bitmap is None:
            parts.append(np.ones(payload.rows, dtype=np.bool_))
        else:
            bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), count=payload.rows, bitorder="little")
            parts.append(bits.astype(np.bool_))
    return np.concatenate(parts)


def _wire(column: RawColumn) -> list[Any]:
    if column.kind == "coded":
        return ["s", np.asarray(column.values, dtype="<i4").tobytes(), list(column.dictionary)]
    tail = [] if column.valid is None else [np.packbits(column.valid, bitorder="little").tobytes()]
    if column.kind == "float":
        return ["f8", np.asarray(column.values, dtype="<f8").tobytes(), *tail]
    if column.kind == "fixed":
        return ["d8", np.asarray(column.values, dtype="<i8").tobytes(), column.scale, *tail]
    return ["i8", np.asarray(column.values, dtype="<i8").tobytes(), *tail]
