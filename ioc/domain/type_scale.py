"""The type scale of a wall: how large its letters must be for who stands where.

Chinese text is read at a height of 5.8 mm for each metre of distance (`docs/screens.md`). The smallest text of a wall
is 1.3 rem.
"""

from __future__ import annotations

from typing import Final

READABLE_MM_PER_M: Final = 5.8
SMALLEST_REM: Final = 1.3
PLANNED: Final = 1 / 192  # of the width of a 16:9 wall is one rem as the wall is laid out
MOST: Final = 1.12  # times the planned size: beyond that rows of a wall lie over each other


def least_rem(width_mm: int, distance_mm: int) -> float:
    """One rem as a share of the width, so that the smallest text can be read from the distance."""
    return READABLE_MM_PER_M * distance_mm / 1000 / (SMALLEST_REM * width_mm)


def planned_mm(width_mm: int) -> int:
    """From how far a 16:9 wall of this width can be read as it is planned: so walls that have no room for larger."""
    return int(PLANNED * SMALLEST_REM * width_mm / READABLE_MM_PER_M * 1000)


def farthest_mm(width_mm: int) -> int:
    """From how far a 16:9 wall of this width can be read, its letters as large as they get."""
    return int(MOST * PLANNED * SMALLEST_REM * width_mm / READABLE_MM_PER_M * 1000)
