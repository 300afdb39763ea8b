"""The name of a published value: `ID[@VERSION]/REGION[/DIM=V...]/WINDOW_END[#REV]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from metrics.archive_published import Said
from metrics.numeral import FINE
from metrics.timestamp import parse_times

_NAME = re.compile(r"(?P<id>[^/@#]+)(@(?P<version>\d+))?/(?P<middle>.*)/(?P<end>[^/#]+)(#(?P<revision>\d+))?", re.S)
_DIMENSION = re.compile(r"/(?=[A-Za-z_][A-Za-z0-9_]*=)")


class NotAName(ValueError):
    """A text that names no value. `zh`, `en`: why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")


@dataclass(frozen=True, slots=True)
class VoucherName:
    """Which value is asked for. `dims`: `name=value` of each dimension; None: whichever version or revision is the
    newest."""

    indicator: str
    region: str
    dims: tuple[str, ...]
    window_end: int
    version: int | None = None
    revision: int | None = None

    @staticmethod
    def parse(text: str) -> VoucherName:
        """Region may be empty, the end is ISO 8601 (without offset Asia/Shanghai) or ms. Raises NotAName."""
        match = _NAME.fullmatch(text)
        if match is None:
            # `ID/END`: of an indicator without regions
            match = _NAME.fullmatch(text.replace("/", "//", 1)) if text.count("/") == 1 else None
        if match is None:
            raise NotAName(
                f"{text!r} 不是 ID[@版本]/区域[/维度=值...]/窗口结束[#修订]",
                "is not ID[@VERSION]/REGION[/DIM=V...]/WINDOW_END[#REV]",
            )
        region, *dims = _DIMENSION.split("/" + match["middle"])
        times, state = parse_times([match["end"].encode()])
        if state[0] != FINE:
            raise NotAName(f"{match['end']!r} 不是 ISO 8601 时间", "is not an ISO 8601 time")
        version, revision = match["version"], match["revision"]
        return VoucherName(
            match["id"], region.removeprefix("/"), tuple(dims), int(times[0]), int(version) if version else None,
            int(revision) if revision else None,
        )  # fmt: skip

    def find(self, said: Sequence[Said]) -> Said | None:
        """The newest of the values that it names."""
        dims = sorted(",".join(self.dims).split(","))
        for one in reversed(said):
            if (one.region, one.window_end) != (self.region, self.window_end) or sorted(one.dims.split(",")) != dims:
                continue
            if self.version in (None, one.version) and self.revision in (None, one.revision):
                return one
        return None
