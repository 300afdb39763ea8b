"""The packed form of an entry: a batch of rows as msgpack of column buffers; runs of payloads become long columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.raw import Decoded, Kind, RawColumn, RawRows, Reject, Rule, shown

VERSION = 1
MAX_ROWS = 65_536  # rows of one packed payload
MAX_PAYLOAD = 4 * 1024 * 1024  # bytes of one packed payload
MAX_SCALE = 9

_KINDS: Mapping[str, Kind] = {"i8": "int", "f8": "float", "d8": "fixed", "s": "coded"}


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


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload of sound form, its buffers not looked at yet."""

    id: bytes
    rows: int
    layout: tuple[tuple[str, str, int], ...]  # (name, wire type, scale) of each wanted column, by name
    buffers: Mapping[str, bytes]
    bitmaps: Mapping[str, bytes]
    dictionaries: Mapping[str, list[str]]


def read(entry_id: bytes, payload: bytes, wanted: frozenset[str]) -> Payload | Reject:
    """The columns `wanted` of a payload, or why it is of no use."""

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
    buffers: dict[str, bytes] = {}
    bitmaps: dict[str, bytes] = {}
    dictionaries: dict[str, list[str]] = {}
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
    return Payload(entry_id, rows, tuple(layout), buffers, bitmaps, dictionaries)


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


def add_run(payloads: Sequence[Payload], out: Decoded) -> None:
    """Add payloads that share a layout as one run; those with a code outside their dictionary as rejects."""
    starts = np.zeros(len(payloads) + 1, dtype=np.int64)
    np.cumsum([payload.rows for payload in payloads], out=starts[1:])
    columns: dict[str, RawColumn] = {}
    for name, wire, scale in payloads[0].layout:
        joined = b"".join([payload.buffers[name] for payload in payloads])
        if wire == "s":
            merged = _merge(name, np.frombuffer(joined, dtype="<i4"), starts, payloads)
            if merged is None:
                _run_without_strays(name, payloads, out)
                return
            columns[name] = merged
        else:
            values = np.frombuffer(joined, dtype="<f8" if wire == "f8" else "<i8")
            columns[name] = RawColumn(_KINDS[wire], values, _validity(name, payloads), scale)
    out.runs.append(RawRows(int(starts[-1]), columns, [payload.id for payload in payloads], starts))


def _run_without_strays(name: str, payloads: Sequence[Payload], out: Decoded) -> None:
    """The same run without the payloads that have a code outside their dictionary."""
    kept = []
    for payload in payloads:
        codes = np.frombuffer(payload.buffers[name], dtype="<i4")
        if codes.size and (codes.min() < -1 or codes.max() >= len(payload.dictionaries[name])):
            out.rejects.append(Reject(payload.id.decode("latin-1"), -1, name, "form", "a code outside the dictionary"))
        else:
            kept.append(payload)
    if kept:
        add_run(kept, out)


def _merge(
    name: str, codes: NDArray[np.int32], starts: NDArray[np.int64], payloads: Sequence[Payload]
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


def _validity(name: str, payloads: Sequence[Payload]) -> NDArray[np.bool_] | None:
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
