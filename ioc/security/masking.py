"""Masking: personal data in what is shown or handed out, hidden but for what tells one person from another.

Telephone and identity numbers are found wherever they stand in a text; names and addresses of people by the field that
they are in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

NAMES: Final = frozenset({"caller", "contact", "contact_name", "name", "person", "reporter", "victim"})
HOMES: Final = frozenset({"home", "home_address", "caller_address"})
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3}-?\d)\d{3,4}(\d{3})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")


def masked_text(text: str) -> str:
    """Mobile numbers as 138****8000, fixed lines as 0755-8****000, identity numbers as 440303********1234."""
    text = _IDENTITY.sub(r"\1********\2", text)
    return _LANDLINE.sub(r"\1****\2", _PHONE.sub(r"\1****\2", text))


def masked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts: texts masked at any depth, names cut to their first character, homes not told."""
    return {key: _masked(key, value) for key, value in facts.items()}


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(value)
    if isinstance(value, list | tuple):
        return [_masked(key, each) for each in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    if key in NAMES and value:
        return f"{str(value)[0]}**"
    if key in HOMES and value:
        return "****"
    if isinstance(value, str):
        return masked_text(value)
    text = masked_text(str(value))
    return value if text == str(value) else text
