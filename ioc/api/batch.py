"""A batch: the body of a request as rows of texts by declared field, each number exactly as it was written. Pure.

The contract of the source (`metrics.contract`) reads the texts, as it reads those of stream entries: what is accepted
here is accepted there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from ioc.api.operation import JSON, NDJSON
from ioc.api.problem import Problem
from ioc.api.shapes import RowFault, RowRule
from metrics.codec import MAX_PAYLOAD, coded, pack
from metrics.contract import Admission, Contract
from metrics.keys import shard_of
from metrics.raw import RawColumn, RawRows
from metrics.source import Source
from metrics.watermark import BEGINNING, Watermark

MOST_ROWS = 10_000
MOST_BYTES = 2 * 2**20  # of a body; the packed payload of it stays below its own limit
TOLD = 100  # rows whose faults are told one by one; the counts are always whole
SHOWN_NAMES = 20  # undeclared fields that are named
RULES: Final[Mapping[RowRule, tuple[str, str]]] = {
    "form": ("不是对象，或字段重复、嵌套", "not an object, or a field that is doubled or nested"),
    "version": ("版本不识", "an unknown version"),
    "size": ("过大", "too large"),
    "missing": ("缺少必填值", "a required value is missing"),
    "type": ("类型不符", "not of the declared type"),
    "range": ("超出范围", "outside of the declared range"),
    "category": ("不在所列取值内", "not one of the declared values"),
    "future": ("时间在未来", "its time lies in the future"),
    "length": ("文本过长", "the text is too long"),
}
Cell = bytes | None


class _Doubled:
    """An object in which a name stands twice."""


@dataclass(slots=True)
class Batch:
    """Rows of sound form: `cells` by column of the stream (`t`, `k`, fields), `places` the number of each in the body.

    `faults` are rows that are no rows; `ignored` the fields that the source does not declare.
    """

    given: int
    places: list[int]
    cells: dict[str, list[Cell]]
    faults: list[RowFault]
    ignored: list[str]


@dataclass(slots=True)
class Judged:
    """What the contract said: the batch, which of its rows are kept, and all faults in order of rows."""

    batch: Batch
    kept: list[int]  # places in `cells`
    times: list[int]  # event times of the kept rows, ms; of undated ones that of their arrival
    faults: list[RowFault] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)


def object_of(text: str) -> Any:
    """JSON with every number as its text. Raises ValueError, also for what is nested too deep and for NaN."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("nested too deep") from None


def parse(body: bytes, form: str) -> list[Any]:
    """The rows of a body, not looked at yet. Raises Problem 400, 413."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad("utf-8", f"第 {error.start} 字节不是 UTF-8", f"byte {error.start} is not UTF-8") from None
    if form == NDJSON:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > MOST_ROWS:
            raise _too_many(len(lines))
        rows = [_line(line) for line in lines]
    else:
        try:
            given = object_of(text)
        except ValueError as error:
            raise _bad("json", f"不是 JSON：{error}", f"not JSON: {error}") from None
        if isinstance(given, dict):
            if set(given) != {"rows"}:
                raise _bad("form", '须为数组或 {"rows": [...]}', 'an array, or {"rows": [...]} and nothing else')
            given = given["rows"]
        if not isinstance(given, list):
            raise _bad("form", '须为数组或 {"rows": [...]}', 'an array, or {"rows": [...]}')
        rows = given
    if not rows:
        raise _bad("empty", "没有一行", "there is no row")
    if len(rows) > MOST_ROWS:
        raise _too_many(len(rows))
    return rows


def columns(rows: Sequence[Any], source: Source) -> Batch:
    """Rows as columns of texts. A field is named as declared; `t` and `k` stand for time and entity as in streams."""
    names = {name: name for name in source.fields}
    names[source.entity] = "k"
    if source.time:
        names[source.time] = "t"
    names = {"t": "t", "k": "k"} | names
    points = frozenset(name for name, one in source.fields.items() if one.type == "point")
    places: list[int] = []
    made: list[dict[str, Cell]] = []
    faults: list[RowFault] = []
    ignored: dict[str, None] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            faults.append(_fault(place, "", "form"))
            continue
        cells: dict[str, Cell] = {}
        for name, value in row.items():
            column = names.get(name)
            if column is None:
                ignored.setdefault(name[:64])
                continue
            cell = _cell(value, point=name in points)
            if cell is False or column in cells:
                faults.append(_fault(place, name, "form"))
                break
            cells[column] = cell  # type: ignore[assignment]
        else:
            places.append(place)
            made.append(cells)
    present = dict.fromkeys(name for cells in made for name in cells)
    by_column = {name: [cells.get(name) for cells in made] for name in present}
    return Batch(len(rows), places, by_column, faults, list(ignored)[:SHOWN_NAMES])


def judge(batch: Batch, source: Source, now_ms: int) -> Judged:
    """What the contract of the source says of the rows; `now_ms` is the world's time."""
    rows = len(batch.places)
    judged = Judged(batch, [], [], list(batch.faults), Counter(fault.rule for fault in batch.faults))
    if rows:
        empty = np.empty(0, np.int64)
        raw = {name: RawColumn("lines", empty, lines=cells) for name, cells in batch.cells.items()}
        said = Contract.from_source(source).admit(
            RawRows(rows, raw, [b"0-0"], np.array([0, rows], np.int64)), now_ms, now_ms
        )
        judged.kept = list(range(rows)) if said.kept is None else np.flatnonzero(said.kept).tolist()
        judged.times = said.batch.time.tolist() if said.batch is not None else []
        judged.faults += _faults(said, batch, source)
        judged.rules.update(said.rejected)
    judged.faults.sort(key=lambda fault: fault.row)
    return judged


def late(judged: Judged, source: Source, mark_ms: int | None) -> list[int]:
    """Places in the batch of the kept rows that the engine will find late, by the watermark that it published last.

    It goes by it as it reads, row by row: a row may also be late for what comes before it, here as there, or for what
    others send meanwhile. None: nothing was read yet.
    """
    mark = Watermark(source.disorder_ms, source.lateness_ms, source.idle_ms)
    mark.mark_ms = BEGINNING if mark_ms is None else mark_ms
    times = np.array(judged.times, np.int64)
    found = mark.late(times)
    if found is None:
        return []
    found &= times > BEGINNING  # a record that is known since ever has no time to be late by
    return [judged.batch.places[judged.kept[at]] for at in np.flatnonzero(found).tolist()]


class Packed(NamedTuple):
    """An entry of one shard, packed."""

    shard: int
    payload: bytes
    rows: int


def payloads(judged: Judged, shards: int) -> list[Packed]:
    """Entries of the kept rows, in order within each shard. Raises Problem 413."""
    cells, homes = judged.batch.cells, dict[int, list[int]]()
    for at, row in enumerate(judged.kept):
        home = shard_of((cells["k"][row] or b"").decode(), shards) if shards > 1 else 0
        homes.setdefault(home, []).append(at)
    found = []
    for shard, members in sorted(homes.items()):
        rows = [judged.kept[at] for at in members]
        packed: dict[str, RawColumn] = {
            name: coded([_text(column[row]) for row in rows]) for name, column in cells.items() if name != "t"
        }
        if all(cells.get("t", [None] * (rows[-1] + 1))[row] for row in rows):
            packed["t"] = RawColumn("int", np.array([judged.times[at] for at in members], np.int64))
        else:  # undated records: when they count is said where they are read
            packed["t"] = coded([_text(cells["t"][row]) if "t" in cells else None for row in rows])
        payload = pack(packed, len(rows))
        if len(payload) > MAX_PAYLOAD:
            raise too_large(MAX_PAYLOAD)
        found.append(Packed(shard, payload, len(rows)))
    return found


def refused(judged: Judged, shards: int) -> list[Packed]:
    """Entries of the rows that break the contract, as they were written: the engine tells them in its dead letters,
    each with field and rule. For producers that nobody can answer. Raises Problem 413."""
    cells, kept = judged.batch.cells, set(judged.kept)
    homes = dict[int, list[int]]()
    for row in range(len(judged.batch.places)):
        if row not in kept:
            key = _text(cells["k"][row]) if "k" in cells else None
            homes.setdefault(shard_of(key, shards) if key and shards > 1 else 0, []).append(row)
    found = []
    for shard, rows in sorted(homes.items()):
        texts = {name: coded([_text(column[row]) for row in rows]) for name, column in cells.items()}
        payload = pack({"t": coded([None] * len(rows)), "k": coded([None] * len(rows))} | texts, len(rows))
        if len(payload) > MAX_PAYLOAD:
            raise too_large(MAX_PAYLOAD)
        found.append(Packed(shard, payload, len(rows)))
    return found


def too_large(most: int) -> Problem:
    return Problem(
        413, "too_large", f"正文至多 {most} 字节，请分批。", f"A body has at most {most} bytes; send it in parts.",
        field="body", rule="size",
    )  # fmt: skip


# ---- parts ----


def _line(line: str) -> Any:
    try:
        return object_of(line)
    except ValueError:
        return None  # no row: told as a fault of its form


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> Any:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Doubled()


def _cell(value: Any, *, point: bool) -> Cell | bool:
    """The text of a cell; None for null, False for what is no cell."""
    if value is None:
        return None
    if value is True or value is False:
        return b"true" if value else b"false"
    if point and isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
        value = " ".join(value)
    # what is no text at all (half a surrogate pair) stays so, and the contract says it
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else False


def _text(cell: Cell) -> str | None:
    return None if cell is None else cell.decode("utf-8", "replace")


def _fault(row: int, name: str, rule: RowRule) -> RowFault:
    return RowFault(row, name[:64], rule, *RULES[rule])


def _faults(said: Admission, batch: Batch, source: Source) -> list[RowFault]:
    named = {"t": source.time or "t", "k": source.entity}
    return [_fault(batch.places[one.row], named.get(one.field, one.field), one.rule) for one in said.letters]


def _bad(rule: str, zh: str, en: str) -> Problem:
    return Problem(400, "bad_body", f"正文：{zh}。", f"The body: {en}.", field="body", rule=rule)


def _too_many(rows: int) -> Problem:
    return Problem(
        413, "too_many_rows", f"一批至多 {MOST_ROWS} 行，收到 {rows} 行。",
        f"A batch has at most {MOST_ROWS} rows; there are {rows}.", field="body", rule="rows",
    )  # fmt: skip


FORMS: Final = (JSON, NDJSON)
