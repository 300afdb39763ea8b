"""Reach: every indicator stands on a page, and every task has indicators, a source behind them and a page."""

from __future__ import annotations

from collections.abc import Iterator

from ioc.packs.content import Content, Pack
from ioc.packs.files import line


def shown(pack: Pack) -> set[str]:
    """The indicators that the pages of a scene show: its wall, its layers and the situations of its link library."""
    found = {layer.indicator for layer in pack.pack.model.layer if layer.indicator}
    if pack.links:
        found |= {name for situation in pack.links.model.situation for name in situation.indicators}
    if pack.wall:
        wall = pack.wall.model
        found |= {item.indicator for item in (*wall.tile, *wall.trend)}
        found |= {wall.strip.speed, wall.strip.state} if wall.strip else set()
        if wall.command:
            told = wall.command
            found |= {told.response, told.rain, told.forces, *told.gauges, *told.works, *told.orders}
        found |= {name for name in (wall.map.roads, wall.map.areas) if name} if wall.map else set()
    return found


def check_reach(content: Content) -> Iterator[str]:
    """One line per indicator on no page and per task that lacks something."""
    somewhere = {name for pack in content.packs for name in shown(pack)}
    fed: set[int] = set()
    told: set[int] = set()
    for pack in content.packs:
        for table in pack.indicators.model.indicator if pack.indicators else ():
            if table.id not in somewhere and pack.indicators:
                yield line(pack.indicators.name, table.id, "unused", "it is on no page: in no situation and on no wall")
            told.update(table.tasks)
            if table.source or any(measure.source for measure in table.measures.values()):
                fed.update(table.tasks)
    if content.tasks is None:
        return
    linked = {task for pack in content.packs for link in pack.pack.model.link for task in link.tasks}
    for task in content.tasks.model.task:
        if task.id not in told:
            yield line(content.tasks.name, str(task.id), "missing-key", "no indicator serves this task")
        elif task.id not in fed:
            yield line(content.tasks.name, str(task.id), "missing-key", "no indicator of this task has a source")
        if task.id not in linked:
            yield line(content.tasks.name, str(task.id), "missing-key", "no page serves this task")
