"""`ioc rehearsals`: carries out the rehearsals that people asked for on the workbench, one after the other, then ends.

The web server starts it when somebody asks: hours of arithmetic do not belong between two pages.
"""

from __future__ import annotations

from contextlib import suppress

import redis
import structlog

from ioc.entrypoints import valkey
from ioc.entrypoints.another_version import told as another_version_told
from ioc.entrypoints.archive_world import ArchiveWorld, NoSuchWorld
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.offline.backfill import NoSuchIndicator, Order
from ioc.offline.rehearsal import values
from ioc.offline.rehearsal_sheet import Ground, sheet
from ioc.queries.incidents_past import incidents_of_scene
from ioc.security.actor import SYSTEM, act_as
from ioc.services import rehearsals as rehearsing
from ioc.services.rehearsals import Cancelled, Rehearsal
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store
from metrics import keys
from metrics.clock import monotonic_s, real_ms
from metrics.declaration import DefinitionErrors
from metrics.rehearsal import WrongThresholds
from metrics.stream import connect

TELL_S = 0.5  # so often it says how far it is, and learns that somebody cancelled


@another_version_told
def rehearsals() -> None:
    """执行已提交的预演 carry out the rehearsals that wait; ends when none does."""
    settings = Settings()
    configure("rehearsals", settings.log_level)
    tie_to_parent()
    log = structlog.get_logger()
    store = Store(settings.sql_url)
    schema.upgrade(store)
    act_as(SYSTEM)
    # Taken away first: whoever asks from here on calls again, and is either seen below or by the next one of us.
    with suppress(redis.RedisError, valkey.NoServer):
        connect(settings.redis_url or valkey.connections(settings)["web"]).delete(keys.REHEARSALS)
    while (asked := rehearsing.claim(store, real_ms())) is not None:
        try:
            _carry_out(settings, store, asked)
        except Cancelled:
            log.info("rehearsal_cancelled", id=asked.id)
        except (NoSuchWorld, NoSuchIndicator, WrongThresholds, DefinitionErrors) as refused:
            rehearsing.fail(store, asked.id, _why(refused, asked))
        except Exception as error:  # whoever waits for it is told; the next one may be sound
            log.exception("rehearsal_failed", id=asked.id)
            rehearsing.fail(store, asked.id, f"出错 it failed: {type(error).__name__}")
    store.close()


def _carry_out(settings: Settings, store: Store, asked: Rehearsal) -> None:
    place = ArchiveWorld.find(settings, asked.world)
    raw = place.newest_bundle()
    if raw is None:
        raise NoSuchIndicator(asked.indicator)
    order = Order.of(raw, asked.indicator, None)
    span = (asked.from_ms, asked.until_ms)
    past = values(place.root, place.life, order, span, place.published(), recomputed=False)
    if not any(end > span[0] for end in past.ends):
        rehearsing.fail(store, asked.id, "这段时间没有值 no values of that time")
        return
    scene = frozenset(one.id for one in order.bundle.indicators if one.scene == order.indicator.scene)
    incidents = incidents_of_scene(store, asked.world, scene, *span)
    told = [monotonic_s()]

    def heard(share: float) -> None:
        if monotonic_s() - told[0] >= TELL_S:
            told[0] = monotonic_s()
            rehearsing.progress(store, asked.id, int(share * 1000), real_ms())

    found = sheet(Ground(order, past, span, asked.world, incidents), asked.thresholds, heard)
    rehearsing.finish(store, asked.id, str(raw.get("hash", "")), found)


def _why(refused: Exception, asked: Rehearsal) -> str:
    match refused:
        case NoSuchWorld():
            return f"档案中没有世界 {asked.world} no such world in the archive"
        case NoSuchIndicator():
            return f"没有这个指标 no such indicator: {asked.indicator}"
        case DefinitionErrors():
            return "\n".join(refused.lines)
        case _:
            return str(refused)
