"""A situation report as a Word document."""

from __future__ import annotations

import io
from typing import Any, Final

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from ioc.report.situation import Section, SituationReport

TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT: Final = "SimSun"  # every office program has it or a stand-in of its own


def docx(report: SituationReport) -> bytes:
    """The file. Texts are texts: python-docx writes them as such."""
    document = Document()
    style: Any = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    for section in document.sections:
        section.left_margin = section.right_margin = Cm(2.2)
    document.core_properties.title = f"{report.title} {report.subject}"[:250]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    _heading(document, report.title, 0)
    _heading(document, report.subject, 1)
    for note in report.notes:
        document.add_paragraph(note)
    for section_ in report.sections:
        _heading(document, section_.title, 2)
        _rows(document, section_, report.none)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _heading(document: Any, text: str, level: int) -> None:
    heading = document.add_heading(text, level)
    for run in heading.runs:
        run.font.name = FONT
        run.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)


def _rows(document: Any, section: Section, none: str) -> None:
    if not section.rows:
        document.add_paragraph(none)
        return
    table = document.add_table(rows=0, cols=len(section.rows[0]))
    table.style = "Table Grid"
    for row in ([section.head] if section.head else []) + list(section.rows):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
