"""A world's archive as the offline commands find it: its newest life, and what the data bus knows beyond it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from ioc.entrypoints.valkey import connections
from ioc.settings import Settings
from metrics import keys
from metrics.archive import Life, lives
from metrics.archive_evidence import Evidence
from metrics.archive_ledger import UnknownArchiveVersion, bundle_of
from metrics.archive_published import Published
from metrics.archive_taken import UnknownTakenVersion
from metrics.archive_unwritten import Nothing, Streams, Unwritten
from metrics.basis import UnknownBasisVersion
from metrics.definition import UnknownBundleVersion
from metrics.remark import UnknownRemarkVersion
from metrics.stream import connect
from metrics.value_form import UnknownValueVersion
from metrics.voucher_check import Checker
from metrics.world import UnknownWorldVersion, World

ANOTHER_VERSION = (
    UnknownArchiveVersion, UnknownTakenVersion, UnknownBasisVersion, UnknownBundleVersion, UnknownRemarkVersion,
    UnknownValueVersion, UnknownWorldVersion,
)  # fmt: skip


class NoSuchWorld(LookupError):
    """Neither the archive nor the data bus knows the world."""


@dataclass(slots=True)
class ArchiveWorld:
    """`bus` is None where no data bus answers: then there is the archive alone."""

    root: Path
    life: Life
    unwritten: Unwritten
    bus: redis.Redis | None

    @staticmethod
    def find(settings: Settings, world: str) -> ArchiveWorld:
        """The newest life of a world. Raises NoSuchWorld."""
        root = settings.archive_path
        bus = _bus(settings)
        told: Any = bus.hget(keys.WORLDS, world) if bus is not None else None
        if bus is not None and told is not None:
            known = World.from_json(told)
            return ArchiveWorld(root, Life(world, known.started_ms), Streams(bus, root, known), bus)
        found = lives(root, world)
        if not found:
            raise NoSuchWorld(world)
        return ArchiveWorld(root, found[-1], Nothing(), bus)

    def evidence(self) -> Evidence:
        return Evidence(self.root, self.life, self.unwritten)

    def published(self) -> Published:
        return Published(self.root, self.life, self.unwritten)

    def checker(self, evidence: Evidence, published: Published) -> Checker:
        return Checker(evidence, published, self.bundle_of)

    def bundle_of(self, digest: str) -> Mapping[str, Any] | None:
        """The definitions of a hash, from the archive or as they are in force."""
        return bundle_of(self.root, digest) or self._in_force(digest)

    def newest_bundle(self) -> Mapping[str, Any] | None:
        """The definitions in force, or else the ones that the archive saw last."""
        found = self._in_force(None)
        kept = sorted((self.root / "bundles").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        if found is None and kept:
            found = json.loads(kept[-1].read_bytes())
        return found

    def _in_force(self, digest: str | None) -> Mapping[str, Any] | None:
        text: Any = self.bus.get(keys.BUNDLE) if self.bus is not None else None
        if text is None:
            return None
        raw: Mapping[str, Any] = json.loads(text)
        return raw if digest in (None, raw.get("hash")) else None


def _bus(settings: Settings) -> redis.Redis | None:
    try:
        client = connect(settings.redis_url or connections(settings)["admin"])
        client.ping()
    except (redis.RedisError, OSError, KeyError, ValueError):
        return None
    return client
