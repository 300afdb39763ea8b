"""Scenes: what the packs divide the centre into, and which of them watches the centre itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ioc.packs.files import PACKS, read
from ioc.packs.schema import PackFile


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene with its names; `platform`: it watches the centre itself, not the district."""

    id: str
    zh: str
    en: str
    platform: bool


@cache
def scenes(root: Path = PACKS) -> tuple[Scene, ...]:
    """The scenes of the packs below `root`, in their order. Raises PackErrors."""
    found = [read(path, PackFile, root).model.scene for path in sorted(root.glob("*/pack.toml"))]
    return tuple(
        Scene(scene.id, scene.zh, scene.en, scene.platform)
        for scene in sorted(found, key=lambda scene: (scene.order, scene.id))
    )
