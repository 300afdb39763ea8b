"""The question of an evaluation: which indicators, which instants, which groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metrics.numeral import FINE
from metrics.reference import Asked
from metrics.region import LEVELS
from metrics.timestamp import EARLIEST, LATEST, parse_times
from metrics.window import parse_duration

REGION = "region"
MOST_INSTANTS = 5_000_000  # ten years of minutes


class Misuse(ValueError):
    """A question that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """`--by`: whether by region, of which level ("": all that an indicator publishes), and which dimensions."""

    by_region: bool = False
    level: str = ""
    dimensions: tuple[str, ...] = ()

    @staticmethod
    def parse(text: str) -> Grouping:
        """`region[:LEVEL],DIM,...`; empty: one total. Raises Misuse."""
        by_region, level, dimensions = False, "", list[str]()
        for part in text.split(",") if text else ():
            name, colon, rest = part.partition(":")
            if name == REGION and not by_region:
                by_region, level = True, rest
                if colon and level not in LEVELS:
                    raise Misuse(f"--by {part}: the level is none of {', '.join(LEVELS)}")
            elif not part or colon or part in dimensions or name == REGION:
                raise Misuse(f"--by {text}: {part!r} is empty, stands twice or is no dimension")
            else:
                dimensions.append(part)
        return Grouping(by_region, level, tuple(dimensions))

    def asked(self, levels: Sequence[str]) -> Asked:
        """What that means for an indicator that publishes `levels`."""
        if not self.by_region:
            return Asked("none", self.dimensions)
        return Asked("tree", self.dimensions, tuple(one for one in levels if self.level in ("", one)))


def instant(text: str) -> int:
    """ISO 8601 (without offset: Asia/Shanghai) or epoch ms. Raises Misuse."""
    times, state = parse_times([text.encode()])
    if state[0] != FINE or not EARLIEST <= times[0] <= LATEST:
        raise Misuse(f"{text!r} 不是时间 is not an ISO 8601 time")
    return int(times[0])


def span(first: str, last: str) -> tuple[int, int]:
    """`--from`, `--to`: windows that end in (from, to]. Raises Misuse."""
    found = instant(first), instant(last)
    if found[1] <= found[0]:
        raise Misuse("--to 须晚于 --from: --to is after --from")
    return found


def check_places(*paths: Path | None) -> None:
    """Files to be written lie in folders that exist. Raises Misuse."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise Misuse(f"{path}: 没有这个目录 no such folder")


def instants(at: str | None, every: str | None, first: str | None, last: str | None) -> Sequence[int]:
    """The instants asked for, ascending: one, or `first, first + every, ... <= last`. Raises Misuse."""
    if at is not None:
        if every is not None or first is not None or last is not None:
            raise Misuse("either --at or --every, --from and --to")
        return [instant(at)]
    if every is None or first is None or last is None:
        raise Misuse("--at, or --every with --from and --to, is needed")
    try:
        step = parse_duration(every)
    except ValueError as error:
        raise Misuse(f"--every: {error}") from error
    begin, end = instant(first), instant(last)
    if end < begin:
        raise Misuse("--to is before --from")
    found = range(begin, end + 1, step)
    if len(found) > MOST_INSTANTS:
        raise Misuse(f"{len(found)} instants are more than {MOST_INSTANTS}")
    return found
