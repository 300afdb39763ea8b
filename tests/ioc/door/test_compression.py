"""Compressed files: at once in a quick form; in the best form once nobody asks for files."""

from __future__ import annotations

import threading

import brotli  # type: ignore[import-untyped]

from ioc.door.compression import BEST_QUALITY, FIRST_QUALITY, Compressed, compress
from tests.conftest import wait_until

FILE = b"".join(b"line %d of a file that is asked for again and again\n" % (n * n) for n in range(4000))


class Clock:
    """Tells when it is asked, so that a test knows who waits for it."""

    def __init__(self) -> None:
        self.now, self.asked = 100.0, threading.Event()

    def __call__(self) -> float:
        self.asked.set()
        return self.now


def test_the_best_form_is_made_when_nobody_has_asked_for_a_file_for_a_while() -> None:
    clock = Clock()
    kept = Compressed(0.01, clock)
    quick, best = compress(FILE, "br", FIRST_QUALITY), compress(FILE, "br", BEST_QUALITY)
    assert kept.form(FILE, "br") == quick != best
    clock.asked.clear()
    assert clock.asked.wait(5)  # who makes the best form has looked whether it is calm
    clock.asked.clear()
    assert clock.asked.wait(5)
    assert kept.form(FILE, "br") == quick
    clock.now += 1
    wait_until(lambda: kept.form(FILE, "br") == best or setattr(clock, "now", clock.now + 1), "the best form is there")
    assert brotli.decompress(kept.form(FILE, "br")) == FILE
