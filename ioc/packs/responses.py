"""Plans with their response levels as data: `responses.toml`, and the authority that each level takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, Field

from ioc.domain.response import ResponsePlan
from ioc.packs.escalation import Kind, audiences
from ioc.packs.files import line
from ioc.packs.language import Closed, Text
from ioc.packs.life_cycles import Id
from ioc.security.permission import GRANTED, Permission

if TYPE_CHECKING:
    from ioc.packs.content import Content

Level = Literal["1", "2", "3", "4"]
LEVELS: Final[tuple[Level, ...]] = ("1", "2", "3", "4")


def _permission(text: str) -> str:
    return Permission(text).value


Authority = dict[Level, Annotated[str, AfterValidator(_permission)]]


class PlanTable(Closed):
    zh: Text
    en: Text
    authority: Authority | None = None


class ResponsesFile(Closed):
    tells: Annotated[list[Id], Field(min_length=1)]
    by: list[Kind]
    authority: Authority
    plan: dict[Id, PlanTable]


def response_plans(content: Content) -> Mapping[str, ResponsePlan]:
    """The plans by their ids; none where the packs have none."""
    if content.responses is None:
        return {}
    file = content.responses.model
    found = {}
    for name, table in file.plan.items():
        levels = {**file.authority, **(table.authority or {})}
        one, two, three, four = (levels.get(level, "") for level in LEVELS)
        found[name] = ResponsePlan(name, table.zh, table.en, (one, two, three, four), tuple(file.tells), tuple(file.by))
    return found


def check_responses(content: Content) -> Iterator[str]:
    """One line per level that nobody may declare or that has no authority."""
    if content.responses is None:
        return
    file, model = content.responses.name, content.responses.model
    granted = {permission.value for permissions in GRANTED.values() for permission in permissions}
    for name in sorted(set(model.tells) - set(audiences(content))):
        yield line(file, "tells", "unknown-name", f"there is no audience '{name}'")
    for level in LEVELS:
        if level not in model.authority:
            yield line(file, f"authority.{level}", "missing-key", "nobody is said to have authority over this level")
    for where, table in [("authority", model.authority), *((n, t.authority or {}) for n, t in model.plan.items())]:
        for level, permission in table.items():
            if permission not in granted:
                yield line(file, f"{where}.{level}", "conflict", f"no role holds '{permission}'")
