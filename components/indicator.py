"""The page of an indicator: value and course in a region, the alarms that stand, how it comes about, whom it serves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import dcc, html

from components.frame import frame, said
from components.marks import data, named
from components.moment import moment
from components.tables import ranking, split
from components.tile import tile
from components.trend import trend
from components.ways import address
from components.words import LEVELS, Lang, duration, word
from ioc.web import DISTRICT, IndicatorView, Named, Place, RelatedIncident, WallView


def indicator(
    view: IndicatorView,
    screen: WallView,
    lang: Lang,
    asked: str = "",
    incidents: Sequence[RelatedIncident] | None = None,
) -> html.Div:
    """Names and declaration come from the packs; `screen` is what is live of it, `asked` the world the address names.
    `incidents` None: the visitor may see none.

    live.js writes value, chart and ranking, standing.js the alarms that stand and the states of its feeds, drill.js
    what the archive tells: comparison, what moved it, distribution.
    """
    of = view.measured
    library = address("/links", lang, asked)
    scene = word("wall_of", lang).format(said(view.scene, lang))
    ways = [
        *([dcc.Link(word("on_map", lang), href=_with(address("/map", lang, asked), f"by={of.id}"), className="choice")]
          if screen.ranking else []),
        dcc.Link(scene, href=address(f"/wall/{view.scene.id}", lang, asked), className="choice"),
        dcc.Link(word("in_library", lang), href=_with(library, f"indicator={of.id}"), className="choice"),
    ]  # fmt: skip
    head = html.Section(
        [
            _crumbs(view, screen, lang, asked),
            html.H2([said(of, lang), html.Small(f"{of.id} v{view.version}")]),
            _places(of.id, screen, lang, asked),
            html.Div(ways, className="facts-line"),
        ],
        className="panel filters",
    )
    part = "" if screen.region == DISTRICT else screen.region
    voucher = html.P(html.Code(word("no_value_yet", lang), **data(voucher=of.id, region=part)), className="formula")
    shown = screen.indicators[of.id]
    left = html.Section(
        [
            html.Div(
                [
                    html.Div([tile(shown, lang)], className="tiles"),
                    html.Div(
                        id="drill-then", className="then-cards skeleton", **named(word("compared", lang), "group")
                    ),
                ],
                className="headline",
            ),
            html.P(id="drill-out", className="note drill-out", role="status"),
            _choices("span", ("24h", "7d", "30d", "1y"), lang),
            trend(shown, lang),
            _moved(view, screen, lang),
            html.Section(
                [
                    html.H3([word("spread", lang), html.Span(word("spread_note", lang))]),
                    html.Div(id="drill-spread", className="spread", **named(word("spread", lang), "img")),
                    html.P(id="drill-spread-said", className="note"),
                ],
                className="part",
            ),
            *(split(each, screen, lang) for each in screen.splits),
        ],
        className="panel task-parts indicator-live",
    )
    alarms = html.Div(id="stands", className="stands", **data(address=address(f"/indicator/{of.id}", lang, asked)))
    right = html.Section(
        [
            *([ranking(screen.ranking, screen, lang, to=_place_way(of.id, lang, asked))] if screen.ranking else []),
            _part("stands", [alarms], lang),
            _part("voucher", [_check(of.id, lang), voucher,
                              html.P(word("voucher_note", lang), className="note")], lang),
            _part("formula", [html.P(html.Code(view.formula), className="formula")], lang),
            _part("base_counts", [_base(each, lang) for each in view.bases], lang),
            _part("facts", [*_told(view, lang), *(_fact(word(f"fact_{key}", lang), _of(key, text, lang))
                                                  for key, text in view.facts.items())], lang),
            _part("limits", [_fact(LEVELS[key][lang == "en"] if key in LEVELS else word("fact_on", lang), text)
                             for key, text in view.limits.items()], lang),
            _part("lineage_up", [_lineage(each, lang, asked) for each in view.above], lang),
            _part("column_feeds", [_feed(each, lang) for each in view.feeds], lang),
            _part("lineage_down", [_lineage(each, lang, asked) for each in view.below], lang),
            _part("situations", [_fact(said(each, lang), each.id) for each in view.situations], lang),
            _part("column_task", [_task(each, lang) for each in view.tasks], lang),
            *([_part("related_incidents", [_incident(each, lang) for each in incidents], lang)]
              if incidents is not None else []),
        ],
        className="panel task-parts indicator-live indicator-side",
    )  # fmt: skip
    settings = json.dumps([screen.settings(lang)], ensure_ascii=False)
    body = html.Div([left, right], className="task-body", **data(standing_of=of.id, settings=settings, drill=of.id))
    return frame("indicator", [head, body], screen.world, lang, asked=asked)


def _crumbs(view: IndicatorView, screen: WallView, lang: Lang, asked: str) -> html.Nav:
    """From the home page to the region that is shown; each step is a way back."""
    of = view.measured
    steps: list[Any] = [
        dcc.Link(word("home", lang), href=address("/", lang, asked)),
        dcc.Link(said(view.scene, lang), href=address(f"/wall/{view.scene.id}", lang, asked)),
    ]
    place = next((each for each in screen.places if each.code == screen.region), None)
    if place is not None:
        steps += [
            dcc.Link(said(of, lang), href=address(f"/indicator/{of.id}", lang, asked)),
            html.Span(said(place, lang)),
        ]
    else:
        steps.append(html.Span(said(of, lang)))
    return html.Nav(steps, className="crumbs", **named(word("crumbs", lang)))


def _choices(name: str, values: tuple[str, ...], lang: Lang) -> html.Div:
    """Buttons of which one is pressed; the first is the standard. drill.js keeps the choice in the address."""
    pressed: dict[str, Any] = {"aria-pressed": "false"}
    buttons = [
        html.Button(word(f"{name}_{value}", lang), className="choice", **data(choice=value), **pressed)
        for value in values
    ]
    return html.Div(
        buttons, className="chooser", **named(word(name, lang), "group"), **data(choose=name, standard=values[0])
    )


def _moved(view: IndicatorView, screen: WallView, lang: Lang) -> html.Section:
    """By how much each region or group moved the number since then; drill.js writes sentences and rows."""
    ways = ("region", "group") if "dimensions" in view.facts else ("region",)
    first = ways if screen.ranking else ways[::-1]
    return html.Section(
        [
            html.H3(word("moved_by", lang)),
            html.Div(
                [
                    _choices("against", ("1d", "7d", "1y"), lang),
                    _choices("by", first, lang),
                ],
                className="choosers",
            ),
            html.Div(id="drill-said", className="drill-said skeleton"),
            html.Div(id="drill-parts", className="parts skeleton"),
        ],
        className="part",
    )


def _check(name: str, lang: Lang) -> html.Div:
    """The button by which the shown value is computed anew; drill_voucher.js says how it stands."""
    return html.Div(
        [html.Button(word("voucher_check", lang), className="choice", **data(check=name)), html.Span(role="status")],
        className="check",
    )


def _lineage(of: Named, lang: Lang, asked: str) -> html.Div:
    way = dcc.Link(said(of, lang), href=address(f"/indicator/{of.id}", lang, asked))
    return html.Div([way, html.Code(of.id)], className="fact-line")


def _incident(of: RelatedIncident, lang: Lang) -> html.Div:
    state = word("incident_open" if of.ended_ms is None else "incident_ended", lang)
    way = dcc.Link(of.title or of.id, href=address(f"/incident/{of.id}", lang))
    return html.Div([way, html.Span(f"{moment(of.received_ms)} {state}", className="fact-text")], className="fact-line")


def _with(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


def _places(name: str, screen: WallView, lang: Lang, asked: str) -> html.Nav:
    """Whose values are shown, and the ways to the other regions that the indicator is told of."""
    way = _place_way(name, lang, asked)
    places = [Place(DISTRICT, word("district", "zh"), word("district", "en")), *screen.places]
    return html.Nav(
        [
            dcc.Link(
                _short(each, lang), href=way(each.code), className=f"way{' here' if each.code == screen.region else ''}"
            )
            for each in (places if screen.ranking else places[:1])
        ],
        className="ways places-of",
    )


def _short(place: Place, lang: Lang) -> str:
    return place.en if lang == "en" else place.zh.removesuffix("街道")


def _place_way(name: str, lang: Lang, asked: str) -> Callable[[str], str]:
    """The address of the indicator in a region; the district has the bare one."""
    there = address(f"/indicator/{name}", lang, asked)
    return lambda code: there if code == DISTRICT else f"{there}{'&' if '?' in there else '?'}region={code}"


def _part(key: str, rows: list[Any], lang: Lang) -> html.Section:
    return html.Section(
        [html.H3(word(key, lang)), *(rows or [html.P(word("none_declared", lang), className="note")])], className="part"
    )


def _fact(name: str, text: str) -> html.Div:
    return html.Div([html.B(name), html.Span(text, className="fact-text")], className="fact-line")


def _told(view: IndicatorView, lang: Lang) -> list[html.Div]:
    """Over which time a value is, and for which regions it is told."""
    window, found = view.window, []
    if window:
        said = window_said(window, lang)
        if "every" in window:
            said += word("comma", lang) + word("window_every", lang).format(duration(window["every"], lang))
        found.append(_fact(word("fact_window", lang), said))
    levels = [word(f"level_{level}", lang) for level in view.levels] or [word("level_all", lang)]
    return [*found, _fact(word("fact_levels", lang), word("comma", lang).join(levels))]


def window_said(window: Mapping[str, str], lang: Lang) -> str:
    """Over which time a value is."""
    return word(f"window_{window['kind']}", lang).format(duration(window.get("size", ""), lang))


def _of(key: str, text: str, lang: Lang) -> str:
    """A fact in the words of the page: a direction as what is better, an owner in one language."""
    if key == "direction":
        return word(f"direction_{text}", lang)
    if key == "owner":
        zh, _, en = text.partition(" ")
        return en if lang == "en" and en else zh
    return text


def _base(of: Any, lang: Lang) -> html.Div:
    return html.Div(
        [html.B(said(of, lang)), html.Code(of.id), html.Span(of.source, className="fact-text"), html.P(of.rule)],
        className="fact-line base",
    )


def _feed(of: Any, lang: Lang) -> html.Div:
    return html.Div(
        [html.B(said(of, lang)), html.Code(of.id), html.Span(className="tag origin", hidden=True),
         html.Span(word("state_unknown", lang), className="state")],
        className="fact-line", **data(feed=of.id),
    )  # fmt: skip


def _task(of: tuple[int, str, str], lang: Lang) -> html.Div:
    there = address("/coverage", lang)
    name = of[2] if lang == "en" else of[1]
    return html.Div(
        dcc.Link(f"{of[0]} {name}", href=f"{there}{'&' if '?' in there else '?'}task={of[0]}"), className="fact-line"
    )
