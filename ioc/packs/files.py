"""Pack files: TOML from the packs directory into checked tables; what is wrong is told with file and key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from ioc.packs.schema import Closed
from ioc.toml_file import NotToml, load

PACKS = Path(__file__).parent
IDENTIFIED = frozenset({"source", "recording"})  # tables of tables: the id is the second part of the key
Model = TypeVar("Model", bound=Closed)


class PackErrors(ValueError):
    """The packs are wrong. `lines` holds one sentence each: `FILE:ID.KEY:COLUMN: RULE: message`, or of a
    file that is no TOML `FILE:LINE:COLUMN: syntax: message`."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Model]):
    """One file: its name below the packs directory, its checked model and its tables as written."""

    name: str
    model: Model
    raw: Mapping[str, Any]


def line(file: str, key: str, rule: str, message: str) -> str:
    """One error in the form of the indicator language; column 0: no expression is concerned."""
    return f"{file}:{key}:0: {rule}: {message}"


def read(path: Path, model: type[Model], root: Path = PACKS) -> Loaded[Model]:
    """Read and check one file. Raises PackErrors with every fault of the file."""
    name = path.relative_to(root).as_posix()
    try:
        raw = load(path, name)
    except NotToml as error:
        raise PackErrors([str(error)]) from error
    try:
        return Loaded(name, model.model_validate(raw), raw)
    except ValidationError as error:
        lines = [sentence(name, model, raw, fault) for fault in cast(list[dict[str, Any]], error.errors())]
        raise PackErrors(sorted(set(lines))) from error


def sentence(file: str, model: type[BaseModel], raw: Any, fault: Mapping[str, Any]) -> str:
    where = _key(raw, fault["loc"])
    kind, message = str(fault["type"]), str(fault["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        unknown = str(fault["loc"][-1])
        near = difflib.get_close_matches(unknown, sorted(_names(model, fault["loc"][:-1])), n=1)
        return line(file, where, "unknown-key", f"'{unknown}' is not known" + (f"; '{near[0]}'?" if near else ""))
    if kind == "missing":
        return line(file, where, "missing-key", "this key is required")
    return line(file, where, "type", message)


def _key(raw: Any, location: Sequence[str | int]) -> str:
    """The dotted path of a fault; a row of an array is named by its `id` where it has one, else by its number."""
    parts: list[str] = []
    for depth, step in enumerate(location):
        if isinstance(step, int):
            raw = raw[step] if isinstance(raw, list) and step < len(raw) else None
            named = raw.get("id") if isinstance(raw, dict) else None
            if isinstance(named, str):
                parts = [named]
            else:
                parts.append(str(step + 1))
        elif isinstance(raw, dict) and step not in raw and step[:1].isupper() and step.endswith("Table"):
            continue  # pydantic names the member of a union that it tried
        else:
            raw = raw.get(step) if isinstance(raw, dict) else None
            if depth or step not in IDENTIFIED or len(location) == 1:
                parts.append(step)
    return ".".join(parts)


def _names(model: type[BaseModel], location: Sequence[str | int]) -> set[str]:
    """The keys that are known at a location: the candidates for "did you mean"."""
    models = [model]
    for step in location:
        fields = [one.model_fields[step] for one in models if isinstance(step, str) and step in one.model_fields]
        inner = [found for spec in fields for found in _models(spec.annotation)]
        models = inner or models  # the name of a table or the number of a row leads into no other model
    return {spec.alias or key for one in models for key, spec in one.model_fields.items()}


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models(argument)]
