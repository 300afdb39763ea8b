"""The tables of regions as CSV files: what the district is given to fill in, and what it sends back.

`write` lists every region, empty where nothing is known; `read` takes such a table, also as pasted from a spreadsheet,
with tabs: what it names is changed, an empty cell takes away, a region that is not in it stays as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ioc.geo.region import Regions
from ioc.queries.regions import NUMBERS, YEAR_AND_SOURCE, Book, Fact, Key
from ioc.services.refusals import BadEntry
from ioc.services.region_book import number_body

COMMUNITY_COLUMNS = ("committee", "committee_name", "subdistrict", "community_code", "community", "community_en")
NUMBER_COLUMNS = (
    "region", "name", "level", "population", "population_year", "population_source", "area_km2", "area_year",
    "area_source",
)  # fmt: skip
NEEDED: Mapping[Book, tuple[str, ...]] = {"communities": ("committee", "community"), "numbers": ("region",)}
LARGEST_BYTES = 4 * 1024 * 1024
FORMULA = frozenset("=+-@\t")
Body = dict[str, Any] | None


def write(book: Book, regions: Regions, found: Mapping[Key, Fact]) -> str:
    """The table as CSV with a byte order mark, so that spreadsheets read the Chinese."""
    out = io.StringIO()
    columns = COMMUNITY_COLUMNS if book == "communities" else NUMBER_COLUMNS
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in (_community_rows if book == "communities" else _number_rows)(regions, found):
        writer.writerow([_plain(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def read(book: Book, raw: bytes) -> dict[Key, Body]:
    """What a file says, not yet checked against the rules of the book. Raises BadEntry with line and column."""
    if len(raw) > LARGEST_BYTES:
        raise BadEntry(["文件过大 the file is larger than 4 MiB"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadEntry(["须为 UTF-8 编码的 CSV the file is not UTF-8: save it as CSV UTF-8"]) from None
    separator = "\t" if "\t" in text.partition("\n")[0] else ","  # as pasted from a spreadsheet, or as a file
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        missing = [name for name in NEEDED[book] if name not in names]
        known = {*COMMUNITY_COLUMNS} if book == "communities" else {*NUMBER_COLUMNS}
        faults = [f"缺列 the column is missing: {name}" for name in missing]
        faults += [f"未知列 unknown column: {name}" for name in names if name not in known]
        if faults:
            raise BadEntry(faults)
        return _read_rows(reader, names, _community if book == "communities" else _numbers, NEEDED[book][0])
    except csv.Error as error:
        raise BadEntry([f"第 {reader.line_num} 行 line {reader.line_num}: {error}"]) from None


def _read_rows(
    reader: csv.DictReader[str], names: list[str], of_row: Callable[..., Iterator[tuple[Key, Body]]], code: str
) -> dict[Key, Body]:
    found: dict[Key, Body] = {}
    faults = []
    for row in reader:
        cells = {name: _meant((row.get(name) or "").strip()) for name in names}
        if None in row or any(row[name] is None for name in names):
            faults.append(f"第 {reader.line_num} 行列数不符 line {reader.line_num}: wrong number of cells")
            continue
        for key, body in of_row(cells):
            if key in found:
                faults.append(f"第 {reader.line_num} 行 {cells[code]} 重复 line {reader.line_num}: it stands twice")
            found[key] = body
    if faults:
        raise BadEntry(faults)
    return found


def _community(cells: Mapping[str, str]) -> Iterator[tuple[Key, Body]]:
    said = {"code": cells.get("community_code", ""), "zh": cells["community"], "en": cells.get("community_en", "")}
    yield (cells["committee"], "community"), said if any(said.values()) else None


def _numbers(cells: Mapping[str, str]) -> Iterator[tuple[Key, Body]]:
    for name in NUMBERS:
        if name in cells:
            year, source = YEAR_AND_SOURCE[name]
            yield (cells["region"], name), number_body(cells[name], cells.get(year, ""), cells.get(source, ""))


def _community_rows(regions: Regions, found: Mapping[Key, Fact]) -> Iterator[list[Any]]:
    for region in regions.at("committee"):
        fact = found.get((region.code, "community"))
        said = (fact.body if fact else None) or {}
        above = regions[region.parent].zh
        yield [region.code, region.zh, above, said.get("code", ""), said.get("zh", ""), said.get("en", "")]


def _number_rows(regions: Regions, found: Mapping[Key, Fact]) -> Iterator[list[Any]]:
    for region in regions:
        row: list[Any] = [region.code, region.zh, region.level]
        for name in NUMBERS:
            fact = found.get((region.code, name))
            said = (fact.body if fact else None) or {}
            row += [said.get(key, "") for key in ("value", "year", "source")]
        yield row


def _plain(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in FORMULA else cell


def _meant(cell: str) -> str:
    """The text without the apostrophe that `_plain` gave it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell
