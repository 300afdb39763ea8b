"""A problem: why a request is not answered as asked, in the one shape of errors of this product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Problem(Exception):
    """A refused request. `field` is the parameter or key that is wrong and `rule` what it breaks, both may be empty.

    `rows` are the faults of single rows; `headers` go with the answer (e.g. Retry-After).
    """

    def __init__(
        self,
        status: int,
        code: str,
        zh: str,
        en: str,
        *,
        field: str = "",
        rule: str = "",
        rows: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{zh} {en}")
        self.status, self.code, self.zh, self.en = status, code, zh, en
        self.field, self.rule, self.rows = field, rule, rows
        self.headers = dict(headers or {})

    def body(self, reference: str = "") -> dict[str, Any]:
        """The JSON of the answer; `reference` finds the line in the log."""
        error: dict[str, Any] = {
            "code": self.code,
            "message_zh": self.zh,
            "message_en": self.en,
            "id": reference,
            "field": self.field,
            "rule": self.rule,
        }
        if self.rows is not None:
            error["rows"] = list(self.rows)
        return {"error": error}
