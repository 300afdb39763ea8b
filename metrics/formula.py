"""The formula language: text to a checked syntax tree. `metrics.evaluation` runs the tree on arrays."""

from metrics.formula_check import Side, check, problems, warnings
from metrics.formula_now import Now
from metrics.formula_parser import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, parse
from metrics.formula_syntax import FormulaError, Node, names, text, uses_now
from metrics.formula_types import BOOL, DURATION, INTEGER, NUMBER, TEXT, TIME, Kind, Type, did_you_mean

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
    "Now",
    "Side",
    "Type",
    "check",
    "did_you_mean",
    "names",
    "parse",
    "problems",
    "text",
    "uses_now",
    "warnings",
]
