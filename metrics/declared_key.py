"""A key of a declaration: its name, its form, and what it means in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal[
    "text",
    "name",
    "texts",
    "durations",
    "duration",
    "size",
    "integer",
    "number",
    "flag",
    "instant",
    "dates",
    "hours",
    "expression",
    "expressions",
    "limits",
    "names",
    "table",
    "tables",
    "list",
    "numbers",
    "rollup",
    "within",
    "period",
    "tasks",
]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table. `of` names the table below it (forms `table`, `tables`, `list`), `choices` the only words."""

    name: str
    form: Form
    zh: str
    en: str
    default: str = ""
    example: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True, slots=True)
class TableKeys:
    """A table of the language: its heading, its name in both languages, its keys in the order of the page."""

    heading: str
    zh: str
    en: str
    keys: tuple[Key, ...]


FIELD_TYPES = ("int", "decimal", "text", "category", "bool", "time", "point", "intervals")
DATUMS = ("wgs84", "gcj02", "bd09")
LEVELS = ("district", "subdistrict", "committee", "community", "block")
WINDOWS = ("tumbling", "sliding", "day_to_date", "week_to_date", "month_to_date", "year_to_date", "now", "all")
THENS = ("count", "sum", "mean", "min", "max", "percentile")
HOWS = ("max", "min", "sum", "mean", "worst", "best", "weighted")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALARM_LEVELS = ("blue", "yellow", "orange", "red")

NAMES = (
    Key("zh", "text", "中文名", "name in Chinese"),
    Key("en", "text", "英文名", "name in English"),
)
