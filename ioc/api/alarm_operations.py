"""The operations on the alarms of the duty desk: see their cards, acknowledge, take that back, cover, uncover."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT, WORLD
from ioc.security.permission import Permission

_CARD: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["card"], "properties": {"card": {"type": "string"}},
}  # fmt: skip
_COVER: Final[dict[str, Any]] = {
    **_CARD, "required": ["card", "kind", "reason", "minutes"],
    "properties": {"card": {"type": "string"}, "kind": {"enum": ["SHLVD", "DSUPR", "OOSRV"]},
                   "reason": {"type": "string"},
                   "minutes": {"type": ["integer", "null"], "minimum": 1, "maximum": 525600}},
}  # fmt: skip
_TOLD: Final = {
    200: Answer("已办与未办的告警（写明原因）", "what was done, and what was not and why", {JSON: None}), 400: BAD,
    401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY,
}  # fmt: skip

ALARM_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/alarms", "alarms", "值班台的告警卡", "the cards of alarms of the duty desk",
        Permission.DUTY_VIEW,
        about_zh="供值班台使用：最急者在前，每卡列最重的几条；负荷为每人每 10 分钟新告警数及其一日分布，"
        "另列最频繁、抖动与长期未消的告警。",
        about_en="For the duty desk: the most urgent first, with the worst alarms of each; the load is new alarms for"
        " each operator in ten minutes, with its distribution over a day, bad actors, chattering and stale alarms.",
        parameters=(replace(WORLD, default=None),),
        answers={200: Answer("告警卡", "the cards", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/alarms/acknowledge", "alarms-acknowledge", "确认一张卡的告警",
        "acknowledge the alarms of a card",
        Permission.INCIDENT_HANDLE, body=Body("卡", "the card", {JSON: _CARD}, {"card": "0f3a"}), answers=_TOLD,
    ),
    Operation(
        "POST", "/api/v1/alarms/take-back", "alarms-take-back", "撤销确认（5 分钟内）",
        "take an acknowledgement back, within five minutes",
        Permission.INCIDENT_HANDLE, body=Body("卡", "the card", {JSON: _CARD}, {"card": "0f3a"}), answers=_TOLD,
    ),
    Operation(
        "POST", "/api/v1/alarms/cover", "alarms-cover", "静默、按设计或维护抑制、停用一张卡的告警点",
        "shelve, suppress by design or for maintenance, or take out of service the points of a card",
        Permission.INCIDENT_HANDLE,
        about_zh="kind：SHLVD 静默（至多 8 小时，期满自动恢复）、DSUPR 抑制、OOSRV 停用；minutes 为 null 时至人工恢复。"
        "覆盖的是告警点，其后的告警同样在内；红色从不静默。",
        about_en="`kind`: SHLVD shelved (8 hours at most), DSUPR suppressed, OOSRV out of service; `minutes` null:"
        " until somebody takes it away. It lies over the points, so over their later alarms too; red is never shelved.",
        body=Body("卡", "the card", {JSON: _COVER}, {"card": "0f3a", "kind": "SHLVD", "reason": "检修", "minutes": 30}),
        answers=_TOLD,
    ),
    Operation(
        "POST", "/api/v1/alarms/uncover", "alarms-uncover", "恢复一张卡被静默、抑制或停用的告警",
        "take away what people laid over the alarms of a card",
        Permission.INCIDENT_HANDLE, body=Body("卡", "the card", {JSON: _CARD}, {"card": "0f3a"}), answers=_TOLD,
    ),
)  # fmt: skip
