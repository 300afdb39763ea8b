"""Cross-checks of what a wall says for values: names of groups, registers of entities, numbers in words."""

from __future__ import annotations

from collections.abc import Iterator

from ioc.packs.content import Content
from ioc.packs.files import line

NAME = "zh"  # the field of a register that holds the name of an entity; `en` beside it where there is one


def check_wording(content: Content) -> Iterator[str]:
    """One line per fault."""
    sources = {name: one for pack in content.packs if pack.sources for name, one in pack.sources.model.source.items()}
    tables = {one.id: one for pack in content.packs if pack.indicators for one in pack.indicators.model.indicator}
    registries = content.registry_rows()
    for pack in content.packs:
        if pack.wall is None:
            continue
        file, wall = pack.wall.name, pack.wall.model
        split = {dimension for one in tables.values() if one.scene == pack.scene for dimension in one.dimensions}
        for key, named in (("names", wall.names), ("registers", wall.registers)):
            for dimension in named:
                if dimension not in split:
                    yield line(file, f"{key}.{dimension}", "unknown-name", "no indicator of the scene is split by it")
        for dimension, register in wall.registers.items():
            source = sources.get(register)
            if register in registries:
                continue
            if source is None:
                yield line(file, f"registers.{dimension}", "unknown-name", f"there is no source '{register}'")
            elif source.kind != "records" or NAME not in source.fields:
                yield line(
                    file, f"registers.{dimension}", "type", f"'{register}' is no register: records with a '{NAME}'"
                )
        for name in wall.values:
            if name not in tables:
                yield line(file, f"values.{name}", "unknown-name", f"there is no indicator '{name}'")
