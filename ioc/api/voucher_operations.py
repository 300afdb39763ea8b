"""The operations by which a published value is computed anew: begin a check, and ask how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.shapes import Error
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT
from ioc.security.permission import Permission

CheckState = Literal["queued", "running", "equal", "unequal", "failed"]
_BODY: Final[dict[str, Any]] = {
    "type": "object", "additionalProperties": False, "required": ["name"],
    "properties": {"name": {"type": "string", "maxLength": 400}, "world": {"type": "string", "maxLength": 64}},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VoucherCheck:
    """A check of a value by its name. `for_ms`: so long it has been in its state, or took. `why`: of what failed."""

    id: str
    name: str
    world: str
    state: CheckState
    for_ms: int
    published: float | None
    recomputed: float | None
    why: str


VOUCHER_OPERATIONS: Final = (
    Operation(
        "POST", "/api/v1/vouchers", "voucher-check", "由档案重算一个发布值", "compute a published value anew",
        Permission.INDICATOR_VIEW,
        about_zh="在后台由另一进程重算，逐个进行；name 的写法同 ioc voucher。",
        about_en="A process of its own computes it, one after the other; `name` as `ioc voucher` takes it.",
        body=Body("发布值的名称", "the name of a value", {JSON: _BODY},
                  {"name": "T1/440303/2026-11-22T08:30:00", "world": "live"}),
        answers={202: Answer("已接受", "it is begun", {JSON: VoucherCheck}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 415: Answer("须为 JSON", "JSON is needed", {JSON: Error}),
                 503: Answer("排队的已满，见 Retry-After", "as many wait as may, see Retry-After", {JSON: Error})},
    ),
    Operation(
        "GET", "/api/v1/vouchers/<id>", "voucher-state", "核对进行到哪里", "how a check stands",
        Permission.INDICATOR_VIEW,
        parameters=(Parameter("id", "核对编号", "check", where="path", required=True, longest=32),),
        answers={200: Answer("状态", "its state", {JSON: VoucherCheck}), 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING,
                 503: AWAY},
    ),
)  # fmt: skip
