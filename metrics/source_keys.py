"""The keys of `sources.toml`."""

from metrics.declared_key import DATUMS, FIELD_TYPES, NAMES, Key

PACE = (
    Key(
        "period",
        "duration",
        "同一实体两次读数的正常间隔；不写：不规则",
        "expected interval between readings of an entity",
        "irregular",
        '"1m"',
    ),
    Key(
        "disorder",
        "duration",
        "水位线落后最新事件时间的量",
        "how far the watermark lags the newest event time",
        "0s",
        '"30s"',
    ),
    Key(
        "lateness",
        "duration",
        "完成之后仍接受更正的时长",
        "how long after completion corrections are accepted",
        "0s",
        '"2h"',
    ),
    Key(
        "idle",
        "duration",
        "静默多久之后水位线随时钟前进",
        "silence after which the watermark follows the clock",
        "never",
        '"2m"',
    ),
    Key(
        "future",
        "duration",
        "超前时钟多少即拒收",
        "further ahead of the clock than this: rejected",
        "not tested",
        '"1m"',
    ),
    Key(
        "stale_after",
        "duration",
        "多久没有新数据即为陈旧",
        "without a row for so long a value is stale",
        "3 periods",
        '"3m"',
    ),
)

SOURCE = (
    Key(
        "kind",
        "text",
        "类别：读数、记录、并集",
        "readings, records or a union",
        required=True,
        example='"readings"',
        choices=("readings", "records", "union"),
    ),
    *NAMES,
    Key("scene", "name", "所属主题", "the scene that it belongs to"),
    Key("time", "name", "读数：事件时间字段", "readings: the field of the event time", example='"time"'),
    Key("entity", "name", "读数：实体编号字段", "readings: the field of the entity id", example='"station"'),
    Key("id", "names", "读数：判重字段", "readings: the fields that identify one", "[entity, time]", '["ticket_no"]'),
    Key("key", "name", "记录：键字段", "records: the key field", example='"case_id"'),
    Key(
        "changed",
        "name",
        "记录：版本的变更时间字段",
        "records: the field of the change time",
        "arrival",
        '"changed_at"',
    ),
    Key("deleted", "name", "记录：为真时删除该键的字段", "records: true removes the key", example='"void"'),
    Key("of", "names", "并集：各数据源", "union: the sources", example='["case", "request"]'),
    Key(
        "rename",
        "tables",
        "并集：字段改名",
        "union: new names of fields, by source",
        of="rename",
        example='{ request = { received_at = "created_at" } }',
    ),
    *PACE,
    Key(
        "since",
        "instant",
        "此前数据不完整",
        "before this the source is not complete",
        example='"2024-01-01T00:00:00+08:00"',
    ),
    Key(
        "registry",
        "name",
        "按实体编号登记的记录源或登记表",
        "a records source or a static registry keyed by the entity id",
        example='"gauges"',
    ),
    Key(
        "take",
        "names",
        "从登记中取来的字段",
        "fields of the registry that become fields of the reading",
        example='["basin"]',
    ),
    Key(
        "region",
        "table",
        "行如何找到区域",
        "how a row finds its region",
        of="region",
        example='{ field = "community" }',
    ),
    Key("fields", "tables", "字段", "the fields", of="field"),
    Key("shards", "integer", "观测流分片数", "shards of the observation stream", "1"),
    Key("variants", "tables", "某世界中的不同节奏", "a different pace in a world that names the variant", of="variant"),
)

FIELD = (
    Key("type", "text", "类型", "type", required=True, choices=FIELD_TYPES, example='"decimal"'),
    *NAMES,
    Key("scale", "integer", "decimal 的小数位数 0..9", "decimals of a decimal, 0..9", example="1"),
    Key("unit", "text", "单位", "unit", example='"mm"'),
    Key("range", "numbers", "允许的最小与最大值(含)", "lowest and highest value, both allowed", example="[0, 50]"),
    Key(
        "missing",
        "texts",
        "视为空的文本(数字按数值比较)",
        "texts that mean null, compared as numbers for numbers",
        example='["-999"]',
    ),
    Key("required", "flag", "不许为空", "null is not allowed", "false"),
    Key("personal", "flag", "个人信息：只可筛选和计数", "personal: may be filtered by and counted only", "false"),
    Key("values", "texts", "category 允许的取值", "the only values of a category", example='["filed", "closed"]'),
    Key("datum", "text", "point 的坐标系", "datum of a point", "wgs84", '"gcj02"', choices=DATUMS),
)

REGION = (
    Key("field", "name", "本行的区域代码字段", "a field of the row that holds the code"),
    Key("registry", "name", "登记中的区域代码字段", "a field of the registry that holds the code"),
    Key("point", "name", "本行的位置字段", "a point of the row"),
)

VARIANT = (
    *PACE,
    Key("registry", "name", "另一登记表", "another registry"),
    Key(
        "windows",
        "durations",
        "滚动窗口长度的替换",
        "sizes of tumbling windows that are replaced",
        example='{ "5m" = "15m" }',
    ),
)
