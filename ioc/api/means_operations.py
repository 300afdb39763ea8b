"""The operations on people and means: the roster with its handovers, supplies and shelters with their movements."""

from __future__ import annotations

from typing import Any, Final

from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT
from ioc.security.permission import Permission

P = Permission
_TEXT: Final = {"type": "string", "maxLength": 400}
_TIME: Final = {"type": "integer"}
DONE: Final = Answer("结果", "what came of it", {JSON: None})
_READ: Final = {200: DONE, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 503: AWAY}
_WRITE: Final = {200: DONE, 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY}
EMPTY: Final = Body("空对象", "an empty object", {JSON: {"type": "object"}}, {})
_CSV: Final = Body(
    "CSV 文本",
    "a CSV text",
    {
        JSON: {
            "type": "object",
            "required": ["csv"],
            "additionalProperties": False,
            "properties": {"csv": {"type": "string", "maxLength": 1_000_000}},
        }
    },
    {"csv": "person,role,start,end\nli,duty,..."},
)


def _body(zh: str, en: str, required: list[str], properties: dict[str, Any], example: Any) -> Body:
    schema = {"type": "object", "additionalProperties": False, "required": required, "properties": properties}
    return Body(zh, en, {JSON: schema}, example)


def _id(zh: str, en: str) -> Parameter:
    return Parameter("id", zh, en, where="path", required=True, longest=32, pattern=r"[0-9A-Za-z-]+")


_SHIFT: Final = {
    "id": _TEXT, "person": _TEXT, "role": {"enum": ["duty", "leader"]}, "post": _TEXT, "start": _TIME, "end": _TIME,
    "note": _TEXT,
}  # fmt: skip
_ITEM: Final = {
    "id": _TEXT, "kind": {"enum": ["supply", "shelter"]}, "zh": _TEXT, "en": _TEXT, "sort": _TEXT, "unit": _TEXT,
    "region": _TEXT, "place": _TEXT, "lon": {"type": ["number", "null"]}, "lat": {"type": ["number", "null"]},
    "planned": {"type": "integer"}, "least": {"type": "integer"},
}  # fmt: skip
_MOVE: Final = {
    "movement": {"enum": ["issue", "return", "receive", "admit", "leave", "correct"]}, "amount": {"type": "integer"},
    "key": _TEXT, "note": _TEXT, "dossier": _TEXT,
}  # fmt: skip

MEANS_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/roster", "roster", "值班表", "the duty roster", P.DUTY_VIEW,
        about_zh="班次、此刻在班、交接、更改记录；缺省为今日起七日。",
        about_en="Shifts, who is on duty now, handovers, edits; by default seven days from today on.",
        parameters=(
            Parameter("from", "起", "begin", kind="time"),
            Parameter("days", "几日", "how many days", kind="int", default=7, low=1, high=62),
        ),
        answers=_READ,
    ),
    Operation(
        "POST", "/api/v1/roster/shifts", "roster-shift", "排班", "add or change a shift", P.ROSTER_EDIT,
        body=_body("一班", "a shift", ["person", "role", "start", "end"], _SHIFT,
                   {"person": "duty", "role": "duty", "post": "应急值班席", "start": 1790000000000,
                    "end": 1790028800000}),
        answers=_WRITE,
    ),
    Operation("POST", "/api/v1/roster/shifts/<id>/remove", "roster-remove", "取消一班", "take a shift away",
              P.ROSTER_EDIT, parameters=(_id("班次", "shift"),), body=EMPTY, answers=_WRITE),
    Operation("POST", "/api/v1/roster/undo", "roster-undo", "撤销最近一次更改", "undo the newest edit", P.ROSTER_EDIT,
              body=EMPTY, answers=_WRITE),
    Operation("POST", "/api/v1/roster/import", "roster-import", "导入班次", "import shifts", P.ROSTER_EDIT,
              about_zh="列：person、role、post、start、end、note；有一行不合即全部不入，逐行说明。",
              about_en="Columns person, role, post, start, end, note; one wrong row refuses all, each is told.",
              body=_CSV, answers=_WRITE),
    Operation("POST", "/api/v1/roster/handovers", "roster-hand-over", "交班", "hand over", P.INCIDENT_HANDLE,
              about_zh="未结事件自动列入。", about_en="Open incidents are listed by themselves.",
              body=_body("交接", "a handover", ["taker", "note"], {"taker": _TEXT, "note": {"type": "string"}},
                         {"taker": "wang", "note": "东门积水已派两队"}), answers=_WRITE),
    Operation("POST", "/api/v1/roster/handovers/<id>/sign", "roster-sign", "签收交接", "sign a handover", P.DUTY_VIEW,
              parameters=(_id("交接", "handover"),), body=EMPTY, answers=_WRITE),
    Operation("GET", "/api/v1/means", "means", "物资与避难场所", "supplies and shelters", P.DUTY_VIEW,
              about_zh="amount 是变动之和；low：低于最低库存。",
              about_en="`amount` is the sum of movements; `low`: below what must be there.", answers=_READ),
    Operation("POST", "/api/v1/means/items", "means-item", "新增或更改一项", "add or change one", P.MEANS_EDIT,
              body=_body("一项", "an entry", ["kind", "zh", "planned"], _ITEM,
                         {"kind": "supply", "zh": "沙袋", "sort": "沙袋", "unit": "个", "planned": 500, "least": 200}),
              answers=_WRITE),
    Operation("POST", "/api/v1/means/items/<id>/remove", "means-remove", "撤下一项", "take one off the list",
              P.MEANS_EDIT, parameters=(_id("编号", "id"),), body=EMPTY, answers=_WRITE),
    Operation("GET", "/api/v1/means/items/<id>/movements", "means-movements", "变动记录", "what came and went",
              P.DUTY_VIEW, parameters=(_id("编号", "id"),), answers={**_READ, 404: MISSING}),
    Operation("POST", "/api/v1/means/items/<id>/move", "means-move", "领用、归还、入库、安置、盘点",
              "issue, return, receive, take in, correct", P.MEANS_EDIT,
              about_zh="库存不会低于 0，人数不会超过容量；同一 key 只记一次。",
              about_en="Never below nothing, never above the room; once for a `key`.",
              parameters=(_id("编号", "id"),),
              body=_body("变动", "a movement", ["movement", "amount", "key"], _MOVE,
                         {"movement": "issue", "amount": 20, "key": "issue-0f3a9c12", "note": "东门积水"}),
              answers=_WRITE),
    Operation("POST", "/api/v1/means/undo", "means-undo", "撤销最近一次更改", "undo the newest edit", P.MEANS_EDIT,
              body=EMPTY, answers=_WRITE),
    Operation("POST", "/api/v1/means/import", "means-import", "导入物资与场所", "import supplies and shelters",
              P.MEANS_EDIT,
              about_zh="列：kind、zh、en、sort、unit、region、place、lon、lat、planned、least、amount（盘点数）。",
              about_en="Columns kind, zh, en, sort, unit, region, place, lon, lat, planned, least, amount (counted).",
              body=_CSV, answers=_WRITE),
)  # fmt: skip
