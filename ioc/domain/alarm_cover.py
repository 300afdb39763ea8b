"""A cover: what is laid over alarms so that they call nobody: a shelf for a while, suppression by design, no service.

It lies over one point (an indicator's condition in one region and group), or over all that a pattern says: an
indicator, a region with all below it. It holds up to a level: what becomes worse comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ioc.domain.alarm import COVERED, CRITICAL, State

ANY: Final = ""
MOST_LEVEL: Final = {State.SHLVD: CRITICAL - 1, State.DSUPR: CRITICAL, State.OOSRV: CRITICAL}


@dataclass(frozen=True, slots=True)
class Cover:
    """`kind` SHLVD, DSUPR or OOSRV. `dims` is the text of the point's dimensions, then `region` is meant exactly; ANY:
    every group, and the region with all below it."""

    id: str
    kind: State
    indicator: str = ANY
    region: str = ANY
    dims: str = ANY
    condition: str = ANY
    most_level: int = CRITICAL

    def lies_over(self, indicator: str, chain: Sequence[str], dims: str, condition: str) -> bool:
        """Whether it lies over such alarms; `chain`: their region and all above it, the narrowest first."""
        return (
            self.indicator in {ANY, indicator}
            and self.condition in {ANY, condition}
            and self.dims in {ANY, dims}
            and (self.region in chain[:1] if self.dims != ANY else self.region == ANY or self.region in chain)
        )


def strongest(covers: Iterable[Cover], level: int) -> Cover | None:
    """The cover that counts among those that lie over an alarm of this level."""
    return max(
        (cover for cover in covers if level <= cover.most_level),
        key=lambda cover: (COVERED.index(cover.kind), cover.id),
        default=None,
    )
