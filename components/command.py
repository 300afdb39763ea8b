"""The wall that commands a response: rain and water against their limits, the steps of plans, forces and orders, and
how it came to this. Its panels are filled by command.js, splits.js and overview.js."""

from __future__ import annotations

from dash import html

from components.marks import chip, data, head, marks, number
from components.tables import split
from components.words import Lang, word
from ioc.web import Command, Indicator, WallView


def gauges(of: Command, view: WallView, lang: Lang) -> list[html.Section]:
    """Indicators by their one dimension, the worst first, and the rows of what else works against the water."""
    split_up = [split(each, view, lang, gauge=True) for each in of.gauges]
    return [*split_up, *_tellings("works", of.works, view, lang)]


def orders(of: Command, view: WallView, lang: Lang) -> list[html.Section]:
    """The steps of the plans that go on, the forces, orders and evacuation."""
    steps = html.Section(
        [
            head(word("plan_steps", lang), html.Span(id="plan-note")),
            html.Div(id="plan-runs", className="plan-runs"),
            html.P(id="plan-none", className="note empty"),
        ],
        className="panel plan-steps",
    )
    return [steps, split(of.forces, view, lang, gauge=True), *_tellings("orders", of.orders, view, lang)]


def timeline(of: Command, view: WallView, lang: Lang) -> html.Section:
    """The levels of the response, the rain and the moments of the last hours on one axis."""
    rain = view.indicators[of.rain]
    lanes = [
        html.Div(className="moments", id="course-moments"),
        html.Div([html.Span(word("response_levels", lang), className="lane-name"),
                  html.Div(className="lane bands", id="course-bands", **marks(of.response))], className="course-lane"),
        html.Div([html.Span([_named(rain, lang), html.Small(rain.unit_in(lang))], className="lane-name"),
                  html.Div(className="lane bars", id="course-bars", **marks(of.rain))], className="course-lane rain"),
        html.Div(className="hours", id="course-hours"),
        html.Div(html.B(), className="now-line", id="course-now", hidden=True),  # until it is known where
    ]  # fmt: skip
    return html.Section(
        [head(word("timeline", lang), html.Span(id="course-note")), html.Div(lanes, className="course", id="course")],
        className="panel timeline",
    )


def response_block(response: str | None, lang: Lang) -> html.Div:
    """The level of the response in force, the only filled surface of a wall: level, plan, since when, by whom."""
    return html.Div(
        [
            html.Div(
                [
                    html.Strong(id="response-level"),
                    html.Span([html.Span(id="response-plan"), html.Span(word("response", lang))], className="stack"),
                ],
                className="response-name",
            ),
            html.Div([chip(), html.Span(id="response-since")], className="response-note"),
            html.Div(id="response-by", className="response-by"),
        ],
        id="response",
        className="response",
        hidden=True,
        **(marks(response) if response else {}),
    )


def _tellings(name: str, indicators: tuple[str, ...], view: WallView, lang: Lang) -> list[html.Section]:
    rows = [telling(view.indicators[each], lang) for each in indicators]
    panel = html.Section(
        [head(word(name, lang), word("versus_yesterday", lang)), html.Div(rows, className="tellings")],
        className=f"panel list {name}",
    )
    return [panel] if rows else []


def telling(indicator: Indicator, lang: Lang) -> html.Div:
    """A row of one number: name, level, value, change against yesterday."""
    unit = html.Span(indicator.unit_in(lang), className="unit")
    return html.Div(
        [
            html.Span(_named(indicator, lang), className="told-name"),
            chip(),
            html.Span([number(indicator.id), unit], className="told-value"),
            html.Span(className="compare"),
        ],
        className="told",
        **data(told=indicator.id),
    )


def _named(indicator: Indicator, lang: Lang) -> str:
    return indicator.zh if lang == "zh" else indicator.en
