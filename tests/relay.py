"""A TCP relay between a browser and a server whose path can be cut: what is sent into it then vanishes, as off line."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Self

CHUNK = 1 << 16


class Relay:
    """Listens on a port of its own and carries bytes to `target`, a port of this machine, while the path is whole."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self._whole = threading.Event()
        self._whole.set()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._wake, self._bell = socket.socketpair()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell.close()
        self._thread.join(10)

    def cut(self) -> None:
        """From now on nothing passes, in either direction, and nobody is told: connections neither end nor answer."""
        self._whole.clear()
        self._bell.send(b".")

    def mend(self) -> None:
        """New connections pass; those from before are gone without having ended properly."""
        self._whole.set()
        self._bell.send(b".")

    def _carry(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            waiting.register(self._wake, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    ready = key.fileobj
                    if ready is self._wake:
                        if not self._wake.recv(1):
                            self._drop_all(waiting)
                            self._listener.close()
                            self._wake.close()
                            return
                        if self._whole.is_set():
                            self._drop_all(waiting)
                            waiting.register(self._listener, selectors.EVENT_READ)
                        else:
                            for end in self._pairs:
                                waiting.unregister(end)
                            waiting.unregister(self._listener)
                    elif ready is self._listener:
                        self._join(waiting)
                    elif ready in self._pairs:
                        self._pass_on(waiting, ready)

    def _join(self, waiting: selectors.BaseSelector) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            near.close()
            return
        self._pairs |= {near: far, far: near}
        waiting.register(near, selectors.EVENT_READ)
        waiting.register(far, selectors.EVENT_READ)

    def _pass_on(self, waiting: selectors.BaseSelector, ready: socket.socket) -> None:
        other = self._pairs[ready]
        try:
            data = ready.recv(CHUNK)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass  # either end is gone: so is the pair
        for end in (ready, other):
            waiting.unregister(end)
            del self._pairs[end]
            end.close()

    def _drop_all(self, waiting: selectors.BaseSelector) -> None:
        registered = {key.fileobj for key in waiting.get_map().values()}
        for end in list(self._pairs):
            if end in registered:
                waiting.unregister(end)
            end.close()
        self._pairs.clear()
