"""The parts of the door (ioc.web): sessions, guard, entrance, plain pages, headers, compression. No Dash in here."""
