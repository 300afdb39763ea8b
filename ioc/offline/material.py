"""Material: everything an evaluation reads, from files: definitions, rows, regions and entered values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ioc.offline import definition_files, region_file, source_file
from ioc.offline.account import Account, accounts
from ioc.offline.question import Grouping, Misuse
from ioc.offline.source_file import Rejected
from metrics.declaration import DefinitionErrors
from metrics.definition import Bundle
from metrics.entered import NOTHING, Entered
from metrics.formula_types import did_you_mean
from metrics.observation import Batch

REGIONS, OUTLINES, ENTERED = "regions", "outlines", "entered"


@dataclass(slots=True)
class Material:
    """What was read, and what has to be said of it."""

    bundle: Bundle
    indicators_file: str
    rows: dict[str, list[Batch]] = field(default_factory=dict)
    entered: Entered = NOTHING
    entries: int | None = None  # rows of the file of entered values, if there is one
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def sentences(self) -> Iterator[str]:
        """What became of the rows of each file: how many were read, and each count of those that do not count."""
        for name, account in accounts(self.bundle, self.rows, self.rejected).items():
            yield from account.sentences(name)
        if self.entries is not None:
            rules = Counter(one.rule for one in self.rejected if one.source == ENTERED)
            yield from Account(self.entries, rules).sentences(ENTERED)


def files_by_name(data: Sequence[str]) -> dict[str, Path]:
    """`NAME=FILE` of the command line. Raises Misuse."""
    found: dict[str, Path] = {}
    for one in data:
        name, sign, file = one.partition("=")
        if not name or not sign or not file:
            raise Misuse(f"--data {one}: NAME=FILE is needed")
        if name in found:
            raise Misuse(f"--data {name}: stands twice")
        found[name] = Path(file)
    return found


def read(sources: Sequence[Path], indicators: Sequence[Path], files: Mapping[str, Path]) -> Material:
    """Definitions and data. Raises Misuse, DefinitionErrors, UnreadableFile."""
    warnings: list[str] = []
    regions: list[dict[str, Any]] = []
    outlines: list[tuple[str, Any]] = []
    if REGIONS in files:
        regions, ignored = region_file.read_regions(files[REGIONS])
        warnings += _ignored(files[REGIONS], ignored)
    if OUTLINES in files:
        outlines = region_file.read_outlines(files[OUTLINES])
    bundle = definition_files.load(sources, indicators, regions, outlines)
    out = Material(bundle, str(indicators[0]), warnings=[*warnings, *bundle.warnings])
    if ENTERED in files:
        out.entered, out.entries, rejected = region_file.read_entered(files[ENTERED])
        out.rejected += rejected
        out.warnings += _ignored(files[ENTERED], region_file.ignored_of_entered(files[ENTERED]))
    for name, path in files.items():
        if name in (REGIONS, OUTLINES, ENTERED):
            continue
        source = bundle.sources.get(name)
        if source is None or source.union_of or source.indicator_of:
            raise Misuse(f"--data {name}: no source has rows under this name{did_you_mean(name, bundle.sources)[0]}")
        admitted = source_file.read(source, path)
        out.rows[name] = admitted.batches
        out.rejected += admitted.rejected
        out.warnings += _ignored(path, admitted.ignored)
    return out


def chosen(material: Material, only: str, grouping: Grouping) -> tuple[str, ...]:
    """The ids to answer. Raises Misuse for an unknown one, DefinitionErrors for a dimension that one of them lacks."""
    known = tuple(dict.fromkeys(indicator.id for indicator in material.bundle.indicators))
    ids = tuple(dict.fromkeys(only.split(","))) if only else known
    for name in ids:
        if name not in known:
            raise Misuse(f"--only {name}: no such indicator{did_you_mean(name, known)[0]}")
    lines = [
        f"{material.indicators_file}:{indicator.id}.dimensions:0: unknown-name: "
        f"'{dimension}' is not a dimension of {indicator.id}{did_you_mean(dimension, indicator.dimensions)[0]}"
        for indicator in material.bundle.indicators
        if indicator.id in ids
        for dimension in grouping.dimensions
        if dimension not in indicator.dimensions
    ]
    if lines:
        raise DefinitionErrors(dict.fromkeys(lines))
    return ids


def _ignored(path: Path, columns: Sequence[str]) -> list[str]:
    return [f"{path}: 忽略列 ignored columns: {', '.join(columns)}"] if columns else []
