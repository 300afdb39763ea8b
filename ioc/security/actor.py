"""The actor: who does what is being done, said once at each edge: the guard of a request, a command, a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, or a program (`console:root`, `system`), with the roles it holds and the address it asks from."""

    name: str
    roles: Sequence[str] = ()
    address: str = ""


SYSTEM: Final = Actor("system")
_ACTOR: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """What is done within is done by this actor."""
    token = _ACTOR.set(actor)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def act_as(actor: Actor) -> None:
    """What this thread does from now on is done by this actor, until it is said anew: at each request."""
    _ACTOR.set(actor)


def current_actor() -> Actor:
    """Who acts now."""
    return _ACTOR.get()
