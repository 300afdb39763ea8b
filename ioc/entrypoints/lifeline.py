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
POLL_S = 0.5  # where the system cannot signal a parent's death, look this often


def tie_to_parent(parent_pid: int | None = None) -> None:
    """Make this process receive SIGTERM when its parent is gone. Without `IOC_PARENT_PID` it does nothing.

    On Linux the kernel does it; elsewhere a thread looks at the parent's id.
    """
    if parent_pid is None:
        if PARENT not in os.environ:
            return
        parent_pid = int(os.environ[PARENT])
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # it died before the call above took hold
            os.kill(os.getpid(), signal.SIGTERM)
        return
    threading.Thread(target=_watch, args=(parent_pid,), name="lifeline", daemon=True).start()


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(POLL_S)
    os.kill(os.getpid(), signal.SIGTERM)
