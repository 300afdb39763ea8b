"""The names of everything that lies in Redis, so that no room spells a key of its own."""

from __future__ import annotations

import zlib

WORLDS = "ioc:worlds"  # hash: world id -> JSON (metrics.world.World)
BUNDLE = "ioc:bundle"  # string: JSON of the definitions in force; the engine reads nothing else
ARCHIVE = "ioc:archive"  # string: JSON of metrics.archive_hold.Registration; trimming waits for who registered here
VIEWING = "ioc:viewing"  # sorted set: JSON of who looks at which dossier -> until when, real ms (ioc.services.viewing)
PLAYBACKS = "ioc:playbacks"  # hash: id of a playback's world -> JSON (ioc.playback.order.Order)
PLAYBACKS_SHOWN = "ioc:playbacks:shown"  # hash: id -> the moment up to which it is shown, ms of the world's time
PLAYBACKS_CALLED = "ioc:playbacks:called"  # list: ids of orders that changed; whoever changes one pushes it
REHEARSALS = "ioc:rehearsals"  # string: a rehearsal was asked for and waits for its process (ioc rehearsals)
HEARTBEATS = "ioc:heartbeats"  # hash: process or feed name -> JSON {"at": real ms, "pid": int, ...}
SCREENS = "ioc:screens"  # string: JSON of the screens and the living claims on them (ioc.domain.screen_board.Board)
VIDEO = "ioc:video"  # hash: session and page -> JSON of the cameras that it watches (ioc.domain.watching.Lease)
SCREENS_SAID = "ioc:screens:said"  # channel: a claim was made, a pointer moved
DESK_SAID = "ioc:desk:said"  # channel: which incidents, cases and alarms changed (ioc.services.desk_news)


def observations(world: str, source: str, shard: int = 0) -> str:
    """The observation stream of one shard of a source; any producer may XADD to it."""
    return f"ioc:{world}:{{{source}:{shard}}}:in"


def shard_of(entity: str, shards: int) -> int:
    """The shard an entity belongs to: crc32 of its UTF-8 bytes modulo the number of shards."""
    return zlib.crc32(entity.encode()) % shards


def origins(world: str) -> str:
    """Hash: source -> `real`, `recorded` or `simulated`; a source that is absent is `real`."""
    return f"ioc:{world}:origins"


def fed(world: str) -> str:
    """Hash: source -> JSON {"until": ms}: what stands was written, and every row up to this time; the feed's own."""
    return f"ioc:{world}:fed"


def entered(world: str) -> str:
    """Hash: any name -> JSON of one value written down by a person: `name`, `region`, `valid_from` (ms), `value`."""
    return f"ioc:{world}:entered"


def engine(world: str, part: str) -> str:
    """What the engine of a world owns. One hash tag, so that a commit may touch all parts at once.

    Parts: `owner` (string, epoch), `lease` (string, expires: an owner has committed lately), `checkpoint:a` and
    `checkpoint:b` (hashes), `values` (stream, every published value), `completed` (stream, complete values and
    corrections), `latest` (hash, series -> newest value), `feeds` (hash, source -> JSON counters), `alarms` (stream,
    alarm events, one an entry), `outlook` (hash, series -> metrics.outlook_entry.OutlookEntry), `outlook_asked`
    (set, expires: indicators of a playback whose outlook somebody looks at), `dead` (stream,
    rejected observations), `intake` (stream, remarks on rows that did not count as they stand, and the basis of the
    values), `said` (hash, commit -> ms of the newest entry that it appended), `where` (hash, layer -> what it was told
    by), `where:<scene>/<layer>` (hash, entity -> row of metrics.whereabouts_row), `moves` (stream, rows that changed).
    """
    return f"ioc:{world}:{{engine}}:{part}"


def archive(world: str) -> str:
    """Hash: stream key -> id of the last entry that the archive holds; streams are not trimmed beyond it."""
    return f"ioc:{world}:archive"


def everything(world: str) -> str:
    """A SCAN pattern for all keys of a world; removing a world is deleting these and its field in WORLDS."""
    return f"ioc:{world}:*"


def ticket(digest: str) -> str:
    """String, expires after 30 s: what a socket ticket (given by its SHA-256) allows."""
    return f"sec:ticket:{digest}"


def session(session_id: str) -> str:
    """String that exists while a session may use open sockets; the gateway drops sockets whose key is gone."""
    return f"sec:session:{session_id}"


def idempotency(token_id: str, digest: str) -> str:
    """String, expires after a day: the answer that a program got under an idempotency key (given by its SHA-256)."""
    return f"api:once:{token_id}:{digest}"
