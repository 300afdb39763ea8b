"""Small marks that every panel uses: level chip, number, panel head. A level is colour, character and meter."""

from __future__ import annotations

from typing import Any

from dash import html


def chip() -> html.Span:
    """An empty level chip: four meter bars and the character; live.js gives it its level or hides it."""
    meter = html.Span([html.I(), html.I(), html.I(), html.I()], className="meter")
    return html.Span([meter, html.B()], className="chip", hidden=True)


def number(indicator: str, **attributes: Any) -> html.Span:
    """The place of a number. It carries the four marks by which a number can be traced, empty until it has a value."""
    return html.Span(className="number", **marks(indicator), **attributes)


def marks(indicator: str, region: str = "") -> dict[str, Any]:
    """`data-indicator`, `data-region`, `data-window-end` (ms UTC) and `data-quality` of a number."""
    return {
        "data-indicator": indicator,
        "data-region": region,
        "data-window-end": "",
        "data-quality": "no_data",
    }


def data(**attributes: str) -> dict[str, Any]:
    """`data(tile="T1")` is `{"data-tile": "T1"}`: how live.js finds a place."""
    return {f"data-{name}": value for name, value in attributes.items()}


def named(name: str, role: str = "") -> dict[str, Any]:
    """What is read out of something without a text of its own; of a plain box only where it has a role."""
    return {"aria-label": name} | ({"role": role} if role else {})


def head(title: Any, *notes: Any) -> html.Div:
    """The head of a panel: its title, then units, times and comparisons said once for all rows below."""
    said = [
        html.Span(note, className="note") for note in notes if note != ""
    ]  # an empty component counts: it is a place
    return html.Div([html.H2(title), *said], className="head")
