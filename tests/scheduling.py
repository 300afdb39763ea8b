"""Which tests run in one process, so that what they share is made once: all of a file that makes something heavy.

The mark `xdist_group` of pytest-xdist 3.8 does nothing with pytest 9.2: it writes the group into an id that is read no
more. So the groups are files, named here.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadGroupScheduling

TOGETHER: Final = frozenset({"tests/ioc/sources/city/test_day.py"})  # a day of the city, lived through once


class ByFile(LoadGroupScheduling):
    """Each test goes to whoever is free; those of a file of `TOGETHER` go to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else super()._split_scope(nodeid)
