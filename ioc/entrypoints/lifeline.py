"""The lifeline: a child process ends when its supervisor does, however the supervisor ended."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PARENT = "IOC_PARENT_PID"
PR_SET_PDEATHSIG = 1  # prctl(2), Linux only
POLL_S = 0.5  # how often a child looks whether its parent is still there
GRACE_S = 8.0  # a child that has not ended this long after its parent is ended without further questions


def tie_to_parent(*, watch: bool = True) -> None:
    """Make this process end when the parent named in `IOC_PARENT_PID` is gone; without that variable do nothing.

    On Linux the kernel sends SIGTERM at once. A thread watches too (unless `watch` is false, for a process about to
    become another program): it is what other systems have, and it ends a process that hangs in its clean-up.
    """
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the call above took hold
        os.kill(os.getpid(), signal.SIGTERM)
    if watch:
        threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)
