"""The keys of `indicators.toml`."""

from metrics.declared_key import ALARM_LEVELS, HOWS, LEVELS, NAMES, THENS, WINDOWS, Key

INDICATOR = (
    Key("id", "name", "编号", "id", required=True, example='"G6"'),
    Key("version", "integer", "版本", "version", "1"),
    Key("valid_from", "instant", "自何时起生效", "in force from", "always", '"2024-06-01T00:00:00+08:00"'),
    *NAMES,
    Key("scene", "name", "所属主题", "the scene that it belongs to"),
    Key("tasks", "tasks", "任务编号", "numbers of tasks", example="[19, 25]"),
    Key("unit", "text", "单位", "unit", example='"%"'),
    Key("decimals", "integer", "显示的小数位数", "decimals on display", "0"),
    Key(
        "direction",
        "text",
        "越大越好、越小越好、仅作背景",
        "more is better, less is better, neither",
        "context",
        '"up"',
        choices=("up", "down", "context"),
    ),
    Key(
        "source",
        "text",
        "度量的默认数据源，或 indicator:ID",
        "default source of the measures, or indicator:ID",
        example='"case"',
    ),
    Key(
        "window",
        "table",
        "窗口",
        "window",
        of="window",
        required=True,
        example='{ kind = "sliding", size = "7d", every = "15m" }',
    ),
    Key("dimensions", "names", "维度字段", "fields that split the value", example='["org"]'),
    Key(
        "levels",
        "texts",
        "发布的区域级别",
        "levels of regions that are published",
        "district, subdistrict, committee",
        choices=LEVELS,
    ),
    Key(
        "rollup",
        "rollup",
        "区域汇总方式",
        "how regions are rolled up",
        "states",
        '{ from = "subdistrict", how = "max" }',
        of="rollup",
    ),
    Key(
        "formula",
        "expression",
        "公式",
        "formula over measures and constants",
        required=True,
        example='"pct(on_time, due)"',
    ),
    Key("min_samples", "integer", "样本少于此数则无值", "fewer samples: no value", "0"),
    Key(
        "samples", "name", "以哪个度量的行数为样本数", "the measure whose rows are the samples", "the largest", '"due"'
    ),
    Key("owner", "text", "负责人", "owner"),
    Key("tags", "texts", "标签", "tags", example='["GB/T 30428"]'),
    Key("target", "table", "目标", "target", of="target", example="{ value = 98 }"),
    Key("constants", "tables", "常量", "constants by name", of="constant", example="{ limit = 30 }"),
    Key("measures", "tables", "度量", "measures by name", of="measure"),
    Key("thresholds", "table", "预警阈值", "thresholds of levels", of="thresholds"),
    Key(
        "baseline",
        "table",
        "zscore 的基线；时间格 1 分钟至 1 小时的指标有此表即另发布正常带、预测与异常",
        "what zscore compares with; on a grid of a minute to an hour it also asks for band, forecast and anomalies",
        of="baseline",
    ),
    Key(
        "foresee",
        "text",
        "各分组中谁将在一小时内达到界限，按近半小时走势；须有维度与数值界限，时间格至多 15 分钟，不与 baseline 同用",
        "which of its groups comes to a limit within the hour, by its course of half an hour; it needs dimensions and"
        " limits on the value, on a grid of at most 15 minutes, and no baseline",
        example='"worst"',
        choices=("worst",),
    ),
    Key(
        "top",
        "table",
        "只把最好的 n 组发往屏幕",
        "only the n best groups are sent to screens",
        of="top",
        example='{ by = "topic", n = 10 }',
    ),
)

WINDOW = (
    Key("kind", "text", "种类", "kind", required=True, choices=WINDOWS, example='"sliding"'),
    Key("size", "size", "长度；tumbling 可用 1mo、1y", "length; tumbling also 1mo, 1y", example='"7d"'),
    Key("every", "duration", "时间格；整除一天", "distance of grid instants; it divides a day", example='"15m"'),
    Key(
        "max_age",
        "duration",
        "now：更早的当前读数不算",
        "now: an older current reading does not count",
        example='"10m"',
    ),
)

MEASURE = (
    *NAMES,
    Key("source", "text", "数据源", "source", "that of the indicator"),
    Key("agg", "text", "聚合", "aggregate", required=True, example='"count"'),
    Key(
        "field",
        "expressions",
        "字段表达式；distinct 可为列表",
        "an expression; a list for distinct",
        example='"mm * 10"',
    ),
    Key("scale", "integer", "定点小数位数", "decimals of the fixed point", "from the expression, else 6"),
    Key("where", "expression", "筛选", "filter", example="\"status = 'closed'\""),
    Key(
        "at",
        "expression",
        "记录：落入窗口的时间",
        "records: the time that places a record in the window",
        example='"deadline"',
    ),
    Key(
        "window", "table", "自己的窗口", "a window of its own", "that of the indicator", '{ kind = "now" }', of="window"
    ),
    Key("p", "number", "percentile 的百分位", "which percentile, 0..100", example="90"),
    Key("within", "within", "online：多久之内(时长或周期数)", "online: a duration or a number of periods", "2", "2"),
    Key("calendar", "name", "dwell：只计此日历开放时间", "dwell: only while it is open", example='"night"'),
    Key("hold", "duration", "dwell：一个读数管多久", "dwell: how long a reading holds", "2 periods", '"10m"'),
    Key("unit", "duration", "rate：每多长时间", "rate: per which time", "1h", '"1d"'),
    Key("per", "names", "两步度量：第一步的分组", "two steps: the groups of the first", example='["place"]'),
    Key("having", "expression", "两步度量：保留哪些", "two steps: which of them are kept", example='"value >= 3"'),
    Key("each", "expression", "两步度量：换算", "two steps: what each becomes", example='"min(value, 2)"'),
    Key("then", "text", "两步度量：第二步的聚合", "two steps: the second aggregate", choices=THENS, example='"count"'),
)

ROLLUP = (
    Key(
        "from",
        "text",
        "由哪一级汇总",
        "the level that is folded",
        required=True,
        choices=LEVELS,
        example='"subdistrict"',
    ),
    Key("how", "text", "汇总方式", "how", required=True, choices=HOWS, example='"max"'),
    Key("weight", "name", "weighted 的权重(区域属性)", "weighted: an attribute of regions", example='"population"'),
)

TARGET = (
    Key("value", "number", "数值", "a number", example="98"),
    Key(
        "formula",
        "expression",
        "region() 与 entered() 的公式",
        "a formula over region() and entered()",
        example="\"entered('plan')\"",
    ),
)

LIMITS = tuple(
    Key(level, "number", f"{zh}色界限", f"limit of level {level}", example=str(example))
    for level, zh, example in zip(ALARM_LEVELS, "蓝黄橙红", (98, 95, 90, 85), strict=True)
)

THRESHOLDS = (
    *LIMITS,
    Key("strict", "flag", "direction down：大于才算", "direction down: above, not at the limit", "false"),
    Key(
        "hysteresis",
        "number",
        "回差：好过界限这么多才解除",
        "a level is left only when better than its limit by this",
        "0",
    ),
    Key("on_delay", "duration", "持续多久才升级", "how long it must hold before it is raised", "0s", '"10m"'),
    Key("off_delay", "duration", "持续多久才解除", "how long before it is lowered", "0s", '"10m"'),
    Key("on", "text", "按数值或按 z", "judged on the value or on its z-score", "value", choices=("value", "z")),
    Key("variants", "list", "日历开放时替换的界限", "limits while a calendar is open", of="limits_variant"),
    Key(
        "no_data_delay",
        "duration",
        "无数据多久即告警",
        "how long without data is a condition of its own",
        "3 grid instants",
    ),
    Key("stale_delay", "duration", "陈旧多久即告警", "how long stale is a condition of its own", "3 grid instants"),
    Key("silence", "text", "无数据与陈旧的级别", "level of these conditions", "yellow", choices=ALARM_LEVELS),
    Key("flapping", "table", "反复跳变的判定", "when a rule flaps", of="flapping"),
)

FLAPPING = (
    Key("changes", "integer", "变化次数", "so many changes", "5"),
    Key("within", "duration", "在多久之内", "within this time", "12 grid instants"),
)
