"""The memory of a model: named plain arrays with a version, so that it can be part of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


class UnknownMemoryVersion(ValueError):
    """The memory was saved by another version of the model; `model`, `found` and `known` say which."""

    def __init__(self, model: str, found: int | None, known: int) -> None:
        super().__init__(f"the memory of {model} has version {found}; this program knows {known}")
        self.model, self.found, self.known = model, found, known


class DamagedMemory(ValueError):
    """An array is absent, or is not of the shape and type that the model has; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the memory is damaged at {name!r}")
        self.name = name


def saved(model: str, version: int, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """A copy of the arrays under `MODEL/NAME`, and the version under `MODEL/version`."""
    out: dict[str, NDArray[Any]] = {f"{model}/version": np.array(version, np.int64)}
    out |= {f"{model}/{name}": array.copy() for name, array in arrays.items()}
    return out


def restore(model: str, version: int, arrays: Arrays, memory: Arrays) -> None:
    """Fill the arrays of a model in place from what `saved` gave.

    Nothing is changed before everything was checked. Raises UnknownMemoryVersion, DamagedMemory.
    """
    stamp = memory.get(f"{model}/version")
    found = None if stamp is None else int(stamp)
    if found != version:
        raise UnknownMemoryVersion(model, found, version)
    for name, array in arrays.items():
        held = memory.get(f"{model}/{name}")
        if held is None or held.shape != array.shape or held.dtype != array.dtype:
            raise DamagedMemory(f"{model}/{name}")
    for name, array in arrays.items():
        array[...] = memory[f"{model}/{name}"]
