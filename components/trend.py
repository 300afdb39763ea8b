"""A trend: the recent course of an indicator, over a span that fits its step, its limits and the time now."""

from __future__ import annotations

from dash import html

from components.marks import chip, data, marks, number
from components.words import Lang
from ioc.web import Indicator


def trend(indicator: Indicator, lang: Lang) -> html.Section:
    """The place of a chart; assets/charts.js draws into it with Plotly directly, one chart per animation frame."""
    return html.Section(
        [
            html.Div(
                [
                    html.H3(indicator.zh if lang == "zh" else indicator.en),
                    html.Span(className="note trend-span"),
                    chip(),
                    html.P(
                        [number(indicator.id), html.Span(indicator.unit_in(lang), className="unit")],
                        className="trend-value",
                    ),
                ],
                className="trend-head",
            ),
            html.Div(className="plot", **marks(indicator.id)),
        ],
        id=f"trend-{indicator.id}",
        className="panel trend",
        **data(trend=indicator.id),
    )
