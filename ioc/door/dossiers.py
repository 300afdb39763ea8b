"""What the pages of the desk ask of the application: their names and map, and which world a dossier is of."""

from __future__ import annotations

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from ioc.door.desk import Desk
from ioc.door.visitor import current_person
from ioc.queries import desk_page
from ioc.queries.desk_page import DeskView
from ioc.queries.dossiers import may_see
from ioc.services import dossiers
from ioc.services.refusals import UnknownDossier


def desk_view(world: str | None, *, mapped: bool) -> DeskView:
    """A page of the desk, in a world or in the one of the deployment."""
    desk = _desk()
    return desk_page.desk_view(world or desk.settings.world, desk.settings.data_path, desk.clock(), mapped=mapped)


def dossier_world(name: str) -> str | None:
    """The world of a dossier; None for one that there is not, or that the visitor may not see.

    Of a database that does not answer nobody knows: the page is shown and says so itself.
    """
    person = current_person()
    try:
        found = dossiers.find(_desk().store, name)
    except UnknownDossier:
        return None
    except SQLAlchemyError:
        return _desk().settings.world
    return found.world if may_see(found.region, person.within if person else None) else None


def _desk() -> Desk:
    desk: Desk = current_app.extensions["ioc"]
    return desk
