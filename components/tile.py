"""A tile: one indicator with value, unit, level, comparison, target, limits and time."""

from __future__ import annotations

import itertools

from dash import html

from components.marks import chip, data, marks, number
from components.words import LEVELS, Lang, word
from ioc.web import Indicator

# per cent of the bar that the name of a limit takes on a wall tile; where limits are closer the names stand in a row
LABEL_SHARE: dict[Lang, float] = {"zh": 10.0, "en": 17.0}


def tile(indicator: Indicator, lang: Lang) -> html.Article:
    """The tile of an indicator for the whole district."""
    target = [
        html.Span([f"{word('target', lang)} ", shown(indicator.target, indicator)], className="target")
    ] if indicator.target is not None else []  # fmt: skip
    return html.Article(
        [
            html.Div(
                [html.H3(indicator.zh if lang == "zh" else indicator.en), html.Span(className="tags")],
                className="tile-head",
            ),
            html.P(
                [
                    number(indicator.id),
                    html.Span(indicator.unit, className="unit"),
                    chip(),
                    html.Span([html.Span(className="samples"), html.Span(className="coverage")], className="basis"),
                ],
                className="value",
            ),
            html.P([html.Span(className="compare"), *target, html.Span(className="time")], className="beside"),
            *([scale(indicator, lang)] if indicator.limits else []),
        ],
        id=f"tile-{indicator.id}",
        className="tile",
        **data(tile=indicator.id),
        **marks(indicator.id),
    )


def scale(indicator: Indicator, lang: Lang) -> html.Div:
    """The limits on a bar from 0, with the place of the present value."""
    top = scale_top(indicator)
    limits = sorted(indicator.limits, key=lambda limit: limit.value)
    places = [100 * limit.value / top for limit in limits]
    ticks = [
        html.Span(className=f"tick lv-{limit.level}", style={"left": f"{place:.2f}%"})
        for limit, place in zip(limits, places, strict=True)
    ]
    labels = [
        html.Span(
            f"{LEVELS[limit.level][lang == 'en']} {shown(limit.value, indicator)}",
            className=f"lv-{limit.level}",
            style={"left": f"{place:.2f}%"},
        )
        for limit, place in zip(limits, places, strict=True)
    ]
    close = any(after - before < LABEL_SHARE[lang] for before, after in itertools.pairwise(places))
    parts = [
        html.Span(className="bar"),
        *ticks,
        html.Span(className="here", hidden=True),
        html.Div(labels, className="limits"),
    ]
    return html.Div(parts, className="scale packed" if close else "scale", **data(top=f"{top:g}"))


def scale_top(indicator: Indicator) -> float:
    """The end of the scale: half as much again as the farthest limit or target, 100 at most for shares."""
    far = max([limit.value for limit in indicator.limits] + [indicator.target or 0.0])
    return min(100.0, 1.5 * far) if indicator.unit == "%" else 1.5 * far if far else 1.0


def shown(value: float, indicator: Indicator) -> str:
    """A limit or target: as few digits as say it exactly, at most those of the indicator."""
    return f"{value:.{max(indicator.decimals, 2)}f}".rstrip("0").rstrip(".")
