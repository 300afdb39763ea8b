"""The form of an entry of the link library: fields as text, what was said of the last change, and its versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from components.frame import frame
from components.moment import moment
from components.ways import address
from components.words import Lang, word
from ioc.web import LinkEntry

# What an entry of each kind says, in the order of the form; lists are written with commas.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "capability": ("zh", "en"),
    "situation": ("zh", "en", "capability", "indicators"),
    "system": ("zh", "en", "owner", "entry", "gives", "takes", "sso", "permission", "tasks"),
}
LISTS = frozenset({"indicators", "gives", "takes", "tasks"})
BLANK: Mapping[str, Any] = {"sso": False, "permission": "indicator.view"}


def link_form(kind: str, scenes: Sequence[Any], versions: Sequence[LinkEntry], world: str, lang: Lang) -> html.Div:
    """`versions` of the entry, the newest first; none for a new one."""
    newest = versions[0] if versions else None
    body = next((each.body for each in versions if each.body is not None), None) or BLANK
    choice = [] if newest else [
        _row("scene", dcc.RadioItems([{"label": each.zh if lang == "zh" else each.en, "value": each.id}
                                      for each in scenes], scenes[0].id, id=_id("scene"), className="radios"), lang),
        _row("id", dcc.Input(id=_id("id"), type="text", maxLength=64, autoComplete="off"), lang),
    ]  # fmt: skip
    buttons = [_button("save", lang)]
    if newest:
        buttons += [_button("remove", lang), _button("undo", lang)]
    form = html.Section(
        [
            html.H2([word(f"link_{kind}", lang), html.Small(f"{newest.scene}/{newest.id}" if newest else
                                                            word("new_entry", lang))]),
            *choice,
            *(_row(name, _field(name, body), lang) for name in FIELDS[kind]),
            html.Div([*buttons, dcc.Link(word("back", lang), href=address("/links", lang), className="choice")],
                     className="filter"),
            html.P(id="link-said", role="status"),
        ],
        className="panel link-form",
    )  # fmt: skip
    place = {"kind": kind, "scene": newest.scene if newest else "", "id": newest.id if newest else "",
             "version": newest.version if newest else 0, "lang": lang}  # fmt: skip
    past = html.Section(
        [html.H2(word("versions", lang)), html.Div(history(versions, lang), id="link-history")],
        className="panel link-form",
    )
    page = frame("links", [html.Div([form, past], className="task-body")], world, lang, at="link-edit")
    page.children.append(dcc.Store(id="link-place", data=place))
    return page


def history(versions: Sequence[LinkEntry], lang: Lang) -> list[Any]:
    """One row for each version: number, who, when, and what it says."""
    return [
        html.Div(
            [
                html.B(f"v{each.version}"),
                html.Span(each.by or word("shipped", lang)),
                html.Span(moment(each.at_ms) if each.at_ms else ""),
                html.Span(word("removed", lang) if each.body is None else summary(each.body), className="fact-text"),
            ],
            className="fact-line",
        )
        for each in versions
    ] or [html.P(word("none_declared", lang), className="note")]


def summary(body: Mapping[str, Any]) -> str:
    """The facts of an entry in one line, its id left out."""
    return "  ".join(f"{name}: {_written(name, body[name])}" for name in body if name != "id")


def entered(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as an entry of links.toml: lists from commas, task numbers as numbers, a switch as a bool."""
    found: dict[str, Any] = {}
    for name in FIELDS[kind]:
        value = values.get(name)
        if name == "sso":
            found[name] = bool(value)
        elif name in LISTS:
            parts = [part for part in re.split(r"[\s,，、]+", str(value or "")) if part]
            found[name] = [int(part) if name == "tasks" and part.isdecimal() else part for part in parts]
        else:
            found[name] = str(value or "").strip()
    return found


def _id(name: str) -> dict[str, str]:
    return {"entry": name}


def _field(name: str, body: Mapping[str, Any]) -> Any:
    if name == "sso":
        return dcc.Checklist([{"label": "", "value": "yes"}], ["yes"] if body.get("sso") else [], id=_id(name))
    text = _written(name, body.get(name, ""))
    return dcc.Input(text, id=_id(name), type="text", maxLength=2000, autoComplete="off")


def _written(name: str, value: Any) -> str:
    return ", ".join(map(str, value)) if name in LISTS and not isinstance(value, str) else str(value)


def _row(name: str, field: Any, lang: Lang) -> html.Div:
    return html.Div([html.Label(word(f"field_{name}", lang)), field], className="form-row")


def _button(action: str, lang: Lang) -> html.Button:
    return html.Button(word(action, lang), id=f"link-{action}", type="button", className="choice", n_clicks=0)
