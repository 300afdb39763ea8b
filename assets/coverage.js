// Coverage: how many of the roads an indicator counts are behind a value, and whether they are enough to judge it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const JUDGED = ["provisional", "complete"];

  // {roads, reported, least} of a value, or null where no roads are counted or the page knows another registry.
  ioc.coverage = (indicator, cell) => {
    const settings = ioc.state.settings.find((each) => each.indicators[indicator.id]);
    const of = settings && settings.strip && settings.coverage[indicator.id];
    if (!of || !cell) return null;
    const whole = !cell.r || cell.r === settings.district;
    const roads = Object.keys(of.roads).filter((id) => whole || of.roads[id] === cell.r);
    const heard = roads.map((id) => ioc.districtCell(settings.strip.speed, `road=${id}`)).filter(Boolean);
    const reported = heard.filter((road) => road.we === cell.we && road.x !== null).length;
    return heard.length ? { roads: roads.length, reported, least: of.least } : null;
  };

  // What may be said of a value: its verdict (see live.js), whether it counts, whether too few roads are behind it, and
  // its level, which only a value with enough of them has. A window has few when it opens: `before` is then the value
  // of the window before it, if that had enough.
  ioc.judge = (indicator, cell) => {
    const verdict = ioc.verdict(indicator, cell);
    const shown = JUDGED.includes(verdict.is);
    const coverage = shown ? ioc.coverage(indicator, cell) : null;
    const few = coverage !== null && coverage.least !== null && coverage.reported < coverage.least * coverage.roads;
    if (shown && !few) ioc.state.judged.set(cell.s, { x: cell.x, lv: cell.lv, we: cell.we });
    const held = few ? ioc.state.judged.get(cell.s) : undefined;
    const before = held && held.we >= cell.ws && held.we < cell.we ? held : null;
    return { verdict, shown, coverage, few, before, level: shown && !few ? cell.lv : null };
  };
})();
