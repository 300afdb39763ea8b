"""`ioc triage`: learn, ask, use; what is wrong with a file is said with its column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.triage import app
from ioc.services import triage as service
from ioc.settings import Settings

pytestmark = pytest.mark.service
RUN = CliRunner()


def sorted_messages(path: Path, header: str = "标题,正文,类别") -> Path:
    rows = [header]
    for number in range(8):
        rows.append(f"公交车第{number}路又迟到,等公交车等了很久,交通")
        rows.append(f"学校第{number}次收费,学校乱收费老师补课,教育")
    path.write_text("\n".join([*rows, "没有人分过类,正文,", ",,交通"]) + "\n", encoding="utf-8")
    return path


def test_a_model_is_learnt_asked_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "var"))
    model = tmp_path / "model.npz"
    learnt = RUN.invoke(app, ["train", str(sorted_messages(tmp_path / "m.csv")), "--out", str(model), "--json"])
    assert learnt.exit_code == 0, learnt.output
    report = json.loads(learnt.stdout)
    assert (report["messages"], report["macro_f1"]) == (16, 1.0)
    assert "1 行 rows: 没有类别" in learnt.stderr
    assert "1 行 rows: 空" in learnt.stderr

    assert RUN.invoke(app, ["ask", "公交车"]).exit_code == 4  # none ships: rules and a person decide
    assert service.in_use(Settings().data_path) is None
    asked = RUN.invoke(app, ["ask", "公交车第1路又迟到", "--text", "等公交车等了很久", "--model", str(model), "--json"])
    assert asked.exit_code == 0
    verdict = json.loads(asked.stdout)
    assert verdict["ranked"][0][0] == "交通"
    assert any("公交" in each["words"] for each in verdict["reasons"])
    assert RUN.invoke(app, ["ask", "xyz", "--model", str(model)]).exit_code == 3

    used = RUN.invoke(app, ["use", str(model)])
    assert used.exit_code == 0, used.output
    assert report["version"] in used.stdout
    found = service.in_use(Settings().data_path)
    assert found is not None
    assert found.verdict("学校补课").best == "教育"
    (tmp_path / "other.npz").write_bytes(b"no model")
    assert RUN.invoke(app, ["use", str(tmp_path / "other.npz")]).exit_code == 4
    assert service.in_use(Settings().data_path) is found


def test_a_file_without_the_column_says_which_there_are(tmp_path: Path) -> None:
    refused = RUN.invoke(app, ["train", str(sorted_messages(tmp_path / "m.csv", "标题,正文,科室"))])
    assert refused.exit_code == 4
    assert "label / class / 类别 / 分类 / 一级分类 (--label); 有 there are: 标题, 正文, 科室" in refused.stderr


def test_too_few_messages_of_a_class_are_named(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("title,text,label\n" + "a,b,x\n" * 9 + "c,d,y\n" * 4, encoding="utf-8")
    refused = RUN.invoke(app, ["train", str(tmp_path / "m.csv"), "--out", str(tmp_path / "m.npz")])
    assert refused.exit_code == 2
    assert "['y']" in refused.stderr
    assert not (tmp_path / "m.npz").exists()


def test_real_messages_are_sorted_better_than_four_in_five(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "citizen_messages"
    learnt = RUN.invoke(
        app,
        [
            "train",
            str(folder / "附件2.xlsx"),
            "--hints",
            str(folder / "附件1.xlsx"),
            "--out",
            str(tmp_path / "m.npz"),
            "--json",
        ],
    )
    assert learnt.exit_code == 0, learnt.output
    report = json.loads(learnt.stdout)
    assert report["messages"] == 495
    assert len(report["classes"]) == 7
    assert report["macro_f1"] > 0.80
    assert report["decided"][0] > 0.5
    assert report["decided"][1] >= 0.95
    shares = [right for _, right, _ in report["coverage"]]
    assert shares[0] > shares[-1]  # the surer, the more often right
