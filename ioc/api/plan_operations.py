"""The operations on plans: those in force, runs as checklists, their steps; drafts, versions and publishing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ioc.api.operation import JSON, Answer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.shapes import Error
from ioc.api.usual import AWAY, BAD, FORBIDDEN, MISSING, SIGNED_OUT, WORLD
from ioc.security.permission import Permission

ID: Final[dict[str, Any]] = {"where": "path", "required": True, "longest": 32, "pattern": r"[0-9A-Za-z_-]+"}
PLAN: Final = Parameter("plan", "预案", "plan", example="flood", **ID)
RUN: Final = Parameter("run", "运行", "run", example="0f3a9c12d47b4f0b9e2f6a1c5d8e7b90", **ID)
STEP: Final = Parameter("step", "步骤", "step", example="verify", **ID)
INCIDENT: Final = Parameter("dossier", "事件", "incident", longest=32, pattern=r"[0-9A-Za-z-]+")
_FASTER: Final = Answer("已被他人办理，或此刻不能", "somebody was faster, or it cannot be done now", {JSON: Error})
_RUN: Final = Answer("运行的清单", "the run as a checklist", {JSON: None})
_USUAL: Final = {400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY}


def _body(**kinds: Any) -> dict[str, Any]:
    properties = {name: kind if isinstance(kind, dict) else {"type": kind} for name, kind in kinds.items()}
    return {"type": "object", "additionalProperties": False, "required": list(kinds), "properties": properties}


PLAN_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/v1/plans", "plans", "预案", "the plans in force", Permission.DUTY_VIEW,
        about_zh="dossier：为该事件可启动的预案，适用者在前。", about_en="`dossier`: those that may be started for it.",
        parameters=(
            replace(WORLD, default=None), INCIDENT,
        ),
        answers={200: Answer("预案", "the plans", {JSON: None}), **_USUAL},
    ),
    Operation(
        "GET", "/api/v1/plans/runs", "plan-runs", "预案的运行", "runs of plans", Permission.DUTY_VIEW,
        about_zh="正在运行的在前，各为一张清单。", about_en="Those that go on first, each as a checklist.",
        parameters=(
            replace(WORLD, default=None), INCIDENT,
            Parameter("state", "运行中或已结束", "going on or ended", choices=("running", "ended")),
        ),
        answers={200: Answer("清单", "the checklists", {JSON: None}), **_USUAL},
    ),
    Operation(
        "GET", "/api/v1/plans/runs/<run>", "plan-run", "一次运行及其经过", "a run with its history",
        Permission.DUTY_VIEW, parameters=(RUN,), answers={200: _RUN, **_USUAL},
    ),
    Operation(
        "POST", "/api/v1/plans/<plan>/start", "plan-start", "为事件启动预案", "start a plan for an incident",
        Permission.PLAN_STEP, parameters=(PLAN,),
        body=Body("事件", "the incident", {JSON: _body(dossier="string")}, {"dossier": "0f3a9c12"}),
        answers={200: _RUN, **_USUAL, 409: _FASTER},
    ),
    Operation(
        "POST", "/api/v1/plans/runs/<run>/steps/<step>", "plan-step", "办理一个步骤", "do a step", Permission.PLAN_STEP,
        about_zh="do：complete 完成（said 为凭据）、skip 跳过、fail 未能完成、take_back 撤销；skip 与 fail 须写 why。",
        about_en="`do`: complete with its evidence in `said`, skip, fail, take_back; `why` for skip and fail.",
        parameters=(RUN, STEP),
        body=Body("办理", "what is done", {JSON: {
            "type": "object", "additionalProperties": False, "required": ["do"], "properties": {
                "do": {"enum": ["complete", "skip", "fail", "take_back"]}, "said": {"type": "object"},
                "why": {"type": "string", "maxLength": 200}}}}, {"do": "complete", "said": {"depth_cm": 38}}),
        answers={200: _RUN, **_USUAL, 409: _FASTER},
    ),
    Operation(
        "POST", "/api/v1/plans/runs/<run>/cancel", "plan-cancel", "终止运行", "end a run before its steps are",
        Permission.PLAN_STEP, parameters=(RUN,),
        body=Body("理由", "why", {JSON: _body(why="string")}, {"why": "误启动"}),
        answers={200: _RUN, **_USUAL, 409: _FASTER},
    ),
    Operation(
        "GET", "/api/v1/plans/<plan>", "plan", "一个预案", "one plan with its steps, versions and draft",
        Permission.DUTY_VIEW,
        parameters=(PLAN, Parameter("version", "版本", "version", kind="int", low=0, high=1_000_000)),
        answers={200: Answer("预案", "the plan", {JSON: None}), **_USUAL},
    ),
    Operation(
        "POST", "/api/v1/plans/<plan>/check", "plan-check", "核对一段文本", "look a text over", Permission.PLAN_EDIT,
        about_zh="答复错误及其行号；无误则答复与现行版的差异。",
        about_en="Its faults with their lines; of a sound one what it says otherwise than the version in force.",
        parameters=(PLAN,), body=Body("文本", "the text", {JSON: _body(text="string")}, {"text": "[plan]"}),
        answers={200: Answer("错误与差异", "faults and differences", {JSON: None}), **_USUAL},
    ),
    Operation(
        "POST", "/api/v1/plans/<plan>/draft", "plan-draft", "保存草稿", "keep a draft", Permission.PLAN_EDIT,
        parameters=(PLAN,),
        body=Body("草稿", "the draft", {JSON: _body(text="string", revision="integer")}, {"text": "", "revision": 0}),
        answers={200: Answer("预案", "the plan", {JSON: None}), **_USUAL, 409: _FASTER},
    ),
    Operation(
        "POST", "/api/v1/plans/<plan>/discard", "plan-discard", "放弃草稿", "drop a draft", Permission.PLAN_EDIT,
        parameters=(PLAN,), body=Body("草稿", "the draft", {JSON: _body(revision="integer")}, {"revision": 1}),
        answers={200: Answer("预案", "the plan", {JSON: None}), **_USUAL, 409: _FASTER},
    ),
    Operation(
        "POST", "/api/v1/plans/<plan>/publish", "plan-publish", "发布草稿", "publish a draft", Permission.PLAN_PUBLISH,
        parameters=(PLAN,),
        body=Body("草稿与说明", "the draft and a note", {JSON: _body(revision="integer", note="string")},
                  {"revision": 2, "note": "缩短时限"}),
        answers={200: Answer("预案", "the plan", {JSON: None}), **_USUAL, 409: _FASTER},
    ),
    Operation(
        "POST", "/api/v1/plans/<plan>/restore", "plan-restore", "恢复旧版本", "bring a former version back",
        Permission.PLAN_PUBLISH, parameters=(PLAN,),
        body=Body("版本", "the versions", {JSON: _body(version="integer", newest="integer")},
                  {"version": 1, "newest": 2}),
        answers={200: Answer("预案", "the plan", {JSON: None}), **_USUAL, 409: _FASTER},
    ),
)  # fmt: skip
