"""One-time links: a fresh way in for each role, from this machine only."""

from __future__ import annotations

from collections.abc import Mapping

from ioc.settings import Settings


def make_links(settings: Settings) -> Mapping[str, str]:
    """Role -> address of a new one-time link; earlier unused links of all roles die. Prepares the database if needed.

    Called by the supervisor at each start. Raises sqlalchemy.exc.SQLAlchemyError when the database does not answer.
    """
    raise NotImplementedError(settings)
