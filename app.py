"""The Dash root: `python app.py` starts everything on one machine, `app:server` is the web server's application."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dash import Dash

ROOT = Path(__file__).resolve().parent
TITLE = "罗湖区智能运营中心"


def create_app() -> Dash:
    """A guarded Dash application with all pages. Nothing in it loads anything from another host."""
    from dash import Dash, html, page_container
    from flask import request

    import pages
    from components.words import TAGS, language
    from ioc import web

    bundle = web.Bundle(ROOT / "assets")

    class Application(Dash):
        def interpolate_index(self, *args: Any, **parts: Any) -> str:
            """The document in the language of its address, with the measures of the screen that it follows."""
            index: str = super().interpolate_index(*args, **parts)  # type: ignore[no-untyped-call]
            style = web.screen_style(request.args.get("screen", ""))
            index = index.replace(STYLE, f"<style>{style}</style>" if style else "", 1)
            person = web.current_person()
            index = index.replace(STYLES, bundle.address("css"), 1).replace(SCRIPTS, bundle.address("js"), 1)
            index = index.replace(DEVICE, " data-device" if person and person.screen else "", 1)
            return index.replace(LANG, TAGS[language(request.args.get("lang"))], 1)

    app = Application(
        __name__,
        use_pages=True,
        pages_folder="",  # pages are imported below, once; discovery would import them under other names
        assets_folder=str(ROOT / "assets"),
        assets_ignore=r".*",  # in the bundle, or fetched by who needs it
        serve_locally=True,
        suppress_callback_exceptions=True,
        title=TITLE,
        update_title="",
        include_pages_meta=False,
        index_string=INDEX,
    )
    for page in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"pages.{page.name}")
    app.layout = html.Div([page_container], className="root")
    bundle.register(app.server)
    web.guard(app.server)
    return app


LANG, STYLE, DEVICE = "{%lang%}", "{%style%}", "{%device%}"
STYLES, SCRIPTS = "{%our_styles%}", "{%our_scripts%}"
INDEX = """<!DOCTYPE html>
<html lang="{%lang%}"{%device%}>
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>{%title%}</title>
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
{%css%}
<link rel="stylesheet" href="{%our_styles%}">
{%style%}
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}<script src="{%our_scripts%}"></script>{%renderer%}</footer>
</body>
</html>
"""


@cache
def _served() -> Dash:
    return create_app()


def __getattr__(name: str) -> Any:
    """`app:server` for gunicorn: built on first use, so that starting the supervisor builds no web application."""
    if name == "server":
        return _served().server
    raise AttributeError(name)


if __name__ == "__main__":
    import sys

    from ioc.entrypoints.cli import app as commands

    commands(["run", *sys.argv[1:]], prog_name="app.py")
