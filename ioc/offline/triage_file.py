"""Triage files: a model as a zip of plain arrays and one JSON text. Nothing in it can run."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ioc.domain.triage import Model

VERSION = 1
MOST_BYTES = 64 * 2**20
PARTS = ("idf", "weights", "bias")


class NoTriageFile(ValueError):
    """This is no model that can be used; the message names the file and the rule."""


def write(path: Path, model: Model) -> str:
    """Write a model and return its version: the beginning of the digest of the file."""
    said = {
        "v": VERSION, "classes": model.classes, "terms": model.terms, "temperature": model.temperature,
        "threshold": model.threshold, "about": dict(model.about),
    }  # fmt: skip
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
    arrays: dict[str, Any] = {name: getattr(model, name).astype(np.float32) for name in PARTS}
    held = io.BytesIO()
    np.savez_compressed(held, model=np.frombuffer(text, dtype=np.uint8), **arrays)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(held.getvalue())
    draft.replace(path)
    return version(held.getvalue())


def read(path: Path) -> tuple[Model, str]:
    """A model and its version. Raises NoTriageFile, OSError."""
    data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    if not data:
        raise NoTriageFile(f"{path}: 空文件或大于 64 MB it is empty or has more than 64 MB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(each.file_size for each in parts.infolist()) > MOST_BYTES:
                raise NoTriageFile(f"{path}: 展开后大于 64 MB it has more than 64 MB when it is unpacked")
        with np.load(io.BytesIO(data), allow_pickle=False) as table:
            said = json.loads(table["model"].tobytes())
            if said["v"] != VERSION:
                raise NoTriageFile(f"{path}: 版本 version {said['v']!r}; {VERSION} is read here")
            arrays = {name: table[name].astype(float) for name in PARTS}
        model = Model(
            tuple(map(str, said["classes"])), tuple(map(str, said["terms"])), temperature=float(said["temperature"]),
            threshold=float(said["threshold"]), about=dict(said["about"]), **arrays,
        )  # fmt: skip
    except NoTriageFile:
        raise
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise NoTriageFile(f"{path}: 不是分拨模型 it is no model for triage: {error}") from None
    return model, version(data)


def version(data: bytes) -> str:
    """What names this very file."""
    return hashlib.sha256(data).hexdigest()[:12]
