"""Settings: everything a deployment may choose, read once from the environment (`IOC_*`)."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ioc.security.role import Role
from ioc.security.seal import Seal
from ioc.settings_error import WrongSettings

PREFIX = "IOC_"
SOCKET_PATH_LIMIT = 107  # bytes of a unix socket's address, without the closing zero
DATABASE = "ioc.sqlite3"  # below the data directory
SEAL_KEY = "second_factor.key"  # beside it
SOURCES = ("cloud", "traffic", "city", "connectors")  # that this machine can run; ioc/entrypoints/source.py makes them


def _known_sources(text: str) -> str:
    unknown = [name for name in _parts(text) if name not in SOURCES]
    if unknown:
        raise ValueError(f"没有数据源 no source '{unknown[0]}'; 可选 known: {', '.join(SOURCES)}")
    return text


def _is_bus(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("须以 redis://、rediss:// 或 unix:// 开头 begins with redis://, rediss:// or unix://")
    return text


def _is_database(text: str) -> str:
    if text:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            kind = make_url(text).get_backend_name()
        except (ArgumentError, ValueError):
            raise ValueError("不是数据库地址 not the address of a database") from None
        if kind not in ("sqlite", "postgresql"):
            raise ValueError(f"不支持 {kind} is not known; 可选 possible: sqlite://, postgresql+psycopg://")
        if kind == "postgresql" and find_spec("psycopg") is None:
            raise ValueError("缺少驱动，请安装 install the extra: pip install 'luohu-ioc[postgresql]'")
    return text


def _is_url(text: str) -> str:
    if text and "://" not in text:
        raise ValueError("须为地址 an address is needed: SCHEME://...")
    return text


def _is_template(text: str, names: tuple[str, ...], what: str) -> str:
    """An address that a browser may load from, with places to fill in; they are never part of its host."""
    if not text:
        return text
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or port == 0
        or "@" in parts.netloc
        or "{" in parts.netloc
    ):
        raise ValueError(f"{what}: https://HOST[:PORT]/...")
    if missing := [name for name in names if name not in text]:
        raise ValueError(f"缺少 it lacks {', '.join(missing)}")
    if any(mark in parts.netloc for mark in " ;,'\"") or not text.isascii() or " " in text:
        raise ValueError("不可有空格和非 ASCII 字符 no spaces, ASCII only")
    return text


def _is_tiles(text: str) -> str:
    return _is_template(text, ("{z}", "{x}", "{y}"), "须为瓦片地址 an address of tiles is needed")


def _is_video(text: str) -> str:
    return _is_template(text, ("{stream}",), "须为视频地址 an address of streams is needed")


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _are_origins(text: str) -> str:
    from ioc.services.outward import allow_list

    try:
        allow_list(text)
    except ValueError:
        raise ValueError("须为地址 addresses are needed: https://HOST[:PORT], ...") from None
    return text


def _are_outward(text: str) -> str:
    from ioc.services.outward import allowed

    try:
        allowed(text)
    except ValueError:
        raise ValueError(
            "须为地址或网段 addresses or networks are needed: https://HOST[:PORT], mqtts://HOST, 10.1.0.0/16, ..."
        ) from None
    return text


def _are_notified(text: str) -> str:
    from ioc.services.outward import notified

    try:
        notified(text)
    except ValueError:
        raise ValueError(
            "须为地址或网段 addresses or networks are needed: https://HOST[:PORT], smtps://HOST, 10.1.0.0/16, ..."
        ) from None
    return text


def _are_roles(text: str) -> str:
    unknown = [name for name in _parts(text) if name not in set(Role)]
    if unknown:
        raise ValueError(f"没有角色 no role '{unknown[0]}'; 可选 known: {', '.join(Role)}")
    return text


def _are_keys(text: SecretStr) -> SecretStr:
    from ioc.security.seal import valid_key

    for at, key in enumerate(_parts(text.get_secret_value()), 1):
        if not valid_key(key):
            raise ValueError(f"第 {at} 个不是密钥 number {at} is no key: 32 bytes, URL-safe base 64")
    return text


Url = Annotated[str, AfterValidator(_is_url)]


class Settings(BaseSettings):
    """All settings of all processes; each process reads the ones it needs. An empty URL means: the embedded server.

    Raises WrongSettings, which tells every variable that breaks a rule.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise WrongSettings.of(error, PREFIX, type(self).model_fields) from None

    data_dir: Path = Field(Path("var"), description="All state lives below this directory.")
    web_host: str = Field("127.0.0.1", description="Address the web server listens on.")
    web_port: int = Field(8050, ge=1, le=65535, description="Port of the web server.")
    gateway_host: str = Field("127.0.0.1", description="Address the gateway listens on.")
    gateway_port: int = Field(8051, ge=1, le=65535, description="Port of the gateway's sockets.")
    source_health_port: int = Field(8052, ge=0, le=65535, description="Health of the source process, loopback. 0: any.")
    engine_health_port: int = Field(8053, ge=0, le=65535, description="Health of the engine, loopback. 0: any.")
    archive_health_port: int = Field(8055, ge=0, le=65535, description="Health of the archive, loopback. 0: any.")
    duty_health_port: int = Field(8054, ge=0, le=65535, description="Health of the duty process, loopback. 0: any.")
    archive_part_s: float = Field(10.0, gt=0, le=3600, description="A part is written after so many seconds.")
    archive_keep_s: float = Field(60.0, gt=0, le=3600, description="Seconds between roll-ups, merges and removals.")
    archive_hold_min: int = Field(360, ge=0, description="Streams wait so many minutes for an archive that is away.")
    archive_observations_days: int = Field(30, ge=3, description="Observations are kept for so many days.")
    archive_values_days: int = Field(
        7, ge=3, description="All published values, provisional too, are kept for so long."
    )
    archive_completed_days: int = Field(400, ge=3, description="Complete values and corrections are kept for so long.")
    archive_dead_days: int = Field(30, ge=3, description="Rejected observations are kept for so long.")
    archive_alarms_days: int = Field(400, ge=3, description="Alarm events are kept for so long.")
    archive_lasting_days: int = Field(
        0, ge=0, description="Readings that windows without a beginning read are kept for so long; 0: for ever."
    )
    archive_gone_days: int = Field(7, ge=1, description="Worlds that are no more are kept for so long.")
    redis_url: Annotated[str, AfterValidator(_is_bus)] = Field(
        "", description="Redis or Valkey; empty: the embedded Valkey in the data directory."
    )
    database_url: Annotated[str, AfterValidator(_is_database)] = Field(
        "", description="SQL database; empty: SQLite in the data directory."
    )
    commit_ms: int = Field(500, ge=10, le=60_000, description="The engine commits at most this often, milliseconds.")
    sources: Annotated[str, AfterValidator(_known_sources)] = Field(
        "cloud,city,connectors", description="Sources the source process runs, by comma."
    )
    city_rate: float = Field(3_000, ge=200, le=100_000, description="Rows a second of the simulated city.")
    city_seed: int = Field(
        440_303, ge=0, description="What the simulated city is made from; another one, another city."
    )
    playbacks: int = Field(8, ge=1, le=64, description="So many playbacks of the past run at once.")
    world: str = Field("live", description="The world a screen shows when its address names none.")
    feed: str = Field("", description="A recording to replay; the wall then shows the world `replay`.")
    feed_source: str = Field("traffic", description="The source the recording belongs to.")
    feed_speed: float = Field(60.0, gt=0, le=3600, description="How many times as fast as it was recorded.")
    feed_loop: bool = Field(False, description="Begin the recording anew when it ends, re-based by whole weeks.")
    feed_shift_to_now: bool = Field(False, description="Show the recording's weekday and time as today; speed 1.")
    links_allow: Annotated[str, AfterValidator(_are_origins)] = Field(
        "", description="Where linked systems may be asked whether they answer: https://HOST[:PORT], by comma."
    )
    links_every_s: float = Field(60.0, ge=5, le=86_400, description="Seconds between two checks of linked systems.")
    connect_allow: Annotated[str, AfterValidator(_are_outward)] = Field(
        "",
        description="Where connectors may connect to: https://HOST[:PORT], mqtts://HOST[:PORT], by comma; and private"
        " networks that names among them may lead into: 10.1.0.0/16.",
    )
    second_factor: Annotated[str, AfterValidator(_are_roles)] = Field(
        "", description="Roles whose people sign in with a second factor (time codes), by comma; who has one uses it."
    )
    second_factor_key: Annotated[SecretStr, AfterValidator(_are_keys)] = Field(
        SecretStr(""),
        description="Keys that seal the secrets of second factors, by comma, the newest first (32 bytes, URL-safe"
        " base 64); empty: one is drawn into the data directory.",
    )
    notify_allow: Annotated[str, AfterValidator(_are_notified)] = Field(
        "",
        description="Where messages may go out: https://HOST[:PORT], smtps://HOST[:PORT], by comma; and private"
        " networks that names among them may lead into.",
    )
    web_threads: int = Field(16, ge=1, le=256, description="Threads of the web server.")
    tiles_url: Annotated[str, AfterValidator(_is_tiles)] = Field(
        "",
        description="Tiles below the map, XYZ or WMTS: https://HOST/{z}/{x}/{y}.png, with {token} where one is asked.",
    )
    tiles_token: SecretStr = Field(SecretStr(""), description="Takes the place of {token} in the address of tiles.")
    tiles_datum: Literal["wgs84", "gcj02", "bd09"] = Field("wgs84", description="What the tiles are drawn in.")
    video_url: Annotated[str, AfterValidator(_is_video)] = Field(
        "",
        description="Streams of cameras at a media server: https://HOST/{stream}/..., with {token} where one is asked.",
    )
    video_way: Literal["hls", "webrtc", "snapshots"] = Field(
        "hls", description="What the media server gives there: hls, webrtc (WHEP) or snapshots (pictures)."
    )
    video_pictures_url: Annotated[str, AfterValidator(_is_video)] = Field(
        "", description="Pictures of the same streams, for browsers that cannot play them or want no motion."
    )
    video_every_s: float = Field(5.0, ge=1, le=300, description="Seconds between two pictures of a camera.")
    video_token: SecretStr = Field(SecretStr(""), description="Takes the place of {token} in addresses of streams.")
    metrics_token: SecretStr = Field(SecretStr(""), description="Bearer token for /metrics from other hosts.")
    allowed_origins: str = Field("", description="Further origins that may open sockets and post, by comma.")
    public_url: Url = Field("", description="Address people use when a proxy stands before the web server.")
    public_gateway_url: Url = Field("", description="Address of the gateway's socket behind a proxy, wss://...")
    secure_cookies: bool = Field(False, description="Set cookies for TLS only; true behind a TLS proxy.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )

    @cached_property
    def data_path(self) -> Path:
        """The data directory as an absolute path; it is not created here."""
        return self.data_dir.expanduser().resolve()

    @cached_property
    def archive_path(self) -> Path:
        """Where the archive lies."""
        return self.data_path / "archive"

    @cached_property
    def clip_path(self) -> Path:
        """Where the clip of simulated cameras lies."""
        return self.data_path / "video" / "clip"

    @cached_property
    def socket_path(self) -> Path:
        """Unix socket of the embedded Valkey: in the data directory, or a short path when that would be too long."""
        path = self.data_path / "valkey.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        stat = os.stat(self.data_path)
        return Path(f"/tmp/ioc-{os.getuid()}-{stat.st_dev:x}-{stat.st_ino:x}/valkey.sock")  # noqa: S108 - made 0700

    @cached_property
    def factor_roles(self) -> frozenset[Role]:
        """The roles that take a second factor."""
        return frozenset(Role(name) for name in _parts(self.second_factor))

    @cached_property
    def seal(self) -> Seal:
        """What the secrets of second factors are sealed with."""
        return Seal(_parts(self.second_factor_key.get_secret_value()), self.data_path / SEAL_KEY)

    @cached_property
    def sql_url(self) -> str:
        """SQLAlchemy URL of the database in force."""
        return self.database_url or f"sqlite:///{self.data_path / DATABASE}"

    @cached_property
    def web_url(self) -> str:
        """Address people open, without a closing slash."""
        return self.public_url.rstrip("/") or f"http://{_reachable(self.web_host)}:{self.web_port}"

    @cached_property
    def gateway_url(self) -> str:
        """Address of the live socket."""
        return self.public_gateway_url or f"ws://{_reachable(self.gateway_host)}:{self.gateway_port}/live"

    @cached_property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may open sockets and post."""
        own = {self.web_url, f"http://localhost:{self.web_port}", f"http://127.0.0.1:{self.web_port}"}
        return frozenset(own | {origin.rstrip("/") for origin in _parts(self.allowed_origins)})

    @cached_property
    def worlds(self) -> tuple[str, ...]:
        """The worlds of this deployment: the one that a screen shows when nobody names one, then the live one."""
        return tuple(dict.fromkeys((self.world, "live")))

    @cached_property
    def source_names(self) -> tuple[str, ...]:
        """Sources to run, in the order in which they are named."""
        return _parts(self.sources)


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


INTERNAL = frozenset({"IOC_PARENT_PID"})  # set by the supervisor for its children


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each `IOC_*` variable that no setting has, with the nearest name there is."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | INTERNAL
    sentences = []
    for name in sorted(name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known):
        near = difflib.get_close_matches(name.upper(), known, n=1)
        sentences.append(f"unknown setting {name}" + (f": did you mean {near[0]}?" if near else ""))
    return sentences
