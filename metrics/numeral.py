"""Numerals: decimal text to fixed point, exactly and in bulk; rounding is half to even from the text itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

FINE, NULL, BAD, HUGE, LONG = 0, 1, 2, 3, 4  # states of a cell: number, null, no numeral, beyond int64, too many bytes
MAX_BYTES = 256  # a longer cell is not looked at
_DIGITS = 18  # any number of 18 digits fits int64
_POWERS: Final = 10 ** np.arange(_DIGITS + 1, dtype=np.int64)
_NUMERAL = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_WHOLE = re.compile(rb"[+-]?[0-9]+", re.ASCII)
_EXACT = Context(prec=600, rounding=ROUND_HALF_EVEN)  # 256 digits and any shift of them that can matter
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Numerals:
    """Cells as int64 in units of 10^-scale; `state` says what each is, `inexact` where rounding changed the number."""

    values: NDArray[np.int64]
    state: NDArray[np.uint8]
    inexact: NDArray[np.bool_] | None = None


def parse(lines: Sequence[bytes | None], scale: int, whole: bool = False) -> Numerals:
    """Parse cells; None and empty are null. `whole`: only an optional sign and digits (type int, epoch times)."""
    rows = len(lines)
    if rows == 0:
        return Numerals(np.empty(0, np.int64), np.empty(0, np.uint8))
    # 19 bytes: a sign, 18 digits; what is longer is rare and goes one by one
    chars, state = matrix(lines, width=20)
    digits = chars - np.uint8(48)
    is_digit = digits < 10
    dots = chars == 46
    signs = (chars[0] == 43) | (chars[0] == 45)
    length = (chars != 0).sum(axis=0, dtype=np.int64)
    digit_count = is_digit.sum(axis=0, dtype=np.int64)
    dot_count = dots.sum(axis=0, dtype=np.int64)
    values = np.zeros(rows, np.int64)
    decimals = np.zeros(rows, np.int64)
    any_dot = bool(dot_count.any())
    behind = np.zeros(rows, np.bool_)
    for position in range(len(chars)):
        here = is_digit[position]
        if here.all():
            values *= 10
            values += digits[position]
        else:
            np.multiply(values, 10, out=values, where=here)
            np.add(values, digits[position], out=values, where=here)
        if any_dot:
            decimals += here & behind
            behind |= dots[position]
    easy = (state == FINE) & (digit_count + dot_count + signs == length) & (digit_count > 0)
    easy &= (dot_count == 0) if whole else (dot_count <= 1)
    shift = scale - decimals
    easy &= digit_count + np.maximum(shift, 0) <= _DIGITS
    inexact: NDArray[np.bool_] | None = None
    up = np.clip(shift, 0, _DIGITS)
    if scale:
        values *= _POWERS[up]  # of cells that are not easy the product may wrap; they are computed again below
    if bool((shift < 0).any()):
        divisor = _POWERS[np.clip(-shift, 0, _DIGITS)]
        values, inexact = _half_even(values, divisor)
    np.negative(values, out=values, where=chars[0] == 45)
    odd = np.flatnonzero(~easy & (state != NULL))
    if odd.size and inexact is None:
        inexact = np.zeros(rows, np.bool_)
    for row in odd.tolist():
        line = lines[row] or b""
        state[row], values[row], changed = _one(line, scale, whole)
        if inexact is not None:
            inexact[row] = changed
    return Numerals(values, state, inexact)


def matrix(lines: Sequence[bytes | None], width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Cells as columns of characters, shape (longest, rows), zero-padded; and their states.

    Null cells are NULL; cells longer than `width` or with a zero byte are BAD here and all zeros in the matrix.
    """
    rows = len(lines)
    state = np.zeros(rows, np.uint8)
    sizes = set() if None in lines else set(map(len, lines))  # type: ignore[arg-type]
    size = next(iter(sizes)) if len(sizes) == 1 else 0
    if 0 < size <= width:  # all of one length, as epoch times are
        total = size * rows
        joined = np.frombuffer(b"".join(lines), np.uint8).reshape(rows, size)  # type: ignore[arg-type]
    else:
        cells = lines
        if not sizes or 0 in sizes or max(sizes) > width:
            cells = [b"" if line is None or len(line) > width else line for line in lines]
            for row, line in enumerate(lines):
                if not line:
                    state[row] = NULL
                elif len(line) > width:
                    state[row] = BAD
            sizes = set(map(len, cells))  # type: ignore[arg-type]
        longest = max(sizes) or 1
        total = sum(map(len, cells))  # type: ignore[arg-type]
        joined = np.array(cells, dtype=f"S{longest}").view(np.uint8).reshape(rows, longest)
    if np.count_nonzero(joined) != total:  # a zero byte inside a cell looks like padding
        joined = joined.copy()
        for row, line in enumerate(lines):
            if line and b"\0" in line:
                state[row] = BAD
                joined[row] = 0
    return np.ascontiguousarray(joined.T), state


def rescale(values: NDArray[np.int64], scale: int, to: int) -> Numerals:
    """Fixed point of one scale as fixed point of another, half to even."""
    state = np.zeros(len(values), np.uint8)
    if to <= scale:
        if to == scale:
            return Numerals(values, state)
        rounded, inexact = _half_even_signed(values, 10 ** (scale - to))
        return Numerals(rounded, state, inexact)
    factor = 10 ** (to - scale)
    limit = (_INT64 - 1) // factor
    state[(values > limit) | (values < -limit)] = HUGE
    return Numerals(values * np.int64(factor), state)


def from_floats(values: NDArray[np.float64], scale: int) -> Numerals:
    """Floats as fixed point of their shortest decimal text, half to even. NaN is null, an infinity is no number."""
    state = np.zeros(len(values), np.uint8)
    finite = np.isfinite(values)
    if not finite.all():
        state[np.isnan(values)] = NULL
        state[np.isinf(values)] = BAD
        values = np.where(finite, values, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is beyond 2^40 and goes through its text
        scaled = values * float(10**scale)
        rounded = np.rint(scaled)
        # Below 2^40 the product errs by less than 2^-12, so that a fraction further than 2^-10 from one half rounds to
        # the same side as the text does. The rest goes through its text.
        odd = (np.abs(np.abs(scaled - rounded) - 0.5) < 2.0**-10) | (np.abs(scaled) >= 2.0**40)
    out = np.where(odd, 0.0, rounded).astype(np.int64)
    if odd.any():
        distinct, places = np.unique(values[odd], return_inverse=True)
        answers = [_one(repr(value).encode(), scale, whole=False) for value in distinct.tolist()]
        out[odd] = np.array([answer[1] for answer in answers], np.int64)[places]
        state[odd] = np.maximum(state[odd], np.array([answer[0] for answer in answers], np.uint8)[places])
    return Numerals(out, state, scaled != rounded)


def exact(text: str, scale: int) -> tuple[int, bool] | None:
    """One numeral as (fixed point, whether rounding changed it); None when it is no numeral or beyond int64."""
    state, value, changed = _one(text.encode(), scale, whole=False)
    return (value, changed) if state == FINE else None


def _one(line: bytes, scale: int, whole: bool) -> tuple[int, int, bool]:
    if not line:
        return NULL, 0, False
    if len(line) > MAX_BYTES:
        return LONG, 0, False
    if not (_WHOLE if whole else _NUMERAL).fullmatch(line):
        return BAD, 0, False
    number = Decimal(line.decode("ascii"))
    if not number:
        return FINE, 0, False
    magnitude = number.adjusted() + scale
    if magnitude > 19:
        return HUGE, 0, False
    if magnitude < -2:  # far below one half of the last place
        return FINE, 0, True
    shifted = _EXACT.scaleb(number, scale)
    rounded = _EXACT.to_integral_value(shifted)
    value = int(rounded)
    return (FINE, value, rounded != shifted) if -_INT64 <= value < _INT64 else (HUGE, 0, False)


def _half_even(values: NDArray[np.int64], divisor: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """values / divisor rounded half to even, for values that are not negative."""
    quotient, rest = np.divmod(values, divisor)
    double = rest * 2  # the divisor is at most 10^18: no overflow
    quotient += (double > divisor) | ((double == divisor) & (quotient % 2 == 1))
    return quotient, rest != 0


def _half_even_signed(values: NDArray[np.int64], divisor: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    # floor division leaves a rest in [0, divisor), also below zero, so that the same rule holds
    quotient, rest = np.divmod(values, np.int64(divisor))
    double = rest * 2
    quotient += (double > divisor) | ((double == divisor) & (quotient % 2 == 1))
    return quotient, rest != 0
