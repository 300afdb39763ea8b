"""Finding: what is said about a file that somebody wants to import, and what that means for the import.

Three weights: an `error` always refuses the file, a `doubt` (a wrong datum, gaps, overlaps) refuses it unless the
person accepts doubts, a `note` is only told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Weight = Literal["error", "doubt", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark; `where` names the feature, or is empty for the whole file."""

    weight: Weight
    where: str
    zh: str
    en: str


@dataclass(slots=True)
class Survey:
    """What was found and, if it may be installed, the features in WGS-84 as this product keeps them."""

    findings: list[Finding] = field(default_factory=list)
    features: list[dict[str, Any]] = field(default_factory=list)

    def add(self, weight: Weight, where: str, zh: str, en: str) -> None:
        self.findings.append(Finding(weight, where, zh, en))

    def refused(self, accept_doubts: bool = False) -> bool:
        """Whether the findings forbid the import."""
        return any(f.weight == "error" or (f.weight == "doubt" and not accept_doubts) for f in self.findings)
