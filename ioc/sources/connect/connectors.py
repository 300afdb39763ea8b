"""Connectors: those that `connectors.toml` declares, by the source that they feed, each with its way in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

from ioc.packs.files import PackErrors, line
from ioc.services.outward import BROKER_PORTS, Allowed, origin
from ioc.sources.connect.cap_source import CapWay, folder_inbox
from ioc.sources.connect.connector import Connector, Way
from ioc.sources.connect.connectors_file import (
    FILE,
    CapTable,
    ConnectorTable,
    DropTable,
    HttpTable,
    MappedTable,
    MqttTable,
    SensorThingsTable,
    load,
)  # fmt: skip
from ioc.sources.connect.drop import DropWay
from ioc.sources.connect.fetch import Fetcher
from ioc.sources.connect.inbox import Inbox
from ioc.sources.connect.memory import Memory, UnknownMemory
from ioc.sources.connect.mqtt import MqttWay
from ioc.sources.connect.sensorthings import SensorThingsWay
from ioc.sources.connect.sheet import ENDINGS, Sheet
from metrics.definition import Bundle

MEMORIES = "connectors"  # below the data directory


def connectors(home: Path, allowed: Allowed, known: Bundle) -> dict[str, list[Connector]]:
    """Source -> its connectors, from the file in the data directory `home`; none without one. Raises PackErrors."""
    file = load(home)
    kinds: dict[str, Mapping[str, ConnectorTable]] = {
        "mqtt": file.mqtt, "drop": file.drop, "cap": file.cap, "sensorthings": file.sensorthings
    }  # fmt: skip
    tables = [(kind, name, one) for kind, named in kinds.items() for name, one in named.items()]
    faults = [fault for kind, name, table in tables for fault in _faults(kind, name, table, known, allowed)]
    found: dict[str, list[Connector]] = {}
    for kind, name, table in tables if not faults else ():
        there = found.setdefault(table.source, [])
        if there and there[0].origin != table.origin:
            faults.append(_line(kind, name, "origin", "origin", f"{there[0].name} feeds {table.source} as another one"))
            continue
        told = there[0].told if there else {}
        try:
            way = _way(name, table, home, allowed, known)
        except (OSError, UnknownMemory) as error:
            faults.append(_line(kind, name, "secret", "unreadable", str(error)))
            continue
        there.append(Connector(name, known.sources[table.source], table.origin, way, told))
    if faults:
        raise PackErrors(faults)
    return found


def _faults(kind: str, name: str, table: ConnectorTable, known: Bundle, allowed: Allowed) -> list[str]:
    """What the file alone does not show."""
    source = known.sources.get(table.source)
    if source is None or source.union_of or source.indicator_of:
        return [_line(kind, name, "source", "unknown-name", f"there is no source '{table.source}' to feed")]
    faults = []
    if isinstance(table, CapTable):
        missing = sorted({"warning_id", "changed_at", "level", "state"} - set(source.fields))
        if missing:
            faults.append(_line(kind, name, "source", "unknown-name", f"{source.id} lacks the field {missing[0]}"))
        faults += [_blocked(kind, name, "urls", url) for url in table.urls if origin(url) not in allowed.origins]
    if isinstance(table, MqttTable) and origin(table.url, BROKER_PORTS) not in allowed.origins:
        faults.append(_blocked(kind, name, "url", table.url))
    if isinstance(table, SensorThingsTable):
        faults += [_blocked(kind, name, "url", table.url)] if origin(table.url) not in allowed.origins else []
        faults += [
            _line(kind, name, key, "unknown-name", f"{source.id} has no field '{one}'")
            for key, one in [("field", table.field), *((f"const.{one}", one) for one in table.const)]
            if one not in source.fields
        ]
    if isinstance(table, MappedTable):
        faults += [
            _line(kind, name, f"fields.{one}", "unknown-name", f"{source.id} has no field '{one}'")
            for one in table.fields
            if one not in source.fields
        ]
    return faults


def _way(name: str, table: ConnectorTable, home: Path, allowed: Allowed, known: Bundle) -> Way:
    """Raises OSError when a secret cannot be read."""
    memory = Memory(home / MEMORIES / f"{name}.json")
    if isinstance(table, CapTable):
        inbox = folder_inbox(_folder(home, table.folder)) if table.folder is not None else None
        fetcher, district = _fetcher(table, table.urls, allowed), known.regions.root or ""
        return CapWay(table.urls, table.every_s, inbox, fetcher, memory, district, frozenset(known.regions))
    if isinstance(table, DropTable):
        inbox = Inbox(_folder(home, table.folder or f"drop/{name}"), ENDINGS)
        form = Sheet(home, table.encoding, table.delimiter, table.sheet or "")
        under_way = Memory(home / MEMORIES / f"{name}.under_way.json")
        return DropWay(inbox, table.shape(), form, table.most_mb << 20, memory, under_way)
    if isinstance(table, MqttTable):
        password = table.password.text() if table.password else None
        session = table.client or _session(memory)
        return MqttWay(table.url, table.topics, table.qos, table.shape(), session, allowed, table.user, password)
    if isinstance(table, SensorThingsTable):
        return SensorThingsWay(
            table.url, table.field, table.entity, table.filter, table.every_s, table.overlap_s * 1000,
            table.since_ms(), _fetcher(table, [table.url], allowed), memory, table.factor(), table.const,
        )  # fmt: skip
    raise TypeError(type(table).__name__)


def _session(memory: Memory) -> str:
    """A name for the session that a broker keeps, made once."""
    kept = memory.load()
    if "client" not in kept:
        kept = {**kept, "client": f"ioc-{token_hex(8)}"}
        memory.keep(kept)
    return str(kept["client"])


def _fetcher(table: HttpTable, urls: list[str], allowed: Allowed) -> Fetcher:
    """The secret goes to the origins that are declared, and nowhere else."""
    if table.header is None or table.secret is None:
        return Fetcher(allowed)
    header = {table.header: table.secret.text()}
    return Fetcher(allowed, {origin(url): header for url in urls})


def _folder(home: Path, text: str) -> Path:
    """A folder as declared: below the data directory unless it is absolute."""
    return home / Path(text).expanduser()


def _blocked(kind: str, name: str, key: str, url: str) -> str:
    return _line(kind, name, key, "blocked", f"{url.partition('?')[0]} is not on the allow-list IOC_CONNECT_ALLOW")


def _line(kind: str, name: str, key: str, rule: str, message: str) -> str:
    return line(FILE, f"{kind}.{name}.{key}", rule, message)
