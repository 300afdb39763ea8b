"""Region files: the region table and its outlines, and the values entered by hand for regions."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from ioc.geo import geojson
from ioc.geo.finding import Survey
from ioc.offline.source_file import Rejected
from ioc.offline.table_file import UnreadableFile
from metrics.entered import ALWAYS, Entered, Entry
from metrics.numeral import FINE
from metrics.region import LEVELS, Region, RegionError, Regions
from metrics.timestamp import parse_times

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_REGION_COLUMNS = ("code", "parent", "name", "level")
_ENTERED_COLUMNS = ("name", "region", "valid_from", "value")


def read_regions(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows `code, parent, level, zh` and numeric attributes (None: empty), and the columns that are no numbers.

    Raises UnreadableFile.
    """
    rows = _rows(path, ("code", "level"))
    attributes: dict[str, list[float | None]] = {}
    ignored = []
    for name in rows[0] if rows else ():
        if name not in _REGION_COLUMNS:
            numbers = [_number(row[name]) if row[name] else None for row in rows]
            if any(row[name] and number is None for row, number in zip(rows, numbers, strict=True)):
                ignored.append(name)
            else:
                attributes[name] = numbers
    found: list[dict[str, Any]] = []
    for at, row in enumerate(rows):
        if row["level"] not in LEVELS:
            raise UnreadableFile(f"{path}: row {at + 1}: level {row['level']!r} is none of {', '.join(LEVELS)}")
        table: dict[str, Any] = {"code": row["code"], "parent": row.get("parent", ""), "level": row["level"]}
        table["zh"] = row.get("name", "")
        found.append(table | {name: numbers[at] for name, numbers in attributes.items()})
    try:
        Regions(Region(row["code"], row["parent"], row["level"]) for row in found)
    except RegionError as error:
        raise UnreadableFile(f"{path}: {error.code}: {error}") from error
    return found, ignored


def read_outlines(path: Path) -> list[tuple[str, BaseGeometry]]:
    """Polygons with their region code, degrees WGS-84. Raises UnreadableFile."""
    survey = Survey()
    try:
        pieces = geojson.read(path.read_bytes(), geojson.POLYGONAL, "wgs84", survey)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error}") from error
    errors = [finding for finding in survey.findings if finding.weight == "error"]
    if errors:
        raise UnreadableFile(f"{path}: {errors[0].where} {errors[0].zh} {errors[0].en}")
    for piece in pieces:
        if not geojson.text(piece.told, "code"):
            raise UnreadableFile(f"{path}: {piece.where}: the property 'code' is missing")
    return [(geojson.text(piece.told, "code"), piece.geometry) for piece in pieces]


def read_entered(path: Path) -> tuple[Entered, int, list[Rejected]]:
    """Values entered by hand, how many rows there are, and those that are no value. Raises UnreadableFile."""
    entries, rejected, at = [], [], -1
    for at, row in enumerate(_rows(path, ("name", "value"))):
        since, state = parse_times([row.get("valid_from", "").encode() or b"0"])
        value = _number(row["value"]) if row["value"] else None
        if not row["name"]:
            rejected.append(Rejected("entered", at + 1, "name", "missing", ""))
        elif state[0] != FINE:
            rejected.append(Rejected("entered", at + 1, "valid_from", "type", row["valid_from"]))
        elif row["value"] and value is None:
            rejected.append(Rejected("entered", at + 1, "value", "type", row["value"]))
        else:
            instant = int(since[0]) if row.get("valid_from") else ALWAYS
            entries.append(Entry(row["name"], row.get("region", ""), instant, value))
    return Entered(entries), at + 1, rejected


def ignored_of_entered(path: Path) -> list[str]:
    """Columns of a file of entered values that mean nothing."""
    return [name for name in _header(path) if name not in _ENTERED_COLUMNS]


def _header(path: Path) -> Sequence[str]:
    rows = _rows(path, ())
    return list(rows[0]) if rows else ()


def _rows(path: Path, needed: Iterable[str]) -> list[Mapping[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, restkey="", restval="", strict=True)
            header = reader.fieldnames or ()
            for name in needed:
                if name not in header:
                    raise UnreadableFile(f"{path}: the column {name!r} is missing")
            return [{name: row[name] for name in header} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path}: {error}") from error


def _number(text: str) -> float | None:
    found = float(text) if _NUMBER.fullmatch(text) else None
    return found if found is not None and isfinite(found) else None
