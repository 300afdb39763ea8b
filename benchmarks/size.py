"""How much a benchmark does: `--quick` is a first look, `--full` everything; without a flag what `make bench` runs."""

from __future__ import annotations

import sys
from typing import TypeVar

FLAGS = ("--quick", "--full")
QUICK = "--quick" in sys.argv
FULL = "--full" in sys.argv

Much = TypeVar("Much")


def sized(quick: Much, usual: Much, full: Much | None = None) -> Much:
    """The one that was asked for; `full` is `usual` where there is no more to do."""
    if QUICK:
        return quick
    return full if FULL and full is not None else usual
