"""Attention: what matters now in a world, worst first, with the reason why each entry is there.

The rule of order is `rank` and stands nowhere else: level, then what waits for somebody, then what grew worse of late,
the newest change before the older. Nothing in it moves by itself but the end of "of late", so that entries keep their
places while nothing happens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

LEVELS: Final = ("blue", "yellow", "orange", "red")  # best to worst
LATE_MS: Final = 30 * 60_000  # for so long a change for the worse is news
PLACES: Final = 3  # that an entry names; of more it says how many

Kind = Literal["indicator", "incident", "warning"]
Dims = tuple[tuple[str, str], ...]
Place = tuple[str, Dims]  # region ("": the group says it all) and group


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong at one place: an alarm that stands, an open incident, a warning in force.

    `subject` is what is one entry however many places it has: the indicator, the incident, the warning. `wide`: of the
    whole district, or of a group (`dims`) in all of it; else of `region`. `changed_ms`: when it reached its level;
    `begun_ms`: since when anything is wrong; `worse`: it came there from a better one. `waits`: nobody has been sent
    yet. Of an indicator: the `condition` that is not met, level or anomaly, and of its value `value`, `limit`, `z`,
    the window's end, quality and origin.
    """

    kind: Kind
    subject: str
    level: str
    changed_ms: int
    begun_ms: int
    worse: bool = True
    waits: bool = False
    region: str = ""
    dims: Dims = ()
    wide: bool = True
    value: float | None = None
    limit: float | None = None
    z: float | None = None
    window_end: int = 0
    quality: str = "complete"
    origin: str = "real"
    condition: str = "level"

    @property
    def whole(self) -> bool:
        """Of the whole district, not of a part of it."""
        return self.wide and not self.dims


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list: the worst finding of a subject, and where else it is.

    `places` are those at the level of the entry, `more` how many of them are not named; `parts` counts all places of
    the subject at any level. `worse_ms`: when it last grew worse at any of them, None where it did not.
    """

    head: Finding
    places: tuple[Place, ...] = ()
    more: int = 0
    parts: int = 0
    worse_ms: int | None = None

    @property
    def key(self) -> str:
        return f"{self.head.kind}:{self.head.subject}"


def attention(findings: Iterable[Finding], now_ms: int) -> tuple[Entry, ...]:
    """The entries of these findings, in the order of `rank`."""
    subjects: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        subjects.setdefault((finding.kind, finding.subject), []).append(finding)
    return tuple(sorted((_entry(each) for each in subjects.values()), key=lambda entry: rank(entry, now_ms)))


def rank(entry: Entry, now_ms: int) -> tuple[int, bool, bool, int, str]:
    """The smaller the nearer to the top."""
    head = entry.head
    late = entry.worse_ms is not None and now_ms - entry.worse_ms <= LATE_MS
    changed = head.changed_ms if entry.worse_ms is None else entry.worse_ms
    return -LEVELS.index(head.level), not head.waits, not late, -changed, entry.key


def _entry(findings: Sequence[Finding]) -> Entry:
    """The whole district speaks where it is as bad as any part; else the worst part, the newest of them."""
    findings = _parts(findings)
    worst = max(LEVELS.index(each.level) for each in findings)
    top = [each for each in findings if LEVELS.index(each.level) == worst]
    head = min(top, key=lambda each: (not each.whole, -each.changed_ms, each.region, each.dims))
    here = Counter(each.dims for each in findings if each.dims)
    named = [_place(each, alone=here[each.dims] == 1) for each in sorted(top, key=_since) if not each.whole]
    worse = [each.changed_ms for each in top if each.worse]
    return Entry(
        head=replace(head, begun_ms=min(each.begun_ms for each in findings)),
        places=tuple(named[:PLACES]),
        more=max(0, len(named) - PLACES),
        parts=sum(not each.whole for each in findings),
        worse_ms=max(worse) if worse else None,
    )


def _parts(findings: Sequence[Finding]) -> Sequence[Finding]:
    """A group that is told of the district and of a part of it is one place: the part says more."""
    held = {each.dims for each in findings if each.dims and not each.wide}
    return [each for each in findings if not (each.dims in held and each.wide)]


def _place(finding: Finding, *, alone: bool) -> Place:
    """A group that is in one part of the district only, as a site, needs no name of that part."""
    return "" if finding.wide or alone else finding.region, finding.dims


def _since(finding: Finding) -> tuple[int, str, Dims]:
    return finding.changed_ms, finding.region, finding.dims
