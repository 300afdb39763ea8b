"""Derived sources: the complete values of an indicator as rows of the source `indicator:X`, and how many are needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from metrics.column import Column
from metrics.conclude import Concluded
from metrics.definition import Bundle
from metrics.formula import names, parse
from metrics.formula_syntax import Call, Name
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.observation import Batch, Dictionary
from metrics.reference import indicators_of, text_of, window_of
from metrics.window import DAY_MS, WEEK_MS, Window

VALUE_SCALE = 9  # decimals of the field `value`
EVER_MS = 1 << 61  # further back than any row
_PERIOD_MS = {"day": DAY_MS, "week": WEEK_MS, "month": 31 * DAY_MS, "year": 366 * DAY_MS}  # at most
_SHIFT_MS = {"1d": DAY_MS, "1w": WEEK_MS, "1mo": 31 * DAY_MS, "1y": 366 * DAY_MS}


def derived_of(bundle: Bundle, versions: Versions, ids: Iterable[str]) -> tuple[str, ...]:
    """The indicators whose values are sources for these, directly or not, each after those it needs itself."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for indicator in versions.of(name):
            for other in indicators_of(indicator.formula):
                visit(other)
            for source in indicator.sources:
                of = bundle.sources[source].indicator_of
                if of and of not in found:
                    visit(of)
                    found[of] = None

    for name in ids:
        visit(name)
    return tuple(found)


def reach_ms(bundle: Bundle, versions: Versions, name: str, derived: str) -> int | None:
    """How far before an instant the values of the indicator `derived` matter to `name` at that instant, at most, ms;
    EVER_MS for windows without a start, None: not at all."""
    farthest: int | None = None
    for indicator in versions.of(name):
        spans = [_direct_ms(bundle, versions, indicator, derived)]
        for other in indicators_of(indicator.formula):
            spans.append(_plus(reach_ms(bundle, versions, other, derived), _grid_ms(versions, other)))
        spans += [
            _plus(reach_ms(bundle, versions, of, derived), _span_ms(measure.window_of(indicator)))
            for measure in indicator.measures
            if (of := bundle.sources[measure.source].indicator_of) and of != derived
        ]
        known = [span for span in spans if span is not None]
        if known:
            own = max(known) + comparison_ms(indicator, versions) + _grid_ms(versions, name)
            farthest = own if farthest is None else max(farthest, own)
    return None if farthest is None else min(farthest, EVER_MS)


def rows_of(source: str, indicator: Indicator, ends: Sequence[int], concluded: Concluded) -> Batch:
    """The values of windows that end at `ends`, for regions as resolved and all dimensions, as readings: one for each
    window and group into which a row was folded. The time is the last millisecond of the window; the entity is the
    dimension values joined by `/`."""
    windows, columns = np.nonzero(concluded.present)
    times = np.array(ends, np.int64)[windows] - 1
    entities, regions = Dictionary(), Dictionary()
    splits = [split or () for _, split in concluded.groups]
    entity = entities.codes(["/".join(split) for split in splits])
    region = _texts([code for code, _ in concluded.groups], regions)
    fields = {"region": _at(region, columns)}
    for place, name in enumerate(indicator.dimensions):
        fields[name] = _at(_texts([split[place] for split in splits], Dictionary()), columns)
    known = concluded.known[windows, columns]
    fixed = [_fixed(number) for number in concluded.value[windows, columns].tolist()]
    wide = any(abs(number) >= 1 << 63 for number in fixed)
    fields["value"] = Column(np.array(fixed, object if wide else np.int64), known, VALUE_SCALE)
    fields["samples"] = Column(concluded.samples[windows, columns], None, 0)
    return Batch(source, times, entity[columns].astype(np.int32), entities, fields)


def _texts(texts: Sequence[str], dictionary: Dictionary) -> Column:
    codes = np.array([dictionary.code(text) if text else -1 for text in texts], np.int32)
    return Column(codes, codes >= 0, None, dictionary)


def _at(column: Column, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Column:
    return Column(column.values[rows], column.known()[rows], None, column.dictionary)


def _fixed(value: float) -> int:
    return int(Decimal(repr(value)).scaleb(VALUE_SCALE).to_integral_value(ROUND_HALF_EVEN))


# ---- how far back ----


def _direct_ms(bundle: Bundle, versions: Versions, indicator: Indicator, derived: str) -> int | None:
    spans = [
        _span_ms(measure.window_of(indicator)) + _grid_ms(versions, derived)
        for measure in indicator.measures
        if bundle.sources[measure.source].indicator_of == derived
    ]
    return max(spans) if spans else None


def _plus(span: int | None, more: int) -> int | None:
    return None if span is None else span + more


def _grid_ms(versions: Versions, name: str) -> int:
    """The longest distance of two windows of an indicator."""
    return max(
        one.window.every_ms or _PERIOD_MS.get(one.window.period or "", one.window.size_ms) for one in versions.of(name)
    )


def _span_ms(window: Window) -> int:
    if window.kind in ("now", "all"):
        return EVER_MS
    return window.size_ms or _PERIOD_MS[window.period or "year"]


def comparison_ms(indicator: Indicator, versions: Versions) -> int:
    """How far back the comparisons of a formula look."""
    farthest = 0
    for name in names(indicator.formula):
        call = parse(name)
        if not isinstance(call, Call):
            continue
        match call.function:
            case "zscore":
                farthest = max(farthest, indicator.baseline.weeks * WEEK_MS)
            case "same_time":
                farthest = max(farthest, _SHIFT_MS[text_of(call, 1)])
            case "previous":
                what = call.arguments[0]
                windows = (
                    [window_of(indicator, what.id)]
                    if isinstance(what, Name)
                    else [version.window for version in versions.of(indicators_of(call)[0])]
                )
                step = indicator.window.every_ms or _PERIOD_MS[indicator.window.period or "year"]
                farthest = max([farthest, *(step if one.kind in ("now", "all") else _span_ms(one) for one in windows)])
    return farthest
