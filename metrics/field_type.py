"""Field types: one reader for each type of the language turns a raw column into a typed one and names what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics import numeral, timestamp
from metrics.column import Column
from metrics.field_rule import Faults, FieldRule, Mask, UnsupportedField, field_rule, state_faults
from metrics.place_reader import intervals, point
from metrics.raw import MAX_TEXT, RawColumn, shown

__all__ = ["READERS", "Faults", "FieldRule", "Mask", "UnsupportedField", "field_rule", "text_of"]

_UNNAMABLE = re.compile(r"[|=\x00-\x1f\x7f]")  # what separates the parts of a series id, and what no screen can show
_STRANGER = 9  # state of a word outside the declared values


def text_of(column: RawColumn | None, row: int) -> str:
    if column is None:
        return ""
    if column.kind == "lines":
        return shown(column.lines[row] or b"")
    if column.valid is not None and not column.valid[row]:
        return ""
    value = column.values[row].item()
    if column.kind == "coded":
        return shown(column.dictionary[value]) if value >= 0 else ""
    return str(Decimal(value).scaleb(-column.scale)) if column.kind == "fixed" else shown(value)


# ---- one reader per declared type: raw column -> column and faults ----


def _cells(column: RawColumn, whole: bool, scale: int) -> numeral.Numerals:
    """Any raw column as numerals of `scale`."""
    if column.kind == "lines":
        return numeral.parse(column.lines, scale, whole)
    if column.kind == "coded":
        words = [text.encode("utf-8", "replace") for text in column.dictionary]
        return _spread(numeral.parse([*words, None], scale, whole), column.values)
    if column.kind == "float":
        cells = numeral.from_floats(column.values, scale)
    elif column.scale == scale:
        cells = numeral.Numerals(column.values, np.zeros(0, np.uint8))
    else:
        cells = numeral.rescale(column.values, column.scale, scale)
    if whole and cells.inexact is not None and cells.inexact.any():
        state = np.where(cells.inexact & (cells.state == numeral.FINE), np.uint8(numeral.BAD), cells.state)
        cells = numeral.Numerals(cells.values, state, cells.inexact)
    if column.valid is None:
        return cells
    state = cells.state.copy() if cells.state.size else np.zeros(len(cells.values), np.uint8)
    state[~column.valid] = numeral.NULL
    return numeral.Numerals(cells.values, state, cells.inexact)


def _spread(cells: numeral.Numerals, codes: NDArray[np.int32]) -> numeral.Numerals:
    """Cells of a dictionary for each code; the last one stands for code -1."""
    inexact = None if cells.inexact is None else cells.inexact[codes]
    return numeral.Numerals(cells.values[codes], cells.state[codes], inexact)


def _number(column: RawColumn, rule: FieldRule, rows: int) -> tuple[Column, Faults]:
    cells = _cells(column, rule.type == "int", rule.scale)
    cells = _without_absent(cells, column, rule)
    null, faults = state_faults(cells.state, required=False)
    for fixed, inexact, number in rule.absent:
        hit = cells.values == fixed
        if cells.state.size:
            hit &= cells.state == numeral.FINE
        if inexact:  # a sentinel with more decimals than the field: only rounded cells can be it
            hit &= _equals(column, hit, number)
        elif cells.inexact is not None:
            hit &= ~cells.inexact
        if hit.any():
            null = hit if null is None else null | hit
    if null is not None and not null.any():
        null = None
    if null is not None and rule.required:
        faults.insert(0, ("missing", null))
    values = cells.values
    if rows and rule.low is not None and rule.high is not None:
        outside = None
        if int(values.min()) < rule.low:
            outside = values < rule.low
        if int(values.max()) > rule.high:
            outside = values > rule.high if outside is None else outside | (values > rule.high)
        if outside is not None:
            outside = outside if null is None else outside & ~null
            if outside.any():
                faults.append(("range", outside))
    if null is None:
        return Column(values, None, rule.scale), faults
    return Column(np.where(null, 0, values), ~null, rule.scale), faults


def _without_absent(cells: numeral.Numerals, column: RawColumn, rule: FieldRule) -> numeral.Numerals:
    """Texts that are no numerals, but listed as missing, are null."""
    if not rule.absent_texts or not cells.state.size:
        return cells
    rows = [
        row for row in np.flatnonzero(cells.state == numeral.BAD).tolist() if text_of(column, row) in rule.absent_texts
    ]
    if not rows:
        return cells
    state = cells.state.copy()
    state[rows] = numeral.NULL
    return numeral.Numerals(cells.values, state, cells.inexact)


def _equals(column: RawColumn, among: Mask, number: Decimal) -> Mask:
    equal = np.zeros(len(among), np.bool_)
    for row in np.flatnonzero(among).tolist():
        equal[row] = Decimal(text_of(column, row) or "NaN") == number
    return equal


def _time(column: RawColumn, rule: FieldRule, rows: int) -> tuple[Column, Faults]:
    if column.kind == "lines":
        times, state = timestamp.parse_times(column.lines)
    elif column.kind == "coded":
        words = [text.encode("utf-8", "replace") for text in column.dictionary]
        times, state = timestamp.parse_times([*words, None])
        times, state = times[column.values], state[column.values]
    else:
        cells = _cells(column, whole=True, scale=0)
        times, state = cells.values, cells.state
    absent = _absent(column, rule)
    if absent is not None and state.size:
        times, state = np.where(absent, 0, times), np.where(absent, np.uint8(numeral.NULL), state)
    null, faults = state_faults(state, rule.required)
    if rows and (int(times.min()) < timestamp.EARLIEST or int(times.max()) > timestamp.LATEST):
        outside = (times < timestamp.EARLIEST) | (times > timestamp.LATEST)
        if null is not None:
            outside &= ~null  # what stands under a null is no time
        if outside.any():
            faults.append(("range", outside))
    if null is None or not null.any():
        return Column(times), faults
    return Column(np.where(null, 0, times), ~null), faults


def _absent(column: RawColumn, rule: FieldRule) -> Mask | None:
    """The rows whose text is listed as missing; None if there can be none."""
    if not rule.absent_texts or column.kind not in ("lines", "coded"):
        return None
    words = {text.encode() for text in rule.absent_texts}
    if column.kind == "coded":
        listed = [*(text in rule.absent_texts for text in column.dictionary), False]
        found: Mask = np.array(listed, np.bool_)[column.values]
        return found
    return np.fromiter((line in words for line in column.lines), np.bool_, count=len(column.lines))


def _text(column: RawColumn, rule: FieldRule, rows: int) -> tuple[Column, Faults]:
    codes, words, odd = _words(column)
    faults: Faults = []
    state = np.zeros(len(words) + 1, np.uint8)  # of each word; the last one is null
    state[-1] = numeral.NULL
    unnamable = rule.naming and _UNNAMABLE.search("".join(words)) is not None
    for code, word in enumerate(words):
        if word == "" or word in rule.absent_texts:
            state[code] = numeral.NULL
        elif len(word) * 4 > MAX_TEXT and len(word.encode("utf-8", "replace")) > MAX_TEXT:
            state[code] = numeral.LONG
        elif rule.values is not None and word not in rule.values:
            state[code] = _STRANGER
        elif unnamable and _UNNAMABLE.search(word):
            state[code] = numeral.BAD
    for code, what in odd.items():
        state[code] = what
    if not state[:-1].any():
        if not rows or int(codes.min()) >= 0:
            return Column(codes, None, None, words), faults
        null = codes < 0
        if rule.required:
            faults.append(("missing", null))
        return Column(codes, ~null, None, words), faults
    states = state[codes]
    nulls, faults = state_faults(states, rule.required)
    stranger = states == _STRANGER
    if stranger.any():
        faults.append(("category", stranger))
    if nulls is None or not nulls.any():
        return Column(codes, None, None, words), faults
    return Column(np.where(nulls, np.int32(-1), codes), ~nulls, None, words), faults


def _bool(column: RawColumn, rule: FieldRule, rows: int) -> tuple[Column, Faults]:
    if column.kind in ("lines", "coded"):
        codes, words, odd = _words(column)
        table = {"true": 1, "false": 0, "1": 1, "0": 0}
        flags = np.array([*(table.get(word.lower(), 0) for word in words), 0], np.int8)
        state = np.zeros(len(words) + 1, np.uint8)
        state[-1] = numeral.NULL
        for code, word in enumerate(words):
            if word == "" or word in rule.absent_texts:
                state[code] = numeral.NULL
            elif word.lower() not in table:
                state[code] = numeral.BAD
        for code, what in odd.items():
            state[code] = what
        values, states = flags[codes], state[codes]
    else:
        cells = _cells(column, whole=True, scale=0)
        states = cells.state if cells.state.size else np.zeros(rows, np.uint8)
        states = np.where((states == numeral.FINE) & (cells.values >> 1 != 0), np.uint8(numeral.BAD), states)
        values = (cells.values & 1).astype(np.int8)
    null, faults = state_faults(states, rule.required)
    return Column(values, None if null is None or not null.any() else ~null), faults


def _words(column: RawColumn) -> tuple[NDArray[np.int32], Sequence[str], Mapping[int, int]]:
    """Any raw column as codes into distinct words (-1 = null), and the words that are no text, by state."""
    if column.kind == "coded":
        return column.values, column.dictionary, {}
    if column.kind != "lines":
        return np.zeros(len(column.values), np.int32), ["a number"], {0: numeral.BAD}
    index = {line: code for code, line in enumerate(dict.fromkeys(column.lines))}
    codes = np.fromiter(map(index.__getitem__, column.lines), np.int32, count=len(column.lines))
    words: list[str] = []
    odd: dict[int, int] = {}
    for code, line in enumerate(index):
        if line is not None and len(line) > MAX_TEXT:
            odd[code] = numeral.LONG
            words.append("")
            continue
        try:
            words.append("" if line is None else line.decode())
        except UnicodeDecodeError:
            odd[code] = numeral.BAD
            words.append("")
    return codes, words, odd


READERS: Final[Mapping[str, Callable[[RawColumn, FieldRule, int], tuple[Column, Faults]]]] = {
    "int": _number,
    "decimal": _number,
    "text": _text,
    "category": _text,
    "bool": _bool,
    "time": _time,
    "point": point,
    "intervals": intervals,
}
