"""The operations there are: every route below /api/v1, from which router, guard, document and page are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ioc.api import batch, values
from ioc.api.operation import CSV, HTML, JSON, NDJSON, Answer, Bearer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.shapes import BatchError, Chain, Error, Receipt, SessionFacts, TicketFacts, Values
from ioc.security.permission import Permission
from metrics.datum import DATUMS
from metrics.world import LIVE_WORLD

SIGNED_OUT = Answer("未登录或令牌无效", "not signed in, or no such token", {JSON: Error})
FORBIDDEN = Answer("无此权限", "not permitted", {JSON: Error})
BAD = Answer("参数或正文有误", "a parameter or the body is wrong", {JSON: Error})
MISSING = Answer("不存在", "there is no such thing", {JSON: Error})
LIMITED = Answer("请求过于频繁，见 Retry-After", "too many requests, see Retry-After", {JSON: Error})
AWAY = Answer("总线或账号库暂不可用，见 Retry-After", "the bus or the database is away, see Retry-After", {JSON: Error})
USUAL: Final[Mapping[int, Answer]] = {400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 429: LIMITED, 503: AWAY}

WORLD = Parameter("world", "世界", "world", default=LIVE_WORLD.id, longest=64, pattern=r"[\w.-]+")
_CELL: Final[Mapping[str, Any]] = {"type": ["string", "number", "boolean", "null", "array"]}
_ROW: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": _CELL}
_ROWS: Final[Mapping[str, Any]] = {"type": "array", "items": _ROW, "minItems": 1, "maxItems": batch.MOST_ROWS}
_BATCH: Final[Mapping[str, Any]] = {
    "oneOf": [
        _ROWS,
        {"type": "object", "properties": {"rows": _ROWS}, "required": ["rows"], "additionalProperties": False},
    ]
}
_EXAMPLE = [
    {"time": "2026-09-01T08:00:00+08:00", "road": "LH001", "speed": 42.5, "vehicles": 31},
    {"time": "2026-09-01T08:00:00+08:00", "road": "LH002", "speed": 18, "vehicles": 64},
]

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST", "/api/v1/observations/<source>", "observations", "写入一批观测", "feed a batch of observations",
        Bearer(),
        about_zh=f"字段名见数据源契约；数值按原文读取。一批至多 {batch.MOST_ROWS} 行、{batch.MOST_BYTES >> 20} MiB。"
        "缺省为部分接受：合契约的行写入，其余逐行说明；mode=whole 则一行不合即全部不写。"
        "一行都不合契约时答 422，未写入任何一行。同一 Idempotency-Key 与同一正文 24 小时内得到同一答复。",
        about_en=f"Fields are named as the source declares them; numbers are read as written. At most {batch.MOST_ROWS}"
        f" rows and {batch.MOST_BYTES >> 20} MiB. Rows that keep the contract are accepted, the others are told row by"
        " row; with mode=whole one wrong row refuses all. If no row is accepted the answer is 422 and nothing was"
        " written. The same Idempotency-Key with the same body gets the same answer for 24 hours.",
        parameters=(
            Parameter("source", "数据源", "source", where="path", required=True, longest=64, example="traffic"),
            WORLD,
            Parameter("mode", "部分或整批接受", "accept what is right, or all or none", default="partial",
                      choices=("partial", "whole")),
            Parameter("Idempotency-Key", "幂等键，24 小时", "idempotency key, kept for 24 hours", where="header",
                      longest=200, pattern=r"[\x21-\x7e]+", example="batch-20260901-0800"),
        ),
        body=Body("观测数组、{\"rows\": 数组} 或每行一个 JSON", "an array, {\"rows\": array}, or a JSON object a line",
                  {JSON: _BATCH, NDJSON: {"type": "string"}}, _EXAMPLE),
        answers={
            202: Answer("已写入 accepted 行", "`accepted` rows are written", {JSON: Receipt}),
            **USUAL,
            404: MISSING,
            409: Answer("来源矛盾或幂等键已用于另一请求", "another origin, or a key used for another request",
                        {JSON: Error}),
            413: Answer("正文过大或行数过多", "the body or the number of rows is too large", {JSON: Error}),
            415: Answer("须为 JSON 或 NDJSON", "JSON or NDJSON is needed", {JSON: Error}),
            422: Answer("没有一行被接受", "no row was accepted", {JSON: BatchError}),
        },
    ),
    Operation(
        "GET", "/api/v1/values", "values", "指标的历史与最新值", "an indicator over time, and its newest value",
        Bearer(Permission.INDICATOR_VIEW),
        about_zh="rows 是按 step 汇总的历史（落后约一至两分钟），latest 是最新一说（可能尚不完整）。"
        "不给 from 为最近一天。"
        "按 next 取下一页；Accept: text/csv 得 CSV，下一页在 Link 头。",
        about_en="`rows` is the history by slots of `step` (a minute or two behind), `latest` the newest word (which"
        " may be provisional). Without `from` the last day. Follow `next` for more; Accept: text/csv gives CSV, with"
        " the next page in the Link header.",
        parameters=(
            Parameter("indicator", "指标编号", "indicator id", required=True, longest=64, example="T1"),
            Parameter("region", "区域代码，逗号分隔；缺省为全部", "region codes by comma; default: all", longest=2000,
                      example="440303"),
            Parameter("from", "起（不含）", "begin, exclusive", kind="time", example="2026-09-01T00:00:00+08:00"),
            Parameter("to", "止（含）；缺省为现在", "end, inclusive; default: now", kind="time"),
            Parameter("step", "时段；缺省为合适者", "slot; default: the fitting one", choices=values.STEPS),
            Parameter("dim", "维度，须全部给出或不给", "dimensions, all or none", grouped=True),
            WORLD,
            Parameter("limit", "每页行数", "rows of a page", kind="int", default=values.ROWS, low=1,
                      high=values.MOST_ROWS),
            Parameter("after", "上一页末行，见 next", "the last row of the page before, see `next`", longest=100),
        ),
        answers={
            200: Answer("一页", "a page", {JSON: Values, CSV: None}),
            **USUAL,
            404: MISSING,
        },
    ),
    Operation(
        "GET", "/api/v1/regions/resolve", "resolve", "点、代码或地址所属的各级区域",
        "the regions of a point, a code or an address",
        Bearer(Permission.REGION_VIEW),
        about_zh="给 lon 与 lat（及 datum），或给 code（区域、社区、楼栋、地址），或给 address（地址文本）。"
        "自最小一级起，至区为止。"
        "地址不能确定是哪一处时 regions 为空，candidates 按相似度列出；没有则答 404。",
        about_en="Give lon and lat (and datum), or code (of a region, a community, a building, an address), or address"
        " (a text). From the smallest up to the district. Where a text may mean several places `regions` is empty and"
        " `candidates` lists them by likeness; where it means none the answer is 404.",
        parameters=(
            Parameter("lon", "经度", "longitude, degrees", kind="number", low=-180, high=180, example="114.12"),
            Parameter("lat", "纬度", "latitude, degrees", kind="number", low=-90, high=90, example="22.55"),
            Parameter("datum", "坐标基准", "datum", default="wgs84", choices=DATUMS),
            Parameter("code", "区域、社区、楼栋或地址的代码", "code of a region, community, building ...", longest=64),
            Parameter("address", "地址文本", "an address as it is written", longest=200),
        ),
        answers={200: Answer("区域链", "the chain", {JSON: Chain}), **USUAL, 404: MISSING},
    ),
    Operation(
        "GET", "/api/v1/session", "session", "当前登录", "who is signed in", Permission.SESSION,
        answers={200: Answer("会话", "the session", {JSON: SessionFacts}), 401: SIGNED_OUT, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/ticket", "ticket", "实时通道门票", "a ticket for the live socket", Permission.LIVE_VIEW,
        about_zh="只供本产品页面使用：须登录并同源。", about_en="For pages of this product: signed in, same origin.",
        body=Body("主题", "topics", {JSON: {"type": "object", "properties": {
            "topics": {"type": "array", "items": {"type": "string"}, "maxItems": 32}}}}, {"topics": ["live/traffic"]}),
        answers={200: Answer("门票，30 秒内用一次", "a ticket, once within 30 s", {JSON: TicketFacts}), 400: BAD,
                 401: SIGNED_OUT, 403: FORBIDDEN, 415: Answer("须为 JSON", "JSON is needed", {JSON: Error}), 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/standing", "standing", "任务、数据与告警的现状", "what stands now: tasks, feeds, alarms",
        Permission.SESSION,  # asks for what its pages ask for itself
        about_zh="供任务覆盖与链接库页面使用。", about_en="For the pages of coverage and links.",
        parameters=(replace(WORLD, default=None),),
        answers={200: Answer("现状", "what stands", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/openapi.json", "openapi", "本接口的 OpenAPI 文档", "this document", Bearer(Permission.SESSION),
        answers={200: Answer("OpenAPI 3.1", "OpenAPI 3.1", {JSON: None}), 401: SIGNED_OUT, 429: LIMITED, 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/docs", "docs", "接口说明页", "this interface as a page", Permission.SESSION,
        parameters=(Parameter("lang", "语言", "language", default="zh", choices=("zh", "en")),),
        answers={200: Answer("网页", "a page", {HTML: None}), 401: SIGNED_OUT, 503: AWAY},
    ),
)  # fmt: skip
BY_ID: Final[Mapping[str, Operation]] = {one.id: one for one in OPERATIONS}
