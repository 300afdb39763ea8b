"""The page of the screens: what each shows, who has it, the controls of one; settings of screens and devices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import html

from components.frame import frame, said
from components.marks import data
from components.screens_words import word
from components.video import watching
from components.words import Lang
from ioc.web import ScreensView

RIGHTS = ("leader", "duty", "emergency")
SETTINGS = ("zh", "en", "width_mm", "distance_mm", "rotation", "pinned", "reload_at")


def screens(
    view: ScreensView,
    world: str,
    lang: Lang,
    *,
    asked: str = "",
    controls: bool = False,
    manages: bool = False,
    watches: bool = False,
) -> html.Div:
    """Everything that changes is written by screens.js. `controls`, `manages`, `watches` (video): what the visitor may
    do."""
    manage = [_devices(lang), _settings(lang)] if manages else []
    seen = [watching(lang)] if watches else []
    beside = [_control(view, lang)] if controls else manage or [_watching(lang)]
    body = html.Div(
        [
            html.Div([_list(lang), *seen, *(manage if controls else [])], className="column screens-left"),
            html.Div(beside, className=f"column screens-right{'' if controls else ' managing'}"),
        ],
        className="screens-body",
    )
    page = frame("screens", [body], world, lang, asked=asked)
    page.children.append(html.Div(id="screens-said", role="status", className="screens-said", hidden=True))
    names: dict[str, Any] = {
        "lang": lang,
        "scenes": {each.id: {"zh": each.zh, "en": each.en} for each in view.scenes},
        "layers": {
            name: [[one.id, said(one, lang)] for one in layers]
            for name, layers in [("", view.overview), *((each.id, each.layers) for each in view.scenes)]
        },
        "regions": {each.id: said(each, lang) for each in view.regions},
        "box": view.map.box,
    }
    page.children.append(html.Div(id="screens-names", hidden=True, **data(names=json.dumps(names, ensure_ascii=False))))
    return page


def _list(lang: Lang) -> html.Section:
    return html.Section(
        [
            html.Div(
                [html.H2(word("screens", lang)), html.Span(id="screens-note", className="note")], className="head"
            ),
            html.Div(id="screens-list", className="screens-list"),
        ],
        className="panel",
    )


def _watching(lang: Lang) -> html.Section:
    return html.Section(html.P(word("no_control", lang), className="empty"), className="panel")


def _control(view: ScreensView, lang: Lang) -> html.Section:
    """The controls of the chosen screen; choosing something is sent at once by who has it, else kept until taken."""
    scenes, regions = _named(view.scenes, lang), _named(view.regions, lang)
    return html.Section(
        [
            html.Div(
                [
                    html.Div([html.H2(id="screen-name"), html.P(id="screen-state")], className="screen-now"),
                    html.Div(
                        [
                            *(_button(f"take-{right}", word(f"take_{right}", lang), "first") for right in RIGHTS),
                            _button("release", word("release", lang)),
                        ],
                        className="screen-acts",
                    ),
                ],
                className="screen-head",
            ),
            html.Div(
                [
                    _field("scene", _choices("scene", [("", word("overview", lang)), *scenes]), lang),
                    _field("region", _choices("region", [("", word("whole", lang)), *regions]), lang),
                    _field("layers", html.Div(id="choose-layers", className="choices"), lang),
                    _field("time", html.Div(id="choose-time", className="screen-row"), lang),
                    html.Div(
                        [
                            _field("world", html.Select(id="choose-world"), lang),
                            _field("beside", html.Select(id="choose-beside"), lang),
                        ],
                        className="screen-row",
                    ),
                    html.Div(
                        [
                            _field("incident", _input("choose-incident", 64), lang),
                            _field("place", _input("choose-label", 40, word("place_label", lang)), lang),
                        ],
                        className="screen-row",
                    ),
                ],
                className="screen-fields",
            ),
            html.Div([_pointer_pad(lang), _place_pad(view, lang)], className="pads"),
        ],
        className="panel screen-control",
        id="screen-control",
    )  # fmt: skip


def _pointer_pad(lang: Lang) -> html.Div:
    titles = [html.H3(word("pointer", lang)), html.Span(word("pointer_note", lang), className="note")]
    pad = html.Div(id="pointer-pad", className="pad", **_spoken(word("pointer", lang)))
    return html.Div([html.Div(titles, className="pad-head"), pad], className="pad-box")


def _place_pad(view: ScreensView, lang: Lang) -> html.Div:
    titles = [
        html.H3(word("place", lang)),
        html.Span(word("place_note", lang), className="note"),
        _button("no-place", word("no_place", lang)),
    ]
    outlines = json.dumps([[each.code, said(each, lang), each.path] for each in view.map.outlines], ensure_ascii=False)
    pad = html.Div(
        id="place-pad", className="pad", **_spoken(word("place", lang)),
        **data(outlines=outlines, height=f"{view.map.height:.1f}"),
    )  # fmt: skip
    return html.Div([html.Div(titles, className="pad-head"), pad], className="pad-box")


def _devices(lang: Lang) -> html.Section:
    return html.Section(
        [
            html.Div([html.H2(word("devices", lang)), html.Span(word("devices_note", lang), className="note")],
                     className="head"),
            html.Div(id="devices-list", className="devices-list"),
            html.Form(
                [
                    _input("device-code", 9, word("device_code", lang)),
                    html.Select(id="device-screen", **_spoken(word("screen", lang))),
                    html.Button(word("approve", lang), type="submit", className="choice"),
                ],
                id="device-approve",
                className="screen-row",
            ),
        ],
        className="panel",
    )  # fmt: skip


def _settings(lang: Lang) -> html.Section:
    return html.Section(
        [
            html.Div([html.H2(word("settings", lang)), html.Span(id="settings-note", className="note")],
                     className="head"),
            html.Form(
                [
                    *(
                        html.Label([word(f"set_{name}", lang), _input(f"set-{name}", 400)], className="screen-field")
                        for name in SETTINGS
                    ),
                    html.Div(
                        [
                            html.Button(word("save", lang), type="submit", className="choice"),
                            _button("screen-remove", word("remove", lang)),
                        ],
                        className="screen-acts",
                    ),
                ],
                id="screen-settings",
            ),
            html.Form(
                [
                    _input("add-name", 65, word("add_name", lang)),
                    html.Button(word("add", lang), type="submit", className="choice"),
                ],
                id="screen-add",
                className="screen-row",
            ),
        ],
        className="panel",
    )  # fmt: skip


def _named(options: Sequence[Any], lang: Lang) -> list[tuple[str, str]]:
    return [(each.id, said(each, lang).removesuffix("街道")) for each in options]


def _field(name: str, control: Any, lang: Lang) -> html.Div:
    return html.Div([html.H3(word(f"view_{name}", lang)), control], className=f"screen-choose for-{name}")


def _choices(name: str, options: Sequence[tuple[str, str]]) -> html.Div:
    """Buttons of which one is pressed; the first one is what nothing else means."""
    return html.Div(
        [
            html.Button(text, type="button", className="choice", **data(choose=name, value=value))
            for value, text in options
        ],
        className="choices",
        id=f"choose-{name}",
    )  # fmt: skip


def _spoken(text: str) -> dict[str, Any]:
    return {"aria-label": text}


def _button(name: str, text: str, look: str = "") -> html.Button:
    return html.Button(text, id=name, type="button", className=f"choice {look}".strip())


def _input(name: str, longest: int, hint: str = "") -> html.Span:
    """The place of a text field; screens.js puts it there, so that nothing but the page itself ever writes into it."""
    return html.Span(className="typing", **data(typed=name, longest=str(longest), hint=hint))
