"""The switchboard: the channels of a data directory, read anew when their file changes; a faulty file keeps the old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from ioc.notify.channels_file import FILE, Channels, load
from ioc.notify.outlet import BadChannel, Outlet
from ioc.packs.files import PackErrors
from ioc.services.messages import Ways
from ioc.services.outward import Allowed


class Switchboard:
    """`ways` and `outlets` as they stand now. What is wrong is in `faults`, and once in the log."""

    def __init__(self, home: Path, allowed: Allowed) -> None:
        self._home, self._allowed = home, allowed
        self._seen: tuple[int, int] | None = None
        self._channels, self._outlets = Channels({}, ()), dict[str, Outlet]()
        self.faults: Sequence[str] = ()
        self._log = structlog.get_logger()

    def ways(self) -> Ways:
        """Who is reached by which channels."""
        self._look()
        return self._channels.ways

    def outlets(self) -> Mapping[str, Outlet]:
        """The channels that can be used."""
        self._look()
        return self._outlets

    def _look(self) -> None:
        path = self._home / FILE
        try:
            found = path.stat()
            seen = (found.st_mtime_ns, found.st_size)
        except OSError:
            seen = (0, 0)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            channels = load(self._home)
        except (PackErrors, OSError) as error:
            self.faults = getattr(error, "lines", None) or (str(error),)
            self._log.error("channels_refused", faults=list(self.faults))
            return
        outlets, faults = {}, []
        for name, table in channels.channel.items():
            try:
                outlets[name] = Outlet.of(name, table, self._allowed)
            except BadChannel as error:
                faults.append(str(error))
        self._channels, self._outlets, self.faults = channels, outlets, tuple(faults)
        if faults:
            self._log.error("channels_not_ready", faults=faults)
        self._log.info("channels_read", channels=sorted(outlets))
