"""The formula language: text to a checked syntax tree. `metrics.evaluation` runs the tree on arrays."""

from metrics.formula_check import check, problems, warnings
from metrics.formula_parser import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, parse
from metrics.formula_syntax import FormulaError, Node, names, text, uses_now
from metrics.formula_types import BOOL, DURATION, INTEGER, NUMBER, TEXT, TIME, Kind, Type

__all__ = [
    "BOOL",
    "DURATION",
    "INTEGER",
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_NODES",
    "NUMBER",
    "TEXT",
    "TIME",
    "FormulaError",
    "Kind",
    "Node",
    "Type",
    "check",
    "names",
    "parse",
    "problems",
    "text",
    "uses_now",
    "warnings",
]
