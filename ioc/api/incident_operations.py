"""The operations on incidents and cases: look at them, take one, move one along its life cycle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ioc.api.incident_shapes import IncidentDetail, Incidents
from ioc.api.operation import JSON, Answer, Bearer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.shapes import Error
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT, USUAL, WORLD
from ioc.queries.dossiers import MOST, PAGE
from ioc.security.permission import Permission

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"
INCIDENT: Final = Parameter(
    "id", "编号", "id", where="path", required=True, longest=32, pattern=r"[0-9A-Za-z-]+",
    example="0f3a9c12d47b4f0b9e2f6a1c5d8e7b90",
)  # fmt: skip
TAKEN: Final = Answer("他人已先行办理（写明何人）", "somebody was faster; the message says who", {JSON: Error})
DETAIL: Final = Answer("办理后的卷宗", "the dossier as it is after it", {JSON: IncidentDetail})
_MOVE: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["move", "version", "said"],
    "properties": {"move": {"type": "string"}, "version": {"type": "integer"}, "said": {"type": "object"}},
}  # fmt: skip
_BY_HAND: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["world", "kind", "title"],
    "properties": {
        "world": {"type": "string"}, "kind": {"enum": ["incident", "case"]}, "title": {"type": "string"},
        "class": {"type": "string"}, "level": {"type": "integer", "minimum": 0, "maximum": 4},
        "region": {"type": "string"}, "lon": {"type": ["number", "null"]}, "lat": {"type": ["number", "null"]},
        "facts": {"type": "object"}, "ref": {"type": "string", "maxLength": 160},
    },
}  # fmt: skip

INCIDENT_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/incidents", "incidents", "事件与案卷列表", "incidents and cases",
        Bearer(Permission.DUTY_VIEW),
        about_zh="未办结的按级别（sort=level）或最近时限（sort=due）排序，已办结的新者在前。"
        "令牌须可读场景 emergency。个人信息已脱敏。",
        about_en="What is open by level or by what is due next, what has ended newest first. A token must be allowed to"
        " read the scene `emergency`. Personal data are masked.",
        parameters=(
            replace(WORLD, default=None),
            Parameter("state", "未结或已结", "open or ended", default="open", choices=("open", "ended")),
            Parameter("kind", "类别", "kind", choices=("incident", "case")),
            Parameter("level", "级别：0 未定，1 Ⅳ 至 4 Ⅰ", "level: 0 none, 1 IV to 4 I", kind="int", low=0, high=4),
            Parameter("stage", "阶段", "stage", longest=32, pattern=r"[a-z0-9_]+"),
            Parameter("region", "区域代码，含其下各级", "region code, with all below", longest=16, pattern=r"[0-9]+"),
            Parameter("mine", "仅本人办理的", "only what the asker handles", choices=("1",)),
            Parameter("org", "承办单位（中文名）", "the Chinese name of the office that handles it", longest=100),
            Parameter("overdue", "仅超时的未结", "of what is open only what is overdue", choices=("1",)),
            Parameter("q", "标题、承办人、单位或编号", "title, owner, organisation or id", longest=100),
            Parameter("sort", "次序", "order", default="level", choices=("level", "due")),
            Parameter("start", "自第几条起", "from which on", kind="int", default=0, low=0, high=1_000_000),
            Parameter("limit", "每页条数", "lines of a page", kind="int", default=PAGE, low=1, high=MOST),
            Parameter("ids", "只要这些编号，逗号分隔", "only these ids, by comma", longest=4000),
        ),
        answers={200: Answer("一页", "a page", {JSON: Incidents}), **USUAL},
    ),
    Operation(
        "GET", "/api/v1/incidents/<id>", "incident", "一个事件或案卷", "one incident or case",
        Bearer(Permission.DUTY_VIEW),
        about_zh="事实、阶段、时限及其构成、提问者此刻可作的操作、经过。个人信息已脱敏。",
        about_en="Facts, stages, the clock and its parts, what the asker may do now, what was done. Masked.",
        parameters=(INCIDENT,),
        answers={200: Answer("卷宗", "the dossier", {JSON: IncidentDetail}), **USUAL, 404: MISSING},
    ),
    Operation(
        "GET", "/api/v1/incidents/<id>/report", "incident-report", "态势简报", "the situation report as a file",
        Permission.DUTY_VIEW,
        about_zh="个人信息已脱敏；每次取用记入审计。", about_en="Masked; each is written down in the audit.",
        parameters=(
            INCIDENT,
            Parameter("format", "格式", "format", default="docx", choices=("docx", "pdf")),
            Parameter("lang", "语言", "language", default="zh", choices=("zh", "en")),
        ),
        answers={200: Answer("文件", "the file", {DOCX: None, PDF: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 404: MISSING, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/incidents/by-hand", "incident-by-hand", "手工接报", "an incident by hand",
        Permission.INCIDENT_HANDLE,
        about_zh="值班员在值班台建立并接手；同一 ref 只建一次。未指明的类别与级别按规则定。",
        about_en="An officer at the desk makes it and takes it, once for a `ref`. Class and level that are not said are"
        " those of the rules.",
        body=Body("事件", "the incident", {JSON: _BY_HAND},
                  {"world": "live", "kind": "incident", "title": "翠竹路树倒压车", "class": "accident", "level": 1,
                   "region": "440303003", "lon": 114.131, "lat": 22.562, "facts": {"address": "翠竹路 58 号"}}),
        answers={200: DETAIL, 201: DETAIL, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/incidents/grade", "incident-grade", "按规则建议类别与级别", "the class and level by the rules",
        Permission.INCIDENT_HANDLE,
        about_zh="供值班台使用；grounds 写明依据。", about_en="For the duty desk; `grounds` say why.",
        parameters=(
            Parameter("title", "标题", "title", longest=200), Parameter("text", "描述", "text", longest=2000),
            Parameter("class", "已指明的类别", "the class that was said", longest=32),
        ),
        answers={200: Answer("建议", "the proposal", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/alarms/cards/<card>/incident", "incident-of-card", "由告警卡立为事件",
        "make an incident of a card of alarms", Permission.INCIDENT_HANDLE,
        about_zh="一张卡只立一次。", about_en="Once for a card.",
        parameters=(Parameter("card", "告警卡", "card", where="path", required=True, longest=32),),
        body=Body("空对象", "an empty object", {JSON: {"type": "object"}}, {}),
        answers={200: DETAIL, 201: DETAIL, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/incidents/<id>/claim", "incident-claim", "接手", "take it", Permission.INCIDENT_HANDLE,
        about_zh="多人同时接手恰有一人成功。", about_en="Of many at once exactly one gets it.",
        parameters=(INCIDENT,),
        body=Body("空对象", "an empty object", {JSON: {"type": "object"}}, {}),
        answers={200: DETAIL, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 409: TAKEN, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/incidents/<id>/moves", "incident-move", "办理：按流程作一步", "make a move of its life cycle",
        Permission.DUTY_VIEW,  # each move asks for its own permission
        about_zh="version 是所见的版本；said 是该步所需填写的内容。",
        about_en="`version` is the one that was looked at, `said` what the move needs.",
        parameters=(INCIDENT,),
        body=Body("操作", "the move", {JSON: _MOVE},
                  {"move": "verify", "version": 2, "said": {"class": "natural", "level": 2}}),
        answers={200: DETAIL, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 409: TAKEN, 503: AWAY},
    ),
)  # fmt: skip
