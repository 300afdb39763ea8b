"""The formula language: text to a checked syntax tree. `metrics.evaluation` runs the tree on arrays."""

from metrics.formula_check import check, problems, warnings
from metrics.formula_now import Now
from metrics.formula_parser import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, parse
from metrics.formula_reference import MAX_REFERENCES, Reference, indicator_calls, reference
from metrics.formula_scope import Side, Surroundings
from metrics.formula_syntax import FormulaError, Node, names, text, used_names, uses_now
from metrics.formula_types import BOOL, DURATION, INTEGER, NUMBER, TEXT, TIME, Kind, Type, did_you_mean

__all__ = [
    "BOOL",
    "DURATION",
    "INTEGER",
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_NODES",
    "MAX_REFERENCES",
    "NUMBER",
    "TEXT",
    "TIME",
    "FormulaError",
    "Kind",
    "Node",
    "Now",
    "Reference",
    "Side",
    "Surroundings",
    "Type",
    "check",
    "did_you_mean",
    "indicator_calls",
    "names",
    "parse",
    "problems",
    "reference",
    "text",
    "used_names",
    "uses_now",
    "warnings",
]
