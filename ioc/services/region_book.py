"""Changes of what is known of regions: each is an edition with who, when and why, whole or not at all; none is lost."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ioc.geo.region import Regions, shipped
from ioc.queries.regions import FACTS, Book, Edition, Fact, Key, facts, newest
from ioc.services.audit import record
from ioc.services.refusals import BadEntry, NothingToUndo, OutdatedEntry
from ioc.store.tables import RegionEditionRow, RegionFactRow
from ioc.store.unit import Store

LONGEST_NAME = 64
LONGEST_SOURCE = 200
FIRST_YEAR, LAST_YEAR = 1900, 2200
LARGEST: Mapping[str, float] = {"population": 2e9, "area_km2": 1e7}  # beyond that somebody mistook the unit
_CODE = re.compile(r"[0-9A-Za-z_-]{0,32}")
TITLES: Mapping[str, str] = {"communities": "社区对照表 community table", "numbers": "人口与面积 numbers"}


def change(
    store: Store, book: Book, bodies: Mapping[Key, Mapping[str, Any] | None], seen: int, *, by: str, now_ms: int,
    note: str = "",
) -> Edition | None:  # fmt: skip
    """Say something else of regions; `seen` is the edition that was looked at. None where nothing is different.

    A body is None to take away what is said. Raises BadEntry with every fault, OutdatedEntry when somebody else has
    changed one of these facts since.
    """
    with store.write() as unit:
        found = facts(unit, book)
        checked = _checked(book, bodies, shipped())
        new = {key: body for key, body in checked.items() if body != _body(found.get(key))}
        if not new:
            return None
        for key in new:
            if key in found and found[key].edition > seen:
                raise OutdatedEntry(key[0], _who(unit, book, found[key].edition))
        _whole(book, found, checked)
        return _write(unit, book, new, by, now_ms, note)


def undo(store: Store, book: Book, seen: int, *, by: str, now_ms: int) -> Edition:
    """Go back to what the book said before its newest edition; undone again, one step further.

    Raises NothingToUndo, and OutdatedEntry when `seen` is not the newest.
    """
    with store.write() as unit:
        last = newest(unit, book)
        if seen != last:
            raise OutdatedEntry(TITLES[book], _who(unit, book, last))
        row = unit.get(RegionEditionRow, (book, last))
        if row is None:
            raise NothingToUndo(TITLES[book])
        back = (last if row.restores is None else row.restores) - 1
        if back < 0:
            raise NothingToUndo(TITLES[book])
        now, then = facts(unit, book), facts(unit, book, back)
        old = {key: _body(then.get(key)) for key in now if _body(now[key]) != _body(then.get(key))}
        return _write(unit, book, old, by, now_ms, "", restores=back)


def check(store: Store, book: Book, bodies: Mapping[Key, Mapping[str, Any] | None]) -> None:
    """Raises BadEntry with every fault that `change` would raise."""
    with store.read() as unit:
        _whole(book, facts(unit, book), _checked(book, bodies, shipped()))


def compare(found: Mapping[Key, Fact], bodies: Mapping[Key, Mapping[str, Any] | None]) -> dict[str, int]:
    """How many facts a change adds, changes and removes, and leaves the same."""
    counts = {"added": 0, "changed": 0, "removed": 0, "same": 0}
    for key, body in bodies.items():
        now = _body(found.get(key))
        counts["same" if body == now else "removed" if body is None else "changed" if now else "added"] += 1
    return counts


def number_body(value: str, year: str, source: str) -> dict[str, Any] | None:
    """What was typed of a number, not yet checked; None where nothing was."""
    if not any(text.strip() for text in (value, year, source)):
        return None
    return {"value": _number(value), "year": _number(year), "source": source.strip()}


def _write(  # noqa: PLR0917 - what an edition is
    unit: Session, book: Book, bodies: Mapping[Key, Mapping[str, Any] | None], by: str, now_ms: int, note: str,
    restores: int | None = None,
) -> Edition:  # fmt: skip
    number = newest(unit, book) + 1
    unit.add(RegionEditionRow(book=book, number=number, restores=restores, note=note[:200], by_name=by, at_ms=now_ms))
    try:
        unit.flush()  # two at one instant: the key of the table decides
    except IntegrityError as error:
        raise OutdatedEntry(TITLES[book], "") from error
    for (code, fact), body in bodies.items():
        text = None if body is None else json.dumps(body, ensure_ascii=False, sort_keys=True, allow_nan=False)
        unit.add(RegionFactRow(book=book, number=number, code=code, fact=fact, body=text))
    what = {"number": number, "facts": len(bodies), "restores": restores, "note": note[:200]}
    record(unit, "region.change", book, now_ms, what)
    return Edition(book, number, by, now_ms, note[:200], restores, len(bodies))


def _checked(
    book: Book, bodies: Mapping[Key, Mapping[str, Any] | None], regions: Regions
) -> dict[Key, dict[str, Any] | None]:
    faults: list[str] = []
    found: dict[Key, dict[str, Any] | None] = {}
    for key, body in bodies.items():
        code, name = key
        region = regions.get(code)
        if region is None or name not in FACTS[book]:
            faults.append(f"{code}.{name}: 没有此区域或项 no such region or fact")
        elif name == "community" and region.level != "committee":
            faults.append(f"{code}: 不是居委会 {region.zh} is no committee")
        elif body is None:
            found[key] = None
        else:
            faults += [f"{code}.{fault}" for fault in (_community if name == "community" else _figure(name))(body)]
            found[key] = dict(body)
    if faults:
        raise BadEntry(faults)
    return found


def _community(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("code", "zh", "en"):
        text = body.get(name)
        if not isinstance(text, str) or len(text) > LONGEST_NAME or text != text.strip() or not text.isprintable():
            yield f"{name}: 至多 {LONGEST_NAME} 个字符 a text of at most {LONGEST_NAME} characters"
    if not body.get("zh"):
        yield "zh: 缺社区名称 the name of the community is missing"
    if not _CODE.fullmatch(str(body.get("code", ""))):
        yield "code: 字母、数字、- 或 _ letters, digits, - or _"
    yield from (f"{name}: 未知项 unknown" for name in body.keys() - {"code", "zh", "en"})


def _figure(name: str) -> Any:
    def check(body: Mapping[str, Any]) -> Iterator[str]:
        value, year, source = body.get("value"), body.get("year"), body.get("source")
        whole = name == "population"
        kind = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
            yield f"{name}: 须为{'整数' if whole else '数值'} a {'whole ' if whole else ''}number is needed"
        elif not 0 < value <= LARGEST[name]:
            yield f"{name}: 须大于 0、至多 {LARGEST[name]:.0f} above 0, at most {LARGEST[name]:.0f}"
        if isinstance(year, bool) or not isinstance(year, int) or not FIRST_YEAR <= year <= LAST_YEAR:
            yield f"{name} year: 须为年份 {FIRST_YEAR}..{LAST_YEAR} a year is needed"
        if not isinstance(source, str) or not source.strip() or len(source) > LONGEST_SOURCE:
            yield f"{name} source: 须写明来源，至多 {LONGEST_SOURCE} 字 who says so is needed"
        yield from (f"{key}: 未知项 unknown" for key in body.keys() - {"value", "year", "source"})

    return check


def _whole(book: Book, found: Mapping[Key, Fact], checked: Mapping[Key, Mapping[str, Any] | None]) -> None:
    """A community that several committees name is one: the same code means the same name. Raises BadEntry."""
    if book != "communities":
        return
    bodies = {key: _body(fact) for key, fact in found.items()} | dict(checked)
    names: dict[str, tuple[str, str]] = {}
    faults = []
    for (committee, _), body in sorted(bodies.items()):
        if body is not None and body["code"]:
            first, zh = names.setdefault(body["code"], (committee, body["zh"]))
            if zh != body["zh"]:
                faults.append(
                    f"{committee}.code: {body['code']} 在 {first} 处是 {zh}，此处是 {body['zh']} "
                    f"is {zh} at {first} and {body['zh']} here"
                )
    if faults:
        raise BadEntry(faults)


def _number(text: str) -> int | float | str:
    cleaned: str = text.strip().replace(",", "").replace("，", "")
    kinds: Iterable[type[int] | type[float]] = (int, float)
    for kind in kinds:
        try:
            return kind(cleaned)
        except ValueError:
            continue
    return cleaned


def _who(unit: Session, book: Book, number: int) -> str:
    row = unit.get(RegionEditionRow, (book, number))
    return "" if row is None else row.by_name


def _body(fact: Fact | None) -> Mapping[str, Any] | None:
    return None if fact is None else fact.body
