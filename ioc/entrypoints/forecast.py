"""`ioc forecast`: the next steps of every series of a wide file, with their intervals, from each of its rows."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from ioc.sources.table import Table, TableError, read
from metrics.cadence import Cadence, NotTheStep, cadence, local_iso
from metrics.forecast import Forecast, Forecaster
from metrics.holiday import day_types
from metrics.local_time import DAY_MS
from metrics.profile import COLD_DAYS
from metrics.window import duration_text, parse_duration

USAGE, UNREADABLE = 2, 4  # exit codes
MAX_HORIZON = 1_000
MAX_REMEMBERED = 100_000_000  # numbers; a week of one-second rows of a few hundred series
Numbers = NDArray[np.float64]


def forecast(
    file: Annotated[
        Path, typer.Argument(help="宽表 CSV：首列时间，每序列一列 wide: the time, then one column per series")
    ],
    *,
    out: Annotated[Path, typer.Option(help="结果 CSV: origin,series,horizon,forecast,low,high")],
    step: Annotated[str, typer.Option(help="步长 length of a step: 15m, 1h")] = "15m",
    horizon: Annotated[int, typer.Option(help="向前步数 steps ahead", min=1, max=MAX_HORIZON)] = 4,
    history: Annotated[
        Path | None, typer.Option(help="更早的同形文件，只用来学习 older rows, only learnt from")
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(help="表示缺测的值 a cell that means none; compared as a number if it is one")
    ] = None,
) -> None:
    """逐行预测 forecast from every row of FILE, using only that row, the rows before it, and HISTORY before FILE.

    时间为 ISO 或 M/D/YYYY H:MM（上海时间）。区间为 95%；所知不足两天半时放宽，并说明。
    Times are ISO or M/D/YYYY H:MM in Shanghai time. low..high is the 95 % interval, wide (and that is said) while
    little is known. The rows of FILE lie STEP apart, or a whole part of it; rows may be missing.
    退出码 exit: 0 done, 2 usage, 4 a file is missing, unreadable or not such a table.
    """
    try:
        step_ms = parse_duration(step)
    except ValueError as error:
        raise _refused(USAGE, f"--step: {error}") from None
    table = _read(file, missing or [])
    older = None if history is None else _older(_read(history, missing or []), table, history)
    beat = _beat(file, table, step_ms)
    if older is not None and history is not None:
        before = _beat(history, older, step_ms)
        if len(older.times) > 1 and len(table.times) > 1 and before != beat:
            own, those = duration_text(before.step_ms), duration_text(beat.step_ms)
            raise _refused(
                USAGE,
                f"{history} 的行距是 {own}，FILE 是 {those} rows of the history are {own} apart, those of FILE {those}",
            )
        beat = beat if len(table.times) > 1 else before
    remembered = max(7 * DAY_MS // beat.step_ms, horizon * beat.per_horizon) * len(table.series)
    if remembered > MAX_REMEMBERED:
        raise _refused(USAGE, f"{file}: 行距太密 rows every {beat.step_ms} ms are too dense; aggregate them first")
    if beat.per_horizon > 1:
        own, many = duration_text(beat.step_ms), beat.per_horizon
        _say(f"行距 {own}：每 {many} 行为一步 rows are {own} apart: {many} of them make one step")
    if not day_types(table.times)[1].all():
        _say("日历没有这些年份的节假日，只按星期判断 holidays of some of these years are not known: weekdays only")
    counts = np.isfinite(table.values).sum(0) + (0 if older is None else np.isfinite(older.values).sum(0))
    young = int((counts < COLD_DAYS * max(1, DAY_MS // beat.step_ms)).sum())
    if young:
        _say(
            f"{young} 个序列所知不足 {COLD_DAYS:g} 天，区间放宽（冷启动）"
            f" less than {COLD_DAYS:g} days are known of {young} series: their intervals are wide (cold start)"
        )
    try:
        _write(out, table, _forecasts(table, older, beat, horizon))
    except OSError as error:
        raise _refused(UNREADABLE, f"{out}: 无法写入 cannot be written: {error.strerror}") from None


def _read(file: Path, missing: list[str]) -> Table:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return read(lines, missing)
    except OSError as error:
        raise _refused(UNREADABLE, f"{file}: 无法读取 cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(UNREADABLE, f"{file}: 不是 UTF-8 的 CSV not a CSV in UTF-8: {error}") from None
    except TableError as error:
        raise _refused(UNREADABLE, f"{file}: {error}") from None


def _beat(file: Path, table: Table, step_ms: int) -> Cadence:
    try:
        beat = cadence(table.times, step_ms)
    except NotTheStep as error:
        own, row = duration_text(error.usual_ms), table.places[error.row]
        at = local_iso(int(table.times[error.row]))
        raise _refused(
            USAGE,
            f"--step {duration_text(step_ms)}: {file} 的步长是 {own}，见第 {row} 行（{at}）"
            f" the rows of this file are {own} apart, see row {row}; use --step {own} or a multiple of it",
        ) from None
    off = beat.off(table.times)
    if len(off):
        row = table.places[int(off[0])]
        _say(
            f"{file}: {len(off)} 行不在步长上，就近计，首见第 {row} 行"
            f" rows do not lie on the step and count as if on it, the first is row {row}"
        )
    return beat


def _older(older: Table, table: Table, history: Path) -> Table:
    """The rows of the history before the table, its columns in the order of the table; NaN for a series it lacks."""
    lacking = [name for name in table.series if name not in older.series]
    if lacking:
        _say(f"{history}: 缺少序列，从零学起 these series begin without a past: {', '.join(lacking[:10])}")
    keep = older.times < table.times[0]
    if not keep.all():
        _say(f"{history}: 忽略 {(~keep).sum()} 行，不早于 FILE rows that are not before FILE are ignored")
    values = np.full((int(keep.sum()), len(table.series)), np.nan)
    for place, name in enumerate(table.series):
        if name in older.series:
            values[:, place] = older.values[keep, older.series.index(name)]
    return Table(older.times[keep], table.series, values, tuple(np.array(older.places)[keep].tolist()))


def _forecasts(table: Table, older: Table | None, beat: Cadence, horizon: int) -> Iterator[Forecast]:
    """One forecast for each row of the table, in order, each made before the next row is looked at."""
    ahead = [number * beat.per_horizon for number in range(1, horizon + 1)]
    forecaster = Forecaster(beat.step_ms, len(table.series), ahead)
    before: int | None = None
    if older is not None and len(older.times):
        for _ in _steps(forecaster, older, beat, None):
            pass
        before = int(older.times[-1])
    yield from _steps(forecaster, table, beat, before)


def _steps(forecaster: Forecaster, table: Table, beat: Cadence, before: int | None) -> Iterator[Forecast]:
    nothing = np.full(len(table.series), np.nan)
    for time, gap, values in zip(
        table.times.tolist(), beat.gaps(table.times, before).tolist(), table.values, strict=True
    ):
        for empty in range(gap - 1, 0, -1):
            forecaster.step(time - empty * beat.step_ms, nothing)
        yield forecaster.step(time, values)


def _write(out: Path, table: Table, forecasts: Iterator[Forecast]) -> None:
    """Write row by row beside OUT and put it in place at the end: there is never half a result under its name."""
    draft = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("origin", "series", "horizon", "forecast", "low", "high"))
            for time, said in zip(table.times.tolist(), forecasts, strict=True):
                origin = local_iso(time)
                columns = (said.expected.T.tolist(), said.low.T.tolist(), said.high.T.tolist())
                for name, expected, low, high in zip(table.series, *columns, strict=True):
                    for number, ends in enumerate(zip(expected, low, high, strict=True), start=1):
                        writer.writerow((origin, name, number, *(_cell(end) for end in ends)))
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _cell(number: float) -> str:
    """Nine digits; empty where nothing can be said: no series of the file had a value yet."""
    return f"{number:.9g}" if math.isfinite(number) else ""


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _refused(code: int, sentence: str) -> typer.Exit:
    _say(f"无法预测 cannot forecast: {sentence}")
    return typer.Exit(code)
