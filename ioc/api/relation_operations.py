"""The operations on what surrounds an incident or a case: look at it, say who looks, merge and split."""

from __future__ import annotations

from typing import Any, Final

from ioc.api.incident_operations import DETAIL, INCIDENT, TAKEN
from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT
from ioc.security.permission import Permission

_VERSION: Final[dict[str, Any]] = {"type": "integer", "minimum": 1}
_MERGE: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["version", "merged", "merged_version"],
    "properties": {"version": _VERSION, "merged": {"type": "string"}, "merged_version": _VERSION},
}  # fmt: skip
_SPLIT: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["version"], "properties": {"version": _VERSION},
}  # fmt: skip
_READ: Final = {400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY}

RELATION_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/incidents/<id>/relations", "incident-relations", "疑似重复、合并、关联告警、上报安排",
        "likely duplicates, merged ones, linked alarms, and what its ladders do", Permission.DUTY_VIEW,
        about_zh="供值班台使用；alike 各项写明相近的理由，coming 写明何时、通知谁、为何。",
        about_en="For the duty desk; `alike` says why each is alike, `coming` when whom is told and why.",
        parameters=(INCIDENT,), answers={200: Answer("关联", "what surrounds it", {JSON: None}), **_READ},
    ),
    Operation(
        "GET", "/api/v1/incidents/<id>/viewers", "incident-viewers", "谁也在看；同时说明自己在看",
        "who else looks at it, and say that one does", Permission.DUTY_VIEW,
        about_zh="15 秒内不再询问即视为离开。", about_en="Whoever does not ask again within 15 s has left.",
        parameters=(INCIDENT,), answers={200: Answer("他人", "the others", {JSON: None}), **_READ},
    ),
    Operation(
        "POST", "/api/v1/incidents/<id>/merge", "incident-merge", "将另一卷宗并入", "merge another one into it",
        Permission.INCIDENT_HANDLE,
        about_zh="被并入者保留经过并停止计时，可再拆分。",
        about_en="The merged one keeps its steps and rests; it can be parted again.",
        parameters=(INCIDENT,), body=Body("并入者", "what is merged", {JSON: _MERGE},
                                          {"version": 3, "merged": "7c1e", "merged_version": 2}),
        answers={200: DETAIL, **_READ, 409: TAKEN},
    ),
    Operation(
        "POST", "/api/v1/incidents/<id>/split", "incident-split", "从所并入者拆分出来",
        "part it from the one that it was merged into", Permission.INCIDENT_HANDLE,
        parameters=(INCIDENT,), body=Body("版本", "the version", {JSON: _SPLIT}, {"version": 4}),
        answers={200: DETAIL, **_READ, 409: TAKEN},
    ),
)  # fmt: skip
