"""The content of the packs directory: one folder per scene, plus what all scenes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ioc.packs.alarm_desk import AlarmDeskFile
from ioc.packs.dispatch import DispatchFile
from ioc.packs.escalation import EscalationFile
from ioc.packs.files import PACKS, Loaded, PackErrors, line, read
from ioc.packs.grading import GradingFile
from ioc.packs.life_cycles import LifeCyclesFile
from ioc.packs.overview_schema import OverviewFile
from ioc.packs.plan_schema import PlanFile
from ioc.packs.responses import ResponsesFile
from ioc.packs.schema import (
    IndicatorsFile,
    LinksFile,
    PackFile,
    RecordingsFile,
    RegionsFile,
    RegistryFile,
    SourcesFile,
    TasksFile,
    WallFile,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pack:
    """One scene's folder; a file that is absent is None. `registries` are all files `registry*.toml`."""

    pack: Loaded[PackFile]
    sources: Loaded[SourcesFile] | None = None
    indicators: Loaded[IndicatorsFile] | None = None
    wall: Loaded[WallFile] | None = None
    recordings: Loaded[RecordingsFile] | None = None
    links: Loaded[LinksFile] | None = None
    registries: tuple[Loaded[RegistryFile], ...] = ()

    @property
    def scene(self) -> str:
        return self.pack.model.scene.id


@dataclass(frozen=True, slots=True)
class Content:
    """Everything the packs say, in the order of the scenes."""

    packs: tuple[Pack, ...]
    tasks: Loaded[TasksFile] | None = None
    regions: Loaded[RegionsFile] | None = None
    overview: Loaded[OverviewFile] | None = None
    life_cycles: Loaded[LifeCyclesFile] | None = None
    alarm_desk: Loaded[AlarmDeskFile] | None = None
    grading: Loaded[GradingFile] | None = None
    escalation: Loaded[EscalationFile] | None = None
    responses: Loaded[ResponsesFile] | None = None
    plans: tuple[Loaded[PlanFile], ...] = ()
    dispatch: Loaded[DispatchFile] | None = None

    def registry_rows(self) -> dict[str, list[Row]]:
        """Registry name -> its rows, from all files."""
        rows: dict[str, list[Row]] = {}
        for pack in self.packs:
            for registry in pack.registries:
                for name, listed in registry.model.registry.items():
                    rows.setdefault(name, []).extend(listed)
        return rows

    def region_rows(self) -> list[Row]:
        """The region tree, the parent of the root empty."""
        rows = [] if self.regions is None else self.regions.raw.get("region", [])
        return [{"parent": "", **row} for row in rows]


@dataclass(slots=True)
class _Reader:
    """Reads files one by one and gathers what is wrong with each, so that one look shows all faults."""

    root: Path
    faults: list[str] = field(default_factory=list)

    def read(self, path: Path, model: Any) -> Any:
        if not path.is_file():
            return None
        try:
            return read(path, model, self.root)
        except PackErrors as error:
            self.faults.extend(error.lines)
            return None


def load(root: Path = PACKS) -> Content:
    """Read every file below `root`. Raises PackErrors with the faults of all of them."""
    reader = _Reader(root)
    packs = [
        pack for path in sorted(root.iterdir()) if (path / "pack.toml").is_file() and (pack := _pack(reader, path))
    ]
    content = Content(
        tuple(sorted(packs, key=lambda pack: (pack.pack.model.scene.order, pack.scene))),
        reader.read(root / "tasks.toml", TasksFile),
        reader.read(root / "regions" / "regions.toml", RegionsFile),
        reader.read(root / "overview.toml", OverviewFile),
        reader.read(root / "life_cycles.toml", LifeCyclesFile),
        reader.read(root / "alarm_desk.toml", AlarmDeskFile),
        reader.read(root / "grading.toml", GradingFile),
        reader.read(root / "escalation.toml", EscalationFile),
        reader.read(root / "responses.toml", ResponsesFile),
        tuple(
            file
            for path in sorted((root / "plans").glob("*.toml"))
            if (file := reader.read(path, PlanFile)) is not None
        ),
        reader.read(root / "dispatch.toml", DispatchFile),
    )
    if reader.faults:
        raise PackErrors(reader.faults)
    return content


FILES: Mapping[str, type] = {
    "sources": SourcesFile,
    "indicators": IndicatorsFile,
    "wall": WallFile,
    "recordings": RecordingsFile,
    "links": LinksFile,
}


def _pack(reader: _Reader, folder: Path) -> Pack | None:
    pack = reader.read(folder / "pack.toml", PackFile)
    parts = {name: reader.read(folder / f"{name}.toml", model) for name, model in FILES.items()}
    registries = tuple(
        registry
        for path in sorted(folder.glob("registry*.toml"))
        if (registry := reader.read(path, RegistryFile)) is not None
    )
    known = {f"{name}.toml" for name in (*FILES, "pack")}
    for path in sorted(folder.glob("*.toml")):
        if path.name not in known and not path.name.startswith("registry"):
            name = path.relative_to(reader.root).as_posix()
            reader.faults.append(line(name, "", "unknown-key", "a pack has no file of this name"))
    return None if pack is None else Pack(pack, **parts, registries=registries)
