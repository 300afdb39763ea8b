"""Readers of the field types that are written in parts: points as `lon lat`, intervals as `A/B;C/D`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from metrics import datum, numeral, timestamp
from metrics.column import Column
from metrics.field_rule import Faults, FieldRule, state_faults
from metrics.intervals import Spans, joined
from metrics.raw import RawColumn

POINT_SCALE = 7  # decimals of a degree: 1 cm
MAX_INTERVALS = 8_192  # bytes of one text of intervals, about 160 spans
_INPUT_SCALE = 9
_EARTH = (180, 90)  # degrees of longitude and latitude


def point(column: RawColumn, rule: FieldRule, _rows: int) -> tuple[Column, Faults]:
    """A column of points, shape (rows, 2)."""
    codes, words = _distinct(column)
    values, state = _points(words, rule.datum)
    state = np.append(_absent_words(words, state, rule), np.uint8(numeral.NULL))
    null, faults = state_faults(state[codes], rule.required)
    values = np.concatenate([values, np.zeros((1, 2), np.int64)])[codes]
    if null is None or not null.any():
        return Column(values, None, POINT_SCALE), faults
    return Column(np.where(null[:, None], 0, values), ~null, POINT_SCALE), faults


def intervals(column: RawColumn, rule: FieldRule, _rows: int) -> tuple[Column, Faults]:
    """A column of spans of time."""
    codes, words = _distinct(column)
    spans, state = _spans(words)
    state = np.append(_absent_words(words, state, rule), np.uint8(numeral.NULL))
    null, faults = state_faults(state[codes], rule.required)
    if null is None or not null.any():
        return Column(codes, None, None, spans), faults
    return Column(np.where(null, np.int32(-1), codes), ~null, None, spans), faults


def _absent_words(words: Sequence[bytes], state: NDArray[np.uint8], rule: FieldRule) -> NDArray[np.uint8]:
    listed = {text.encode() for text in rule.absent_texts}
    absent = np.array([not word or word in listed for word in words], np.bool_)
    return np.where(absent, np.uint8(numeral.NULL), state)


def _distinct(column: RawColumn) -> tuple[NDArray[np.int32], list[bytes]]:
    """Any raw column as codes into distinct texts, -1 for null; a number fits nothing."""
    if column.kind == "coded":
        return column.values, [text.encode("utf-8", "replace") for text in column.dictionary]
    if column.kind != "lines":
        return np.zeros(len(column.values), np.int32), [b"a number"]
    index = {line: code for code, line in enumerate(dict.fromkeys(line for line in column.lines if line))}
    return np.array([index[line] if line else -1 for line in column.lines], np.int32), list(index)


def _points(words: Sequence[bytes], of_datum: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """WGS-84 degrees * 10**7, shape (words, 2), and the states of `metrics.numeral`; off the earth is HUGE."""
    parts = [word.split() for word in words]
    state = np.array([numeral.FINE if len(part) == 2 else numeral.BAD for part in parts], np.uint8)
    degrees = np.zeros((len(words), 2), np.int64)
    inexact = of_datum != "wgs84"
    scale = _INPUT_SCALE if inexact else POINT_SCALE
    for axis in range(2):
        cells = numeral.parse([part[axis] if len(part) == 2 else None for part in parts], scale)
        if cells.state.size:
            state = np.where((state == numeral.FINE) & (cells.state != numeral.FINE), cells.state, state)
        degrees[:, axis] = cells.values
        beyond = (state == numeral.FINE) & (abs(cells.values) > _EARTH[axis] * 10**scale)
        state[beyond] = numeral.HUGE
    if inexact and len(words):
        floats = degrees / 10.0**scale
        converted = datum.to_wgs84(floats[:, 0], floats[:, 1], cast(datum.Datum, of_datum))
        degrees = np.rint(np.stack(converted, axis=1) * 10.0**POINT_SCALE).astype(np.int64)
    return np.where((state == numeral.FINE)[:, None], degrees, 0), state.astype(np.uint8)


def _in_history(time: int) -> bool:
    return timestamp.EARLIEST <= time <= timestamp.LATEST


def _spans(words: Sequence[bytes]) -> tuple[list[Spans], NDArray[np.uint8]]:
    """Sorted, merged, half-open spans of each text and its state; an empty end is open, an end before its start BAD."""
    state = np.full(len(words), numeral.FINE, np.uint8)
    borders: list[bytes | None] = []
    spans_of: list[int] = []
    for at, word in enumerate(words):
        pieces = [piece.strip().split(b"/") for piece in word.split(b";")]
        if len(word) > MAX_INTERVALS:
            state[at] = numeral.LONG
        elif any(len(piece) != 2 or not piece[0].strip() for piece in pieces):
            state[at] = numeral.BAD
        fine = state[at] == numeral.FINE
        borders += [border.strip() or None for piece in pieces for border in piece] if fine else []
        spans_of.append(len(pieces) if fine else 0)
    times, states = timestamp.parse_times(borders)
    found: list[Spans] = []
    first = 0
    for at, count in enumerate(spans_of):
        mine = slice(2 * first, 2 * (first + count))
        first += count
        starts, ends = times[mine][0::2].tolist(), times[mine][1::2].tolist()
        known = (states[mine][1::2] != numeral.NULL).tolist()
        wrong = states[mine][(states[mine] != numeral.FINE) & (states[mine] != numeral.NULL)]
        if wrong.size:
            state[at] = int(wrong.max())
        elif any(known_end and end < start for start, end, known_end in zip(starts, ends, known, strict=True)):
            state[at] = numeral.BAD
        elif not all(
            map(_in_history, (*starts, *(end for end, known_end in zip(ends, known, strict=True) if known_end)))
        ):
            state[at] = numeral.HUGE
        if state[at] != numeral.FINE:
            found.append(())
            continue
        found.append(joined((a, b if known_end else None) for a, b, known_end in zip(starts, ends, known, strict=True)))
    return found, state
