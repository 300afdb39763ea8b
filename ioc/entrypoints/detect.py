"""`ioc detect`: every row of a series judged by the rows before it, in one pass."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ioc.sources.series import Series, read
from ioc.sources.table import TableError
from metrics.anomaly import ALARM_SCORE, YOUNG, Detector, Judgement, slot_of
from metrics.clock import LOCAL_OFFSET_MS

USAGE, UNREADABLE = 2, 4  # exit codes
COLUMNS = ("timestamp", "value", "expected", "low", "high", "score", "alarm")


def detect(
    file: Annotated[Path, typer.Argument(help="一个序列的 CSV one series as CSV: timestamp,value")],
    *,
    out: Annotated[Path, typer.Option(help=f"结果 CSV: {','.join(COLUMNS)}")],
) -> None:
    """逐行判断异常 judge every row of FILE by the rows before it; one row out for each row in, in the same order.

    时间为 ISO 8601（缺时区为上海时间）或毫秒；空格与 NaN 表示缺测，不判断。
    Times are ISO 8601 (Shanghai time by default) or epoch ms. An empty value or NaN is missing: not judged, not learnt.
    expected, low, high: what the rows before made likely (95 %), empty for the first two values.
    score 0..1 is comparable across files; alarm is 1 where it reaches 0.5.
    退出码 exit: 0 done, 2 usage, 4 a file is missing, unreadable or not such a series.
    """
    series = _read(file)
    if out.exists() and file.exists() and out.samefile(file):
        raise _refused(USAGE, f"--out: {out}: 不能覆盖输入 is the file that is read")
    _warn(series)
    try:
        alarms = _write(out, series, judge(series))
    except OSError as error:
        raise _refused(UNREADABLE, f"{out}: 无法写入 cannot be written: {error.strerror}") from None
    typer.echo(
        f"已判断 judged: {len(series.texts)} 行 rows, {alarms} 次异常 alarms (score >= {ALARM_SCORE:g}) -> {out}"
    )


def judge(series: Series) -> Iterator[Judgement]:
    """One judgement (of one series) per row, in the order of the rows."""
    detector = Detector(1)
    slots = slot_of(series.times + LOCAL_OFFSET_MS).tolist()
    for value, slot in zip(series.values[:, None], slots, strict=True):
        yield detector.step(value, slot)


def _read(file: Path) -> Series:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return read(lines)
    except OSError as error:
        raise _refused(UNREADABLE, f"{file}: 无法读取 cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(UNREADABLE, f"{file}: 不是 UTF-8 的 CSV not a CSV in UTF-8: {error}") from None
    except TableError as error:
        raise _refused(UNREADABLE, f"{file}: {error}") from None


def _warn(series: Series) -> None:
    steps = np.diff(series.times)
    back, twice = int((steps < 0).sum()), int((steps == 0).sum())
    if back or twice:
        _say(f"时间未递增：{back} 行早于上一行，{twice} 行相同；按文件顺序判断 times do not rise: {back} rows are "
             f"earlier than the row before, {twice} equal; judged in the order of the file")  # fmt: skip
    values = int(np.isfinite(series.values).sum())
    if values <= YOUNG:
        _say(f"只有 {values} 个值：前 {YOUNG} 个只学习，得分为 0 only {values} values: the first {YOUNG} "
             "are learnt from, their score is 0")  # fmt: skip


def _write(out: Path, series: Series, judgements: Iterator[Judgement]) -> int:
    """Write the rows; the number of alarms."""
    alarms = 0
    with out.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        for text, cell, found in zip(series.texts, series.cells, judgements, strict=True):
            alarm = int(found.alarm[0])
            alarms += alarm
            band = (_shown(float(each[0])) for each in (found.expected, found.low, found.high))
            rows.writerow((text, cell, *band, f"{found.score[0]:.9f}", alarm))
    return alarms


def _shown(number: float) -> str:
    return "" if np.isnan(number) else format(number, ".12g")


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _refused(code: int, sentence: str) -> typer.Exit:
    _say(sentence)
    return typer.Exit(code)
