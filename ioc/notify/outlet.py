"""Outlets: a channel as something that carries a text out, through apprise, to addresses that are on the allow-list."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import (
    Iterator,
    Mapping,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import apprise
from apprise.plugins.base import NotifyBase

from ioc.domain.delivery import Outcome
from ioc.notify.channels_file import ChannelTable
from ioc.notify.guard import reaching
from ioc.services.outward import MAIL_PORTS, PORTS, Allowed, Origin, Refused, Resolve, addresses, permitted

# Forms of addresses that are spoken, and where each leads: an origin, or what its own host and port say.
FIXED: Final[Mapping[str, Origin]] = {
    "wecombot": ("https", "qyapi.weixin.qq.com", 443),
    "dingtalk": ("https", "oapi.dingtalk.com", 443),
    "feishu": ("https", "open.feishu.cn", 443),
}
OWN_HOST: Final[Mapping[str, str]] = {
    "json": "http", "jsons": "https", "form": "http", "forms": "https", "mailto": "smtp", "mailtos": "smtps",
}  # fmt: skip
CONNECT_S, READ_S = 5.0, 10.0
_STATUS = re.compile(r"error=([0-9]{3})")
# Of these it is known that nothing arrived; after any other trouble with a connection nobody knows.
_NEVER_LEFT = (
    "NewConnectionError",
    "ConnectTimeout",
    "NameResolution",
    "Connection refused",
    "not judged",
    "CERTIFICATE",
)


class BadChannel(ValueError):
    """A channel whose address is of no known form, or whose secret is not there; the text names no secret."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How an attempt ended, and what is known of why."""

    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A channel that is ready. `send` may take some seconds; nothing of a secret is in what it returns."""

    name: str
    table: ChannelTable
    allowed: Allowed
    resolve: Resolve = addresses
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(name: str, table: ChannelTable, allowed: Allowed, resolve: Resolve = addresses) -> Outlet:
        """Raises BadChannel."""
        try:
            secrets = {slot: secret.text() for slot, secret in table.secret.items()}
        except OSError as error:
            raise BadChannel(f"{name}: {error}") from None
        outlet = Outlet(name, table, allowed, resolve, secrets)
        outlet.leads_to()
        return outlet

    @property
    def per_minute(self) -> int:
        """So many texts it takes a minute."""
        return self.table.per_minute

    def leads_to(self) -> Origin:
        """Where it connects to. Raises BadChannel."""
        return self._origin(self._plugin(""))

    def send(self, batch: str, title: str, body: str) -> Sent:
        """One text, known by `batch`: whoever gets it twice can tell."""
        try:
            plugin = self._plugin(batch)
            asked = self._origin(plugin)
            if asked not in self.allowed.origins:
                return Sent("refused", f"{asked[0]}://{asked[1]}:{asked[2]} 不在允许之列 is not on the allow-list")
            found = self.resolve(asked[1], asked[2])
            permitted(asked[1], found, self.allowed.networks)
        except (BadChannel, Refused) as error:
            return Sent("refused", str(error)[:200])
        except OSError:
            return Sent("refused", "域名无法解析 no such name")
        with _overheard() as heard, reaching({(each.partition("%")[0], asked[2]) for each in found}):
            try:
                arrived = bool(plugin.notify(body=body, title=title, notify_type=apprise.NotifyType.INFO))
            except Exception as error:  # whatever a plug-in raises, nobody knows how far it came
                return Sent("unknown", type(error).__name__)
        return Sent("sent") if arrived else _judged(heard)

    def _plugin(self, batch: str) -> NotifyBase:
        url = self.table.url
        for slot, secret in self._secrets.items():
            url = url.replace("{" + slot + "}", quote(secret, safe=""))
        scheme = url.partition("://")[0]
        if scheme not in FIXED and scheme not in OWN_HOST:
            raise BadChannel(f"{self.name}: {scheme[:20]}:// 不可用，可用 is not known, possible: {_schemes()}")
        timeouts = f"cto={CONNECT_S}&rto={READ_S}&redirect=no"
        plugin: Any = apprise.Apprise.instantiate(f"{url}{'&' if '?' in url else '?'}{timeouts}", asset=_asset())
        if plugin is None:
            raise BadChannel(f"{self.name}: 地址不合规 this is no address of {scheme}")
        if scheme in {"json", "jsons", "form", "forms"} and batch:
            plugin.payload_extras["id"] = batch
        return plugin  # type: ignore[no-any-return]

    def _origin(self, plugin: Any) -> Origin:
        scheme = self.table.url.partition("://")[0]
        if scheme in FIXED:
            return FIXED[scheme]
        way = OWN_HOST[scheme]
        host = str(getattr(plugin, "smtp_host", "") or plugin.host)
        return way, host.lower(), int(plugin.port or (PORTS | MAIL_PORTS)[way])


def _schemes() -> str:
    return ", ".join(sorted({*FIXED, *OWN_HOST}))


def _asset() -> Any:
    return apprise.AppriseAsset(
        app_id="ioc", app_desc="ioc", app_url="", async_mode=False, secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )  # fmt: skip


def _judged(heard: list[str]) -> Sent:
    """What a refusal was, from what the plug-in said of it; addresses, which may hold secrets, are not repeated."""
    said = " ".join(heard)
    if status := _STATUS.search(said):
        return Sent("refused", f"HTTP {status[1]}")
    if any(mark in said for mark in _NEVER_LEFT):
        return Sent("refused", "无法连接 no connection")
    if "timed out" in said:
        return Sent("unknown", "无应答 no answer in time")
    return Sent(
        "unknown" if "Socket Exception" in said or "onnection" in said else "refused", "对方未接受 not accepted"
    )


_LOGGER = logging.getLogger("apprise")
_LOGGER.propagate = False  # its lines may hold addresses with secrets; what counts of them is in `Sent`


class _Ear(logging.Handler):
    """Keeps what one thread says."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.thread, self.heard = threading.get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.heard.append(record.getMessage()[:2000])


@contextmanager
def _overheard() -> Iterator[list[str]]:
    ear = _Ear()
    _LOGGER.setLevel(logging.DEBUG)
    _LOGGER.addHandler(ear)
    try:
        yield ear.heard
    finally:
        _LOGGER.removeHandler(ear)
