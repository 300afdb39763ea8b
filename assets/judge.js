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

  // How a scene is, wherever that is said: each of its indicators with limits by its value of the whole district.
  // `fed`: its world has a feed that could tell of it.
  ioc.sceneRows = (settings) => settings.judged.map((id, at) => {
    const indicator = settings.indicators[id];
    const { verdict, shown, settled, thin, level } = ioc.judge(indicator, ioc.districtCell(id));
    const fed = verdict.is !== "none" || indicator.sources.some((source) => { const feed = ioc.feed(source, settings.world); return feed && feed.state !== "none"; });
    return { id, at, indicator, is: verdict.is, fed, level, judged: settled !== null && !thin, thin, pending: shown && !settled, cell: settled };
  });

  // What the rows of a scene come to: those over their limits, worst first, the level of the worst, and whether so few of
  // what is fed can be judged that nobody may say that it is calm.
  ioc.sceneState = (rows) => {
    const judged = rows.filter((row) => row.judged);
    const over = judged.filter((row) => row.level).sort((a, b) => ioc.LEVELS.indexOf(b.level) - ioc.LEVELS.indexOf(a.level));
    const level = over.length ? over[0].level : null;
    const blind = !level && rows.length > 0 && (!judged.length || judged.length * 2 < rows.filter((row) => row.fed).length);
    return { judged, over, level, blind, end: judged.reduce((most, row) => Math.max(most, row.cell.we), 0) };
  };
})();
