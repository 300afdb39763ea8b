"""Situation reports handed out: each is written down in the audit before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from ioc.packs.handling import handling
from ioc.queries.desk_page import desk_names
from ioc.queries.dossier_page import dossier_view
from ioc.report import docx, pdf
from ioc.report.situation import SituationReport, situation_report
from ioc.security.actor import current_actor
from ioc.services import dossiers
from ioc.services.audit import record
from ioc.store.unit import Store


class Format(StrEnum):
    """The files that a report may be."""

    DOCX = "docx"
    PDF = "pdf"


WRITERS: Final[Mapping[Format, tuple[Callable[[SituationReport], bytes], str]]] = {
    Format.DOCX: (docx.docx, docx.TYPE),
    Format.PDF: (pdf.pdf, pdf.TYPE),
}


def report_file(
    store: Store, dossier_id: str, format_: Format, *, by: str, now_ms: int, english: bool = False,
    within: frozenset[str] | None = None,
) -> bytes:  # fmt: skip
    """The report of a dossier as a file, masked; `by`: who asks for it, as it stands on it.

    Raises UnknownDossier, also for one of a region that the asker may not see.
    """
    view = dossier_view(store, handling(), dossier_id, permissions=(), within=within, now_ms=now_ms)
    world = dossiers.find(store, dossier_id).world
    write, _ = WRITERS[format_]
    made = write(
        situation_report(view, world, desk_names(), by=by or current_actor().name, now_ms=now_ms, english=english)
    )
    with store.write() as unit:
        detail = {"format": format_.value, "version": view.line.version}
        record(unit, f"{view.line.kind}.report", dossier_id, now_ms, detail, world=world)
    return made
