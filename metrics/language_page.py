"""The reference page of the language, made from the vocabulary, the signatures and the checker itself."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from metrics.aggregate_rule import AGGREGATES
from metrics.declared_key import Key
from metrics.definition import DefinitionErrors, load_tables
from metrics.formula_parser import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES
from metrics.formula_reference import MAX_REFERENCES
from metrics.formula_signatures import SIGNATURES
from metrics.function_meaning import MEANINGS
from metrics.vocabulary import TABLES

_HEAD = """# 指标语言参考 reference of the indicator language

由 `ioc packs reference` 按程序自身的声明生成，请勿手改。
编辑器用的 JSON Schema 由 `ioc packs schema` 生成(`docs/language.schema.json`)。
Written by `ioc packs reference` from the declarations that the readers use; do not edit it. `ioc packs schema` writes
the JSON schema for editors (`docs/language.schema.json`).
"""
_WINDOWS = (
    (
        "tumbling",
        "[end - size, end)，长度即时间格",
        "[end - size, end), the grid is the size",
        '{ kind = "tumbling", size = "5m" }',
    ),
    ("sliding", "[end - size, end)", "[end - size, end)", '{ kind = "sliding", size = "7d", every = "15m" }'),
    ("day_to_date", "当日零点至 end", "from local midnight to end", '{ kind = "day_to_date", every = "15m" }'),
    ("week_to_date", "周一零点至 end", "from Monday to end", '{ kind = "week_to_date", every = "1h" }'),
    ("month_to_date", "月初至 end", "from the first of the month to end", '{ kind = "month_to_date", every = "1h" }'),
    ("year_to_date", "年初至 end", "from 1 January to end", '{ kind = "year_to_date", every = "1d" }'),
    ("now", "各实体的当前行(存量)", "the current row of each entity: a stock", '{ kind = "now", every = "1m" }'),
    ("all", "end 之前的全部", "everything before end", '{ kind = "all", every = "1h" }'),
)

# A small world in which each rule is broken once.
_SOURCES: dict[str, Any] = {
    "case": {
        "kind": "records",
        "key": "case_id",
        "fields": {
            "case_id": {"type": "text"},
            "deadline": {"type": "time"},
            "org": {"type": "category"},
            "metres": {"type": "int", "unit": "m"},
            "km": {"type": "int", "unit": "km"},
            "caller": {"type": "text", "personal": True},
        },
    },
}
_FINE: dict[str, Any] = {
    "id": "G6",
    "source": "case",
    "window": {"kind": "now", "every": "5m"},
    "formula": "n",
    "measures": {"n": {"agg": "count"}},
}
_WRONG: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("syntax", "写法不合文法", "the text is no expression", {"formula": "n +"}),
    ("unknown-key", "没有这个键", "the table has no such key", {"colour": "red"}),
    (
        "unknown-name",
        "没有这个名字",
        "nothing has this name",
        {"measures": {"n": {"agg": "count", "where": "orgg = 'a'"}}},
    ),
    (
        "unknown-function",
        "没有这个函数，或此处不能用",
        "there is no such function, or not here",
        {"formula": "sqrt(n)"},
    ),
    ("type", "类型不合", "the wrong kind of thing", {"formula": "n > 1"}),
    ("unit", "单位不合", "different units", {"measures": {"n": {"agg": "sum", "field": "metres + km"}}}),
    ("arity", "参数个数不对", "the wrong number of arguments", {"formula": "abs(n, 1)"}),
    ("limit", "超过限度", "beyond a limit", {"formula": "(" * 65 + "n" + ")" * 65}),
    ("cycle", "指标循环引用", "an indicator needs itself", {"formula": "n + indicator('G6')"}),
    (
        "window",
        "窗口或 now() 不合规则",
        "a window, or now(), against its rules",
        {"window": {"kind": "now", "every": "7m"}},
    ),
    ("missing-key", "缺少必需的键", "a key that is needed", {"window": {"kind": "now"}}),
    ("duplicate", "重复", "something stands twice", {"constants": {"n": 1}}),
    ("unused", "度量没有用到", "a measure that the formula does not use", {"formula": "1"}),
    (
        "personal",
        "个人信息只可筛选和计数",
        "personal data may only be filtered by and counted",
        {"dimensions": ["caller"]},
    ),
    ("literal", "常数不合规定", "a literal that is not allowed", {"direction": "sideways"}),
)
RULES = tuple(rule for rule, *_ in _WRONG)


def page() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD, "## 声明 declarations\n"]
    parts += [_keys(name) for name in TABLES]
    parts += [_windows(), _aggregates(), _functions(), _rules()]
    return "\n".join(parts)


def _keys(name: str) -> str:
    table = TABLES[name]
    rows = [
        (
            f"`{key.name}`{' *' if key.required else ''}",
            _form(key),
            key.default or "",
            f"{key.zh} {key.en}",
            _code(key.example),
        )
        for key in table.keys
    ]
    return f"### {table.zh} {table.en}: `{table.heading}`\n\n" + _grid(
        ("键 key (* 必需 required)", "形式 form", "默认 default", "含义 meaning", "例 example"), rows
    )


def _form(key: Key) -> str:
    if key.choices:
        return ", ".join(f"`{word}`" for word in key.choices)
    return {"rollup": "`states` 或 or table", "within": "duration 或 or number"}.get(key.form, key.form)


def _windows() -> str:
    rows = [(f"`{kind}`", f"{zh} {en}", _code(f"window = {example}")) for kind, zh, en, example in _WINDOWS]
    return "## 窗口 windows\n\n" + _grid(("种类 kind", "窗口 window of `end`", "例 example"), rows)


def _aggregates() -> str:
    rows = []
    for name, rule in AGGREGATES.items():
        field = "" if rule.field == "none" else ', field = "speed"'
        own = {"p": ", p = 90", "within": ", within = 2", "unit": ', unit = "1h"', "hold": ', hold = "10m"'}
        keys = "".join(own.get(key, "") for key in rule.keys)
        per = ', per = ["entity"], then = "max"' if rule.needs_entity else ""
        limits = "只限读数 readings only" if rule.readings_only else ""
        rows.append(
            (f"`{name}`", f"{rule.zh} {rule.en}", rule.empty, limits, _code(f'{{ agg = "{name}"{field}{keys}{per} }}'))
        )
    return "## 聚合 aggregates\n\n" + _grid(
        ("名称 name", "含义 meaning", "空窗 empty window", "限制 limits", "例 example"), rows
    )


def _functions() -> str:
    rows = [
        (
            _code(signature.usage),
            f"{MEANINGS[name].zh} {MEANINGS[name].en}",
            "只用于公式 formula only" if signature.formula_only else "",
            _code(MEANINGS[name].example),
        )
        for name, signature in SIGNATURES.items()
    ]
    head = "## 函数 functions\n\n运算符 operators: `or and not = != < <= > >= in between is null + - * /`；"
    head += "空值规则同 SQL，除以零为空 null as in SQL, division by zero is null。\n"
    head += (
        f"限度 limits: {MAX_CHARACTERS:,} 字符 characters, {MAX_NODES:,} 节点 nodes, 深度 depth {MAX_DEPTH}, "
        f"{MAX_REFERENCES} 处指标引用 references to indicators.\n\n"
    )
    return head + _grid(("用法 usage", "含义 meaning", "", "例 example"), rows)


def _rules() -> str:
    rows = [(f"`{rule}`", f"{zh} {en}", _code(example(rule))) for rule, zh, en, _ in _WRONG]
    head = "## 错误 errors\n\n全部错误一次列出，每行一条 all of them, one line each: "
    head += "`FILE:ID.KEY:COLUMN: RULE: message`\n\n不是 TOML 的文件 of a file that is no TOML: "
    head += "`FILE:LINE:COLUMN: syntax: message`\n\n"
    return head + _grid(("规则 rule", "含义 meaning", "例 example"), rows)


def example(rule: str) -> str:
    """A line that the checker itself says when the rule is broken."""
    change = next(wrong for name, _, _, wrong in _WRONG if name == rule)
    try:
        load_tables(_SOURCES, [copy.deepcopy(_FINE) | copy.deepcopy(change)])
    except DefinitionErrors as error:
        return next(line for line in error.lines if f": {rule}: " in line)
    raise AssertionError(f"{rule} is not broken by its example")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in cells)]) + "\n"
