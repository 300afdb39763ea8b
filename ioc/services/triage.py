"""The triage model in use: a file in the data directory that a person put there, on the record; none is shipped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ioc.domain.triage import Triage
from ioc.offline import triage_file
from ioc.services.audit import record
from ioc.store.unit import Store

IN_USE = "triage.npz"


def use(store: Store, data: Path, file: Path, *, now_ms: int) -> tuple[str, Mapping[str, Any]]:
    """Put a model into use: its version, how it was made. Raises NoTriageFile, OSError: the one before stays then."""
    model, name = triage_file.read(file)
    with store.write() as unit:
        record(unit, "triage.use", name, now_ms, {"classes": model.classes, **model.about})
        unit.flush()
        triage_file.write(data / IN_USE, model)
    return name, model.about


def in_use(data: Path) -> Triage | None:
    """The model that answers now; None: there is none, rules and a person decide. Raises NoTriageFile."""
    try:
        changed = (data / IN_USE).stat()
    except FileNotFoundError:
        return None
    return _read(data / IN_USE, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=1)
def _read(file: Path, changed_ns: int, size: int) -> Triage:  # noqa: ARG001 - another file is another model
    return Triage(triage_file.read(file)[0])
