"""The time bar: any moment of the archive on the whole screen, how fast, as known when, and the way back to live.

Nobody sees it on a screen that shows what is now and that nobody touches; timebar.js fills it.
"""

from __future__ import annotations

from typing import Any

from dash import html

from components.marks import data
from components.words import Lang, word

SPEEDS = (1, 10, 60, 600)


def time_bar(lang: Lang) -> html.Section:
    """One bar for a page. `data-do` says what a button does."""
    return html.Section(
        [
            html.Div(
                [
                    _button("play", "▶", word("bar_play", lang)),
                    html.Div(
                        [_button(f"speed-{speed}", f"×{speed}") for speed in SPEEDS],
                        className="bar-group",
                        role="group",
                        **_named("bar_speed", lang),
                    ),
                ],
                className="bar-part",
            ),
            html.Div(
                [
                    _button("day-before", "‹", word("bar_day_before", lang)),
                    html.Span(id="bar-day-place", className="bar-day", **_named("bar_day", lang)),
                    _button("day-after", "›", word("bar_day_after", lang)),
                ],
                className="bar-part",
            ),
            html.Div(
                [
                    html.Div(id="bar-known", className="bar-span"),
                    html.Div(id="bar-hours", className="bar-hours"),
                    html.Div(id="bar-marks", className="bar-marks"),
                    html.Div(html.B(id="bar-clock"), id="bar-hand", className="bar-hand"),
                    html.Div(id="bar-said", className="bar-said", hidden=True),
                ],
                id="bar-track",
                className="bar-track",
                tabIndex="0",
                role="slider",
                **_named("bar_track", lang),
            ),
            html.Div(
                [
                    html.Div(
                        [
                            _button("known-then", word("known_then", lang)),
                            _button("known-now", word("known_now", lang)),
                        ],
                        className="bar-group",
                        role="group",
                        **_named("bar_known", lang),
                    ),
                    _button("live", word("bar_live", lang)),
                ],
                className="bar-part",
            ),
        ],
        id="time-bar",
        className="time-bar",
        hidden=True,
        **_named("bar", lang),
    )


def _named(key: str, lang: Lang) -> dict[str, Any]:
    return {"aria-label": word(key, lang)}


def _button(does: str, text: str, title: str = "") -> html.Button:
    named: dict[str, Any] = {"title": title, "aria-label": title} if title else {}
    return html.Button(text, type="button", className="bar-button", **named, **data(do=does))
