// Judging: by which window a value is judged, and whether enough of the roads it counts are behind that window.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const JUDGED = ["provisional", "complete"];

  // The newest complete window of a series as a cell, or null: a window that is still open is never judged.
  ioc.settled = (cell) => {
    if (!cell || cell.q === "complete") return cell || null;
    if (!cell.done || cell.done[0] === null) return null;
    const [x, we, lv] = cell.done;
    return { ...cell, x, we, lv, ws: we - (cell.we - cell.ws), q: "complete", y: null, rev: 0 };
  };

  const valueAt = (road, end) => (road.we === end ? road.x : road.done && road.done[1] === end ? road.done[0] : null);

  // {roads, reported, least} of a value, or null where no roads are counted or the page knows another registry.
  ioc.coverage = (indicator, cell) => {
    const settings = ioc.state.settings.find((each) => each.indicators[indicator.id]);
    const of = settings && settings.strip && settings.coverage[indicator.id];
    if (!of || !cell) return null;
    const whole = !cell.r || cell.r === settings.district;
    const roads = Object.keys(of.roads).filter((id) => whole || of.roads[id] === cell.r);
    const heard = roads.map((id) => ioc.districtCell(settings.strip.speed, `road=${id}`)).filter(Boolean);
    const reported = heard.filter((road) => valueAt(road, cell.we) !== null).length;
    return heard.length ? { roads: roads.length, reported, least: of.least } : null;
  };
  const short = (coverage) => coverage !== null && coverage.least !== null && coverage.reported < coverage.least * coverage.roads;

  // What may be said of a value. Of the newest window: its verdict (see live.js), whether it counts (`shown`), the roads
  // behind it, and whether these are too few. Of the newest complete one: `settled`, whether too few roads were behind it
  // (`thin`), and `level`, which only a settled value with enough of them has. `standing` is the one to show where there
  // is room for one: the settled value, or the newest while nothing is settled; `stands` is its verdict.
  ioc.judge = (indicator, cell) => {
    const verdict = ioc.verdict(indicator, cell);
    const shown = JUDGED.includes(verdict.is);
    const coverage = shown ? ioc.coverage(indicator, cell) : null;
    const settled = shown ? ioc.settled(cell) : null;
    const thin = settled !== null && short(settled === cell ? coverage : ioc.coverage(indicator, settled));
    const level = settled && !thin ? settled.lv : null;
    return { verdict, shown, coverage, few: short(coverage), settled, thin, level, standing: settled || cell, stands: settled ? { is: "complete" } : verdict };
  };
})();
