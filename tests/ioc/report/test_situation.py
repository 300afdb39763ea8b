"""A situation report says what a dossier is, masked; markup and what no document can hold do no harm in its files."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from ioc.domain.deadline import Segment, deadline
from ioc.domain.deadline_words import explain
from ioc.queries.desk_page import desk_names
from ioc.queries.dossier_page import DossierView, Step
from ioc.queries.dossiers import Line
from ioc.queries.messages import Message
from ioc.report.docx import docx
from ioc.report.pdf import pdf
from ioc.report.situation import SituationReport, situation_report
from metrics.calendar import Calendar

T0 = 1_790_000_000_000
MINUTE = 60_000
MARKUP = "<b>x</b> & <img src=x onerror=alert(1)> \x00\x0b"


def view(title: str = "东门积水", **facts: Any) -> DossierView:
    line = Line("0f3a9c12", "incident", "verified", 2, title, "natural", 3, "440303003", 114.12, 22.55, "li", "水务局",
                False, T0, T0 + MINUTE, None, T0 + 6 * MINUTE, "running")  # fmt: skip
    steps = (
        Step(1, "receive", "", "reported", "li", "李", T0, {}),
        Step(2, "verify", "reported", "verified", "li", "李", T0 + MINUTE, {"class": "natural", "level": 3}),
    )
    clock = deadline(5 * MINUTE, (Segment(T0 + MINUTE, None, True),), Calendar.always(), T0 + 9 * MINUTE)
    words = explain(clock, Calendar.always(), T0 + 9 * MINUTE)
    order = Message("m", "live", "0f3a9c12", "notice", "unit:消防 02", "units", "到翠竹路", "", True, T0 + MINUTE,
                    "waits", None, "", "", "", None, ())  # fmt: skip
    return DossierView(line, facts, "李", (), clock, (), False, steps, words, (order,), None)


def report(of: DossierView, world: str = "live", *, english: bool = False) -> SituationReport:
    return situation_report(of, world, desk_names(), by="王", now_ms=T0 + 9 * MINUTE, english=english)


def test_it_says_what_where_how_bad_how_late_and_what_was_done():
    made = report(view(address="翠竹路 58 号"))
    assert (made.title, made.subject) == ("态势简报", "东门积水")
    parts = {section.title: section.rows for section in made.sections}
    assert ("级别", "Ⅱ") in parts["基本情况"]
    assert ("区域", "东门街道") in parts["基本情况"]
    assert parts["事实"] == (("地址", "翠竹路 58 号"),)
    assert parts["时限"][-1] == ("", "应于 2026-09-21 22:19 完成，已超期 3 分")
    assert parts["经过"][1] == ("2026-09-21 22:14", "核实", "李", "事件类别 自然灾害；级别 Ⅱ")
    assert parts["指令与通知"] == (("2026-09-21 22:14", "unit:消防 02 到翠竹路", "未送达"),)


def test_an_exercise_says_that_it_is_one_and_english_is_english():
    assert report(view(), "drill-1").notes[0] == "演练 · 世界 drill-1"
    assert [section.title for section in report(view(), english=True).sections][:2] == ["The incident", "Facts"]


def test_the_word_document_holds_text_and_no_markup_of_anybody():
    with zipfile.ZipFile(io.BytesIO(docx(report(view(MARKUP.strip("\x00\x0b"), text=MARKUP))))) as file:
        xml = file.read("word/document.xml").decode()
    assert "<img" not in xml
    assert xml.count("&lt;img src=x onerror=alert(1)&gt;") == 2
    assert "\x00" not in xml


@pytest.mark.parametrize("facts", [{}, {"text": MARKUP}, {"text": "长" * 6000}])
def test_the_pdf_is_made_of_whatever_was_typed(facts: dict[str, Any]):
    made = pdf(report(view(MARKUP, **facts)))
    assert made.startswith(b"%PDF-")
    assert b"STSong-Light" in made
