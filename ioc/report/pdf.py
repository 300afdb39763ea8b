"""A situation report as a PDF. Its Chinese font is one of those that every reader of PDF has (STSong-Light)."""

from __future__ import annotations

import io
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from ioc.report.situation import Section, SituationReport

TYPE: Final = "application/pdf"
FONT: Final = "STSong-Light"
WIDE: Final = A4[0] - 4.4 * cm
WIDTHS: Final = {
    2: (0.25, 0.75), 3: (0.25, 0.5, 0.25), 4: (0.2, 0.22, 0.13, 0.45), 5: (0.2, 0.26, 0.18, 0.18, 0.18),
    6: (0.1, 0.15, 0.15, 0.15, 0.13, 0.32),
}  # fmt: skip


def pdf(report: SituationReport) -> bytes:
    """The file."""
    _font()
    file = io.BytesIO()
    title, head, part, body = (_style(size, after) for size, after in ((20, 6), (14, 8), (12, 4), (9.5, 0)))
    told: list[Any] = [_text(report.title, title), _text(report.subject, head)]
    told += [_text(note, body) for note in report.notes]
    for section in report.sections:
        told += [Spacer(1, 0.4 * cm), _text(section.title, part), _rows(section, report.none, body)]
    document = SimpleDocTemplate(
        file, pagesize=A4, leftMargin=2.2 * cm, rightMargin=2.2 * cm, title=f"{report.title} {report.subject}"[:250],
        author="",
    )  # fmt: skip
    document.build(told, onFirstPage=_number, onLaterPages=_number)
    return file.getvalue()


@cache
def _font() -> None:
    registerFont(UnicodeCIDFont(FONT))


def _style(size: float, after: float) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}", fontName=FONT, fontSize=size, leading=size * 1.4, spaceAfter=after, wordWrap="CJK"
    )


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    """A paragraph reads markup: whatever comes is escaped."""
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def _rows(section: Section, none: str, style: ParagraphStyle) -> Any:
    if not section.rows:
        return _text(none, style)
    rows = ([section.head] if section.head else []) + list(section.rows)
    widths = [WIDE * part for part in WIDTHS[len(rows[0])]]
    table = Table([[_text(text, style) for text in row] for row in rows], widths, repeatRows=bool(section.head),
                  splitInRow=1)  # fmt: skip
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.4, "#8090A0"), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _number(canvas: Any, _document: Any) -> None:
    canvas.setFont(FONT, 8)
    canvas.drawRightString(A4[0] - 2.2 * cm, 1.2 * cm, str(canvas.getPageNumber()))
