"""`ioc web`: the web server, gunicorn with one worker of many threads."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis
from gunicorn.app.base import BaseApplication

from ioc.door.desk import redis_url
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.queries.walls import read_ahead
from ioc.settings import Settings

GRACE_S = 5  # requests in progress may take this long at the end
MEMORY_FILES = Path("/dev/shm")  # noqa: S108 - where gunicorn notes that its worker lives; a slow disk would look like death


class WebServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings and nobody else's: no configuration file, no environment, no control socket.

    `module` holds the application as `server`; it is loaded in the worker. Several threads and one worker, because
    sessions are cached and metrics are counted per process.
    """

    def __init__(self, settings: Settings, module: str = "app") -> None:
        self._settings, self._module = settings, module
        super().__init__()

    def load_config(self) -> None:
        beats = ExitStack()

        def began(_worker: Any) -> None:
            configure("web", self._settings.log_level)
            client = redis.Redis.from_url(redis_url(self._settings), socket_timeout=2, socket_connect_timeout=2)
            beats.enter_context(Heartbeat(client, "web"))

        def ended(_server: Any, _worker: Any) -> None:
            beats.close()

        host = self._settings.web_host
        options: dict[str, Any] = {
            "bind": f"{f'[{host}]' if ':' in host else host}:{self._settings.web_port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.web_threads,
            "graceful_timeout": GRACE_S,
            "keepalive": 30,
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": began,
            "worker_exit": ended,
        }
        if MEMORY_FILES.is_dir():
            options["worker_tmp_dir"] = str(MEMORY_FILES)
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        application = importlib.import_module(self._module).server
        read_ahead()
        return application


def web() -> None:
    """Serve the pages until told to stop. Needs the database; without Redis it serves, but nothing is live."""
    settings = Settings()
    configure("web", settings.log_level)
    tie_to_parent()
    if not settings.redis_url:
        # Started alone on a data directory whose embedded server runs: every room of this process uses that one.
        os.environ["IOC_REDIS_URL"] = redis_url(settings)
        settings = Settings()
    root = str(Path(__file__).resolve().parents[2])
    if root not in sys.path:  # a checkout that was never installed
        sys.path.insert(0, root)
    WebServer(settings).run()
