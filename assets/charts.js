// Charts: the last day of an indicator, drawn by Plotly into plain places, at most one per animation frame.
//
// dcc.Graph is not used: it would fetch Dash's own plotly bundle (4.8 MB). The cartesian bundle of the same version is
// fetched once a page has a chart.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const charts = (ioc.charts = {});
  const BUNDLE = "/assets/vendor/plotly-cartesian/plotly-cartesian-4.1.1.min.js";
  // Of the day shown most is past; the rest shows what yesterday did next. Windows of seconds have no day behind them
  // on screen: the gateway keeps four hours of them.
  const DAY = { behind: 21 * 3600000, ahead: 3 * 3600000, tick: 6 * 3600000 };
  const SHORT = { behind: 3.8 * 3600000, least: 1200000, ticks: [300000, 900000, 1800000, 3600000] };
  const SHORT_WINDOW_MS = 60000;
  const MINUTE_MS = 60000; // the line "now" carries its minute: with each minute of the world's clock it moves
  const PAUSE_MS = 1000; // real time between two drawings of a chart, whatever the speed of the world
  const HEADROOM = 1.04; // a line at the top of the scale is drawn whole

  let places = new Map();
  let waiting = new Set();
  let instant = 0; // of the charts that are being drawn one after the other: they show one and the same now
  let loading = null;
  let observer = null;

  function load() {
    if (window.Plotly || loading) return;
    loading = document.createElement("script");
    loading.src = BUNDLE;
    loading.onload = () => { places.forEach((_, id) => waiting.add(id)); ioc.schedule(); };
    loading.onerror = () => { loading.remove(); loading = null; setTimeout(load, 3000); };
    document.head.append(loading);
  }
  if (location.pathname.startsWith("/wall")) load(); // before the layout arrives: the two load side by side

  charts.enter = (root) => {
    places.forEach((place) => { if (window.Plotly) window.Plotly.purge(place.element); });
    if (observer) observer.disconnect();
    places = new Map();
    waiting = new Set();
    instant = 0;
    observer = new ResizeObserver((entries) => {
      for (const entry of entries) { const id = entry.target.closest("[data-trend]").dataset.trend; waiting.add(id); }
      ioc.schedule();
    });
    root.querySelectorAll("[data-trend]").forEach((section) => {
      const element = section.querySelector(".plot");
      places.set(section.dataset.trend, { element, drawnAt: -Infinity, drawn: -Infinity });
      observer.observe(element);
    });
    if (places.size) load();
  };

  // Whether the clock has left the line "now" of a chart; this is so without any frame, also while the path is lost.
  const moved = (place, now) =>
    Math.floor(now / MINUTE_MS) !== Math.floor(place.drawnAt / MINUTE_MS) && performance.now() - place.drawn > PAUSE_MS;
  charts.due = () => {
    const now = places.size ? ioc.worldNow() : 0;
    return [...places.values()].some((place) => moved(place, now));
  };

  // Returns whether charts are still waiting for a frame.
  charts.draw = (dirty, everything) => {
    if (!places.size) return false;
    const now = ioc.worldNow();
    const names = new Set([...dirty].map((series) => series.split("|")).filter((part) => !part[2]).map((part) => part[0]));
    const due = everything || (!waiting.size && [...places].some(([id, place]) => (names.has(id) && performance.now() - place.drawn > PAUSE_MS) || moved(place, now)));
    if (due) places.forEach((_, id) => waiting.add(id));
    if (due || !instant) instant = now;
    if (!window.Plotly) return false;
    const next = waiting.values().next();
    if (next.done) return false;
    waiting.delete(next.value);
    const place = places.get(next.value);
    if (place && place.element.clientWidth > 0) draw(ioc.indicator(next.value), place, instant);
    return waiting.size > 0;
  };

  const COLOURS = { red: "#FF4D4F", orange: "#FF9F1C", yellow: "#FFE14D", blue: "#4D9BFF" };
  const LINE = { today: "#E1ECF7", yesterday: "#7F9BB6", grid: "#1F334C", now: "#5FD0C5", text: "#9DB2C8" };
  const STEPS = [1, 2, 2.5, 5, 10];

  function points(id) {
    const { district } = ioc.state.settings[0];
    const main = ioc.state.series.get(`${id}|${district}|`);
    return (main && main.length ? main : ioc.state.series.get(`${id}||`)) || [];
  }

  function ticks(top) { // about five steps of a round size from 0
    const raw = top / 5;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * STEPS.find((each) => each * power >= raw * 0.999);
    return { step, top: Math.ceil((top * 1.001) / step) * step };
  }

  // A gap in a series is a gap in the line: a null goes between points that are more than one and a half windows apart.
  function line(all, from, to, shift) {
    const x = []; const y = [];
    let window = Infinity;
    for (let at = 1; at < all.length; at += 1) window = Math.min(window, all[at][0] - all[at - 1][0]);
    let before = null;
    for (const [end, value] of all) {
      const moved = end + shift;
      if (moved < from || moved > to) continue;
      if (before !== null && moved - before > 1.5 * window) { x.push(before + window + ioc.LOCAL); y.push(null); }
      x.push(moved + ioc.LOCAL); y.push(value);
      before = moved;
    }
    return { x, y };
  }

  function draw(indicator, place, now) {
    place.drawnAt = now;
    place.drawn = performance.now();
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const all = points(indicator.id);
    const cell = ioc.districtCell(indicator.id);
    const span = cell && cell.we - cell.ws < SHORT_WINDOW_MS ? brief(all, now) : DAY;
    const from = now - span.behind; const to = now + span.ahead;
    const judged = ["provisional", "complete"].includes(ioc.verdict(indicator, cell).is);
    const today = line(all, from, now, 0);
    const yesterday = line(all, from, to, 86400000);
    const latest = judged ? { x: [Math.min(cell.we, cell.seen, now) + ioc.LOCAL], y: [cell.x] } : { x: [], y: [] };
    const seen = [...today.y, ...yesterday.y, ...latest.y].filter((value) => value !== null);
    const near = ioc.lines(indicator).map((limit) => limit.value);
    const greatest = Math.max(...seen, ...near, 0);
    const scale = ticks(greatest > 0 ? greatest : 1);
    if (indicator.unit === "%" && greatest <= 100 && scale.top >= 100) scale.top = 100;
    scale.top *= HEADROOM; // Plotly writes no tick at the very end of an axis
    const font = { size: 1.3 * rem, color: LINE.text, family: getComputedStyle(document.body).fontFamily };
    const inner = place.element.clientHeight - 3.6 * rem;
    const notes = limits(indicator, scale.top, inner, rem);
    const label = { text: ioc.clock(now), x: now + ioc.LOCAL, y: 0, yref: "paper", yanchor: "top", yshift: -0.1 * rem, showarrow: false, font: { ...font, color: LINE.now, weight: 700 } };
    const labelled = [...places.keys()].some((id) => ioc.lines(ioc.indicator(id)).length); // one margin for all: their times stand below each other
    const margin = { l: 3.6 * rem, r: (labelled ? (ioc.english() ? 7.4 : 4.6) : 1.4) * rem, t: 1 * rem, b: 2.6 * rem, pad: 0 };
    const layout = {
      autosize: false, width: place.element.clientWidth, height: place.element.clientHeight, showlegend: false, hovermode: false,
      margin, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
      xaxis: { type: "date", range: [from + ioc.LOCAL, to + ioc.LOCAL], ...hours(from, to, now, span, (3.9 * rem * (to - from)) / Math.max(1, place.element.clientWidth - margin.l - margin.r)), showgrid: false, zeroline: false, ticklen: 0, linecolor: LINE.grid, showline: true, fixedrange: true },
      yaxis: { showticklabels: seen.length > 0 || near.length > 0, range: [0, scale.top], dtick: scale.step, tick0: 0, gridcolor: LINE.grid, gridwidth: 0.05 * rem, zeroline: false, fixedrange: true, ticklen: 0, separatethousands: true, automargin: false, exponentformat: "none", tickformat: scale.step >= 10000 ? "~s" : ",~r" },
      shapes: [
        ...ioc.lines(indicator).map((limit) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: limit.value, y1: limit.value, line: { color: COLOURS[limit.level], width: 0.09 * rem, dash: `${0.5 * rem}px,${0.35 * rem}px` }, layer: "below" })),
        { type: "line", x0: now + ioc.LOCAL, x1: now + ioc.LOCAL, yref: "paper", y0: 0, y1: 1, line: { color: LINE.now, width: 0.1 * rem } },
      ],
      annotations: [...notes, label],
    };
    const traces = [
      { ...yesterday, type: "scatter", mode: "lines", connectgaps: false, line: { color: LINE.yesterday, width: 0.14 * rem } },
      { ...today, type: "scatter", mode: "lines", connectgaps: false, line: { color: judged ? LINE.today : LINE.yesterday, width: 0.2 * rem } },
      { ...latest, type: "scatter", mode: "markers", cliponaxis: false, marker: { size: 0.8 * rem, color: cell && cell.q === "provisional" ? "#0B1728" : LINE.today, line: { color: LINE.today, width: 0.18 * rem } } },
    ];
    window.Plotly.react(place.element, traces, layout, { staticPlot: true, displayModeBar: false, responsive: false });
  }

  // What there is of the last hours, so that the first minutes after a start are not a stroke at the edge.
  function brief(all, now) {
    const behind = Math.min(SHORT.behind, Math.max(SHORT.least, all.length ? now - all[0][0] : 0));
    return { behind, ahead: behind / 19, tick: SHORT.ticks.find((tick) => behind / tick <= 5) };
  }

  // Clock times at round hours; one that would touch the label of now is left out.
  function hours(from, to, now, span, clear) {
    const step = span.tick;
    const tickvals = []; const ticktext = [];
    for (let at = Math.ceil((from + ioc.LOCAL) / step) * step; at <= to + ioc.LOCAL; at += step) {
      const instant = at - ioc.LOCAL;
      if (Math.abs(instant - now) < clear || instant - from < span.tick / 6) continue;
      tickvals.push(at); ticktext.push(ioc.clock(instant));
    }
    return { tickmode: "array", tickvals, ticktext };
  }

  // Character and value of each limit at the right edge, moved apart where they would touch.
  function limits(indicator, top, height, rem) {
    const rows = ioc.lines(indicator).filter((limit) => limit.value <= top).map((limit) => ({ limit, at: (limit.value / top) * height })).sort((a, b) => a.at - b.at);
    const space = 1.6 * rem;
    for (let index = 1; index < rows.length; index += 1) rows[index].put = Math.max(rows[index].at, (rows[index - 1].put ?? rows[index - 1].at) + space);
    return rows.map(({ limit, at, put }) => ({
      text: `${ioc.word(limit.level)} ${ioc.plain(limit.value)}`, x: 1, xref: "paper", xanchor: "left", xshift: 0.4 * rem, y: limit.value, yanchor: "middle", yshift: (put ?? at) - at,
      showarrow: false, font: { size: 1.3 * rem, color: COLOURS[limit.level], weight: 700 },
    }));
  }
})();
