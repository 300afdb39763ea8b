"""Definition files: sources, calendars and indicators in TOML, several files of each if wanted, as one bundle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ioc import toml_file
from metrics.declaration import DefinitionErrors, Faults, Table
from metrics.definition import ADDITIVE, Bundle, load_tables
from metrics.outline import Outlines
from metrics.region import LEVELS

_SOURCES, _INDICATORS = "<sources>:", "<indicators>:"  # where faults stand until it is known in which file


@dataclass(slots=True)
class Declared:
    """What the files say, before it is checked; `homes`: the file of each source, calendar and indicator, behind the
    place that stands for their kind of file; `first`: the first file of each kind."""

    first: Mapping[str, str]
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: {"source": {}, "calendar": {}})
    indicators: list[Any] = field(default_factory=list)
    additive: list[str] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    unreadable: list[str] = field(default_factory=list)


def load(
    sources: Sequence[Path],
    indicators: Sequence[Path],
    regions: Sequence[Mapping[str, Any]],
    outlines: Sequence[tuple[str, Any]],
) -> Bundle:
    """The checked bundle; an indicator that names no levels has all of them. Raises DefinitionErrors, whose lines name
    the files as they are given here."""
    declared = Declared({_SOURCES: str(sources[0]), _INDICATORS: str(indicators[0])})
    for path in sources:
        _sources(str(path), _document(path, declared), declared)
    for path in indicators:
        _indicators(str(path), _document(path, declared), declared)
    lines = [*declared.unreadable, *_lines(declared.faults)]
    try:
        bundle = load_tables(
            declared.tables["source"], declared.indicators, regions, {}, declared.tables["calendar"],
            declared.additive or ADDITIVE, (_SOURCES[:-1], _INDICATORS[:-1]),
        )  # fmt: skip
    except DefinitionErrors as error:
        lines += [_at_home(line, declared) for line in error.both]
    if lines:
        raise DefinitionErrors(lines)
    told = {(row["id"], row.get("version", 1)) for row in declared.indicators if "levels" in row}
    found = [
        one if (one.id, one.version) in told else replace(one, levels=LEVELS) for one in bundle.indicators
    ]  # section 2 of the language; what is published live is another matter
    return replace(bundle, indicators=tuple(found), outlines=Outlines(outlines, bundle.regions))


def _document(path: Path, declared: Declared) -> Mapping[str, Any]:
    try:
        return toml_file.load(path, str(path))
    except toml_file.NotToml as error:
        declared.unreadable.append(str(error))
        return {}


def _sources(file: str, document: Mapping[str, Any], out: Declared) -> None:
    top = Table(out.faults, file, "", document, ("source", "calendar", "regions"))
    for kind, into in out.tables.items():
        tables = document.get(kind, {})
        if not isinstance(tables, Mapping):
            top.fault(kind, "type", "a table of tables is needed")
            continue
        for name, table in tables.items():
            if name in into:
                top.fault(name, "duplicate", f"'{name}' stands in two files")
            into[name] = table
            out.homes.setdefault(f"{_SOURCES}{name}", file)
    regions = top.table("regions", ("additive",))
    out.additive += regions.texts("additive") if regions else ()


def _indicators(file: str, document: Mapping[str, Any], out: Declared) -> None:
    top = Table(out.faults, file, "", document, ("indicator",))
    rows = document.get("indicator", [])
    if not isinstance(rows, list):
        top.fault("indicator", "type", "an array of tables is needed")
        return
    for row in rows:
        out.indicators.append(row)
        if isinstance(row, Mapping):
            out.homes.setdefault(f"{_INDICATORS}{row.get('id', '?')}", file)


def _lines(faults: Faults) -> Sequence[str]:
    try:
        faults.raise_if_any()
    except DefinitionErrors as error:
        return error.both
    return ()


def _at_home(line: str, declared: Declared) -> str:
    """The line with the file in which its subject stands."""
    for place in (_SOURCES, _INDICATORS):
        if line.startswith(place):
            subject = line.removeprefix(place)
            parts = re.split("[.:]", subject)
            name = parts[1] if parts[0] == "calendar" and place == _SOURCES else parts[0]
            return f"{declared.homes.get(f'{place}{name}', declared.first[place])}:{subject}"
    return line
