"""The operations of smart dispatch: units for an incident, proposed and sent; an office that was proposed and is wrong.

The shapes of what is told are here too. Times are ms of the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from ioc.api.incident_operations import DETAIL, INCIDENT, TAKEN
from ioc.api.incident_shapes import Told
from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT
from ioc.security.permission import Permission

PAGE: Final = 40
MOST: Final = 5_000
_SEND: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["units", "version"],
    "properties": {
        "units": {"type": "array", "items": {"type": "string", "maxLength": 64}, "minItems": 1, "maxItems": 50},
        "version": {"type": "integer"},
        "proposed": {"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": 500},
        "key": {"type": "string", "maxLength": 64}, "said": {"type": "object"},
    },
}  # fmt: skip
_WHY: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["why"],
    "properties": {"why": {"type": "string", "maxLength": 400}},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitsType:
    """The type of an incident that the rules know it by, and why."""

    id: str
    zh: str
    en: str
    why: Told


@dataclass(frozen=True, slots=True)
class UnitsWanted:
    """A line of what the type takes at its level: `number` with this skill and equipment, `found` are proposed."""

    skill: str
    equipment: list[str]
    number: int
    found: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit. `state`: ready, busy, off, unfit, unknown; `minutes` to the scene, null where nobody can say."""

    unit: str
    name: Told
    kind: str
    state: str
    minutes: float | None
    load: int
    chosen: bool
    why: Told


@dataclass(frozen=True, slots=True)
class IncidentUnits:
    """What an incident takes and who is proposed, the proposed first. `place`: point, region (the middle of its
    subdistrict), none; `total`: all units of the world; `states`: how many of them are in which state."""

    world: str
    at: int
    id: str
    version: int
    level: int
    type_: Annotated[UnitsType, Field(alias="type")]
    place: str
    requires: list[UnitsWanted]
    units: list[UnitLine]
    total: int
    states: dict[str, int]


UNIT_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/incidents/<id>/units", "incident-units", "建议派遣的力量及理由",
        "the units that are proposed, and why", Permission.DUTY_VIEW,
        about_zh="按事件类型与级别所需的技能、装备、数量，从当前世界的力量中按可用、技能、路程、负荷、班次提出；每支都写明理由。",
        about_en="By what type and level take (skills, equipment, number), of the units of the world, by availability,"
        " skill, way, load and shift; the reason is told of each.",
        parameters=(
            INCIDENT,
            Parameter("limit", "除建议者外至多列几支", "how many beside the proposed", kind="int", default=PAGE, low=0,
                      high=MOST),
        ),
        answers={200: Answer("所需与力量", "what it takes, and the units", {JSON: IncidentUnits}), 400: BAD,
                 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/incidents/<id>/units", "incident-units-send", "派遣力量", "send units",
        Permission.DUTY_VIEW,  # that of the list at the same path; the move asks for its own
        about_zh="同一事务内：按流程派遣、向每支力量下达指令、保存建议与实际。同一 key 只派一次。"
        "proposed 是所见的建议，缺省为此刻的建议。",
        about_en="In one transaction: the move, an order to each unit, what was proposed beside what was sent. Once for"
        " a `key`. `proposed` is what was seen, by default what is proposed now.",
        parameters=(INCIDENT,),
        body=Body("力量与所见版本", "units and the version looked at", {JSON: _SEND},
                  {"units": ["U0884", "U0621"], "version": 3, "key": "send-0f3a9c12"}),
        answers={200: DETAIL, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 409: TAKEN, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/incidents/<id>/office/refuse", "incident-office-refuse", "不采纳建议的部门",
        "refuse the office that was proposed", Permission.INCIDENT_HANDLE,
        about_zh="记录理由；部门在派遣时另行指定。",
        about_en="With the reason; another is named when it is dispatched.",
        parameters=(INCIDENT,),
        body=Body("理由", "why", {JSON: _WHY}, {"why": "权属在街道"}),
        answers={200: DETAIL, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY},
    ),
)  # fmt: skip
