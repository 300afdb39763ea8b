"""The keys of the desk at the foot of a page, their help, and the box in which its scripts open dialogs."""

from __future__ import annotations

from typing import Any

from dash import html

from components.desk_words import KEYS, word
from components.words import Lang


def dialogs(page: str, lang: Lang, *, handles: bool, unmasks: bool = False) -> list[Any]:
    """What stands behind a page of the desk. `handles`: the visitor may act, not only look; `unmasks`: see personal
    data, with a reason."""
    keys = [(key, name) for key, name, pages, acts in KEYS if page in pages and (handles or not acts)]
    rows = [part for key, name in keys for part in (html.Dt(html.Kbd(key)), html.Dd(word(f"help_{name}", lang)))]
    return [
        html.Footer([html.Span([html.Kbd(key), word(f"key_{name}", lang)]) for key, name in keys],
                    className="desk-keys"),
        html.Div([html.H2(word("keys", lang)), html.Dl(rows)], id="desk-help", hidden=True, **dialog("keys", lang)),
        html.Div(id="desk-box", hidden=True, **dialog("keys", lang)),
        *([html.Span(id="desk-new-ok", hidden=True)] if handles else []),
        *([html.Span(id="desk-unmask-ok", hidden=True)] if unmasks else []),
    ]  # fmt: skip


def dialog(name: str, lang: Lang) -> dict[str, Any]:
    """What makes a box a dialog with this name."""
    return {"className": "desk-dialog", "role": "dialog", "aria-modal": "true", "aria-label": word(name, lang)}
