"""The operation by which other systems report: one dossier for each report, however often it is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import Field

from ioc.api.incident_operations import INCIDENT_OPERATIONS
from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.shapes import Error
from ioc.api.usual import AWAY, BAD, FORBIDDEN, LIMITED, MISSING, SIGNED_OUT

CHANNELS: Final = ("partner", "hotline", "case", "video")
MOST_BYTES: Final = 64 * 1024
_REPORT: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["ref", "title"],
    "properties": {
        "ref": {"type": "string", "minLength": 1, "maxLength": 100}, "title": {"type": "string", "maxLength": 200},
        "world": {"type": "string"}, "kind": {"enum": ["incident", "case"]}, "channel": {"enum": list(CHANNELS)},
        "at": {"type": ["string", "integer"]}, "class": {"enum": ["", "natural", "accident", "health", "security"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 4}, "region": {"type": "string"},
        "lon": {"type": "number"}, "lat": {"type": "number"}, "text": {"type": "string", "maxLength": 2000},
        "facts": {"type": "object"},
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportGround:
    """Why a level is what it is, in words."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ReportTaken:
    """What became of a report: its dossier, and whether it was opened now (`fresh`) or by an earlier sending."""

    id: str
    fresh: bool
    world: str
    kind: str
    stage: str
    version: int
    class_: Annotated[str, Field(alias="class")]
    level: int
    grounds: list[ReportGround] = field(default_factory=list)


REPORT_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST", "/api/v1/incidents", "report", "报送事件或案卷", "report an incident or a case",
        # that of the list at the same path; a token must moreover be allowed to feed the source, a person to handle
        INCIDENT_OPERATIONS[0].access,
        about_zh="ref 是报送方自己的编号，即幂等键：同一令牌、渠道与 ref 只立一个卷宗，再次报送得到同一个（200）。"
        "令牌须可写 incident 或 case。"
        "未给 class、level 时按规则由 facts（如 deaths、loss_yuan、evacuated）与文字判定，依据见 grounds。",
        about_en="`ref` is the sender's own name of the report and its idempotency key: one dossier for each token,"
        " channel and ref; sent again the answer is that one (200). The token must be allowed to feed `incident` or"
        " `case`. Without class and level they follow by rules from facts (deaths, loss_yuan, evacuated, ...) and"
        " words; `grounds` tells them.",
        body=Body("一次报送", "a report", {JSON: _REPORT},
                  {"ref": "GAS-20260901-17", "title": "春风路燃气泄漏", "at": "2026-09-01T08:00:00+08:00",
                   "region": "440303005", "lon": 114.118, "lat": 22.541, "facts": {"evacuated": 320}}),
        answers={
            200: Answer("早先已立的卷宗", "the dossier of an earlier sending", {JSON: ReportTaken}),
            201: Answer("新立的卷宗", "the dossier that was opened", {JSON: ReportTaken}),
            400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 429: LIMITED, 503: AWAY,
            413: Answer("正文过大", "the body is too large", {JSON: Error}),
        },
    ),
)  # fmt: skip
