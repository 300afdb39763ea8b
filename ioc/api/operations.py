"""The operations there are: every route below /api/v1, from which router, guard, document and page are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ioc.api import batch, values
from ioc.api.alarm_operations import ALARM_OPERATIONS
from ioc.api.drill_operations import DRILL_OPERATIONS
from ioc.api.incident_operations import INCIDENT_OPERATIONS
from ioc.api.means_operations import MEANS_OPERATIONS
from ioc.api.operation import CSV, HTML, JSON, NDJSON, VIDEO, Answer, Bearer, Body, Operation
from ioc.api.parameter import Parameter
from ioc.api.plan_operations import PLAN_OPERATIONS
from ioc.api.relation_operations import RELATION_OPERATIONS
from ioc.api.report_operations import REPORT_OPERATIONS
from ioc.api.shapes import BatchError, Chain, Error, Outlook, Receipt, SessionFacts, TicketFacts, Values
from ioc.api.unit_operations import UNIT_OPERATIONS
from ioc.api.usual import AWAY, BAD, FORBIDDEN, LIMITED, MISSING, SIGNED_OUT, USUAL, WORLD
from ioc.api.voucher_operations import VOUCHER_OPERATIONS
from ioc.api.workbench_operations import WORKBENCH_OPERATIONS
from ioc.domain.screen_view import MOST_VIDEO
from ioc.security.permission import Permission
from metrics.datum import DATUMS

_CELL: Final[Mapping[str, Any]] = {"type": ["string", "number", "boolean", "null", "array"]}
_ROW: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": _CELL}
_ROWS: Final[Mapping[str, Any]] = {"type": "array", "items": _ROW, "minItems": 1, "maxItems": batch.MOST_ROWS}
_BATCH: Final[Mapping[str, Any]] = {
    "oneOf": [
        _ROWS,
        {"type": "object", "properties": {"rows": _ROWS}, "required": ["rows"], "additionalProperties": False},
    ]
}
PLAYBACK = Parameter("name", "回放", "playback", where="path", required=True, longest=64, example="playback-0f3a9c12d4")
_WISHES: Final[Mapping[str, Any]] = {
    "at": {"type": "integer"}, "speed": {"type": "number", "minimum": 0, "maximum": 600},
    "known": {"enum": ["then", "now"]},
}  # fmt: skip
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
        "一行都不合契约时答 422，未写入任何一行。同一 Idempotency-Key 与同一正文 24 小时内得到同一答复。"
        "late 是已写入而迟到的行数（late_rows 为其序号，自 0 起，至多 100 个）："
        "按计算引擎最近公布的水位，时间早于水位减容许迟到时长。"
        "迟到行照常归档并计数，但不再计入任何值；台账类记录的迟到版本自水位时起计。"
        "引擎读取时水位可能更靠后，届时迟到者只多不少。",
        about_en=f"Fields are named as the source declares them; numbers are read as written. At most {batch.MOST_ROWS}"
        f" rows and {batch.MOST_BYTES >> 20} MiB. Rows that keep the contract are accepted, the others are told row by"
        " row; with mode=whole one wrong row refuses all. If no row is accepted the answer is 422 and nothing was"
        " written. The same Idempotency-Key with the same body gets the same answer for 24 hours. `late` of the"
        " accepted rows are older than the engine waits for (`late_rows`: their places, from 0, the first 100), than"
        " the watermark that it published last, less the lateness of the source. They are archived and counted, and are"
        " in no value; a late version of a record counts from the watermark on. When the engine reads them its"
        " watermark may be further: then more are late, never fewer.",
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
            202: Answer("已写入 accepted 行，其中 late 行迟到",
                        "`accepted` rows are written, `late` of them too late to count", {JSON: Receipt}),
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
        "GET", "/api/v1/outlook", "outlook", "指标的常态带与预测", "what is normal of an indicator, and what comes",
        Bearer(Permission.INDICATOR_VIEW),
        about_zh="回放的世界按所示时刻当时（或现在）所知重新学习，只及全区；state 为 learning 时请稍后再问。",
        about_en="Of a playback it is learnt anew from what was known at the moment that is shown, of the whole"
        " district alone; while `state` is learning ask again.",
        parameters=(
            Parameter("indicator", "指标编号", "indicator id", required=True, longest=64, example="T1"),
            Parameter("region", "区域代码；缺省为全区", "region code; default: the whole", longest=64,
                      example="440303"),
            WORLD,
        ),
        answers={200: Answer("常态带与预测", "band and forecast", {JSON: Outlook}), **USUAL, 404: MISSING},
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
        parameters=(
            replace(WORLD, default=None),
            Parameter("indicator", "另列其全部告警的指标", "the indicator whose alarms are listed too", longest=64),
        ),
        answers={200: Answer("现状", "what stands", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/names", "names", "登记册中的名称", "names of entities, as their registers say",
        Permission.LIVE_VIEW,
        about_zh="供大屏与首页：一个维度的编号在登记册中的中英文名；登记册不识的不在答复中。",
        about_en="For walls and the home page: the names of the ids of a dimension; who is unknown is left out.",
        parameters=(
            replace(WORLD, default=None),
            Parameter("scene", "场景", "scene", required=True, longest=64, example="services"),
            Parameter("dimension", "维度", "dimension", required=True, longest=64, example="hall"),
            Parameter("value", "编号，可重复", "id, may be repeated", required=True),
        ),
        answers={200: Answer("名称", "names", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING,
                 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/layers/entity", "entity", "地图上的一个对象", "one entity on the map", Permission.LIVE_VIEW,
        about_zh="供地图页面使用。", about_en="For the pages with a map.",
        parameters=(
            Parameter("layer", "图层", "layer", required=True, longest=64, example="units"),
            Parameter("id", "对象", "entity", required=True, longest=256, example="U0001"),
            replace(WORLD, default=None),
        ),
        answers={200: Answer("对象", "the entity", {JSON: None}), 401: SIGNED_OUT, 403: FORBIDDEN,
                 404: Answer("没有这个对象", "there is no such entity", {JSON: Error}), 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/attention", "attention", "此刻要紧的事，按序", "what matters now, in order",
        Permission.INDICATOR_VIEW,
        about_zh="供总览大屏使用。", about_en="For the overview wall.",
        parameters=(replace(WORLD, default=None),),
        answers={200: Answer("条目", "the entries", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/command", "command", "预案步骤与响应经过，供大屏", "plan steps and the course of the response",
        Permission.INDICATOR_VIEW,
        about_zh="供应急指挥大屏使用；不含人名与填写内容。",
        about_en="For the wall of emergency command; without names of people and what they entered.",
        parameters=(replace(WORLD, default=None),),
        answers={200: Answer("经过", "the course", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 404: MISSING, 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/screens", "screens", "各大屏及其屏权", "the screens and who has each", Permission.SCREEN_VIEW,
        about_zh="供屏控页面使用。", about_en="For the page of the screens.",
        answers={200: Answer("各屏", "the screens", {JSON: None}), 401: SIGNED_OUT, 403: FORBIDDEN, 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/playback", "playback-begin", "开始或加入一个回放", "begin or join a playback",
        Permission.WALL_VIEW,  # to begin one more is asked for
        about_zh="相同的要求得到同一个回放：新开始者答 201，已有者答 200。", about_en="The same wishes give the same"
        " playback: 201 where it was begun, 200 where it was there.",
        body=Body("要求", "the wishes", {JSON: {"type": "object",
                  "properties": {"world": {"type": "string"}, **_WISHES},
                  "required": ["world", "at", "speed", "known"], "additionalProperties": False}},
                  {"world": "live", "at": 1_788_192_000_000, "speed": 60, "known": "then"}),
        answers={200: Answer("回放", "the playback", {JSON: None}), 201: Answer("新的回放", "a new one", {JSON: None}),
                 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING,
                 409: Answer("回放已达上限", "as many run as may", {JSON: Error}), 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/playback/<name>", "playback", "一个回放的现状", "how a playback stands", Permission.WALL_VIEW,
        parameters=(PLAYBACK,),
        answers={200: Answer("回放", "the playback", {JSON: None}), 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING,
                 503: AWAY},
    ),
    Operation(
        "PATCH", "/api/v1/playback/<name>", "playback-change", "定位、变速、暂停、换所知",
        "seek, pace, pause, knowledge", Permission.WALL_VIEW,
        parameters=(PLAYBACK,),
        body=Body("要求", "the wishes", {JSON: {"type": "object", "properties": _WISHES,
                  "additionalProperties": False}}, {"speed": 0}),
        answers={200: Answer("回放", "the playback", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 404: MISSING, 503: AWAY},
    ),
    Operation(
        "DELETE", "/api/v1/playback/<name>", "playback-end", "结束回放", "end a playback", Permission.WALL_VIEW,
        parameters=(PLAYBACK,),
        answers={200: Answer("已结束", "it has ended", {JSON: None}), 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING,
                 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/playback/marks", "playback-marks", "时间轴上的告警", "the alarms on the time bar",
        Permission.WALL_VIEW,
        parameters=(
            replace(WORLD, default=None),
            Parameter("from", "起，毫秒", "begin, ms UTC; default: a day before `until`", kind="int"),
            Parameter("until", "止，毫秒", "end, ms UTC; default: now; at most two days behind `from`", kind="int"),
        ),
        answers={200: Answer("标记", "the marks", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/video", "video", "各摄像机由谁观看", "who watches which camera", Permission.VIDEO_VIEW,
        parameters=(replace(WORLD, default=None),),
        answers={200: Answer("观看者", "the watchers", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 503: AWAY},
    ),
    Operation(
        "POST", "/api/v1/video", "video-watch", "观看摄像机", "watch cameras", Permission.VIDEO_VIEW,
        about_zh="供有地图的页面使用：列出本页打开的摄像机，每 5 秒一次，20 秒不说即视为不看；空表即结束。"
        "答复给出各路的取流地址与观看者。",
        about_en="For the pages with a map: the cameras whose tiles a page shows, each 5 s; after 20 s without a word"
        " it watches none, as with an empty list. The answer says where to load each from and who watches it.",
        body=Body("本页打开的摄像机", "the cameras of the page", {JSON: {"type": "object", "properties": {
            "world": {"type": "string"}, "page": {"type": "string"},
            "cameras": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_VIDEO}},
            "required": ["page", "cameras"], "additionalProperties": False}},
            {"world": "live", "page": "3f0c9a12", "cameras": ["CAM00001"]}),
        answers={200: Answer("各路视频", "the cameras", {JSON: None}), 400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN,
                 409: Answer("观看视频的页面已达上限", "as many pages watch as may", {JSON: Error}),
                 415: Answer("须为 JSON", "JSON is needed", {JSON: Error}), 503: AWAY},
    ),
    Operation(
        "GET", "/api/v1/video/clip/<name>", "video-clip", "演练片段", "the clip of simulated cameras",
        Permission.VIDEO_VIEW,
        parameters=(Parameter("name", "文件", "file", where="path", required=True, longest=32, example="index.m3u8"),),
        answers={200: Answer("片段", "the clip", {VIDEO: None}), 206: Answer("一段", "a part of it", {VIDEO: None}),
                 401: SIGNED_OUT, 403: FORBIDDEN, 404: MISSING, 503: AWAY},
    ),
    *INCIDENT_OPERATIONS,
    *ALARM_OPERATIONS,
    *RELATION_OPERATIONS,
    *REPORT_OPERATIONS,
    *UNIT_OPERATIONS,
    *PLAN_OPERATIONS,
    *MEANS_OPERATIONS,
    *DRILL_OPERATIONS,
    *VOUCHER_OPERATIONS,
    *WORKBENCH_OPERATIONS,
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
