// Charts: the recent course of an indicator, over a span that fits its step (spans.js), drawn by Plotly into plain places, at most one per animation frame.
//
// dcc.Graph is not used: it would fetch Dash's own plotly bundle (4.8 MB). The cartesian bundle of the same version is
// fetched once a page has a chart.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const charts = (ioc.charts = {});
  const BUNDLE = "/assets/vendor/plotly-cartesian/plotly-cartesian-4.1.1.min.js";
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
  // It is fetched beside the layout, and run once the numbers stand: running it takes longer than anything before them.
  function fetchAhead() {
    const link = document.createElement("link");
    Object.assign(link, { rel: "preload", as: "script", href: BUNDLE });
    document.head.append(link);
  }
  if (location.pathname.startsWith("/wall")) fetchAhead();
  const ready = () => ioc.state.settings.every((each) => ioc.come(each)) || ioc.outage() !== null || ioc.state.refused;

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
      places.set(section.dataset.trend, { element, section, said: section.querySelector(".trend-span"), drawnAt: -Infinity, drawn: -Infinity });
      observer.observe(element);
    });
  };

  // Whether the clock has left the line "now" of a chart; this is so without any frame, also while the path is lost.
  const moved = (place, now) =>
    Math.floor(now / MINUTE_MS) !== Math.floor(place.drawnAt / MINUTE_MS) && performance.now() - place.drawn > PAUSE_MS;
  charts.due = () => {
    const now = places.size ? ioc.worldNow() : 0;
    return [...places].some(([id, place]) => moved(place, now) || awaited(id, place));
  };

  // Whether its band and forecast are to be asked for again, some time after it was drawn.
  const awaited = (id, place) => performance.now() - place.drawn > PAUSE_MS && ioc.outlook.due(ioc.indicator(id), ioc.districtCell(id));

  // Returns whether charts are still waiting for a frame: they take those in which nothing else is drawn.
  charts.draw = (dirty, everything) => {
    if (!places.size) return false;
    const now = ioc.worldNow();
    const names = new Set([...dirty].map((series) => series.split("|")).filter((part) => !part[2]).map((part) => part[0]));
    const due = everything || (!waiting.size && [...places].some(([id, place]) => (names.has(id) && performance.now() - place.drawn > PAUSE_MS) || moved(place, now) || awaited(id, place)));
    if (due) places.forEach((_, id) => waiting.add(id));
    if (due || !instant) instant = now;
    if (dirty.size || everything) return waiting.size > 0;
    if (!window.Plotly) { if (ready()) load(); return false; }
    const next = waiting.values().next();
    if (next.done) return false;
    waiting.delete(next.value);
    const place = places.get(next.value);
    if (!place) return waiting.size > 0;
    Object.assign(place, { drawnAt: instant, drawn: performance.now() }); // one that is not shown too: it waits like the others, and says when it is
    if (place.element.clientWidth > 0) draw(ioc.indicator(next.value), place, instant);
    return waiting.size > 0;
  };

  // A reader chose another span of a chart, or turned it off ("").
  charts.choose = (id, span) => {
    const place = places.get(id);
    if (!place) return;
    place.section.dataset.span = span;
    waiting.add(id);
    ioc.schedule();
  };

  const COLOURS = { red: "#FF4D4F", orange: "#FF9F1C", yellow: "#FFE14D", blue: "#4D9BFF" };
  const LINE = { today: "#E1ECF7", yesterday: "#7F9BB6", grid: "#1F334C", now: "#5FD0C5", text: "#9DB2C8" };
  const STEPS = [1, 2, 2.5, 5, 10];

  // What the live path keeps, and before it what the archive has.
  function points(indicator, cell, now, chosen) {
    const { district } = ioc.state.settings[0];
    const main = ioc.state.series.get(`${indicator.id}|${district}|`);
    const live = (main && main.length ? main : ioc.state.series.get(`${indicator.id}||`)) || [];
    const before = ioc.history.points(indicator, cell, ioc.worldOf(indicator.id), now, () => { waiting.add(indicator.id); ioc.schedule(); }, chosen);
    if (chosen && chosen.size > indicator.step_ms) return before; // slots: the windows between them would look like gaps
    return live.length ? [...before.filter(([end]) => end < live[0][0]), ...live] : before;
  }

  function ticks(top, decimals) { // about five steps of a round size from 0, none finer than the indicator's own digits
    const raw = Math.max(top / 5, 10 ** -decimals);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * STEPS.find((each) => each * power >= raw * 0.999 && Math.abs(each * power * 10 ** decimals - Math.round(each * power * 10 ** decimals)) < 1e-6);
    return { step, top: Math.ceil((top * 1.001) / step) * step };
  }

  // From 0; where all of it lies far above (shares near 100 %) from below the least, as a line may: it is no bar.
  function heights(indicator, seen, near) {
    const all = [...seen, ...near];
    const greatest = Math.max(...all, 0); const least = Math.min(...all);
    const lifted = all.length > 0 && least > 0.6 * greatest;
    const floor = lifted ? Math.max(0, least - 0.5 * Math.max(greatest - least, 0.02 * greatest)) : Math.min(least, 0);
    const scale = ticks(greatest > floor ? greatest - floor : 1, indicator.decimals);
    scale.base = Math.floor(floor / scale.step) * scale.step;
    scale.top = Math.ceil((greatest * 1.0001) / scale.step) * scale.step;
    if (scale.top <= scale.base) scale.top = scale.base + 5 * scale.step;
    if (indicator.unit === "%" && greatest <= 100 && scale.top > 100) scale.top = 100;
    scale.top += (HEADROOM - 1) * (scale.top - scale.base); // Plotly writes no tick at the very end of an axis
    return scale;
  }

  // A gap in a series is a gap in the line: a null goes between points that are more than one and a half windows apart.
  function line(all, from, to, shift, slot) {
    const x = []; const y = [];
    const gaps = all.slice(1).map(([end], at) => end - all[at][0]);
    // Of slots an archive may keep fewer than there could be: what is usual between them is no gap.
    const window = slot ? Math.max(slot, gaps.sort((a, b) => a - b)[Math.floor(0.9 * gaps.length)] || 0) : gaps.reduce((least, gap) => Math.min(least, gap), Infinity);
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
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const cell = ioc.districtCell(indicator.id);
    const chosen = ioc.spanChosen(place.section.dataset.span, indicator.step_ms);
    const all = points(indicator, cell, now, chosen);
    const span = chosen || ioc.span(indicator.step_ms, all.length ? all[0][0] : null, now);
    const from = now - span.behind; const to = now + span.ahead;
    const judged = ["provisional", "complete"].includes(ioc.verdict(indicator, cell).is);
    const today = line(all, from, now, 0, chosen && chosen.size);
    const few = !ioc.enough(today.y);
    const yesterday = span.yesterday ? line(all, from, to, 86400000, chosen && chosen.size) : { x: [], y: [] };
    const latest = judged && !few ? { x: [Math.min(cell.we, cell.seen, now) + ioc.LOCAL], y: [cell.x] } : { x: [], y: [] };
    if (chosen) ioc.drill.spread(indicator, today.y.filter((value) => value !== null), judged ? cell : null, span.behind);
    const seen = [...today.y, ...yesterday.y, ...latest.y].filter((value) => value !== null);
    const near = ioc.lines(indicator).map((limit) => limit.value);
    const last = latest.x.length ? [latest.x[0] - ioc.LOCAL, latest.y[0]] : null;
    const known = judged && !few ? ioc.outlook.known(indicator, cell, now, () => { waiting.add(indicator.id); ioc.schedule(); }) : null;
    const said = ioc.outlook.of(known);
    const scale = heights(indicator, [...seen, ...ioc.outlook.heights(said, now, to)], near);
    const reached = last ? ioc.outlook.reaches(said, to, indicator, last[1], now) : null;
    const font = { size: 1.3 * rem, color: LINE.text, family: getComputedStyle(document.body).fontFamily };
    const inner = place.element.clientHeight - 3.6 * rem;
    const notes = limits(indicator, scale, inner, rem);
    const lacks = judged && !few && span.ahead > 0 && ioc.outlook.lacks(indicator, cell);
    ioc.text(place.said, ioc.word("lately", ioc.spanWords(span.behind)) + (lacks ? ` · ${ioc.word("noForecast")}` : ""));
    const labelled = [...places.keys()].some((id) => ioc.lines(ioc.indicator(id)).length); // one margin for all: their times stand below each other
    const longest = Math.max(0, ...[...places.keys()].flatMap((id) => ioc.lines(ioc.indicator(id)).map((limit) => ioc.limitSaid(ioc.indicator(id), limit.value).length)));
    const margin = { l: 3.6 * rem, r: (labelled ? (ioc.english() ? 7.4 : longest > 2 ? 5.8 : 4.6) : 1.4) * rem, t: 1 * rem, b: 2.6 * rem, pad: 0 };
    const layout = {
      autosize: false, width: place.element.clientWidth, height: place.element.clientHeight, showlegend: false, hovermode: false,
      margin, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
      xaxis: { type: "date", range: [from + ioc.LOCAL, to + ioc.LOCAL], showticklabels: false, ticks: "", showgrid: false, zeroline: false, ticklen: 0, linecolor: LINE.grid, showline: true, fixedrange: true },
      yaxis: { showticklabels: seen.length > 0 || near.length > 0, range: [scale.base, scale.top], dtick: scale.step, tick0: 0, gridcolor: LINE.grid, gridwidth: 0.05 * rem, zeroline: false, fixedrange: true, ticklen: 0, separatethousands: true, automargin: false, exponentformat: "none", tickformat: scale.step >= 10000 ? "~s" : ",~r" },
      shapes: [
        ...ioc.lines(indicator).map((limit) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: limit.value, y1: limit.value, line: { color: COLOURS[limit.level], width: 0.09 * rem, dash: `${0.5 * rem}px,${0.35 * rem}px` }, layer: "below" })),
        { type: "line", x0: now + ioc.LOCAL, x1: now + ioc.LOCAL, yref: "paper", y0: 0, y1: 1, line: { color: LINE.now, width: 0.1 * rem } },
      ],
      annotations: [...notes, ...times(from, to, now, Math.max(1, place.element.clientWidth - margin.l - margin.r) / rem, font, rem), ...(reached ? [ringed(reached, font, rem, now, to)] : []), ...(few ? [lacking(today.y, indicator, font, rem)] : [])],
    };
    const traces = [
      ...ioc.outlook.areas(said, from, to, last, now),
      { ...yesterday, type: "scatter", mode: "lines", connectgaps: false, line: { color: LINE.yesterday, width: 0.14 * rem } },
      { ...today, type: "scatter", mode: "lines", connectgaps: false, line: { color: judged ? LINE.today : LINE.yesterday, width: 0.2 * rem } },
      ...ioc.outlook.line(said, to, last, now, 0.16 * rem),
      ...(reached ? [{ x: [reached.at + ioc.LOCAL], y: [reached.value], type: "scatter", mode: "markers", cliponaxis: false, marker: { symbol: "circle-open", size: 1.1 * rem, color: COLOURS[reached.level], line: { width: 0.2 * rem } } }] : []),
      { ...latest, type: "scatter", mode: "markers", cliponaxis: false, marker: { size: 0.8 * rem, color: cell && cell.q === "provisional" ? "#0B1728" : LINE.today, line: { color: LINE.today, width: 0.18 * rem } } },
    ];
    window.Plotly.react(place.element, traces, layout, { staticPlot: true, displayModeBar: false, responsive: false });
  }

  // When the forecast reaches a level, above its ring; on the side where there is room.
  function ringed({ at, value, level }, font, rem, now, to) {
    return { text: ioc.clock(at), x: at + ioc.LOCAL, y: value, yanchor: "bottom", yshift: 0.6 * rem, xanchor: at - now > (to - now) / 2 ? "right" : "left", showarrow: false, font: { ...font, color: COLOURS[level], weight: 700 }, bgcolor: "#0B1728" };
  }

  // Instead of a dot: that there is too little to draw, and how much there is.
  function lacking(values, indicator, font, rem) {
    const count = values.filter((value) => value !== null).length;
    const text = count ? ioc.word("tooLittle", count, ioc.spanWords(indicator.step_ms)) : ioc.word("noHistory");
    return { text: text.replace(/[：:] ?/, "$&<br>"), x: 0.5, y: 0.5, xref: "paper", yref: "paper", showarrow: false, font: { ...font, size: 1.4 * rem }, bgcolor: "#0B1728", borderpad: 0.4 * rem };
  }

  // Now and times below the axis, as many as `width` (rem) has room for; one that would touch now is left out. They are
  // notes, no ticks: of a tick's label Plotly remembers the size at each place where it ever stood.
  function times(from, to, now, width, font, rem) {
    const note = (at, more) => ({ x: at + ioc.LOCAL, y: 0, yref: "paper", yanchor: "top", yshift: -0.1 * rem, showarrow: false, font, ...more });
    const found = ioc.spanTicks(from, to, now, (4.2 * (to - from)) / width, Math.floor(width / 5));
    return [...found.map((tick) => note(tick.at, { name: "time", text: tick.text })), note(now, { name: "now", text: ioc.spanLabel(now, to - from), font: { ...font, color: LINE.now, weight: 700 } })];
  }

  // Character and value of each limit at the right edge, moved apart where they would touch.
  function limits(indicator, { base, top }, height, rem) {
    const place = (value) => ((value - base) / (top - base)) * height;
    const rows = ioc.lines(indicator).filter((limit) => limit.value >= base && limit.value <= top).map((limit) => ({ limit, at: place(limit.value) })).sort((a, b) => a.at - b.at);
    const space = 1.6 * rem;
    for (let index = 1; index < rows.length; index += 1) rows[index].put = Math.max(rows[index].at, (rows[index - 1].put ?? rows[index - 1].at) + space);
    let most = height; // none above the chart: what does not fit there moves those below it down
    for (const row of [...rows].reverse()) { row.put = Math.min(row.put ?? row.at, most); most = row.put - space; }
    return rows.map(({ limit, at, put }) => ({
      text: `${ioc.word(limit.level)} ${ioc.limitSaid(indicator, limit.value)}`, x: 1, xref: "paper", xanchor: "left", xshift: 0.4 * rem, y: limit.value, yanchor: "middle", yshift: (put ?? at) - at,
      showarrow: false, font: { size: 1.3 * rem, color: COLOURS[limit.level], weight: 700 },
    }));
  }
})();
