"""The operations of the workbench: the rehearsals of an indicator, asking for one, reading it, cancelling it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT, WORLD
from ioc.security.permission import Permission

ID: Final[dict[str, Any]] = {"where": "path", "required": True, "longest": 64, "pattern": r"[\w.-]+"}
INDICATOR: Final = Parameter("indicator", "指标", "indicator", example="E3", **ID)
REHEARSAL: Final = Parameter("rehearsal", "预演", "rehearsal", example="0f3a9c12d47b4f0b9e2f6a1c5d8e7b90", **ID)
_USUAL: Final = {400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY}
_ONE: Final = Answer("预演及其结果", "the rehearsal with its sheet", {JSON: None})

WORKBENCH_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/workbench/indicators/<indicator>/rehearsals", "rehearsals", "一个指标的预演",
        "the rehearsals of an indicator", Permission.WORKBENCH_VIEW, about_zh="新者在前，不含结果。",
        about_en="The newest first, without their sheets.", parameters=(INDICATOR, replace(WORLD, default=None)),
        answers={200: Answer("预演", "the rehearsals", {JSON: None}), **_USUAL},
    ),
    Operation(
        "POST", "/api/v1/workbench/indicators/<indicator>/rehearse", "rehearsal-ask", "提交预演",
        "ask for a rehearsal",
        Permission.INDICATOR_DEFINE,
        about_zh="thresholds 如 yellow=12,orange=15,red=25,hysteresis=1,on_delay=3m；界限替换现行全部界限。",
        about_en="`thresholds` as yellow=12,orange=15,red=25,hysteresis=1,on_delay=3m; they replace all limits.",
        parameters=(INDICATOR, replace(WORLD, default=None)),
        body=Body("预演", "what is tried", {JSON: {
            "type": "object", "additionalProperties": False, "required": ["thresholds", "days"], "properties": {
                "thresholds": {"type": "string", "maxLength": 400},
                "days": {"type": "integer", "minimum": 1, "maximum": 90}}}},
            {"thresholds": "yellow=12,orange=15,red=25", "days": 30}),
        answers={200: _ONE, **_USUAL},
    ),
    Operation(
        "GET", "/api/v1/workbench/rehearsals/<rehearsal>", "rehearsal", "一次预演", "one rehearsal",
        Permission.WORKBENCH_VIEW, about_zh="permille 为进度；完成后含 sheet。",
        about_en="`permille` is how far it is; once it is done there is its `sheet`.", parameters=(REHEARSAL,),
        answers={200: _ONE, **_USUAL},
    ),
    Operation(
        "POST", "/api/v1/workbench/rehearsals/<rehearsal>/cancel", "rehearsal-cancel", "取消预演", "cancel a rehearsal",
        Permission.INDICATOR_DEFINE, parameters=(REHEARSAL,), answers={200: _ONE, **_USUAL},
    ),
)  # fmt: skip
