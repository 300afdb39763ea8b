"""Smart dispatch as data: `dispatch.toml`, checked, as the rules by which offices and units are proposed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from ioc.domain.routing import Office, Route, Routing
from ioc.domain.unit_choice import Force, Line, Need, UnitRules
from ioc.packs.files import line
from ioc.packs.language import Closed, Text
from ioc.packs.life_cycles import Id, Level

if TYPE_CHECKING:
    from ioc.packs.content import Content

Kind = Literal["incident", "case"]
CLASSES: Final = ("natural", "accident", "health", "security")  # of incidents
KINDS: Final = ("part", "event", "site", "safety", "lift", "other")  # of cases
Class = Literal["natural", "accident", "health", "security", "part", "event", "site", "safety", "lift", "other"]
IncidentClass = Literal["natural", "accident", "health", "security"]
Positive = Annotated[float, Field(gt=0, le=1000)]


class NameTable(Closed):
    zh: Text
    en: Text


class OfficeTable(NameTable):
    """`level`: one for each region of it; then the names have a place for that of the region."""

    level: Literal["subdistrict", "community"] | None = None


class RouteTable(NameTable):
    id: Id
    office: Id
    kinds: list[Kind] = Field(default_factory=list)
    classes: list[Class] = Field(default_factory=list)
    regions: list[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}$")]] = Field(default_factory=list)
    channels: list[Id] = Field(default_factory=list)
    topics: list[Text] = Field(default_factory=list)
    words: list[Text] = Field(default_factory=list)


class ForceTable(NameTable):
    skills: Annotated[list[Id], Field(min_length=1)]
    equipment: list[Id] = Field(default_factory=list)
    kmh: Positive
    turnout: Annotated[float, Field(ge=0, le=120)]


class TravelTable(Closed):
    road_factor: Annotated[float, Field(ge=1, le=5)]
    most_load: Annotated[int, Field(ge=1, le=100)]
    load_minutes: Annotated[float, Field(ge=0, le=1000)]
    shift_minutes: Annotated[float, Field(ge=0, le=1000)]


class LineTable(Closed):
    skill: Id
    number: dict[Level, Annotated[int, Field(ge=0, le=500)]]
    equipment: list[Id] = Field(default_factory=list)


class NeedTable(NameTable):
    id: Id
    classes: list[IncidentClass] = Field(default_factory=list)
    words: list[Text] = Field(default_factory=list)
    line: Annotated[list[LineTable], Field(min_length=1, max_length=20)]


class DispatchFile(Closed):
    """All of it."""

    office: Annotated[dict[Id, OfficeTable], Field(min_length=1)]
    route: list[RouteTable]
    skill: dict[Id, NameTable]
    equipment: dict[Id, NameTable]
    force: dict[Id, ForceTable]
    travel: TravelTable
    need: Annotated[list[NeedTable], Field(min_length=1)]


def routing(content: Content) -> Routing:
    """The offices and their rules; none where the packs have none."""
    if content.dispatch is None:
        return Routing({}, ())
    file = content.dispatch.model
    return Routing(
        {name: Office(name, row.zh, row.en, row.level or "") for name, row in file.office.items()},
        tuple(
            Route(
                row.id, row.office, row.zh, row.en, frozenset(row.kinds), frozenset(row.classes), tuple(row.regions),
                frozenset(row.channels), frozenset(row.topics), tuple(row.words),
            )
            for row in file.route
        ),
    )  # fmt: skip


def unit_rules(content: Content) -> UnitRules:
    """What incidents need and what units can. Raises ValueError where the packs have no `dispatch.toml`."""
    if content.dispatch is None:
        raise ValueError("dispatch.toml: 缺少此文件 the packs have no such file")
    file = content.dispatch.model
    forces = {
        name: Force(name, row.zh, row.en, frozenset(row.skills), frozenset(row.equipment), row.kmh, row.turnout)
        for name, row in file.force.items()
    }
    travel = file.travel
    return UnitRules(
        forces, tuple(_need(row) for row in file.need), _names(file.skill), _names(file.equipment),
        travel.road_factor, travel.most_load, travel.load_minutes, travel.shift_minutes,
    )  # fmt: skip


@cache
def shipped_routing() -> Routing:
    """Of the packs as they lie here, read once. Raises PackErrors."""
    from ioc.packs.content import load

    return routing(load())


@cache
def shipped_unit_rules() -> UnitRules:
    """Of the packs as they lie here, read once. Raises PackErrors, ValueError."""
    from ioc.packs.content import load

    return unit_rules(load())


def check_dispatch(content: Content) -> Iterator[str]:
    """One line per office, skill, equipment or region that is not there, and per rule that can never count."""
    if content.dispatch is None:
        return
    file, model = content.dispatch.name, content.dispatch.model
    regions = {str(row["code"]) for row in content.region_rows()}
    for what, ids in (("route", [row.id for row in model.route]), ("need", [row.id for row in model.need])):
        for name, count in Counter(ids).items():
            if count > 1:
                yield line(file, f"{what}.{name}", "duplicate", "it is declared more than once")
    for name, office in model.office.items():
        if (office.level is not None) != ("{zh}" in office.zh and "{en}" in office.en):
            yield line(file, f"office.{name}", "conflict", "an office of each region has {zh} and {en}, no other has")
    for row in model.route:
        if row.office not in model.office:
            yield line(file, f"route.{row.id}.office", "unknown-name", f"there is no office '{row.office}'")
        for code in row.regions if regions else ():
            if code not in regions:
                yield line(file, f"route.{row.id}.regions", "unknown-name", f"there is no region '{code}'")
        if row.kinds and not _of_kinds(row.kinds, row.classes):
            yield line(file, f"route.{row.id}.classes", "conflict", f"none of its classes is of {', '.join(row.kinds)}")
    yield from _check_units(file, model)
    kinds = _unit_kinds(content)
    for name in sorted(kinds - model.force.keys()) if kinds else ():
        yield line(file, f"force.{name}", "missing-key", "units of this kind can nothing: the source 'unit' has them")


def _check_units(file: str, model: DispatchFile) -> Iterator[str]:
    able = {skill for force in model.force.values() for skill in force.skills}
    for name, force in model.force.items():
        for key, used, known in (
            ("skills", force.skills, model.skill),
            ("equipment", force.equipment, model.equipment),
        ):
            for each in sorted(set(used) - set(known)):
                yield line(file, f"force.{name}.{key}", "unknown-name", f"there is no {key} '{each}'")
    for need in model.need:
        for row in need.line:
            where = f"need.{need.id}.{row.skill}"
            if row.skill not in able:
                yield line(file, where, "unknown-name", f"no unit has the skill '{row.skill}'")
            for each in sorted(set(row.equipment) - set(model.equipment)):
                yield line(file, where, "unknown-name", f"there is no equipment '{each}'")
            numbers = [number for _, number in sorted(row.number.items())]
            if "0" not in row.number:
                yield line(file, f"{where}.number", "missing-key", "how many at level 0 is not said")
            if any(after < one for one, after in pairwise(numbers)):
                yield line(file, f"{where}.number", "conflict", "a higher level never needs fewer")
    for need in model.need[:-1]:
        if not need.words and not need.classes:
            yield line(file, f"need.{need.id}", "conflict", "it asks for nothing: only the last may")
    if model.need[-1].words or model.need[-1].classes:
        yield line(file, f"need.{model.need[-1].id}", "conflict", "the last is of whatever no other knows")


def _unit_kinds(content: Content) -> set[str]:
    for pack in content.packs:
        table = pack.sources.model.source.get("unit") if pack.sources else None
        if table is not None and "kind" in table.fields:
            return set(table.fields["kind"].values or ())
    return set()


def _of_kinds(kinds: list[Kind], classes: list[Class]) -> bool:
    known: set[Any] = {*(CLASSES if "incident" in kinds else ()), *(KINDS if "case" in kinds else ())}
    return not classes or bool(known & set(classes))


def _need(row: NeedTable) -> Need:
    lines = tuple(
        Line(each.skill, tuple((int(level), number) for level, number in sorted(each.number.items())),
             frozenset(each.equipment))
        for each in row.line
    )  # fmt: skip
    return Need(row.id, row.zh, row.en, lines, frozenset(row.classes), tuple(row.words))


def _names(tables: Mapping[str, NameTable]) -> Mapping[str, tuple[str, str]]:
    return {name: (row.zh, row.en) for name, row in tables.items()}
