"""In force: which version of an indicator answers an instant, and with which of its windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from metrics.indicator import Indicator
from metrics.watermark import BEGINNING

FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Term:
    """A version and the window ends in (after_ms, until_ms] for which it is in force."""

    indicator: Indicator
    after_ms: int
    until_ms: int


class Versions:
    """All versions of the indicators of a bundle."""

    def __init__(self, indicators: Iterable[Indicator]) -> None:
        grouped: dict[str, list[Indicator]] = {}
        for indicator in indicators:
            grouped.setdefault(indicator.id, []).append(indicator)
        self._terms = {name: _terms(versions) for name, versions in grouped.items()}

    def __contains__(self, name: object) -> bool:
        return name in self._terms

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, in order of declaration."""
        return tuple(self._terms)

    def of(self, name: str) -> tuple[Indicator, ...]:
        """The versions that are in force at some time, oldest first."""
        return tuple(term.indicator for term in self._terms[name])

    def at(self, name: str, end_ms: int) -> Indicator | None:
        """The version in force for a window that ends at `end_ms`: the greatest `valid_from < end`, then the greatest
        version."""
        return next(
            (term.indicator for term in self._terms[name] if term.after_ms < end_ms <= term.until_ms),
            None,
        )

    def newest(self, name: str, instant_ms: int) -> tuple[Indicator, int] | None:
        """The version and the end of the newest window with `end <= instant_ms` on the grid of the version in force
        for it; None if there is none."""
        for term in reversed(self._terms[name]):
            if term.after_ms < instant_ms:
                end = term.indicator.window.floor(min(instant_ms, term.until_ms))
                if end > term.after_ms:
                    return term.indicator, end
        return None


def _terms(versions: list[Indicator]) -> tuple[Term, ...]:
    by_start: dict[int, Indicator] = {}
    for indicator in sorted(versions, key=lambda one: one.version):
        start = BEGINNING if indicator.valid_from_ms is None else indicator.valid_from_ms
        by_start[start] = indicator
    starts = sorted(by_start)
    return tuple(
        Term(by_start[start], start, until) for start, until in zip(starts, [*starts[1:], FOREVER], strict=True)
    )
