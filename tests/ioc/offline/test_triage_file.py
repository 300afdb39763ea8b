"""A model in a file: the same after reading; whatever else is in a file is refused by name and never run."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ioc.domain.triage import Model, Triage
from ioc.offline import triage_file
from ioc.offline.triage_file import NoTriageFile

MODEL = Model(
    ("交通", "教育"), ("公交", "学校"), np.array([1.5, 2.0]), np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2),
    temperature=0.5, threshold=0.8, about={"macro_f1": 0.85},
)  # fmt: skip


def test_what_is_read_is_what_was_written_and_has_the_same_version(tmp_path: Path) -> None:
    name = triage_file.write(tmp_path / "a.npz", MODEL)
    model, read = triage_file.read(tmp_path / "a.npz")
    assert read == name
    assert (model.classes, model.terms, model.about) == (MODEL.classes, MODEL.terms, MODEL.about)
    assert dict(Triage(model).verdict("学校").ranked) == pytest.approx(dict(Triage(MODEL).verdict("学校").ranked))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


class Trap:
    """Would leave a file behind if it were read as Python's own form."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("trapped"),)


def archive(**parts: Any) -> bytes:
    held = io.BytesIO()
    np.savez(held, **parts)
    return held.getvalue()


def said(**more: Any) -> Any:
    fine = {
        "v": 1,
        "classes": ["交通", "教育"],
        "terms": ["公交", "学校"],
        "temperature": 1,
        "threshold": 0.5,
        "about": {},
    }
    return np.frombuffer(json.dumps(fine | more).encode(), dtype=np.uint8)


ARRAYS = {"idf": np.ones(2), "weights": np.ones((2, 2)), "bias": np.zeros(2)}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "空文件"),
        (b"no zip at all", "不是分拨模型"),
        (pickle.dumps(Trap()), "不是分拨模型"),
        (archive(**ARRAYS), "不是分拨模型"),
        (archive(model=said(v=2), **ARRAYS), "version 2"),
        (archive(model=said(terms=["公交"]), **ARRAYS), "1 terms"),
        (archive(model=said(temperature=0), **ARRAYS), "temperature"),
        (archive(model=np.array([Trap()], dtype=object), **ARRAYS), "不是分拨模型"),
    ],
)
def test_what_is_no_model_is_refused_by_its_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, rule: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(NoTriageFile, match=rule):
        triage_file.read(tmp_path / "a.npz")
    assert not (tmp_path / "trapped").exists()
