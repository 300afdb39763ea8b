"""A tile: one indicator with value, unit, level, comparison, target, limits and time."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html

from components.marks import chip, data, marks, number
from components.words import LEVELS, Lang, word
from ioc.web import Indicator

LABEL_REM: dict[Lang, float] = {"zh": 4.6, "en": 7.6}  # what the name of a limit takes below the bar
EDGE_REM = 1.0  # so far it may stand out beside the bar


def tile(indicator: Indicator, lang: Lang, *, to: str = "") -> html.Article:
    """The tile of an indicator for the whole district; `to`: where its name leads, if anywhere."""
    name = indicator.zh if lang == "zh" else indicator.en
    target = [
        html.Span([f"{word('target', lang)} ", shown(indicator.target, indicator, lang)], className="target")
    ] if indicator.target is not None else []  # fmt: skip
    return html.Article(
        [
            html.Div(
                [html.H3(dcc.Link(name, href=to) if to else name), html.Span(className="tags")],
                className="tile-head",
            ),
            html.P(
                [
                    number(indicator.id),
                    html.Span(indicator.unit_in(lang), className="unit"),
                    html.Span([chip(), html.Span(className="judged", hidden=True)], className="stand"),
                    html.Span([html.Span(className="samples"), html.Span(className="coverage")], className="basis"),
                ],
                className="value",
            ),
            html.P([html.Span(className="compare"), *target, html.Span(className="time")], className="beside"),
            *(
                ([scale(indicator, lang)] if indicator.on == "value" else [unusual(indicator, lang)])
                if indicator.limits
                else []
            ),
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
            f"{LEVELS[limit.level][lang == 'en']} {shown(limit.value, indicator, lang)}",
            className=f"lv-{limit.level}",
            style={"left": left},
        )
        for limit, left in zip(limits, lefts(places, LABEL_REM[lang]), strict=True)
    ]
    parts = [
        html.Span(className="bar"),
        *ticks,
        html.Span(className="here", hidden=True),
        html.Div(labels, className="limits"),
    ]
    return html.Div(parts, className="scale", **data(top=f"{top:g}"))


def unusual(indicator: Indicator, lang: Lang) -> html.P:
    """The limits of an indicator that is judged by its distance from what is usual: they are no values of it."""
    said = [
        html.Span(f" {LEVELS[limit.level][lang == 'en']} {limit.value:g}\u03c3", className=f"lv-{limit.level}")
        for limit in sorted(indicator.limits, key=lambda limit: limit.value)
    ]
    return html.P([word("judged_by_z", lang), *said], className="judged-by")


def lefts(places: Sequence[float], room: float) -> list[str]:
    """Where the names of limits stand, as CSS lengths: below their places (per cent, ascending), as near to them as the
    `room` (rem) of each name allows on a bar of any width."""
    edge = room / 2 - EDGE_REM
    found: list[str] = []
    for index in reversed(range(len(places))):
        most = f"{found[0]} - {room:g}rem" if found else f"100% - {edge:g}rem"
        found.insert(0, f"max({edge + index * room:g}rem, min({places[index]:.2f}%, {most}))")
    return found


def scale_top(indicator: Indicator) -> float:
    """The end of the scale: half as much again as the farthest limit or target, 100 at most for shares."""
    far = max([limit.value for limit in indicator.limits] + [indicator.target or 0.0])
    return min(100.0, 1.5 * far) if indicator.unit == "%" else 1.5 * far if far else 1.0


def shown(value: float, indicator: Indicator, lang: Lang = "zh") -> str:
    """A limit or target: as few digits as say it exactly, at most those of the indicator, or the pack's word for it."""
    if value.is_integer() and (said := indicator.says.get(str(int(value)))):
        return said[1] if lang == "en" else said[0]
    return f"{value:.{max(indicator.decimals, 2)}f}".rstrip("0").rstrip(".")
